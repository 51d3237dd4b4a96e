using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Inventory;

/// <summary>No xmin: a sale is not an edit. And on_hand may fall below held: a true count is accepted and opens a shortfall.</summary>
public sealed class StockItem
{
    public required string Sku { get; init; }
    public required int OnHand { get; init; }

    /// <summary>The sum of the live holds, kept by the statements that write them (<see cref="StockSql"/>).</summary>
    public int Held { get; init; }
}

/// <summary>A hold is live as long as its row exists; expiry only says from when the order's owner may be asked to give it back.</summary>
public sealed class StockHold
{
    public required Guid OrderId { get; init; }
    public required string Sku { get; init; }
    public required int Quantity { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class StockItemConfiguration : IEntityTypeConfiguration<StockItem>
{
    public void Configure(EntityTypeBuilder<StockItem> stock)
    {
        stock.ToTable("stock_items", t => t.HasCheckConstraint("ck_stock_items_held", "held >= 0")).HasKey(s => s.Sku);
        stock.HasOne<Catalog.Variant>().WithMany().HasForeignKey(s => s.Sku);
    }
}

internal sealed class StockHoldConfiguration : IEntityTypeConfiguration<StockHold>
{
    public void Configure(EntityTypeBuilder<StockHold> hold)
    {
        hold.ToTable("stock_holds", t => t.HasCheckConstraint("ck_stock_holds_quantity", "quantity > 0"));
        hold.HasKey(h => new { h.OrderId, h.Sku });
        hold.HasIndex(h => h.ExpiresAt);
        hold.HasOne<StockItem>().WithMany().HasForeignKey(h => h.Sku);
        hold.HasOne<Orders.Order>().WithMany().HasForeignKey(h => h.OrderId);
    }
}
