using System.Diagnostics.Metrics;

namespace Shop.Payments;

/// <summary>How well we know what the gateway knows: its events, what is unknown, what does not match.</summary>
internal sealed class WatchTelemetry
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(75); // two sweeps and a little
    private readonly Counter<long> _webhooks;
    private readonly Histogram<double> _webhookAge;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _fetched;
    private readonly TimeProvider _clock;
    private Counted? _unknown;
    private Counted? _mismatches;
    private Dictionary<string, Counted> _depths = [];

    private sealed record Counted(long Count, double OldestSeconds, DateTimeOffset At);

    public WatchTelemetry(IMeterFactory meters, TimeProvider clock)
    {
        _clock = clock;
        var meter = meters.Create(PaymentTelemetry.Name);
        _webhooks = meter.CreateCounter<long>("shop.payments.webhooks", "{event}", "Events that came, by what became of them: new, duplicate, or why refused");
        _webhookAge = meter.CreateHistogram<double>("shop.payments.webhooks.age", "s", "From the arrival of an event to its end");
        _gaps = meter.CreateCounter<long>("shop.payments.webhooks.missing", "{event}", "Expected events that had not come in time");
        _fetched = meter.CreateCounter<long>("shop.payments.webhooks.fetched", "{event}", "Events that we fetched because they had not come");
        meter.CreateObservableGauge("shop.payments.unknown", () => Read(_unknown, c => c.Count), "{order}", "Orders of which nobody knows whether they are paid");
        meter.CreateObservableGauge("shop.payments.unknown.age", () => Read(_unknown, c => c.OldestSeconds), "s", "How long the oldest of them is unknown");
        meter.CreateObservableGauge("shop.payments.depth", () => Read(c => c.Count), "{row}", "Jobs, webhooks and mails that wait");
        meter.CreateObservableGauge("shop.payments.depth.age", () => Read(c => c.OldestSeconds), "s", "How long the oldest of them is due");
        meter.CreateObservableGauge("shop.payments.mismatches", () => Read(_mismatches, c => c.Count), "{mismatch}", "Mismatches that wait for somebody");
    }

    public void WebhookReceived(bool isNew) => _webhooks.Add(1, new KeyValuePair<string, object?>("result", isNew ? "new" : "duplicate"));

    public void WebhookRefused(string reason) => _webhooks.Add(1, new KeyValuePair<string, object?>("result", reason));

    // Types are the gateway's, but only those that were signed by it: still, an open set is not for a metric.
    public void WebhookProcessed(string type, TimeSpan age) =>
        _webhookAge.Record(age.TotalSeconds, new KeyValuePair<string, object?>("about", type.Split('.') switch
        {
            [("payment_intent" or "charge" or "refund") and var about, ..] => about,
            ["PAYMENT", "CAPTURE", "REFUNDED"] or ["PAYMENT", "REFUND", ..] => "refund",
            ["PAYMENT", "CAPTURE", ..] => "charge",
            ["CHECKOUT", ..] => "payment_intent",
            _ => "other",
        }));

    public void WebhooksMissing(int count) => _gaps.Add(count);

    public void EventsFetched(int count) => _fetched.Add(count);

    /// <summary>Counted by the replica that sweeps; the others say nothing, or everything would be counted twice.</summary>
    public void CountUnknown(long count, TimeSpan oldest) => _unknown = new(count, oldest.TotalSeconds, _clock.GetUtcNow());

    public void CountMismatches(long count) => _mismatches = new(count, 0, _clock.GetUtcNow());

    /// <param name="depths">What waits: how many, and how long the oldest is due.</param>
    public void CountDepths(IEnumerable<(string What, long Count, double OldestSeconds)> depths) =>
        _depths = depths.ToDictionary(d => d.What, d => new Counted(d.Count, d.OldestSeconds, _clock.GetUtcNow()));

    private IEnumerable<Measurement<T>> Read<T>(Func<Counted, T> value) where T : struct => _depths.Where(d => _clock.GetUtcNow() - d.Value.At < Fresh)
        .Select(d => new Measurement<T>(value(d.Value), new KeyValuePair<string, object?>("what", d.Key)));

    private IEnumerable<Measurement<T>> Read<T>(Counted? counted, Func<Counted, T> value) where T : struct =>
        counted is not null && _clock.GetUtcNow() - counted.At < Fresh ? [new Measurement<T>(value(counted))] : [];
}
