using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// What waits to be kept. Adding never blocks and never fails: what there is no room for is counted, and the count is told as a line of its
/// own as soon as lines can leave again.
/// </summary>
public sealed class RecordBuffer
{
    public const string MeterName = "Shop.Records";
    private const int BurstSeconds = 10;
    private const int BatchLines = 1000;
    private const int BatchCharacters = 1_000_000; // the Api takes a batch as one body
    private const int MaxPoints = 5000;
    private const int BatchPoints = 1000;
    private const int MaxErrors = 1000;
    private const int BatchErrors = 200;

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> DroppedCount = Meter.CreateCounter<long>("shop.records.dropped", "{record}", "What found no room or was refused, by kind.");
    private static readonly AsyncLocal<bool> Silent = new();

    private readonly Channel<LogLine> _lines;
    private readonly Channel<SeriesPoint> _points = Bounded<SeriesPoint>(MaxPoints);
    private readonly Channel<ErrorReport> _errors = Bounded<ErrorReport>(MaxErrors);
    private readonly RecordOptions _options;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private long _characters;
    private double _allowance;
    private long _allowedAt;
    private long _dropped;
    private DateTimeOffset _droppedFrom, _droppedTo;

    public RecordBuffer(IOptions<RecordOptions> options, IHostEnvironment environment, TimeProvider clock)
    {
        (_options, _clock) = (options.Value, clock);
        (_allowance, _allowedAt) = (BurstSeconds * _options.PerSecond, clock.GetTimestamp());
        _lines = Bounded<LogLine>(_options.Lines);
        Service = environment.ApplicationName.Split('.')[^1].ToLowerInvariant();
    }

    /// <summary>The last word of the application's name: <c>api</c>.</summary>
    public string Service { get; }

    public static string Instance { get; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    public bool IsEnabled => _options.Enabled;

    /// <summary>Nothing that is logged from here on, in this flow of calls, becomes a line: whoever keeps lines must not make new ones.</summary>
    public static void BeSilent() => Silent.Value = true;

    internal static bool IsSilent => Silent.Value;

    internal bool HasMoreThanABatch => _lines.Reader.Count >= BatchLines || Volatile.Read(ref _characters) >= BatchCharacters;

    internal bool IsEmpty => _lines.Reader.Count + _points.Reader.Count + _errors.Reader.Count == 0 && Volatile.Read(ref _dropped) == 0;

    public void Add(LogLine line)
    {
        if (!IsEnabled)
            return;
        if (Interlocked.Add(ref _characters, line.Size) <= _options.Characters && _lines.Writer.TryWrite(line))
            return;
        Interlocked.Add(ref _characters, -line.Size);
        Dropped(1);
    }

    public void Add(SeriesPoint point)
    {
        if (IsEnabled && !_points.Writer.TryWrite(point))
            Dropped(0, points: 1);
    }

    public void Add(ErrorReport error)
    {
        if (IsEnabled && !_errors.Writer.TryWrite(error))
            Dropped(0, errors: 1);
    }

    /// <summary>
    /// Whether there is still room for a line of nothing wrong in this while; if not it is counted. Anybody can have such lines written, as every
    /// request makes some, and shall not decide how much is.
    /// </summary>
    internal bool HasAllowance()
    {
        var now = _clock.GetTimestamp();
        lock (_gate)
        {
            var earned = _clock.GetElapsedTime(_allowedAt, now).TotalSeconds * _options.PerSecond;
            (_allowance, _allowedAt) = (Math.Min(_allowance + earned, BurstSeconds * _options.PerSecond), now);
            if (_allowance >= 1)
            {
                _allowance--;
                return true;
            }
        }

        Dropped(1);
        return false;
    }

    internal void Dropped(int lines, int points = 0, int errors = 0)
    {
        Count("point", points);
        Count("error", errors);
        if (lines is 0)
            return;
        Count("line", lines);
        var now = _clock.GetUtcNow();
        lock (_gate)
        {
            if (_dropped == 0)
                _droppedFrom = now;
            (_dropped, _droppedTo) = (_dropped + lines, now);
        }
    }

    private static void Count(string kind, int records)
    {
        if (records > 0)
            DroppedCount.Add(records, new KeyValuePair<string, object?>("kind", kind));
    }

    internal TelemetryBatch Take()
    {
        List<LogLine> lines = [];
        for (var size = 0; lines.Count < BatchLines && size < BatchCharacters && _lines.Reader.TryRead(out var line); size += line.Size)
        {
            Interlocked.Add(ref _characters, -line.Size);
            lines.Add(line);
        }

        long dropped;
        lock (_gate)
        {
            if ((dropped = _dropped) > 0)
                lines.Add(Notice());
            _dropped = 0;
        }

        return new(lines, Some(_points, BatchPoints), Some(_errors, BatchErrors), dropped);
    }

    private LogLine Notice() => new()
    {
        Id = Guid.CreateVersion7(_droppedTo), At = _droppedTo, Service = Service, Instance = Instance, Release = Release.Current, Level = LogLevel.Warning,
        EventId = RecordEvents.LinesDropped, Event = nameof(RecordEvents.LinesDropped), Category = typeof(RecordBuffer).FullName!,
        Message = $"{_dropped} lines were dropped between {_droppedFrom:HH:mm:ss} and {_droppedTo:HH:mm:ss} UTC: they were more than there is room for, or refused",
    };

    private static List<T> Some<T>(Channel<T> channel, int most)
    {
        List<T> some = [];
        while (some.Count < most && channel.Reader.TryRead(out var one))
            some.Add(one);
        return some;
    }

    private static Channel<T> Bounded<T>(int capacity) =>
        Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }); // so TryWrite says no
}

/// <summary>Events that others look for by their number.</summary>
public static class RecordEvents
{
    public const int RequestIn = 100;
    public const int RequestOut = 104;
    public const int LinesDropped = 105;
}
