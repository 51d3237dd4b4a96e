using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>Card is known to Payments alone, from the gateway.</summary>
public enum SourceKind { Address, Email, Account, Card }

/// <summary>
/// Where a charge was asked for from, as an HMAC: whoever tries out stolen cards comes from somewhere, again and again. Kept for some
/// days. No address and no e-mail is in it, and without the key nobody can tell whose it was.
/// </summary>
public sealed class ChargeSource
{
    public required Guid JobId { get; init; }
    public required SourceKind Kind { get; init; }

    /// <summary>16 bytes; the kind is part of what was hashed.</summary>
    public required byte[] Hash { get; init; }

    public required Guid OrderId { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>A charge that was made to wait, or not made at all, because of what came from the same source before.</summary>
public sealed class VelocityEvent
{
    public required Guid Id { get; init; }
    public required VelocityTier Tier { get; init; }
    public required SourceKind Kind { get; init; }
    public required byte[] Hash { get; init; }

    /// <summary>Of that source within the window, when it happened.</summary>
    public required int Declines { get; init; }

    public required DateTimeOffset At { get; init; }
}

/// <summary>Wary: looked at more closely before its confirm; nothing the shopper notices.</summary>
public enum VelocityTier { None, Wary, Slowed, Refused }

internal sealed class ChargeSourceConfiguration : IEntityTypeConfiguration<ChargeSource>
{
    public void Configure(EntityTypeBuilder<ChargeSource> source)
    {
        source.ToTable("charge_sources", ShopDbContext.PaymentsSchema).HasKey(s => new { s.JobId, s.Kind });
        source.HasIndex(s => new { s.Hash, s.At });
        source.HasIndex(s => s.OrderId);
        source.HasIndex(s => s.At);
        source.HasOne<Order>().WithMany().HasForeignKey(s => s.OrderId);
    }
}

internal sealed class VelocityEventConfiguration : IEntityTypeConfiguration<VelocityEvent>
{
    public void Configure(EntityTypeBuilder<VelocityEvent> seen) =>
        seen.ToTable("velocity_events", ShopDbContext.PaymentsSchema).HasKey(v => v.Id); // the id is the time
}
