using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Payments.Patterns;

/// <summary>Attempts as the miner sees them. By the primary key, which is a time: no index is kept for this alone.</summary>
internal static class PatternReads
{
    // A confirm is a try, and what failed before it or was only read after it. That a bank or PayPal asks the shopper is no failure.
    private const string Tries = """
        SELECT coalesce(encode(s.hash, 'hex'), a.order_id::text) AS story, o.number, a.at, a.provider, j.saved_method_id IS NOT NULL AS saved, a.card_brand,
            a.card_country, CASE WHEN o.total_minor < 2500 THEN 0 WHEN o.total_minor < 10000 THEN 1 WHEN o.total_minor < 30000 THEN 2 ELSE 3 END AS band,
            a.release, a.endpoint, a.flags, extract(hour FROM a.at AT TIME ZONE 'UTC')::int AS hour,
            CASE WHEN a.class IN ('not_charged', 'unknown', 'awaits_card') AND a.reason NOT IN ('authentication_needed', 'approval_needed', 'payment_processing')
                THEN a.reason END AS reason, coalesce(a.decline_code, a.code, a.reason) AS code
        FROM payments.payment_attempts a
        JOIN shop.orders o ON o.id = a.order_id
        LEFT JOIN payments.payment_jobs j ON j.id = a.job_id
        LEFT JOIN payments.charge_sources s ON s.job_id = a.job_id AND s.kind = 'Email'
        WHERE a.id >= $1 AND a.id < $2 AND o.is_synthetic = $3
            AND (a.operation IN ('confirm', 'capture') OR (a.operation = 'create' AND a.class IN ('not_charged', 'unknown'))
                OR (a.operation = 'read' AND a.reason = 'authentication_failed'))
        """;

    private const string ByStory = $"SELECT * FROM (SELECT * FROM ({Tries}) t ORDER BY at DESC LIMIT $4) t ORDER BY story, at";

    private const string Grouped = $"""
        SELECT count(DISTINCT story)::int, 0::bigint, max(at), provider, saved, card_brand, card_country, band, release, endpoint, flags, hour, reason,
            CASE WHEN reason IS NOT NULL THEN code END
        FROM ({Tries}) t GROUP BY provider, saved, card_brand, card_country, band, release, endpoint, flags, hour, reason, CASE WHEN reason IS NOT NULL THEN code END
        """;

    /// <returns>Story by story, the newest <paramref name="most"/> of them.</returns>
    public static async Task<IReadOnlyList<Try>> TriesAsync(
        NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic, int most, bool withHour, CancellationToken ct)
    {
        await using var command = Command(connection, ByStory, from, to, traffic);
        command.Parameters.Add(new() { Value = most });
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<Try> tries = [];
        var (story, name) = (-1, "");
        while (await reader.ReadAsync(ct))
        {
            if (reader.GetString(0) is var next && next != name)
                (story, name) = (story + 1, next);
            tries.Add(new(story, reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2), LevelsOf(reader, withHour), FailureOf(reader)));
        }

        return tries;
    }

    /// <summary>What was usual in that time, counted by the database: of the many tries of weeks only the sums come here.</summary>
    public static async Task<Usual> UsualAsync(NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic, CancellationToken ct)
    {
        await using var command = Command(connection, Grouped, from, to, traffic);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var counts = new Counts();
        while (await reader.ReadAsync(ct))
            counts.Add(LevelsOf(reader, withHour: true), FailureOf(reader), reader.GetInt32(0));
        return new(counts);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic) => new(sql, connection)
    {
        Parameters =
        {
            new() { Value = TimeOrderedId.FirstAt(from), NpgsqlDbType = NpgsqlDbType.Uuid }, new() { Value = TimeOrderedId.FirstAt(to), NpgsqlDbType = NpgsqlDbType.Uuid },
            new() { Value = traffic is PatternTraffic.Drill },
        },
    };

    private static readonly string[] Bands = ["less than 25", "25 to 100", "100 to 300", "300 or more"];

    private static Level[] LevelsOf(NpgsqlDataReader row, bool withHour)
    {
        var provider = row.GetString(3);
        List<Level> levels = [];
        Add(PatternFact.CardBrand, Text(5));
        Add(PatternFact.CardCountry, Text(6));
        Add(PatternFact.Gateway, provider);
        Add(PatternFact.Method, (provider, row.GetBoolean(4)) switch { ("PayPal", true) => "saved PayPal", ("PayPal", _) => "PayPal", (_, true) => "a saved card", _ => "a card" });
        Add(PatternFact.Endpoint, Text(9));
        Add(PatternFact.Amount, Bands[row.GetInt32(7)]);
        Add(PatternFact.Release, Text(8));
        foreach (var flag in row.IsDBNull(10) ? [] : row.GetFieldValue<string[]>(10))
            Add(PatternFact.Flag, flag);
        if (withHour)
            Add(PatternFact.Hour, row.GetInt32(11).ToString("00", CultureInfo.InvariantCulture));
        return [.. levels];

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);

        void Add(PatternFact fact, string? value)
        {
            if (value is not null)
                levels.Add(new(fact, value));
        }
    }

    private static Failure? FailureOf(NpgsqlDataReader row) => row.IsDBNull(12) ? null
        : new(Reasons.Of(row.GetString(12)).Side, row.GetString(12), row.IsDBNull(13) ? row.GetString(12) : row.GetString(13));
}
