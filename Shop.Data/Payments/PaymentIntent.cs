using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>
/// The one intent an order has at a gateway. Its id is stored before it is confirmed, so that every lost answer can be looked up by an id
/// we hold.
/// </summary>
public sealed class PaymentIntent
{
    public required Guid OrderId { get; init; }
    public required PaymentProvider Provider { get; init; }

    /// <summary>The gateway's id; null until the answer to the create was stored.</summary>
    public string? GatewayId { get; set; }

    /// <summary>
    /// Number of the confirm whose answer counts: <c>order:{id}:confirm:{n}</c>. Advances only after a definitive no, so that a repeated
    /// confirm is the same one for the gateway. 0: none was sent, which proves that nothing charged.
    /// </summary>
    public int Confirm { get; set; }

    /// <summary>Set before a confirm is sent and cleared by its definitive answer: while set, the confirm may be running.</summary>
    public bool ConfirmOpen { get; set; }

    public required long AmountMinor { get; init; }
    public required string Currency { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>
/// A gateway key, written before the call that carries it, with the parameters it stands for: the same key must always be sent with the
/// same bytes, also by another process after a crash.
/// </summary>
public sealed class GatewayKey
{
    public required string Key { get; init; }
    public required Guid OrderId { get; init; }
    public required string Parameters { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class PaymentIntentConfiguration : IEntityTypeConfiguration<PaymentIntent>
{
    public void Configure(EntityTypeBuilder<PaymentIntent> intent)
    {
        intent.ToTable("payment_intents", ShopDbContext.PaymentsSchema).HasKey(i => new { i.OrderId, i.Provider });
        intent.HasIndex(i => i.GatewayId).IsUnique();
        intent.HasOne<Order>().WithMany().HasForeignKey(i => i.OrderId);
    }
}

internal sealed class GatewayKeyConfiguration : IEntityTypeConfiguration<GatewayKey>
{
    public void Configure(EntityTypeBuilder<GatewayKey> key)
    {
        key.ToTable("gateway_keys", ShopDbContext.PaymentsSchema).HasKey(k => k.Key);
        key.HasIndex(k => k.OrderId);
        key.HasOne<Order>().WithMany().HasForeignKey(k => k.OrderId);
    }
}
