using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Shop.Data.Inventory;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Data.Orders;

public enum PlacementOutcome { Placed, KeyUsed, CartTaken, OutOfStock }

/// <param name="ShortSkus">What there was not enough of; empty unless out of stock.</param>
public sealed record Placement(PlacementOutcome Outcome, long Number, string[] ShortSkus)
{
    public static Placement KeyUsed { get; } = new(PlacementOutcome.KeyUsed, 0, []);
    public static Placement CartTaken { get; } = new(PlacementOutcome.CartTaken, 0, []);
}

/// <summary>
/// The checkout's transaction: person, order, lines, cart claim, payment job, first timeline entry and stock hold, or nothing at all. One
/// batch and one commit, two round trips whatever the number of lines; stock comes last, because every buyer shares those rows.
/// </summary>
public static class OrderPlacement
{
    private static readonly string HoldStatement = StockSql.Hold.Replace("{0}", "$1", StringComparison.Ordinal).Replace("{1}", "$2", StringComparison.Ordinal);

    public static async Task<Placement> PlaceAsync(
        this ShopDbContext db, Order order, Person person, int cartVersion, PaymentJob job, TimelineEntry placed, TimeSpan hold, CancellationToken ct,
        IReadOnlyList<(SourceKind Kind, byte[] Hash)>? sources = null)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            var connection = (NpgsqlConnection)db.Database.GetDbConnection();
            await using var transaction = await connection.BeginTransactionAsync(ct);
            await using var batch = new NpgsqlBatch(connection, transaction);
            Add(batch, """
                INSERT INTO shop.people (id, email, name, line1, line2, postal_code, city, country, created_at, phone)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """, person.Id, person.Email, person.Name, person.Line1, Text(person.Line2), person.PostalCode, person.City, person.Country, person.CreatedAt, Text(person.Phone));

            // A twin with this key, or another tab with this cart, waits here on the unique index until the first one ends.
            Add(batch, """
                INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, user_id, reference, trace_id, payment, fulfilment,
                    currency, total_minor, tax_minor, captured_minor, refunded_minor, disputed_minor, placed_at, deadline_at, provider, fallback_method_id,
                    is_synthetic)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, $14, $15, $16, $17, $18)
                RETURNING number
                """, order.Id, order.CheckoutKey, order.CheckoutDigest, order.CartId, order.PersonId, Id(order.UserId), order.Reference, order.TraceId,
                order.Payment.ToString(), order.Fulfilment.ToString(), order.Currency, order.TotalMinor, order.TaxMinor, order.PlacedAt, order.DeadlineAt,
                job.Provider.ToString(), Id(order.FallbackMethodId), order.IsSynthetic);
            Add(batch, """
                INSERT INTO shop.order_lines (order_id, sku, position, product_slug, product_name, variant_name, picture_id, quantity,
                    unit_price_minor, tax_rate_bp, total_minor, tax_minor)
                SELECT $1, l.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) l
                """, order.Id, Column(order, l => l.Sku), Column(order, l => l.Position), Column(order, l => l.ProductSlug),
                Column(order, l => l.ProductName), Column(order, l => l.VariantName), Column(order, l => l.PictureId), Column(order, l => l.Quantity),
                Column(order, l => l.UnitPriceMinor), Column(order, l => l.TaxRateBp), Column(order, l => l.TotalMinor), Column(order, l => l.TaxMinor));
            Add(batch, """
                UPDATE shop.carts SET order_id = $1, updated_at = $2 WHERE id = $3 AND version = $4 AND order_id IS NULL RETURNING id
                """, order.Id, order.PlacedAt, order.CartId, cartVersion);
            Add(batch, """
                INSERT INTO payments.payment_jobs (id, order_id, kind, provider, payment_token, state, due_at, leased_until, lease_token, leases,
                    attempts, trace_parent, created_at, wary, saves_method, saved_method_id, consent_text, is_synthetic)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $9, $10, $11, $12, $13, $14, $15)
                """, job.Id, job.OrderId, job.Kind.ToString(), job.Provider.ToString(), Text(job.PaymentToken), job.State.ToString(), job.DueAt,
                job.LeasedUntil, Text(job.TraceParent), job.CreatedAt, job.Wary, job.SavesMethod, Id(job.SavedMethodId), Text(job.ConsentText), job.IsSynthetic);
            if (sources is [_, ..])
            {
                Add(batch, """
                    INSERT INTO payments.charge_sources (job_id, kind, hash, order_id, at)
                    SELECT $1, s.kind, s.hash, $2, $3 FROM unnest($4, $5) s (kind, hash)
                    """, job.Id, order.Id, order.PlacedAt, sources.Select(s => s.Kind.ToString()).ToArray(), sources.Select(s => s.Hash).ToArray());
            }

            Add(batch, """
                INSERT INTO shop.order_timeline (id, order_id, at, kind, summary, for_shopper, data, trace_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """, placed.Id, placed.OrderId, placed.At, placed.Kind, placed.Summary, placed.ForShopper,
                new NpgsqlParameter { Value = (object?)placed.Data ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb }, Text(placed.TraceId));
            Add(batch, """
                INSERT INTO shop.order_timeline (id, order_id, at, kind, summary, for_shopper, data)
                SELECT (r ->> 'id')::uuid, $1, (r ->> 'at')::timestamptz, $3, r ->> 'summary', false, r -> 'facts'
                FROM shop.carts c, jsonb_array_elements(c.reports) r WHERE c.id = $2
                """, order.Id, order.CartId, TimelineKinds.Browser);
            Add(batch, HoldStatement, order.Id, hold);

            long number = 0;
            var claimed = false;
            List<string> shortSkus = [];
            try
            {
                // Only the statements that return rows are result sets here, in their order: number, claim, short SKUs.
                await using var reader = await batch.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct))
                    number = reader.GetInt64(0);
                await reader.NextResultAsync(ct);
                claimed = await reader.ReadAsync(ct);
                await reader.NextResultAsync(ct);
                while (await reader.ReadAsync(ct))
                    shortSkus.Add(reader.GetString(0));
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                return e.ConstraintName == "ix_orders_checkout_key" ? Placement.KeyUsed : Placement.CartTaken;
            }

            if (!claimed)
                return Placement.CartTaken;
            if (shortSkus is not [])
                return new Placement(PlacementOutcome.OutOfStock, 0, [.. shortSkus]);

            await transaction.CommitAsync(ct);
            return new Placement(PlacementOutcome.Placed, number, []);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    private static T[] Column<T>(Order order, Func<OrderLine, T> of) => [.. order.Lines.Select(of)];

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Id(Guid? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid };

    private static void Add(NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }
}
