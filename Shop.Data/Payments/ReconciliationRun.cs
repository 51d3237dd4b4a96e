using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Accounts;

namespace Shop.Data.Payments;

/// <summary>
/// One comparison of orders, payment books and one gateway over a period, by the date of the gateway's charges. It goes on day by day from where
/// it was left.
/// </summary>
public sealed class ReconciliationRun
{
    public required Guid Id { get; init; }
    public required PaymentProvider Provider { get; init; }
    public required DateTimeOffset FromAt { get; init; }

    /// <summary>Exclusive.</summary>
    public required DateTimeOffset ToAt { get; init; }

    /// <summary>Up to where it has compared.</summary>
    public required DateTimeOffset DoneUntil { get; set; }

    /// <summary>Null for the one that runs by itself.</summary>
    public Guid? StartedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public JobState State { get; set; }
    public required DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }
    public int Attempts { get; set; }
    public string? LastError { get; set; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Objects of the gateway that were read.</summary>
    public int Objects { get; set; }

    public int Charges { get; set; }

    // Money taken less money given back, on each of the three sides.
    public long GatewayMinor { get; set; }
    public long AttemptsMinor { get; set; }
    public long OrdersMinor { get; set; }

    /// <summary>Found, or found again, by this run.</summary>
    public int Mismatches { get; set; }

    public static ReconciliationRun Of(
        DateTimeOffset from, DateTimeOffset to, Guid? startedBy, DateTimeOffset now, PaymentProvider provider = PaymentProvider.Stripe) => new()
    {
        Id = Guid.CreateVersion7(now), Provider = provider, FromAt = from, ToAt = to, DoneUntil = from, StartedBy = startedBy,
        CreatedAt = now, DueAt = now,
    };
}

/// <summary>What the gateway says it has, for as long as a run compares a day of it.</summary>
public sealed class GatewayItem
{
    public required Guid RunId { get; init; }

    /// <summary>The gateway's id: of a charge, a refund or an intent.</summary>
    public required string Id { get; init; }

    /// <summary>charge, refund, intent.</summary>
    public required string Kind { get; init; }

    public string? IntentId { get; init; }

    /// <summary>What its metadata names: an order; of a refund, our refund.</summary>
    public Guid? OurId { get; init; }

    public required long AmountMinor { get; init; }

    /// <summary>Of a charge: what went back of it.</summary>
    public required long RefundedMinor { get; init; }

    public required string Currency { get; init; }
    public required string Status { get; init; }
    public required DateTimeOffset At { get; init; }
}

internal sealed class ReconciliationRunConfiguration : IEntityTypeConfiguration<ReconciliationRun>
{
    public void Configure(EntityTypeBuilder<ReconciliationRun> run)
    {
        run.ToTable("reconciliation_runs", ShopDbContext.PaymentsSchema).HasKey(r => r.Id);
        run.HasIndex(r => r.DueAt).HasFilter("state = 'Waiting'");
        run.HasOne<ShopUser>().WithMany().HasForeignKey(r => r.StartedBy);
        run.HasIndex(r => r.StartedBy);
    }
}

internal sealed class GatewayItemConfiguration : IEntityTypeConfiguration<GatewayItem>
{
    public void Configure(EntityTypeBuilder<GatewayItem> item)
    {
        item.ToTable("gateway_items", ShopDbContext.PaymentsSchema).HasKey(i => new { i.RunId, i.Id });
        item.HasIndex(i => new { i.RunId, i.IntentId });
        item.HasOne<ReconciliationRun>().WithMany().HasForeignKey(i => i.RunId);
    }
}
