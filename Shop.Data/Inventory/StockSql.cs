using Microsoft.EntityFrameworkCore;

namespace Shop.Data.Inventory;

/// <summary>
/// The statements that move stock. Each locks the order's rows in SKU order before it changes them, so two orders over the same goods
/// queue up instead of deadlocking, and each runs last in its transaction: every buyer shares these rows.
/// </summary>
public static class StockSql
{
    /// <summary>
    /// Takes one hold per line of the stored order {0} with lifetime {1} and returns the SKUs that are short. What is free is read from
    /// the locked row, as the last buyer left it (the UPDATE alone would see the statement's own, older snapshot of it), so plenty never
    /// conflicts, the last one is sold once, and one just given back is not missed.
    /// </summary>
    internal const string Hold = """
        WITH wanted AS MATERIALIZED (
            SELECT s.sku, l.quantity, s.on_hand - s.held AS free
            FROM shop.order_lines l JOIN shop.stock_items s USING (sku)
            WHERE l.order_id = {0}
            ORDER BY s.sku FOR NO KEY UPDATE OF s),
        taken AS (
            UPDATE shop.stock_items s SET held = s.held + w.quantity
            FROM wanted w WHERE s.sku = w.sku AND w.free >= w.quantity
            RETURNING s.sku, w.quantity),
        held AS (
            INSERT INTO shop.stock_holds (order_id, sku, quantity, expires_at)
            SELECT {0}, sku, quantity, now() + {1} FROM taken
            RETURNING sku)
        SELECT l.sku AS "Value" FROM shop.order_lines l
        WHERE l.order_id = {0} AND NOT EXISTS (SELECT FROM held h WHERE h.sku = l.sku)
        ORDER BY l.sku
        """;

    /// <summary>Holds every line of a stored order or returns the SKUs that are short; the caller rolls back then.</summary>
    public static async Task<string[]> HoldStockAsync(this ShopDbContext db, Guid orderId, TimeSpan lifetime, CancellationToken ct) =>
        [.. await db.Database.SqlQueryRaw<string>(Hold, orderId, lifetime).ToListAsync(ct)];

    /// <summary>True while the order's goods are held; moves their expiry to at least now + <paramref name="lifetime"/>.</summary>
    public static async Task<bool> ExtendHoldAsync(this ShopDbContext db, Guid orderId, TimeSpan lifetime, CancellationToken ct) =>
        await db.Database.ExecuteSqlAsync($"""
            UPDATE shop.stock_holds SET expires_at = greatest(expires_at, now() + {lifetime}) WHERE order_id = {orderId}
            """, ct) > 0;

    /// <summary>The goods go back on sale. Allowed only when the intent is canceled at the gateway or no confirm was ever sent.</summary>
    public static Task<int> ReleaseHoldAsync(this ShopDbContext db, Guid orderId, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            WITH locked AS MATERIALIZED (
                SELECT s.sku FROM shop.stock_items s JOIN shop.stock_holds h USING (sku)
                WHERE h.order_id = {orderId} ORDER BY s.sku FOR NO KEY UPDATE OF s),
            gone AS (
                DELETE FROM shop.stock_holds h USING locked l WHERE h.order_id = {orderId} AND h.sku = l.sku RETURNING h.sku, h.quantity)
            UPDATE shop.stock_items s SET held = s.held - g.quantity FROM gone g WHERE s.sku = g.sku
            """, ct);

    /// <summary>What a refund names is on the shelf again.</summary>
    public static Task<int> RestockAsync(this ShopDbContext db, Guid refundId, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            WITH locked AS MATERIALIZED (
                SELECT s.sku, l.quantity FROM shop.stock_items s JOIN payments.refund_lines l USING (sku)
                WHERE l.refund_id = {refundId} ORDER BY s.sku FOR NO KEY UPDATE OF s)
            UPDATE shop.stock_items s SET on_hand = s.on_hand + l.quantity FROM locked l WHERE s.sku = l.sku
            """, ct);

    /// <summary>All of an order that never left is on the shelf again, however its money was split: less what went there with a refund before.</summary>
    public static Task<int> RestockAllAsync(this ShopDbContext db, Guid orderId, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            WITH due AS (
                SELECT l.sku, l.quantity - coalesce((SELECT sum(n.quantity) FROM payments.refund_lines n JOIN payments.refunds r ON r.id = n.refund_id
                    WHERE r.order_id = l.order_id AND r.restocked AND n.sku = l.sku), 0) AS quantity
                FROM shop.order_lines l WHERE l.order_id = {orderId}),
            locked AS MATERIALIZED (
                SELECT s.sku, d.quantity FROM shop.stock_items s JOIN due d USING (sku)
                WHERE d.quantity > 0 ORDER BY s.sku FOR NO KEY UPDATE OF s)
            UPDATE shop.stock_items s SET on_hand = s.on_hand + l.quantity FROM locked l WHERE s.sku = l.sku
            """, ct);

    /// <summary>The goods leave the shelf: the hold becomes a sale. Returns the number of lines sold, 0 when nothing was held.</summary>
    public static Task<int> SellHeldAsync(this ShopDbContext db, Guid orderId, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            WITH locked AS MATERIALIZED (
                SELECT s.sku FROM shop.stock_items s JOIN shop.stock_holds h USING (sku)
                WHERE h.order_id = {orderId} ORDER BY s.sku FOR NO KEY UPDATE OF s),
            gone AS (
                DELETE FROM shop.stock_holds h USING locked l WHERE h.order_id = {orderId} AND h.sku = l.sku RETURNING h.sku, h.quantity)
            UPDATE shop.stock_items s SET held = s.held - g.quantity, on_hand = s.on_hand - g.quantity FROM gone g WHERE s.sku = g.sku
            """, ct);
}
