using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.Reports;

namespace Shop.Api.Dashboard;

internal sealed record AmountIn(string Currency, long Minor);

/// <param name="Expected">What the same hours of the weeks before had on average, up to now; null while fewer than two of them are known.</param>
/// <param name="Weeks">How many of the four weeks before are known.</param>
internal sealed record TodayView(
    long Orders, long Paid, IReadOnlyList<AmountIn> Revenue, double? Expected, long? Lowest, long? Highest, double? ExpectedAllDay, int Weeks);

/// <param name="Usual">The average of the same time in the weeks before that are known; null where none is.</param>
internal sealed record SalesPoint(DateTimeOffset At, long Placed, long Paid, long RevenueMinor, double? Usual, double? UsualRevenueMinor);

/// <param name="Views">Of product pages; null while nobody has counted any.</param>
internal sealed record FunnelView(long? Views, long Carts, long? Checkouts, long Placed, long Attempted, long Paid);

/// <summary>How a gateway answered our confirms.</summary>
internal sealed record ConfirmsView(
    PaymentProvider Provider, long Charged, long DeclinedByBank, long GatewayErrors, long OurErrors, long ByShopper, long Unknown, long Asked);

/// <param name="Metric">declined, deferred or abandoned.</param>
internal sealed record WhyView(string Metric, string Reason, Side? Side, PaymentProvider Provider, long Orders, IReadOnlyList<AmountIn> Amounts);

/// <param name="Currency">Of the amounts in <paramref name="Points"/>: the one in which most is paid.</param>
internal sealed record SalesView(
    TodayView Today, string Currency, IReadOnlyList<SalesPoint> Points, IReadOnlyList<AmountIn> Revenue, long Refunds, IReadOnlyList<AmountIn> Refunded,
    FunnelView Funnel, IReadOnlyList<ConfirmsView> Confirms, IReadOnlyList<WhyView> Why, long UnknownEntered, long UnknownLeft);

/// <summary>How the business goes: from the counters alone, never from the orders.</summary>
internal sealed class SalesPanel(ReportsDatabase reports, IOptions<DashboardOptions> options, TimeProvider clock)
{
    private const int Weeks = 4;
    private const int EnoughWeeks = 2;
    private const int MostReasons = 12;
    private readonly ConcurrentDictionary<string, Views> _views = new(); // told once a minute, so not worth asking for each second
    private static readonly string[] Compared = [Counted.Placed, Counted.Paid];

    private static readonly string[] Plain =
    [
        Counted.Cart, Counted.Attempted, Counted.Declined, Counted.Deferred, Counted.Abandoned, Counted.UnknownEntered, Counted.UnknownLeft, Counted.Attempt,
        Counted.Refunded, Counted.RefundReturned,
    ];

    public async Task<SalesView> ReadAsync(DashboardRange range, CancellationToken ct)
    {
        await using var db = reports.Open();
        var now = clock.GetUtcNow();
        var first = await db.FirstCountedAsync(ct);
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
        var day = await db.ReadCountsAsync(Grain.Hour, midnight, midnight.AddDays(1), TimeSpan.FromHours(1), Compared, Weeks, ct);
        var compared = await db.ReadCountsAsync(range.Grain, range.From, range.To, range.Step, Compared, Weeks, ct);
        var plain = await db.ReadCountsAsync(range.Grain, range.From, range.To, range.To - range.From, Plain, 0, ct);
        if (!_views.TryGetValue(range.Name, out var views) || now - views.At >= options.Value.Slow)
            _views[range.Name] = views = await ViewsAsync(db, range, now, ct);

        var inRange = compared.Where(r => r.Weeks is 0).Concat(plain).ToList();
        var currency = inRange.Where(r => r.Metric is Counted.Paid).GroupBy(r => r.Currency).OrderByDescending(g => g.Sum(r => r.Count)).FirstOrDefault()?.Key ?? "EUR";
        return new SalesView(
            TodayOf(day, midnight, now, first), currency, PointsOf(compared, range, currency, first), AmountsOf(inRange, Counted.Paid),
            Sum(inRange, Counted.Refunded) - Sum(inRange, Counted.RefundReturned), NetRefunds(inRange),
            new FunnelView(
                views.Products, Sum(inRange, Counted.Cart), views.Checkouts, Sum(inRange, Counted.Placed), Sum(inRange, Counted.Attempted), Sum(inRange, Counted.Paid)),
            ConfirmsOf(plain), WhyOf(plain), Sum(inRange, Counted.UnknownEntered), Sum(inRange, Counted.UnknownLeft));
    }

    /// <summary>What is to be expected by now: the hours that are over, and of the one we are in as much as is over.</summary>
    internal static TodayView TodayOf(IReadOnlyList<CountRow> day, DateTimeOffset midnight, DateTimeOffset now, DateTimeOffset? first)
    {
        var weeks = KnownWeeks(midnight, first);
        var byNow = weeks.ConvertAll(week => Placed(week).Sum(r => r.Count * Math.Clamp((now - r.At) / TimeSpan.FromHours(1), 0, 1)));
        var allDay = weeks.ConvertAll(week => Placed(week).Sum(r => (double)r.Count));
        var isEnough = weeks.Count >= EnoughWeeks;
        var today = day.Where(r => r.Weeks is 0).ToList();
        return new TodayView(
            Sum(today, Counted.Placed), Sum(today, Counted.Paid), AmountsOf(today, Counted.Paid), isEnough ? byNow.Average() : null,
            isEnough ? (long)Math.Floor(byNow.Min()) : null, isEnough ? (long)Math.Ceiling(byNow.Max()) : null, isEnough ? allDay.Average() : null, weeks.Count);

        IEnumerable<CountRow> Placed(int week) => day.Where(r => r.Weeks == week && r.Metric is Counted.Placed);
    }

    /// <summary>Which of the weeks before a time the shop was there to count.</summary>
    private static List<int> KnownWeeks(DateTimeOffset at, DateTimeOffset? first) =>
        [.. Enumerable.Range(1, Weeks).Where(week => first is { } begin && begin <= at.AddDays(-7 * week))];

    private static List<SalesPoint> PointsOf(IReadOnlyList<CountRow> rows, DashboardRange range, string currency, DateTimeOffset? first)
    {
        var sums = rows.ToLookup(r => (r.At, r.Weeks, r.Metric));
        List<SalesPoint> points = [];
        for (var at = range.From; at < range.To; at += range.Step)
        {
            var weeks = KnownWeeks(at, first);
            points.Add(new SalesPoint(
                at, Count(at, 0, Counted.Placed), Count(at, 0, Counted.Paid), Minor(at, 0),
                weeks is [] ? null : weeks.Average(week => Count(at, week, Counted.Placed)), weeks is [] ? null : weeks.Average(week => Minor(at, week))));
        }

        return points;

        long Count(DateTimeOffset at, int week, string metric) => sums[(at, week, metric)].Sum(r => r.Count);
        long Minor(DateTimeOffset at, int week) => sums[(at, week, Counted.Paid)].Where(r => r.Currency == currency).Sum(r => r.AmountMinor);
    }

    private static List<ConfirmsView> ConfirmsOf(IEnumerable<CountRow> rows) =>
    [
        .. rows.Where(r => r.Metric is Counted.Attempt).GroupBy(r => r.Provider).OrderBy(g => g.Key, StringComparer.Ordinal).Select(gateway => gateway.Aggregate(
            new ConfirmsView(Enum.Parse<PaymentProvider>(gateway.Key), 0, 0, 0, 0, 0, 0, 0),
            (sum, row) => (row.Class, SideOf(row.Reason)) switch
            {
                ("charged" or "authorized", _) => sum with { Charged = sum.Charged + row.Count },
                ("unknown", _) => sum with { Unknown = sum.Unknown + row.Count },
                ("action_needed" or "created" or "approved", _) => sum with { Asked = sum.Asked + row.Count },
                (_, Side.Bank) => sum with { DeclinedByBank = sum.DeclinedByBank + row.Count },
                (_, Side.Gateway) => sum with { GatewayErrors = sum.GatewayErrors + row.Count },
                (_, Side.Shopper) => sum with { ByShopper = sum.ByShopper + row.Count },
                _ => sum with { OurErrors = sum.OurErrors + row.Count },
            })),
    ];

    private static List<WhyView> WhyOf(IEnumerable<CountRow> rows) =>
    [
        .. rows.Where(r => r.Metric is Counted.Declined or Counted.Deferred or Counted.Abandoned)
            .GroupBy(r => (r.Metric, r.Reason, r.Provider))
            .Select(g => new WhyView(
                g.Key.Metric, g.Key.Reason, SideOf(g.Key.Reason), Enum.Parse<PaymentProvider>(g.Key.Provider), g.Sum(r => r.Count), AmountsOf(g, g.Key.Metric)))
            .OrderByDescending(w => w.Orders).ThenBy(w => w.Reason, StringComparer.Ordinal).Take(MostReasons),
    ];

    private static Side? SideOf(string reason) => reason is not "" && Reasons.IsKnown(reason) ? Reasons.Of(reason).Side : null;

    private static long Sum(IEnumerable<CountRow> rows, string metric) => rows.Where(r => r.Metric == metric).Sum(r => r.Count);

    private static List<AmountIn> AmountsOf(IEnumerable<CountRow> rows, string metric) =>
        [.. rows.Where(r => r.Metric == metric).GroupBy(r => r.Currency).Select(g => new AmountIn(g.Key, g.Sum(r => r.AmountMinor))).OrderByDescending(a => a.Minor)];

    private static List<AmountIn> NetRefunds(IEnumerable<CountRow> rows) =>
    [
        .. rows.Where(r => r.Metric is Counted.Refunded or Counted.RefundReturned).GroupBy(r => r.Currency)
            .Select(g => new AmountIn(g.Key, g.Sum(r => r.Metric is Counted.Refunded ? r.AmountMinor : -r.AmountMinor))),
    ];

    /// <summary>Pages that people opened, as the storefront counted them by the minute.</summary>
    private static async Task<Views> ViewsAsync(ShopDbContext db, DashboardRange range, DateTimeOffset now, CancellationToken ct)
    {
        var rows = await db.Database.SqlQuery<ViewRow>($"""
            SELECT label AS "Label", sum(count)::bigint AS "Count" FROM telemetry.minute_series
            WHERE series = 'web.page_views' AND minute >= {range.From} AND minute < {range.To} GROUP BY 1
            """).ToListAsync(ct);
        return new(rows.Find(r => r.Label is "product")?.Count, rows.Find(r => r.Label is "checkout")?.Count, now);
    }

    private sealed record Views(long? Products, long? Checkouts, DateTimeOffset At);

    private sealed record ViewRow(string Label, long Count);
}
