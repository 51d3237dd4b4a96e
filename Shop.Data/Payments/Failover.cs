using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>
/// An order went to another gateway, and what proved that the first one had taken nothing: written in the transaction that opened the other
/// one's confirm. Append-only: a trigger refuses changes.
/// </summary>
public sealed class Failover
{
    public required Guid Id { get; init; }
    public required Guid OrderId { get; init; }
    public required PaymentProvider FromProvider { get; init; }
    public required PaymentProvider ToProvider { get; init; }

    /// <summary>For people.</summary>
    public required string Proof { get; init; }

    /// <summary>A word of <see cref="ProofKinds"/>.</summary>
    public required string ProofKind { get; init; }

    /// <summary>The call whose answer is the proof; null where the proof is that there was none.</summary>
    public Guid? AttemptId { get; init; }

    /// <summary>The intent left behind; null where none was ever created.</summary>
    public string? FromGatewayId { get; init; }

    /// <summary>Number of the last confirm that the first gateway was sent; 0 for none.</summary>
    public required int Confirm { get; init; }

    /// <summary><c>shopper</c> or <c>automatic</c>.</summary>
    public required string AskedBy { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>What can prove that an intent took nothing and, left alone, will not.</summary>
public static class ProofKinds
{
    public const string NeverConfirmed = "never_confirmed";
    public const string Refused = "refused";
    public const string NeverLeft = "never_left";
    public const string NotExecuted = "not_executed";
    public const string Canceled = "canceled";

    public static string Words(string kind) => kind switch
    {
        NeverConfirmed => "no confirm was ever sent",
        Refused => "the last confirm was refused, and only another one could take money",
        NeverLeft => "the last confirm never left, and only another one could take money",
        NotExecuted => "the last confirm was refused before it was executed, and only another one could take money",
        Canceled => "the intent is canceled at the gateway",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of proof."),
    };
}

internal sealed class FailoverConfiguration : IEntityTypeConfiguration<Failover>
{
    public void Configure(EntityTypeBuilder<Failover> failover)
    {
        failover.ToTable("failovers", ShopDbContext.PaymentsSchema).HasKey(f => f.Id);
        failover.HasIndex(f => f.OrderId);
        failover.HasOne<Order>().WithMany().HasForeignKey(f => f.OrderId);
    }
}
