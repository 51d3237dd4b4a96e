using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>
/// What the shop had before it counted, and the indexes of the lists that its numbers lead to. Nobody waits for it: it runs in no transaction, each
/// step can be done again, and whatever happens meanwhile is counted by the triggers of the migration before.
/// </summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000020_CountsOfBefore")]
internal sealed class CountsOfBefore : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        // All that there is, less what is counted already, both as of one moment: so it does not matter who writes meanwhile, nor how often this
        // begins anew. What became of orders is told by their timeline.
        migrationBuilder.Sql("""
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT metric, at, provider, class, reason, currency, sum(count), sum(amount_minor) FROM (
                SELECT 'placed', date_trunc('minute', placed_at), coalesce(provider, 'Stripe'), '', '', currency, count(*), sum(total_minor)
                FROM shop.orders WHERE NOT is_synthetic GROUP BY 2, 3, 6
                UNION ALL
                SELECT 'attempted', date_trunc('minute', placed_at), coalesce(provider, 'Stripe'), '', '', currency, count(*), sum(total_minor)
                FROM shop.orders o WHERE NOT is_synthetic AND payment <> 'None'
                    AND (payment <> 'Abandoned' OR EXISTS (SELECT FROM shop.order_timeline t WHERE t.order_id = o.id
                        AND t.kind IN ('payment.started', 'payment.declined', 'payment.deferred', 'payment.unknown', 'payment.action_needed'))) GROUP BY 2, 3, 6
                UNION ALL
                SELECT 'paid', date_trunc('minute', paid_at), coalesce(provider, 'Stripe'), '', '', currency, count(*), sum(captured_minor)
                FROM shop.orders WHERE NOT is_synthetic AND paid_at IS NOT NULL GROUP BY 2, 3, 6
                UNION ALL
                SELECT CASE t.kind WHEN 'payment.declined' THEN 'declined' WHEN 'payment.deferred' THEN 'deferred' WHEN 'payment.closed' THEN 'abandoned'
                        ELSE 'unknown_entered' END, date_trunc('minute', t.at),
                    coalesce(o.provider, 'Stripe'), '', coalesce(t.reason, ''), o.currency, count(*), sum(o.total_minor)
                FROM shop.order_timeline t JOIN shop.orders o ON o.id = t.order_id
                WHERE t.kind IN ('payment.declined', 'payment.deferred', 'payment.closed', 'payment.unknown') AND NOT o.is_synthetic GROUP BY 1, 2, 3, 5, 6
                UNION ALL
                SELECT 'unknown_left', date_trunc('minute', t.at), coalesce(o.provider, 'Stripe'), '', '', o.currency, count(*), sum(o.total_minor)
                FROM (SELECT order_id, at, row_number() OVER (PARTITION BY order_id ORDER BY at DESC, id DESC) AS latest
                    FROM shop.order_timeline WHERE kind = 'payment.unknown') t JOIN shop.orders o ON o.id = t.order_id
                WHERE NOT o.is_synthetic AND NOT (o.payment = 'Unknown' AND t.latest = 1) GROUP BY 2, 3, 6
                UNION ALL
                SELECT 'cart', date_trunc('minute', created_at), '', '', '', '', count(*), 0 FROM shop.carts WHERE NOT is_synthetic GROUP BY 2
                UNION ALL
                SELECT 'attempt', date_trunc('minute', a.at), a.provider, a.class, coalesce(a.reason, ''), '', count(*), 0
                FROM payments.payment_attempts a JOIN shop.orders o ON o.id = a.order_id
                WHERE a.operation = 'confirm' AND NOT o.is_synthetic GROUP BY 2, 3, 4, 5
                UNION ALL
                SELECT m.metric, date_trunc('minute', m.at), r.provider, '', r.reason, r.currency, count(*), sum(r.amount_minor)
                FROM payments.refunds r JOIN shop.orders o ON o.id = r.order_id
                CROSS JOIN LATERAL (VALUES ('refund_owed', r.created_at, true), ('refunded', coalesce(r.settled_at, r.created_at), r.state = 'Succeeded'))
                    m (metric, at, applies)
                WHERE m.applies AND NOT o.is_synthetic GROUP BY 1, 2, 3, 5, 6
                UNION ALL
                SELECT metric, at, provider, class, reason, currency, -count, -amount_minor FROM reports.deltas
                UNION ALL
                SELECT metric, at, provider, class, reason, currency, -count, -amount_minor FROM reports.counts WHERE grain = 'minute'
            ) b (metric, at, provider, class, reason, currency, count, amount_minor)
            GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(count) <> 0 OR sum(amount_minor) <> 0;
            SELECT reports.fold(9223372036854775807);
            """, suppressTransaction: true);

        // One that was interrupted leaves an index that nobody may use.
        foreach (var (name, rest) in new[]
        {
            ("ix_orders_payment_placed_at", "(payment, placed_at) WHERE payment NOT IN ('Paid', 'Abandoned')"),
            ("ix_orders_reason_placed_at", "(reason, placed_at) WHERE reason IS NOT NULL"),
        })
        {
            migrationBuilder.Sql($"DROP INDEX CONCURRENTLY IF EXISTS shop.{name}", suppressTransaction: true);
            migrationBuilder.Sql($"CREATE INDEX CONCURRENTLY {name} ON shop.orders {rest}", suppressTransaction: true);
        }
    }
}
