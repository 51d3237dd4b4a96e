using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// Hears the instruments of the closed list (<see cref="SeriesNames"/>) and hands a row of each and its label to the shipper once a minute. So the
/// shop can watch itself without a metrics server; whoever has one gets every meter there, as before.
/// </summary>
internal sealed class SeriesListener : BackgroundService
{
    private const int MostCells = 500; // a label that should be a closed set and is not must not fill the memory
    private const string Rest = "(rest)";
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, Rule> Rules = new()
    {
        ["http.server.request.duration"] = new(SeriesNames.Requests, Kind.Request, ["http.route"]),
        ["db.client.connection.count"] = new(SeriesNames.PoolUsed, Kind.Gauge, ["db.client.connection.pool.name"], ("db.client.connection.state", "used")),
        ["db.client.operation.duration"] = new(SeriesNames.Commands, Kind.Time, ["db.client.connection.pool.name"]),
        ["shop.db.hold"] = new(SeriesNames.PoolHold, Kind.Time, ["pool"]),
        ["shop.db.wait"] = new(SeriesNames.PoolWait, Kind.Time, ["pool"]),
        ["shop.api.catalogue.reads"] = new(SeriesNames.CatalogueReads, Kind.Count, ["from"]),
        ["shop.api.checkouts"] = new(SeriesNames.Checkouts, Kind.Count, ["outcome"]),
        ["shop.payments.queue.time"] = new(SeriesNames.QueueTime, Kind.Time, ["shop.payment.provider", "shop.payment.outcome"]),
        ["shop.payments.gateway.calls"] = new(SeriesNames.GatewayCalls, Kind.Time, ["shop.payment.provider", "operation", "class"]),
        ["shop.payments.circuit.state"] = new(SeriesNames.Breakers, Kind.Gauge, ["shop.payment.provider"]),
        ["shop.payments.depth"] = new(SeriesNames.Depth, Kind.Gauge, ["what"]),
        ["shop.payments.depth.age"] = new(SeriesNames.OldestAge, Kind.Gauge, ["what"]),
        ["shop.payments.unknown"] = new(SeriesNames.Unknown, Kind.Gauge, []),
        ["shop.payments.webhooks.age"] = new(SeriesNames.WebhookAge, Kind.Time, ["about"]),
        ["shop.records.dropped"] = new(SeriesNames.DroppedLines, Kind.Count, [], ("kind", "line")),
    };

    private readonly RecordBuffer _buffer;
    private readonly IMeterFactory _meters;
    private readonly TimeProvider _clock;
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private Dictionary<(string Series, string Label), Cell> _cells = [];
    private (TimeSpan Cpu, TimeSpan Pause, long At) _process;

    private enum Kind { Request, Time, Count, Gauge }

    private sealed record Rule(string Series, Kind Kind, string[] Labels, (string Tag, string Value)? Only = null);

    private sealed class Cell
    {
        public long Count;
        public double Sum;
        public double Max;
        public int[]? Buckets;
    }

    public SeriesListener(RecordBuffer buffer, IMeterFactory meters, TimeProvider clock)
    {
        (_buffer, _meters, _clock) = (buffer, meters, clock);
        _process = (Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), clock.GetTimestamp());
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Meters of a host of its own are heard by that host alone: several may live in one process.
            if ((instrument.Meter.Scope is null || ReferenceEquals(instrument.Meter.Scope, _meters)) && Rules.TryGetValue(instrument.Name, out var rule))
                listener.EnableMeasurementEvents(instrument, rule);
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, rule) => Hear((Rule)rule!, value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, rule) => Hear((Rule)rule!, value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, rule) => Hear((Rule)rule!, value, tags));
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (_buffer.IsEnabled)
            Hear();
        return base.StartAsync(cancellationToken);
    }

    /// <summary>From here on.</summary>
    internal void Hear() => _listener.Start();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var minute = MinuteOf(_clock.GetUtcNow());
        while (_buffer.IsEnabled && !stoppingToken.IsCancellationRequested)
        {
            var toMinute = minute.AddMinutes(1) - _clock.GetUtcNow();
            var pause = toMinute < SampleEvery ? toMinute : SampleEvery;
            try
            {
                await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, _clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            Sample();
            if (MinuteOf(_clock.GetUtcNow()) is var now && now > minute)
            {
                Hand(minute);
                minute = now;
            }
        }

        Hand(minute); // what of the last one is known
    }

    public override void Dispose()
    {
        _listener.Dispose();
        base.Dispose();
    }

    /// <summary>Asks what has to be asked.</summary>
    internal void Sample()
    {
        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException)
        {
            // One instrument's own trouble; the others have been asked.
        }

        var (cpu, pause, at) = (Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration(), _clock.GetTimestamp());
        var elapsed = _clock.GetElapsedTime(_process.At, at).TotalSeconds;
        if (elapsed > 0)
        {
            Add(SeriesNames.Cpu, "", (cpu - _process.Cpu).TotalSeconds / elapsed, Kind.Gauge);
            Add(SeriesNames.GcPause, "", (pause - _process.Pause).TotalSeconds / elapsed * 60, Kind.Gauge);
        }

        _process = (cpu, pause, at);
        Add(SeriesNames.Memory, "", Environment.WorkingSet, Kind.Gauge);
        Add(SeriesNames.Heap, "", GC.GetTotalMemory(forceFullCollection: false), Kind.Gauge);
    }

    internal void Hand(DateTimeOffset minute)
    {
        Dictionary<(string Series, string Label), Cell> cells;
        lock (_gate)
            (cells, _cells) = (_cells, []);
        foreach (var ((series, label), cell) in cells)
        {
            _buffer.Add(new SeriesPoint(
                series, minute, _buffer.Service, RecordBuffer.Instance, label, cell.Count, cell.Sum, cell.Max, cell.Buckets is null ? null : SeriesBuckets.Trim(cell.Buckets)));
        }
    }

    private void Hear(Rule rule, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if ((rule.Only is { } only && Tag(tags, only.Tag) != only.Value) || Tag(tags, Synthetic.Tag) is not "")
            return; // drills and probes are served like people, and are none
        if (rule.Kind is Kind.Request)
            HearRequest(value, tags);
        else
            Add(rule.Series, rule.Labels switch
            {
                [] => "",
                [var one] => PoolOf(Tag(tags, one)),
                _ => string.Join(' ', rule.Labels.Select(Labels(tags))),
            }, value, rule.Kind);
    }

    private void HearRequest(double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var route = Tag(tags, "http.route");
        if (route is "/alive" or "/ready" or RecordsExtensions.Path || Path.HasExtension(route))
            return;

        var method = Tag(tags, "http.request.method");
        var status = Tag(tags, "http.response.status_code");
        var label = $"{method} {(route is "" ? "(none)" : route)}";
        Add(SeriesNames.Requests, label, seconds, Kind.Time);
        if (status.StartsWith('5'))
            Add(SeriesNames.Errors, label, 1, Kind.Count);
        if (_buffer.Service is "web" && method is "GET" && status is "200")
            Add(SeriesNames.PageViews, route switch { "/products/{Slug}" => "product", "/checkout" => "checkout", _ => "other" }, 1, Kind.Count);
    }

    private static Func<string, string> Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var all = tags.ToArray();
        return name => Tag(all, name);
    }

    private static string Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
    {
        foreach (var (key, value) in tags)
        {
            if (key == name)
                return value?.ToString() ?? "";
        }

        return "";
    }

    // A pool without a name of its own is called after its connection string.
    private static string PoolOf(string label)
    {
        const string Mark = "Application Name=";
        if (label.IndexOf(Mark, StringComparison.Ordinal) is not (>= 0 and var at))
            return label.Contains('=', StringComparison.Ordinal) ? Rest : label;
        var name = label[(at + Mark.Length)..];
        return (name.IndexOf(';', StringComparison.Ordinal) is >= 0 and var end ? name[..end] : name).Trim('"');
    }

    private void Add(string series, string label, double value, Kind kind)
    {
        lock (_gate)
        {
            if (!_cells.TryGetValue((series, label), out var cell))
            {
                if (_cells.Count >= MostCells && !_cells.TryGetValue((series, Rest), out cell))
                    label = Rest;
                if (cell is null)
                    _cells[(series, label)] = cell = new Cell();
            }

            cell.Count += kind is Kind.Count ? (long)value : 1;
            cell.Sum += value;
            cell.Max = Math.Max(cell.Max, value);
            if (kind is Kind.Time)
                (cell.Buckets ??= new int[SeriesBuckets.Count])[SeriesBuckets.Of(value)]++;
        }
    }

    private static DateTimeOffset MinuteOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
}
