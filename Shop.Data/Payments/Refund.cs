using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

public enum RefundState { Pending, Succeeded, Failed }

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
}

internal sealed class RefundConfiguration : IEntityTypeConfiguration<Refund>
{
    public void Configure(EntityTypeBuilder<Refund> refund)
    {
        refund.ToTable("refunds", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint("ck_refunds_amount", "amount_minor > 0")).HasKey(r => r.Id);
        refund.HasIndex(r => r.OrderId);
        refund.HasIndex(r => r.CreatedAt).HasFilter("state = 'Pending'").HasDatabaseName("ix_refunds_pending");
        refund.HasOne<Order>().WithMany().HasForeignKey(r => r.OrderId);
    }
}
