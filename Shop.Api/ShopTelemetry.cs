using System.Diagnostics;
using System.Diagnostics.Metrics;
using Shop.Api.RateLimits;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>ServiceDefaults subscribes to every source and meter named <c>Shop.*</c>. Metric tags are closed sets; ids go on spans.</summary>
internal sealed class ShopTelemetry
{
    public const string Name = "Shop.Api";

    private static readonly ActivitySource Source = new(Name);
    private readonly Counter<long> _checkouts;
    private readonly Counter<long> _pages;
    private readonly Counter<long> _limited;
    private readonly Counter<long> _velocity;
    private readonly Counter<long> _reports;
    private readonly Histogram<double> _waits;

    public ShopTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _checkouts = meter.CreateCounter<long>("shop.api.checkouts", "{checkout}", "Answered checkouts by outcome");
        _pages = meter.CreateCounter<long>("shop.api.catalogue.reads", "{read}", "Catalogue reads by where the answer came from");
        _limited = meter.CreateCounter<long>("shop.api.limits", "{request}", "Requests counted against a rate limit, by where the count was");
        _velocity = meter.CreateCounter<long>("shop.api.velocity", "{payment}", "Payments asked for, by what the declines before them led to");
        _reports = meter.CreateCounter<long>("shop.api.browser.reports", "{report}", "What browsers told about a checkout or an order, by kind");
        _waits = meter.CreateHistogram<double>("shop.api.outcome.wait", "s", "Time a request waited for a payment's outcome");
    }

    public static Activity? StartWait(Guid orderId) =>
        Source.StartActivity("wait for payment")?.SetTag("shop.order.id", orderId);

    /// <summary>So that whoever has an order finds its trace, and the other way round.</summary>
    public static void Tag(Guid orderId, long orderNumber) =>
        Activity.Current?.SetTag("shop.order.id", orderId).SetTag("shop.order.number", orderNumber);

    public static void Tag(string reason) => Activity.Current?.SetTag("shop.reason", reason);

    /// <param name="outcome">An order's payment state, or the reason of a refusal.</param>
    public void CheckoutAnswered(string outcome)
    {
        TagList tags = new() { { "outcome", outcome } };
        if (Activity.Current?.GetTagItem(Synthetic.Tag) is true)
            tags.Add(Synthetic.Tag, true);
        _checkouts.Add(1, tags);
    }

    public void BrowserReported(string kind) => _reports.Add(1, new KeyValuePair<string, object?>("kind", kind));

    public void PageRead(CatalogSource from) => _pages.Add(1, new KeyValuePair<string, object?>("from", from.ToString()));

    public void RateLimited(string policy, CountSource source, bool isRefused) =>
        _limited.Add(1, new TagList { { "policy", policy }, { "source", source.ToString() }, { "refused", isRefused } });

    public void Judged(Velocity velocity) =>
        _velocity.Add(1, new TagList { { "tier", velocity.Tier.ToString() }, { "source", velocity.By?.Kind.ToString() ?? "None" } });

    public void Waited(TimeSpan time, bool settled) => _waits.Record(time.TotalSeconds, new KeyValuePair<string, object?>("settled", settled));
}

internal enum CatalogSource { Memory, Redis, Postgres }
