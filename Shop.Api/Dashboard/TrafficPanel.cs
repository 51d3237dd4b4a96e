using Npgsql;
using NpgsqlTypes;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Dashboard;

/// <summary>Milliseconds. <see cref="Count"/>: how many were measured.</summary>
internal sealed record LatencyView(string Service, string Label, long Count, long Errors, double AverageMs, double? P95Ms, double? P99Ms, double MaxMs);

/// <summary>The last value a process told, and the highest of the period.</summary>
internal sealed record GaugeView(string Service, string Instance, string Label, double Last, double Max, DateTimeOffset At);

internal sealed record ServiceView(string Service, long Requests, long Errors);

/// <param name="Hits">0 to 1; null while nothing was read.</param>
internal sealed record CacheView(long Reads, double? Hits);

/// <param name="From">Since when; at most a day.</param>
/// <param name="Holds">How long work held a connection, by pool.</param>
internal sealed record TrafficView(
    DateTimeOffset From, IReadOnlyList<LatencyView> Endpoints, IReadOnlyList<ServiceView> Services, IReadOnlyList<LatencyView> Gateways,
    IReadOnlyList<LatencyView> Holds, IReadOnlyList<LatencyView> Waits, IReadOnlyList<GaugeView> Pools, IReadOnlyList<GaugeView> Processes, CacheView Cache,
    long DroppedLines);

/// <summary>How fast and how full everything is, from the minute series of all processes.</summary>
internal sealed class TrafficPanel([FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource reports, TimeProvider clock)
{
    private const int MostEndpoints = 20;
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private sealed class Sum
    {
        public long Count;
        public double Total;
        public double Max;
        public double Last;
        public DateTimeOffset At;
        public long[] Buckets { get; } = new long[SeriesBuckets.Count];
    }

    public async Task<TrafficView> ReadAsync(DashboardRange range, CancellationToken ct)
    {
        var from = range.To - (range.To - range.From < Longest ? range.To - range.From : Longest);
        if (from < clock.GetUtcNow() - Longest)
            from = clock.GetUtcNow() - Longest;
        await using var command = reports.CreateCommand("""
            SELECT series, service, instance, label, count, sum, max, minute, buckets FROM telemetry.minute_series
            WHERE minute >= $1 AND series = ANY ($2) ORDER BY minute
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = from.ToUniversalTime() });
        command.Parameters.Add(new NpgsqlParameter { Value = SeriesNames.Shown, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        Dictionary<(string Series, string Service, string Instance, string Label), Sum> sums = [];
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            // A gauge is each process's own; what is counted or timed is added up over all of them.
            var series = reader.GetString(0);
            var isGauge = SeriesNames.Gauges.Contains(series);
            var key = (series, reader.GetString(1), isGauge ? reader.GetString(2) : "", reader.GetString(3));
            if (!sums.TryGetValue(key, out var sum))
                sums[key] = sum = new Sum();
            var count = reader.GetInt64(4);
            sum.Count += count;
            sum.Total += reader.GetDouble(5);
            sum.Max = Math.Max(sum.Max, reader.GetDouble(6));
            if (count > 0)
                (sum.Last, sum.At) = (reader.GetDouble(5) / count, reader.GetFieldValue<DateTimeOffset>(7));
            if (!reader.IsDBNull(8))
                SeriesBuckets.Add(sum.Buckets, reader.GetFieldValue<int[]>(8));
        }

        var errors = sums.Where(s => s.Key.Series is SeriesNames.Errors).ToDictionary(s => (s.Key.Service, s.Key.Label), s => s.Value.Count);
        var endpoints = Latencies(SeriesNames.Requests, key => errors.GetValueOrDefault(key));
        var reads = sums.Where(s => s.Key.Series is SeriesNames.CatalogueReads).ToList();
        var all = reads.Sum(r => r.Value.Count);
        return new TrafficView(
            from, [.. endpoints.OrderByDescending(e => e.Count * e.AverageMs).Take(MostEndpoints)],
            [.. endpoints.GroupBy(e => e.Service).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new ServiceView(g.Key, g.Sum(e => e.Count), g.Sum(e => e.Errors)))],
            Latencies(SeriesNames.GatewayCalls), Latencies(SeriesNames.PoolHold), Latencies(SeriesNames.PoolWait), Gauges(SeriesNames.PoolUsed),
            [.. SeriesNames.OfProcesses.SelectMany(Gauges)],
            new CacheView(all, all is 0 ? null : (double)reads.Where(r => r.Key.Label is not "Postgres").Sum(r => r.Value.Count) / all),
            sums.Where(s => s.Key.Series is SeriesNames.DroppedLines).Sum(s => s.Value.Count));

        List<LatencyView> Latencies(string series, Func<(string Service, string Label), long>? errorsOf = null) =>
        [
            .. sums.Where(s => s.Key.Series == series && s.Value.Count > 0).Select(s => new LatencyView(
                s.Key.Service, s.Key.Label, s.Value.Count, errorsOf?.Invoke((s.Key.Service, s.Key.Label)) ?? 0, 1000 * s.Value.Total / s.Value.Count,
                1000 * SeriesBuckets.Percentile(s.Value.Buckets, 0.95, s.Value.Max), 1000 * SeriesBuckets.Percentile(s.Value.Buckets, 0.99, s.Value.Max),
                1000 * s.Value.Max)).OrderByDescending(l => l.Count),
        ];

        List<GaugeView> Gauges(string series) =>
        [
            .. sums.Where(s => s.Key.Series == series).OrderBy(s => s.Key)
                .Select(s => new GaugeView(s.Key.Service, s.Key.Instance, s.Key.Label is "" ? series : s.Key.Label, s.Value.Last, s.Value.Max, s.Value.At)),
        ];
    }
}
