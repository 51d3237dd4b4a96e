using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Accounts;

namespace Shop.Data.Payments;

public enum BreakerState { Closed, HalfOpen, Open }

/// <summary>Stopped: no new payment goes to the gateway. Forced: its breakers are ignored for a while.</summary>
public enum OverrideMode { Stopped, Forced }

/// <summary>How one replica of Payments finds a gateway. It says so again every few seconds; who has fallen silent counts for nothing.</summary>
public sealed class GatewayState
{
    /// <summary>By the database's clock. Three times as long as a replica takes to say it again.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    public required PaymentProvider Provider { get; init; }

    /// <summary>Machine and process, and a few random letters: for people.</summary>
    public required string Replica { get; init; }

    public required BreakerState State { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>While open: when the next call is let through.</summary>
    public DateTimeOffset? OpenUntil { get; init; }

    /// <summary>What opened it: a word of the taxonomy, and the gateway's or the network's own.</summary>
    public string? Reason { get; init; }

    public string? Code { get; init; }
    public required DateTimeOffset SeenAt { get; init; }
}

/// <summary>One breaker of one replica opened, half-opened or closed. Append-only: a trigger refuses changes.</summary>
public sealed class GatewayChange
{
    public required Guid Id { get; init; }
    public required PaymentProvider Provider { get; init; }
    public required string Replica { get; init; }

    /// <summary>busy, steady or quiet.</summary>
    public required string Breaker { get; init; }

    public required BreakerState State { get; init; }
    public string? Reason { get; init; }
    public string? Code { get; init; }
    public required DateTimeOffset At { get; init; }
}

/// <summary>What an operator has decided about a gateway; no row means that the breakers decide. Who and why is in the audit as well.</summary>
public sealed class GatewayOverride
{
    public required PaymentProvider Provider { get; init; }
    public required OverrideMode Mode { get; set; }

    /// <summary>When it ends by itself; null for Stopped, which a person ends.</summary>
    public DateTimeOffset? Until { get; set; }

    public required string Why { get; set; }
    public required Guid ById { get; set; }
    public required DateTimeOffset At { get; set; }
}

internal sealed class GatewayStateConfiguration : IEntityTypeConfiguration<GatewayState>
{
    public void Configure(EntityTypeBuilder<GatewayState> state) =>
        state.ToTable("gateway_health", ShopDbContext.PaymentsSchema).HasKey(s => new { s.Provider, s.Replica });
}

internal sealed class GatewayChangeConfiguration : IEntityTypeConfiguration<GatewayChange>
{
    public void Configure(EntityTypeBuilder<GatewayChange> change) =>
        change.ToTable("gateway_changes", ShopDbContext.PaymentsSchema).HasKey(c => c.Id); // the id is the time
}

internal sealed class GatewayOverrideConfiguration : IEntityTypeConfiguration<GatewayOverride>
{
    public void Configure(EntityTypeBuilder<GatewayOverride> decided)
    {
        decided.ToTable("gateway_overrides", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint("ck_gateway_overrides_until",
            "(mode = 'Forced') = (until IS NOT NULL)")).HasKey(o => o.Provider);
        decided.HasIndex(o => o.ById);
        decided.HasOne<ShopUser>().WithMany().HasForeignKey(o => o.ById);
    }
}
