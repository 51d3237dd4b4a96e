using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Payments;

internal sealed class PaymentTelemetry
{
    public const string Name = "Shop.Payments"; // ServiceDefaults subscribes to Shop.*

    private static readonly ActivitySource Source = new(Name);
    private readonly Counter<long> _outcomes;
    private readonly Counter<long> _circuitChanges;
    private readonly Counter<long> _refusedAsTesting;
    private readonly Histogram<double> _queueTime;
    private readonly Histogram<double> _calls;

    private readonly ConcurrentDictionary<PaymentProvider, Func<int>> _circuits = new();

    public PaymentTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _outcomes = meter.CreateCounter<long>("shop.payments.outcomes", "{payment}", "Finished payments by provider and outcome");
        _circuitChanges = meter.CreateCounter<long>("shop.payments.circuit.changes", "{change}", "Breakers opened, half-opened, closed");
        _refusedAsTesting = meter.CreateCounter<long>("shop.payments.velocity", "{payment}", "Payments not tried because of the declines before them");
        meter.CreateObservableGauge("shop.payments.circuit.state", () => _circuits.Select(circuit => new Measurement<int>(
            circuit.Value(), new KeyValuePair<string, object?>("shop.payment.provider", circuit.Key.ToString()))),
            "{state}", "How this process finds a gateway: 0 closed, 1 half-open, 2 open");
        _queueTime = meter.CreateHistogram<double>("shop.payments.queue.time", "s", "Time from the request to its outcome");
        _calls = meter.CreateHistogram<double>("shop.payments.gateway.calls", "s", "Calls to a gateway by operation and class of the answer");
    }

    /// <summary>The first attempt continues the checkout's trace; a later one starts its own and links to it, or one trace would last an hour.</summary>
    public static Activity? Start(PaymentJob job)
    {
        var continues = job.Kind is PaymentJobKind.Charge && job.Attempts is 0;
        var name = job.Kind switch
        {
            PaymentJobKind.Charge => "payment charge",
            PaymentJobKind.Close => "payment close",
            PaymentJobKind.Look => "payment look",
            _ => "payment refund",
        };
        return Start(name, job.TraceParent, continues)?
            .SetTag("shop.order.id", job.OrderId).SetTag("shop.payment.id", job.Id).SetTag("shop.payment.provider", job.Provider.ToString());
    }

    public static Activity? Start(WebhookReceipt receipt) =>
        Start("payment webhook", null, false)?.SetTag("shop.payment.provider", receipt.Provider.ToString());

    public static Activity? Start(OutboxMessage message) =>
        Start("outbox send", message.TraceParent, false)?.SetTag("shop.order.id", message.OrderId);

    private static Activity? Start(string name, string? cause, bool continues)
    {
        var hasCause = ActivityContext.TryParse(cause, null, isRemote: true, out var context);
        Activity.Current = null; // the loops run in no trace; whatever started the host is none of theirs
        return Source.StartActivity(name, ActivityKind.Consumer, continues ? context : default, links: hasCause && !continues ? [new(context)] : null);
    }

    /// <summary>Tells the work in hand for whom it is, as soon as that is known: what is done for drills and probes is measured apart.</summary>
    public static void WorksFor(bool isSynthetic)
    {
        if (isSynthetic)
            Activity.Current?.SetTag(Synthetic.Tag, true);
    }

    private static TagList Marked(TagList tags)
    {
        if (Activity.Current?.GetTagItem(Synthetic.Tag) is true)
            tags.Add(Synthetic.Tag, true);
        return tags;
    }

    // Tags are closed sets. Order ids go on spans and logs; on a metric each would become its own time series.
    public void Finished(PaymentProvider provider, string outcome, TimeSpan queued)
    {
        var tags = Marked(new() { { "shop.payment.provider", provider.ToString() }, { "shop.payment.outcome", outcome } });
        _outcomes.Add(1, tags);
        _queueTime.Record(queued.TotalSeconds, tags);
    }

    public void Asked(PaymentProvider provider, string operation, string @class, TimeSpan latency) => _calls.Record(latency.TotalSeconds, Marked(new()
    {
        { "shop.payment.provider", provider.ToString() }, { "operation", operation }, { "class", @class },
    }));

    public void CardTestingRefused(SourceKind source) => _refusedAsTesting.Add(1, new KeyValuePair<string, object?>("source", source.ToString()));

    public void Watch(PaymentProvider provider, Func<int> state) => _circuits[provider] = state;

    public void CircuitChanged(PaymentProvider provider, string breaker, string state) =>
        _circuitChanges.Add(1, new TagList { { "shop.payment.provider", provider.ToString() }, { "breaker", breaker }, { "state", state } });
}
