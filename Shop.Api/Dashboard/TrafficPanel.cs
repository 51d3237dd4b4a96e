using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Dashboard;

/// <summary>Milliseconds. <see cref="Count"/>: how many were measured.</summary>
internal sealed record LatencyView(string Service, string Label, long Count, long Errors, double AverageMs, double? P95Ms, double? P99Ms, double MaxMs);

/// <summary>The last value a process told, and the highest of the period. Of a pool: that of all processes together, and Instance is empty.</summary>
internal sealed record GaugeView(string Service, string Instance, string Label, double Last, double Max, DateTimeOffset At);

internal sealed record ServiceView(string Service, long Requests, long Errors);

internal sealed record CheckoutsView(string Outcome, long Count);

/// <param name="Hits">0 to 1; null while nothing was read.</param>
internal sealed record CacheView(long Reads, double? Hits);

/// <param name="From">Since when; at most a day.</param>
/// <param name="Holds">How long work held a connection, by pool.</param>
/// <param name="Payments">From asking for one to its outcome.</param>
/// <param name="Webhooks">From the arrival of an event to its end.</param>
/// <param name="Levels">What rises and falls; Service is the series. All replicas tell of the same rows, so it is nobody's sum.</param>
internal sealed record TrafficView(
    DateTimeOffset From, IReadOnlyList<LatencyView> Endpoints, IReadOnlyList<ServiceView> Services, IReadOnlyList<LatencyView> Gateways,
    IReadOnlyList<LatencyView> Holds, IReadOnlyList<LatencyView> Waits, IReadOnlyList<LatencyView> Commands, IReadOnlyList<LatencyView> Payments,
    IReadOnlyList<LatencyView> Webhooks, IReadOnlyList<GaugeView> Pools, IReadOnlyList<GaugeView> Levels, IReadOnlyList<GaugeView> Processes,
    IReadOnlyList<CheckoutsView> Checkouts, CacheView Cache, long DroppedLines);

/// <summary>How fast and how full everything is, from the minute series of all processes.</summary>
internal sealed class TrafficPanel([FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource reports, TimeProvider clock)
{
    private const int MostEndpoints = 20;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>A minute is told when it is over, and comes late while the database is away.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);

    /// <summary>Of a process that has not told the last minute or the one before, nothing is in use.</summary>
    private static readonly TimeSpan HeardLately = TimeSpan.FromMinutes(3);

    private readonly ConcurrentDictionary<DateTimeOffset, Hearing> _hours = new();

    private sealed class Sum
    {
        public long Count;
        public double Total;
        public double Max;
        public double Last;
        public DateTimeOffset At;
        public long[] Buckets { get; } = new long[SeriesBuckets.Count];

        public void Add(Sum later)
        {
            Count += later.Count;
            Total += later.Total;
            Max = Math.Max(Max, later.Max);
            if (later.At > At)
                (Last, At) = (later.Last, later.At);
            for (var i = 0; i < Buckets.Length; i++)
                Buckets[i] += later.Buckets[i];
        }
    }

    /// <summary>What was told of a time. Instance is empty for what is counted or timed: that is added up over all processes.</summary>
    private sealed class Hearing
    {
        public Dictionary<(string Series, string Service, string Instance, string Label), Sum> Sums { get; } = [];

        /// <summary>The most connections that all processes together had in use in a minute, by pool.</summary>
        public Dictionary<string, double> MostUsed { get; } = [];

        public void Add(Hearing later)
        {
            foreach (var (key, sum) in later.Sums)
                Of(key).Add(sum);
            foreach (var (pool, most) in later.MostUsed)
                MostUsed[pool] = Math.Max(most, MostUsed.GetValueOrDefault(pool));
        }

        public Sum Of((string, string, string, string) key) => Sums.TryGetValue(key, out var sum) ? sum : Sums[key] = new Sum();
    }

    /// <summary>All the longer ranges show the same day.</summary>
    public static string KeyOf(DashboardRange range) => range.To - range.From < Longest ? range.Name : "day";

    public async Task<TrafficView> ReadAsync(DashboardRange range, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (range.To - range.From < Longest)
            return ViewOf(await HearAsync(range.From, range.To, ct), range.From, now);

        // A day of every process is hundreds of thousands of rows: an hour that is over is read once, and remembered.
        var thisHour = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % Hour.Ticks), TimeSpan.Zero);
        var from = thisHour - Longest + Hour;
        foreach (var old in _hours.Keys.Where(hour => hour < from))
            _hours.TryRemove(old, out _);
        var day = new Hearing();
        for (var hour = from; hour <= thisHour; hour += Hour)
        {
            if (!_hours.TryGetValue(hour, out var heard))
            {
                heard = await HearAsync(hour, hour + Hour, ct);
                if (hour + Hour + Settled < now)
                    _hours[hour] = heard;
            }

            day.Add(heard);
        }

        return ViewOf(day, from, now);
    }

    private async Task<Hearing> HearAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        await using var command = reports.CreateCommand("""
            SELECT series, service, instance, label, count, sum, max, minute, buckets FROM telemetry.minute_series
            WHERE minute >= $1 AND minute < $2 AND series = ANY ($3) ORDER BY minute
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = from.ToUniversalTime() });
        command.Parameters.Add(new NpgsqlParameter { Value = to.ToUniversalTime() });
        command.Parameters.Add(new NpgsqlParameter { Value = SeriesNames.Shown, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        var heard = new Hearing();
        Dictionary<(string Pool, DateTimeOffset Minute), double> used = [];
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (series, label, count, max) = (reader.GetString(0), reader.GetString(3), reader.GetInt64(4), reader.GetDouble(6));
            var minute = reader.GetFieldValue<DateTimeOffset>(7);
            var sum = heard.Of((series, reader.GetString(1), SeriesNames.Gauges.Contains(series) ? reader.GetString(2) : "", label));
            sum.Count += count;
            sum.Total += reader.GetDouble(5);
            sum.Max = Math.Max(sum.Max, max);
            if (count > 0)
                (sum.Last, sum.At) = (reader.GetDouble(5) / count, minute);
            if (!reader.IsDBNull(8))
                SeriesBuckets.Add(sum.Buckets, reader.GetFieldValue<int[]>(8));
            if (series is SeriesNames.PoolUsed)
                used[(label, minute)] = used.GetValueOrDefault((label, minute)) + max;
        }

        foreach (var pool in used.GroupBy(u => u.Key.Pool))
            heard.MostUsed[pool.Key] = pool.Max(u => u.Value);
        return heard;
    }

    private static TrafficView ViewOf(Hearing heard, DateTimeOffset from, DateTimeOffset now)
    {
        var sums = heard.Sums;
        var errors = sums.Where(s => s.Key.Series is SeriesNames.Errors).ToDictionary(s => (s.Key.Service, s.Key.Label), s => s.Value.Count);
        var endpoints = Latencies(SeriesNames.Requests, key => errors.GetValueOrDefault(key));
        var reads = sums.Where(s => s.Key.Series is SeriesNames.CatalogueReads).ToList();
        var all = reads.Sum(r => r.Value.Count);
        return new TrafficView(
            from, [.. endpoints.OrderByDescending(e => e.Count * e.AverageMs).Take(MostEndpoints)],
            [.. endpoints.GroupBy(e => e.Service).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new ServiceView(g.Key, g.Sum(e => e.Count), g.Sum(e => e.Errors)))],
            Latencies(SeriesNames.GatewayCalls), Latencies(SeriesNames.PoolHold), Latencies(SeriesNames.PoolWait), Latencies(SeriesNames.Commands),
            Latencies(SeriesNames.QueueTime), Latencies(SeriesNames.WebhookAge), Pools(), [.. SeriesNames.Levels.SelectMany(Levels)],
            [.. SeriesNames.OfProcesses.SelectMany(Gauges)],
            [
                .. sums.Where(s => s.Key.Series is SeriesNames.Checkouts).GroupBy(s => s.Key.Label).Select(g => new CheckoutsView(g.Key, g.Sum(s => s.Value.Count)))
                    .OrderByDescending(c => c.Count),
            ],
            new CacheView(all, all is 0 ? null : (double)reads.Where(r => r.Key.Label is not "Postgres").Sum(r => r.Value.Count) / all),
            sums.Where(s => s.Key.Series is SeriesNames.DroppedLines).Sum(s => s.Value.Count));

        List<LatencyView> Latencies(string series, Func<(string Service, string Label), long>? errorsOf = null) =>
        [
            .. sums.Where(s => s.Key.Series == series && s.Value.Count > 0).Select(s => new LatencyView(
                s.Key.Service, s.Key.Label, s.Value.Count, errorsOf?.Invoke((s.Key.Service, s.Key.Label)) ?? 0, 1000 * s.Value.Total / s.Value.Count,
                1000 * SeriesBuckets.Percentile(s.Value.Buckets, 0.95, s.Value.Max), 1000 * SeriesBuckets.Percentile(s.Value.Buckets, 0.99, s.Value.Max),
                1000 * s.Value.Max)).OrderByDescending(l => l.Count),
        ];

        List<GaugeView> Pools() =>
        [
            .. sums.Where(s => s.Key.Series is SeriesNames.PoolUsed).GroupBy(s => s.Key.Label).OrderBy(pool => pool.Key, StringComparer.Ordinal)
                .Select(pool => new GaugeView(
                    pool.First().Key.Service, "", pool.Key, pool.Where(s => s.Value.At > now - HeardLately).Sum(s => s.Value.Last), heard.MostUsed[pool.Key],
                    pool.Max(s => s.Value.At))),
        ];

        List<GaugeView> Levels(string series) =>
        [
            .. sums.Where(s => s.Key.Series == series).GroupBy(s => s.Key.Label).OrderBy(level => level.Key, StringComparer.Ordinal)
                .Select(level => new GaugeView(
                    series, "", level.Key, level.MaxBy(s => s.Value.At).Value.Last, level.Max(s => s.Value.Max), level.Max(s => s.Value.At))),
        ];

        List<GaugeView> Gauges(string series) =>
        [
            .. sums.Where(s => s.Key.Series == series).OrderBy(s => s.Key)
                .Select(s => new GaugeView(s.Key.Service, s.Key.Instance, s.Key.Label is "" ? series : s.Key.Label, s.Value.Last, s.Value.Max, s.Value.At)),
        ];
    }
}
