using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Accounts;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>Replaced: it failed, and what it was to send back goes back another way since. Nobody sends it again.</summary>
public enum RefundState { Pending, Succeeded, Failed, Replaced }

/// <summary>Money owed to the customer, written before the gateway is asked to send it.</summary>
public sealed class Refund
{
    public required Guid Id { get; init; }
    public required Guid OrderId { get; init; }
    public required PaymentProvider Provider { get; init; }
    public required long AmountMinor { get; init; }
    public required string Currency { get; init; }
    public required string Reason { get; init; }
    public RefundState State { get; set; }

    /// <summary>Number of the send whose answer counts. Advances only when the gateway says that it failed, or will say nothing
    /// about it under this key, so that a repeated send is the same one.</summary>
    public int Send { get; set; } = 1;

    /// <summary>The gateway's id of the last one we know of; null while none is known to exist.</summary>
    public string? GatewayId { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? SettledAt { get; set; }

    /// <summary>Who of the staff asked for it; null for one that the shop owed by itself, or found at the gateway.</summary>
    public Guid? AskedBy { get; init; }

    public string? Why { get; init; }

    /// <summary>What it names went back on sale with it. What is left of an order goes back when it is cancelled.</summary>
    public bool Restocked { get; init; }

    /// <summary>What it is for; none when it is an amount and no goods.</summary>
    public List<RefundLine> Lines { get; init; } = [];
}

/// <summary>Some pieces of one line of the order, and what goes back for them. Append-only: a trigger refuses changes.</summary>
public sealed class RefundLine
{
    public required Guid RefundId { get; init; }
    public required string Sku { get; init; }
    public required int Quantity { get; init; }
    public required long AmountMinor { get; init; }
}

internal sealed class RefundConfiguration : IEntityTypeConfiguration<Refund>
{
    public void Configure(EntityTypeBuilder<Refund> refund)
    {
        refund.ToTable("refunds", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint("ck_refunds_amount", "amount_minor > 0")).HasKey(r => r.Id);
        refund.HasIndex(r => r.OrderId);
        refund.HasIndex(r => r.CreatedAt).HasFilter("state = 'Pending'").HasDatabaseName("ix_refunds_pending");
        refund.HasIndex(r => r.GatewayId).HasFilter("gateway_id IS NOT NULL");
        refund.HasOne<Order>().WithMany().HasForeignKey(r => r.OrderId);
        refund.HasOne<ShopUser>().WithMany().HasForeignKey(r => r.AskedBy);
        refund.HasMany(r => r.Lines).WithOne().HasForeignKey(l => l.RefundId);
    }
}

internal sealed class RefundLineConfiguration : IEntityTypeConfiguration<RefundLine>
{
    public void Configure(EntityTypeBuilder<RefundLine> line)
    {
        line.ToTable("refund_lines", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint("ck_refund_lines_quantity", "quantity > 0 AND amount_minor >= 0"));
        line.HasKey(l => new { l.RefundId, l.Sku });
    }
}
