using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Shop.Data.Reports;

/// <summary>What is counted. Orders of drills and probes are left out of all of it.</summary>
public static class Counted
{
    public const string Cart = "cart";
    public const string Placed = "placed";

    /// <summary>A payment was begun for it, the first time.</summary>
    public const string Attempted = "attempted";

    /// <summary>The amount is what was captured; a second capture by another gateway adds its amount and no order.</summary>
    public const string Paid = "paid";

    public const string Declined = "declined";
    public const string Deferred = "deferred";
    public const string Abandoned = "abandoned";
    public const string UnknownEntered = "unknown_entered";
    public const string UnknownLeft = "unknown_left";

    /// <summary>A confirm, by how the gateway answered it.</summary>
    public const string Attempt = "attempt";

    public const string RefundOwed = "refund_owed";
    public const string Refunded = "refunded";

    /// <summary>It had been sent, and came back.</summary>
    public const string RefundReturned = "refund_returned";
}

/// <summary>How finely time is cut. Minutes are kept for a month, the others for good.</summary>
public enum Grain { Minute, Hour, Day }

/// <param name="Weeks">How many weeks before the period that was asked for; its <paramref name="At"/> is moved into the period all the same.</param>
/// <param name="Provider">Empty where there is none, as <paramref name="Class"/>, <paramref name="Reason"/> and <paramref name="Currency"/>.</param>
public sealed record CountRow(
    int Weeks, DateTimeOffset At, string Metric, string Provider, string Class, string Reason, string Currency, long Count, long AmountMinor);

/// <summary>
/// The business in numbers that are exact at any moment: what is folded and what is not yet, read in one statement. The rows are written by
/// triggers, in the transactions of what they count.
/// </summary>
public static class BusinessCounts
{
    /// <param name="from">At the beginning of a <paramref name="grain"/>, in UTC; so is <paramref name="to"/>, which is excluded.</param>
    /// <param name="weeks">How many of the weeks before are read too, for the same hours of them.</param>
    /// <param name="step">Rows are added up in steps of it, from <paramref name="from"/> on.</param>
    public static async Task<IReadOnlyList<CountRow>> ReadCountsAsync(
        this ShopDbContext db, Grain grain, DateTimeOffset from, DateTimeOffset to, TimeSpan step, IReadOnlyList<string> metrics, int weeks, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("""
                SELECT w.week, date_bin($5, c.at + w.week * interval '168 hours', $2), c.metric, c.provider, c.class, c.reason, c.currency,
                    sum(c.count)::bigint, sum(c.amount_minor)::bigint
                FROM generate_series(0, $6) w (week)
                CROSS JOIN LATERAL (
                    SELECT at, metric, provider, class, reason, currency, count, amount_minor FROM reports.counts
                    WHERE grain = $1 AND metric = ANY ($4) AND at >= $2 - w.week * interval '168 hours' AND at < $3 - w.week * interval '168 hours'
                    UNION ALL
                    SELECT at, metric, provider, class, reason, currency, count, amount_minor FROM reports.deltas
                    WHERE metric = ANY ($4) AND at >= $2 - w.week * interval '168 hours' AND at < $3 - w.week * interval '168 hours'
                ) c
                GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
                """, (NpgsqlConnection)db.Database.GetDbConnection());
            foreach (var value in new object[] { grain.ToString().ToLowerInvariant(), from.ToUniversalTime(), to.ToUniversalTime(), metrics.ToArray(), step, weeks })
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            await using var reader = await command.ExecuteReaderAsync(ct);
            List<CountRow> rows = [];
            while (await reader.ReadAsync(ct))
            {
                rows.Add(new CountRow(
                    reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                    reader.GetString(6), reader.GetInt64(7), reader.GetInt64(8)));
            }

            return rows;
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>When the first order was counted; null while there is none. Whoever compares with earlier weeks needs to know whether there were any.</summary>
    public static async Task<DateTimeOffset?> FirstCountedAsync(this ShopDbContext db, CancellationToken ct) =>
        await db.Database.SqlQuery<DateTimeOffset?>($"""
            SELECT least((SELECT min(at) FROM reports.counts WHERE grain = 'day' AND metric = {Counted.Placed}),
                (SELECT min(at) FROM reports.deltas WHERE metric = {Counted.Placed})) AS "Value"
            """).SingleAsync(ct);

    /// <summary>Adds up what was written since the last time, at most <paramref name="most"/> rows. Safe beside others who do the same.</summary>
    /// <returns>How many rows it took away.</returns>
    public static Task<long> FoldCountsAsync(this ShopDbContext db, long most, CancellationToken ct) =>
        db.Database.SqlQuery<long>($"""SELECT reports.fold({most}) AS "Value" """).SingleAsync(ct);
}
