using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Payments;

namespace Shop.Payments.Reconciliation;

/// <summary>Something that does not match, or looks so.</summary>
internal sealed record Found(
    string Kind, string Subject, Guid? OrderId, string? IntentId, long? OursMinor, long? GatewayMinor, string Currency, DateTimeOffset At);

/// <summary>Money taken less money given back, by the date of the gateway's charges.</summary>
internal sealed record Totals(int Charges = 0, long GatewayMinor = 0, long OrdersMinor = 0, long AttemptsMinor = 0);

/// <summary>
/// The comparison itself. A charge belongs to the day on which the gateway made it, and so does its order: what was booked or given back
/// later counts there too, so that the sides are equal for any period. {0} run, {1} from, {2} to (exclusive), {3} provider.
/// </summary>
internal static class ReconciliationSql
{
    // Which gateway paid for an order is told by its first charge. An order has an intent at each gateway that was tried.
    private const string PaidAt =
        "(SELECT a.provider FROM payments.payment_attempts a WHERE a.order_id = {0} AND a.class = 'charged' ORDER BY a.at LIMIT 1)";

    // Own: charged on the intent that our books have for the order, and nobody else was faster. The others only name an order.
    private static readonly string Charges = $$"""
        WITH charges AS MATERIALIZED (
            SELECT c.id, c.intent_id, c.amount_minor, c.amount_minor - c.refunded_minor AS left_minor, c.currency, c.at,
                c.at >= {1} AND c.at < {2} AS counts, p.order_id IS NOT NULL AND coalesce({{PaidAt.Replace("{0}", "p.order_id", StringComparison.Ordinal)}}, {3}) = {3} AS own,
                p.amount_minor AS asked_minor, coalesce(p.order_id, n.id) AS order_id
            FROM payments.gateway_items c
            LEFT JOIN payments.payment_intents p ON p.gateway_id = c.intent_id AND p.provider = {3}
            LEFT JOIN shop.orders n ON n.id = c.our_id
            WHERE c.run_id = {0} AND c.kind = 'charge' AND c.status = 'succeeded' AND c.amount_minor > 0)
        """;

    private static readonly string Differences = Charges + $$"""
        SELECT 'unknown_order' AS "Kind", c.id AS "Subject", c.order_id AS "OrderId", c.intent_id AS "IntentId", 0::bigint AS "OursMinor",
            c.left_minor AS "GatewayMinor", c.currency AS "Currency", c.at AS "At"
        FROM charges c LEFT JOIN shop.orders o ON o.id = c.order_id
        WHERE c.counts AND NOT c.own AND c.left_minor > 0 AND coalesce(o.captured_minor, 0) = 0
        UNION ALL
        SELECT 'double_charge', c.id, c.order_id, c.intent_id, 0, c.left_minor, c.currency, c.at
        FROM charges c JOIN shop.orders o ON o.id = c.order_id
        WHERE c.counts AND NOT c.own AND c.left_minor > 0 AND o.captured_minor > 0
        UNION ALL
        SELECT CASE WHEN c.amount_minor = o.total_minor AND c.currency = o.currency THEN 'charged_not_booked' ELSE 'amount_differs' END,
            c.id, c.order_id, c.intent_id, o.captured_minor, c.amount_minor, c.currency, c.at
        FROM charges c JOIN shop.orders o ON o.id = c.order_id
        WHERE c.counts AND c.own AND c.left_minor > 0
          AND (o.captured_minor = 0 OR c.amount_minor <> o.captured_minor OR c.currency <> o.currency)
        UNION ALL
        SELECT 'booked_without_attempt', c.id, c.order_id, c.intent_id, 0, c.amount_minor, c.currency, c.at
        FROM charges c JOIN shop.orders o ON o.id = c.order_id
        WHERE c.counts AND c.own AND o.captured_minor > 0
          AND NOT EXISTS (SELECT FROM payments.payment_attempts a WHERE a.order_id = c.order_id AND a.provider = {3} AND a.class = 'charged')
        UNION ALL
        SELECT 'booked_not_charged', coalesce(p.gateway_id, o.id::text), o.id, p.gateway_id, o.captured_minor - o.refunded_minor, 0, o.currency, o.paid_at
        FROM shop.orders o LEFT JOIN payments.payment_intents p ON p.order_id = o.id AND p.provider = {3}
        WHERE o.paid_at >= {1} AND o.paid_at < {2} AND o.captured_minor > 0 AND NOT EXISTS (SELECT FROM charges c WHERE c.intent_id = p.gateway_id)
          AND coalesce({{PaidAt.Replace("{0}", "o.id", StringComparison.Ordinal)}}, 'Stripe') = {3}
        UNION ALL
        SELECT 'refund_not_booked', r.id, p.order_id, r.intent_id, 0, r.amount_minor, r.currency, r.at
        FROM payments.gateway_items r JOIN payments.payment_intents p ON p.gateway_id = r.intent_id AND p.provider = {3}
        WHERE r.run_id = {0} AND r.kind = 'refund' AND r.status IN ('succeeded', 'pending', 'requires_action') AND r.at >= {1} AND r.at < {2}
          AND NOT EXISTS (SELECT FROM payments.refunds f WHERE f.order_id = p.order_id AND (f.gateway_id = r.id OR f.id = r.our_id))
          AND NOT EXISTS (SELECT FROM payments.mismatches m WHERE m.id = r.our_id) -- sent back by a repair, and never booked as taken
        UNION ALL
        SELECT 'refund_booked_not_done', f.id::text, f.order_id, p.gateway_id, f.amount_minor, 0, f.currency, f.created_at
        FROM payments.refunds f JOIN payments.payment_intents p ON p.order_id = f.order_id AND p.provider = f.provider
        WHERE f.provider = {3} AND f.created_at >= {1} AND f.created_at < {2} AND f.state = 'Succeeded' AND NOT EXISTS (
            SELECT FROM payments.gateway_items r WHERE r.run_id = {0} AND r.kind = 'refund' AND r.intent_id = p.gateway_id
              AND (r.id = f.gateway_id OR r.our_id = f.id) AND r.status NOT IN ('failed', 'canceled'))
        UNION ALL
        SELECT 'open_intent_of_closed_order', i.id, p.order_id, i.id, NULL, i.amount_minor, i.currency, i.at
        FROM payments.gateway_items i JOIN payments.payment_intents p ON p.gateway_id = i.id AND p.provider = {3} JOIN shop.orders o ON o.id = p.order_id
        WHERE i.run_id = {0} AND i.kind = 'intent' AND i.at >= {1} AND i.at < {2} AND i.status NOT IN ('succeeded', 'canceled')
          AND o.payment = 'Abandoned' AND p.confirm > 0 -- what was never confirmed cannot be paid by anybody
        UNION ALL
        SELECT 'attempt_without_gateway_object', p.gateway_id, o.id, p.gateway_id, p.amount_minor, NULL, p.currency, o.placed_at
        FROM shop.orders o JOIN payments.payment_intents p ON p.order_id = o.id AND p.provider = {3}
        WHERE o.placed_at >= {1} AND o.placed_at < {2} AND o.captured_minor = 0 AND p.gateway_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM payments.gateway_items i WHERE i.run_id = {0} AND i.id = p.gateway_id)
        """;

    // What is on its way back counts as given back on all sides: the gateway takes it off the charge at once.
    private static readonly string Sums = Charges + """
        SELECT count(*)::int AS "Charges", coalesce(sum(c.left_minor), 0)::bigint AS "GatewayMinor",
            coalesce(sum(o.captured_minor - o.refunded_minor - r.pending) FILTER (WHERE c.own), 0)::bigint AS "OrdersMinor",
            coalesce(sum(CASE WHEN a.charged THEN c.asked_minor ELSE 0 END - r.pending - r.arrived) FILTER (WHERE c.own), 0)::bigint AS "AttemptsMinor"
        FROM charges c LEFT JOIN shop.orders o ON o.id = c.order_id
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(f.amount_minor) FILTER (WHERE f.state = 'Pending' AND f.gateway_id IS NOT NULL), 0) AS pending,
                coalesce(sum(f.amount_minor) FILTER (WHERE f.state = 'Succeeded'), 0) AS arrived
            FROM payments.refunds f WHERE f.order_id = c.order_id) r ON true
        LEFT JOIN LATERAL (
            SELECT EXISTS (SELECT FROM payments.payment_attempts a WHERE a.order_id = c.order_id AND a.provider = {3} AND a.class = 'charged') AS charged) a ON true
        WHERE c.counts
        """;

    public static Task<List<Found>> CompareAsync(ShopDbContext db, ReconciliationRun run, DateTimeOffset from, DateTimeOffset to, CancellationToken ct) =>
        db.Database.SqlQueryRaw<Found>(Differences, run.Id, from, to, run.Provider.ToString()).ToListAsync(ct);

    public static async Task<Totals> TotalsAsync(ShopDbContext db, ReconciliationRun run, DateTimeOffset from, DateTimeOffset to, CancellationToken ct) =>
        (await db.Database.SqlQueryRaw<Totals>(Sums, run.Id, from, to, run.Provider.ToString()).ToListAsync(ct))[0];
}
