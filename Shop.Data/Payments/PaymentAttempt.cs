using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>One call to a gateway and what came of it. Append-only: a trigger refuses changes.</summary>
public sealed class PaymentAttempt
{
    public required Guid Id { get; init; }
    public required Guid OrderId { get; init; }

    /// <summary>Null when a webhook made us ask.</summary>
    public Guid? JobId { get; init; }

    public required PaymentProvider Provider { get; init; }

    /// <summary>create, confirm, capture, read, cancel, refund.</summary>
    public required string Operation { get; init; }

    /// <summary>Our idempotency key for it; null for reads.</summary>
    public string? Key { get; init; }

    /// <summary>The gateway's id of the intent or refund.</summary>
    public string? GatewayId { get; init; }

    /// <summary>The gateway's id of the charge, the one its own reports and its support speak of.</summary>
    public string? ChargeId { get; init; }

    public string? RequestId { get; init; }

    /// <summary>charged, authorized, not_charged, action_needed, awaits_card, unknown, created, refunded, refund_pending, refund_failed, no_refund.</summary>
    public required string Class { get; init; }

    public string? Reason { get; init; }
    public string? Code { get; init; }
    public string? DeclineCode { get; init; }
    public string? AdviceCode { get; init; }

    /// <summary>What the card's network said, two characters mostly: the bank's own word behind the decline code.</summary>
    public string? NetworkCode { get; init; }

    public int? HttpStatus { get; init; }
    public string? CardBrand { get; init; }

    /// <summary>What a shopper reads to an agent. With the brand it is all of a card that is kept.</summary>
    public string? CardLast4 { get; init; }

    public string? CardCountry { get; init; }

    /// <summary>An HMAC of the gateway's name for this card: equal for equal cards, for the limits against card testing.</summary>
    public string? CardFingerprint { get; init; }

    public required double LatencyMs { get; init; }
    public string? TraceId { get; init; }

    /// <summary>What proves that this operation did not charge, in words; null where nothing is proven.</summary>
    public string? Proof { get; init; }

    /// <summary>Which release of ours made it.</summary>
    public string? Release { get; init; }

    /// <summary>What made us try, a word of <see cref="Endpoints"/>; null where it is not a charge.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Words of <see cref="Payments.Flags"/>, what was switched on then.</summary>
    public string[]? Flags { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>As they came over the wire; written with the attempt, deleted after a month.</summary>
    public List<RawAnswer> Answers { get; init; } = [];
}

internal sealed class PaymentAttemptConfiguration : IEntityTypeConfiguration<PaymentAttempt>
{
    public void Configure(EntityTypeBuilder<PaymentAttempt> attempt)
    {
        attempt.ToTable("payment_attempts", ShopDbContext.PaymentsSchema).HasKey(a => a.Id);
        attempt.HasIndex(a => new { a.OrderId, a.At });
        attempt.HasIndex(a => new { a.CardFingerprint, a.At }).HasFilter("card_fingerprint IS NOT NULL");
        // What people quote to an agent, or read off the gateway's own pages.
        attempt.HasIndex(a => new { a.CardLast4, a.At }).HasFilter("card_last4 IS NOT NULL");
        attempt.HasIndex(a => a.GatewayId).HasFilter("gateway_id IS NOT NULL");
        attempt.HasIndex(a => a.ChargeId).HasFilter("charge_id IS NOT NULL");
        attempt.HasIndex(a => a.RequestId).HasFilter("request_id IS NOT NULL");
        attempt.HasIndex(a => a.TraceId).HasFilter("trace_id IS NOT NULL").HasOperators("text_pattern_ops");
        attempt.HasMany(a => a.Answers).WithOne().HasForeignKey(a => a.AttemptId);
        attempt.HasOne<Order>().WithMany().HasForeignKey(a => a.OrderId);
    }
}
