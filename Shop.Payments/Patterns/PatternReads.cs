using System.Globalization;
using System.Runtime.CompilerServices;
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
        SELECT coalesce(s.hash, uuid_send(a.order_id)) AS story, o.number, a.at, a.provider, j.saved_method_id IS NOT NULL AS saved, a.card_brand,
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

    /// <returns>Story by story, the newest <paramref name="most"/> of them.</returns>
    public static async Task<IReadOnlyList<Try>> TriesAsync(
        NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic, int most, bool withHour, CancellationToken ct)
    {
        List<Try> tries = [];
        await foreach (var tried in ReadAsync(connection, from, to, traffic, most, withHour, ct))
            tries.Add(tried);
        return tries;
    }

    /// <summary>The same tries by the same rules, of which only the sums stay.</summary>
    public static async Task<Counts> CountAsync(NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic, CancellationToken ct)
    {
        var counts = new Counts();
        await foreach (var tried in ReadAsync(connection, from, to, traffic, null, withHour: true, ct))
            counts.Add(tried);
        return counts;
    }

    private static async IAsyncEnumerable<Try> ReadAsync(
        NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, PatternTraffic traffic, int? most, bool withHour, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(ByStory, connection)
        {
            Parameters =
            {
                new() { Value = TimeOrderedId.FirstAt(from), NpgsqlDbType = NpgsqlDbType.Uuid }, new() { Value = TimeOrderedId.FirstAt(to), NpgsqlDbType = NpgsqlDbType.Uuid },
                new() { Value = traffic is PatternTraffic.Drill }, new() { Value = (object?)most ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        Dictionary<string, string> names = []; // a few words, and many rows that hold them
        var (story, key) = (-1, Array.Empty<byte>());
        while (await reader.ReadAsync(ct))
        {
            if (reader.GetFieldValue<byte[]>(0) is var next && !next.AsSpan().SequenceEqual(key))
                (story, key) = (story + 1, next);
            yield return new(story, reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2), LevelsOf(reader, names, withHour), FailureOf(reader));
        }
    }

    private static readonly string[] Bands = ["less than 25", "25 to 100", "100 to 300", "300 or more"];

    private static Level[] LevelsOf(NpgsqlDataReader row, Dictionary<string, string> names, bool withHour)
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
            if (value is null)
                return;
            if (!names.TryGetValue(value, out var name))
                names[value] = name = value;
            levels.Add(new(fact, name));
        }
    }

    private static Failure? FailureOf(NpgsqlDataReader row) => row.IsDBNull(12) ? null
        : new(Reasons.SideOf(row.GetString(12)), row.GetString(12), row.IsDBNull(13) ? row.GetString(12) : row.GetString(13));
}
