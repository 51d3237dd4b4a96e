using Npgsql;

namespace Shop.Data.Telemetry;

/// <summary>
/// Errors that are the same, counted. An event is written once, by whoever saw it, and counted in the same transaction; of each group the
/// newest stay.
/// </summary>
public static class ErrorGroups
{
    public const string Events = "telemetry.error_events";

    /// <summary>The service of what browsers tell.</summary>
    public const string Browser = "browser";

    /// <summary>All that browsers tell in an hour in which they told too many different things.</summary>
    public const string BrowserOverflow = "ffffffffffffffffffffffffffffffff";

    /// <summary>Anybody can be a browser, and invent errors.</summary>
    public const int BrowserGroupsPerHour = 20;

    public const int KeptEvents = 50;

    // Locked in one order by all: two processes that tell of the same two groups do not wait for each other. What drills and probes see is counted
    // and shown, but hits nobody and brings nothing back. Whom: the person of the order, or else the account, whose id is its person's.
    private const string Count = """
        WITH fresh AS (
            SELECT * FROM telemetry.error_events WHERE id = ANY($1)
        ), counted AS (
            INSERT INTO telemetry.error_groups AS g
                (fingerprint, service, type, title, culprit, first_at, last_at, first_release, last_release, seen, is_synthetic)
            SELECT fingerprint, (array_agg(service ORDER BY at))[1], (array_agg(type ORDER BY at DESC))[1], (array_agg(title ORDER BY at DESC))[1],
                (array_agg(culprit ORDER BY at DESC))[1], min(at), max(at), (array_agg(release ORDER BY at))[1],
                (array_agg(release ORDER BY at DESC))[1], count(*), bool_and(is_synthetic)
            FROM fresh GROUP BY fingerprint ORDER BY fingerprint
            ON CONFLICT (fingerprint) DO UPDATE SET
                seen = g.seen + excluded.seen,
                first_at = least(g.first_at, excluded.first_at),
                first_release = CASE WHEN excluded.first_at < g.first_at THEN excluded.first_release ELSE g.first_release END,
                last_at = greatest(g.last_at, excluded.last_at),
                last_release = CASE WHEN excluded.last_at >= g.last_at THEN excluded.last_release ELSE g.last_release END,
                title = CASE WHEN excluded.last_at >= g.last_at AND g.fingerprint <> $2 THEN excluded.title ELSE g.title END,
                is_synthetic = g.is_synthetic AND excluded.is_synthetic
            RETURNING g.id, g.fingerprint
        ), of_orders AS (
            SELECT fresh.id AS event_id, counted.id AS group_id, o.id AS order_id, o.person_id, fresh.at
            FROM fresh JOIN counted USING (fingerprint)
            JOIN shop.orders o ON o.id = coalesce(fresh.order_id, (SELECT n.id FROM shop.orders n WHERE n.number = fresh.order_number))
            WHERE NOT fresh.is_synthetic
        ), hits AS (
            SELECT group_id, 'Order' AS kind, order_id::text AS hit, at FROM of_orders
            UNION ALL
            SELECT group_id, 'Person', person_id::text, at FROM of_orders
            UNION ALL
            SELECT counted.id, 'Person', fresh.person_id, fresh.at FROM fresh JOIN counted USING (fingerprint)
            WHERE fresh.person_id IS NOT NULL AND NOT fresh.is_synthetic AND NOT EXISTS (SELECT FROM of_orders o WHERE o.event_id = fresh.id)
        )
        INSERT INTO telemetry.error_hits AS h (group_id, kind, hit, last_at)
        SELECT group_id, kind, hit, max(at) FROM hits GROUP BY group_id, kind, hit ORDER BY group_id, kind, hit
        ON CONFLICT (group_id, kind, hit) DO UPDATE SET last_at = greatest(h.last_at, excluded.last_at)
        """;

    private const string Reopen = """
        UPDATE telemetry.error_groups g SET state = 'Open', regressed_at = fresh.last_at, regressed_in = fresh.release
        FROM (
            SELECT fingerprint, max(at) AS last_at, (array_agg(release ORDER BY at DESC))[1] AS release FROM telemetry.error_events
            WHERE id = ANY($1) AND NOT is_synthetic GROUP BY fingerprint) fresh
        WHERE g.fingerprint = fresh.fingerprint AND g.state = 'Resolved' AND fresh.last_at > g.resolved_at
        """;

    private const string Trim = """
        DELETE FROM telemetry.error_events e USING (
            SELECT o.id FROM (SELECT DISTINCT fingerprint FROM telemetry.error_events WHERE id = ANY($1)) f
            CROSS JOIN LATERAL (
                SELECT id FROM telemetry.error_events WHERE fingerprint = f.fingerprint ORDER BY at DESC, id DESC OFFSET $2) o) old
        WHERE e.id = old.id
        """;

    /// <param name="events">Of this transaction.</param>
    internal static async Task CountAsync(NpgsqlConnection connection, Guid[] events, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(connection);
        // Whoever tells of new kinds of browser errors does it alone, so that the bound holds for all processes.
        batch.BatchCommands.Add(new("""
            SELECT pg_advisory_xact_lock(hashtext('telemetry.error_groups.browser')) FROM telemetry.error_events
            WHERE id = ANY($1) AND service = $2 LIMIT 1
            """)
        { Parameters = { new() { Value = events }, new() { Value = Browser } } });
        batch.BatchCommands.Add(new("""
            WITH unknown AS (
                SELECT fingerprint, row_number() OVER (ORDER BY min(at), fingerprint) AS n FROM telemetry.error_events e
                WHERE id = ANY($1) AND service = $2 AND NOT EXISTS (SELECT FROM telemetry.error_groups g WHERE g.fingerprint = e.fingerprint)
                GROUP BY fingerprint
            ), known AS (
                SELECT count(*) AS n FROM telemetry.error_groups WHERE service = $2 AND fingerprint <> $3 AND first_at > now() - interval '1 hour'
            )
            UPDATE telemetry.error_events e SET fingerprint = $3, type = 'Error', culprit = '(many)',
                title = 'Browsers told of more different errors within an hour than are kept apart'
            FROM unknown, known
            WHERE e.id = ANY($1) AND e.service = $2 AND e.fingerprint = unknown.fingerprint AND unknown.n + known.n > $4
            """)
        {
            Parameters =
            {
                new() { Value = events }, new() { Value = Browser }, new() { Value = BrowserOverflow }, new() { Value = (long)BrowserGroupsPerHour },
            },
        });
        batch.BatchCommands.Add(new(Count) { Parameters = { new() { Value = events }, new() { Value = BrowserOverflow } } });
        batch.BatchCommands.Add(new(Reopen) { Parameters = { new() { Value = events } } });
        batch.BatchCommands.Add(new(Trim) { Parameters = { new() { Value = events }, new() { Value = (long)KeptEvents } } });
        await batch.ExecuteNonQueryAsync(ct);
    }
}
