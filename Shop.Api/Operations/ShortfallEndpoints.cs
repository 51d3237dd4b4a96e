using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api.Accounts;

namespace Shop.Api.Operations;

/// <param name="Missing">How many pieces were promised, to shoppers who pay or who have paid, and are not there.</param>
/// <param name="Held">Numbers of the unpaid orders that hold it, the oldest first.</param>
/// <param name="Paid">Numbers of the newest orders with it that are paid and not sent.</param>
internal sealed record Shortfall(
    string Sku, string ProductName, string VariantName, int OnHand, int HeldQuantity, int Missing, IReadOnlyList<long> Held, IReadOnlyList<long> Paid);

internal sealed record Shortfalls(IReadOnlyList<Shortfall> Items);

/// <summary>
/// Where a true count found less than was promised. Such a count is accepted (the shelf is right, not the books), no promise is broken
/// silently, and nobody else is promised anything: a person decides whose order is met.
/// </summary>
internal static class ShortfallEndpoints
{
    public static void MapShortfalls(this RouteGroupBuilder operations) =>
        operations.MapGet("/shortfalls", GetShortfalls).WithName(nameof(GetShortfalls))
            .WithSummary("Goods of which less is there than was promised, and the orders it touches.").RequireAuthorization(Policies.Agent);

    internal static async Task<Ok<Shortfalls>> GetShortfalls(ReportsDatabase reports, CancellationToken ct)
    {
        await using var db = reports.Open();
        await db.Database.OpenConnectionAsync(ct);
        // No index finds the short ones: one on on_hand and held would make every sale write it.
        await using var command = new NpgsqlCommand("""
            SELECT s.sku, p.name, v.name, s.on_hand, s.held,
                ARRAY(SELECT o.number FROM shop.stock_holds h JOIN shop.orders o ON o.id = h.order_id WHERE h.sku = s.sku ORDER BY o.number LIMIT 50),
                ARRAY(SELECT o.number FROM shop.orders o
                    WHERE o.payment = 'Paid' AND o.fulfilment IN ('Open', 'PartShipped')
                      AND EXISTS (SELECT FROM shop.order_lines l WHERE l.order_id = o.id AND l.sku = s.sku)
                    ORDER BY o.placed_at DESC LIMIT 20)
            FROM shop.stock_items s JOIN shop.variants v USING (sku) JOIN shop.products p ON p.id = v.product_id
            WHERE s.on_hand < s.held
            ORDER BY s.held - s.on_hand DESC, s.sku LIMIT 100
            """, (NpgsqlConnection)db.Database.GetDbConnection());
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<Shortfall> items = [];
        while (await reader.ReadAsync(ct))
        {
            var (onHand, held) = (reader.GetInt32(3), reader.GetInt32(4));
            items.Add(new Shortfall(reader.GetString(0), reader.GetString(1), reader.GetString(2), onHand, held, held - onHand,
                reader.GetFieldValue<long[]>(5), reader.GetFieldValue<long[]>(6)));
        }

        return TypedResults.Ok(new Shortfalls(items));
    }
}
