using System.Globalization;
using Shop.Web.Components;

namespace Shop.Web.Operations.Today;

public sealed record Dashboard(
    DateTimeOffset Now, string Range, DateTimeOffset From, DateTimeOffset To, Panel<Sales>? Sales = null, Panel<Work>? Work = null,
    Panel<AgreementList>? Agreement = null, Panel<Traffic>? Traffic = null, Panel<Queries>? Queries = null)
{
    /// <summary>Where a number leads: to the orders that were placed in its time, without those of drills and probes.</summary>
    public string Orders(
        string? payment = null, string? reason = null, string? gateway = null, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        new OrderFilter(payment, reason, gateway, from ?? From, to ?? (from is null ? To : null), Synthetic: false).Address("/ops/orders");
}

/// <summary><see cref="Trouble"/>: late or failed; then <see cref="Data"/> is what was known <see cref="At"/> that time.</summary>
public sealed record Panel<T>(T? Data = null, DateTimeOffset? At = null, string? Trouble = null) where T : class;

public sealed record AmountIn(string Currency, long Minor);

public sealed record Sales(
    Day Today, string Currency, IReadOnlyList<SalesPoint> Points, IReadOnlyList<AmountIn> Revenue, long Refunds, IReadOnlyList<AmountIn> Refunded, Funnel Funnel,
    IReadOnlyList<Confirms> Confirms, IReadOnlyList<Why> Why, long UnknownEntered, long UnknownLeft);

/// <summary><see cref="Weeks"/>: how many of the four weeks before are known; the expectation is null while they are too few.</summary>
public sealed record Day(
    long Orders, long Paid, IReadOnlyList<AmountIn> Revenue, int Weeks, double? Expected = null, long? Lowest = null, long? Highest = null, double? ExpectedAllDay = null)
{
    public string Sentence => (Expected, Lowest, Highest) switch
    {
        ({ } expected, { } lowest, { } highest) =>
            $"Usual by this time: {expected:N0}" + (lowest == highest ? "." : $" ({lowest:N0} to {highest:N0} in the last {Weeks} weeks)."),
        _ => $"Not enough history yet to say what is usual: {Weeks} of the 2 weeks that it takes.",
    };

    /// <summary>good, bad or plain: outside of what the weeks before had, and by more than chance moves small numbers.</summary>
    public string Tone => (Expected, Lowest, Highest) switch
    {
        ({ } expected, { } lowest, _) when Orders < lowest && Orders < expected - (2 * Math.Sqrt(expected)) => "bad",
        ({ } expected, _, { } highest) when Orders > highest && Orders > expected + (2 * Math.Sqrt(expected)) => "good",
        _ => "plain",
    };

    public string Word => Tone switch { "bad" => "below usual", "good" => "above usual", _ => Expected is null ? "" : "as usual" };
}

public sealed record SalesPoint(DateTimeOffset At, long Placed, long Paid, long RevenueMinor, double? Usual = null, double? UsualRevenueMinor = null);

public sealed record Funnel(long Carts, long Placed, long Attempted, long Paid, long? Views = null, long? Checkouts = null);

public sealed record Confirms(
    string Provider, long Charged, long DeclinedByBank, long GatewayErrors, long OurErrors, long ByShopper, long Unknown, long Asked)
{
    public long All => Charged + DeclinedByBank + GatewayErrors + OurErrors + ByShopper + Unknown + Asked;
}

/// <summary><see cref="Metric"/>: declined, deferred or abandoned.</summary>
public sealed record Why(string Metric, string Reason, string Provider, long Orders, IReadOnlyList<AmountIn> Amounts, string? Side = null);

public sealed record Work(
    Queued Jobs, Queued Webhooks, Queued Outbox, int Unknown, int Unfolded, IReadOnlyList<Breaker> Breakers, IReadOnlyList<BackgroundJobRow> Background,
    DateTimeOffset? UnknownSince = null);


/// <summary><see cref="Waiting"/> counts what is not yet due as well; <see cref="Oldest"/> is of what is.</summary>
public sealed record Queued(int Waiting, int Parked, DateTimeOffset? Oldest = null);

public sealed record Breaker(string Provider, int Live, int Troubled, string? Override = null);

public sealed record Traffic(
    DateTimeOffset From, IReadOnlyList<Latency> Endpoints, IReadOnlyList<ServiceErrors> Services, IReadOnlyList<Latency> Gateways, IReadOnlyList<Latency> Holds,
    IReadOnlyList<Latency> Waits, IReadOnlyList<Latency> Commands, IReadOnlyList<Latency> Payments, IReadOnlyList<Latency> Webhooks, IReadOnlyList<Gauge> Pools,
    IReadOnlyList<Gauge> Levels, IReadOnlyList<Gauge> Processes, IReadOnlyList<Checkouts> Checkouts, Cache Cache, long DroppedLines);

public sealed record Checkouts(string Outcome, long Count);

public sealed record Latency(
    string Service, string Label, long Count, long Errors, double AverageMs, double MaxMs, double? P95Ms = null, double? P99Ms = null);

public sealed record ServiceErrors(string Service, long Requests, long Errors);

public sealed record Gauge(string Service, string Instance, string Label, double Last, double Max, DateTimeOffset At);

public sealed record Cache(long Reads, double? Hits = null);

public sealed record Queries(IReadOnlyList<Query> Items, string? Missing = null);

public sealed record Query(string Text, long Calls, double MeanMs, double MaxMs, double TotalMs, double Share, double RowsPerCall);

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    public static string Count(double value) => value.ToString("#,0.#", CultureInfo.InvariantCulture);

    public static string Percent(double share) => share.ToString(share is > 0 and < 0.001 or > 0.999 and < 1 ? "0.00 %" : "0.# %", CultureInfo.InvariantCulture);

    public static string Of(long part, long whole) => whole is 0 ? "–" : Percent((double)part / whole);

    public static string Ms(double? ms) => ms switch
    {
        null => "–",
        < 10 => $"{ms.Value.ToString("0.0", CultureInfo.InvariantCulture)} ms",
        < 10_000 => $"{ms.Value.ToString("#,0", CultureInfo.InvariantCulture)} ms",
        _ => $"{(ms.Value / 1000).ToString("#,0", CultureInfo.InvariantCulture)} s",
    };

    public static string Megabytes(double bytes) => (bytes / 1024 / 1024).ToString("#,0", CultureInfo.InvariantCulture);

    public static string Amounts(IReadOnlyList<AmountIn> amounts, string currency = "EUR") =>
        amounts is [] ? Price.Text(0, currency) : string.Join(" + ", amounts.Select(a => Price.Text(a.Minor, a.Currency)));

    public static string Age(TimeSpan age) => age.TotalSeconds switch
    {
        < 1 => "less than a second",
        < 120 => $"{(int)age.TotalSeconds} s",
        < 7200 => $"{(int)age.TotalMinutes} min",
        < 172_800 => $"{(int)age.TotalHours} h",
        _ => $"{(int)age.TotalDays} days",
    };

    public static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
