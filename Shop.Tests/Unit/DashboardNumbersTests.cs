using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Options;
using Shop.Api.Dashboard;
using Shop.Data.Reports;
using Shop.ServiceDefaults.Records;
using Shop.Web.Operations.Charts;

namespace Shop.Tests.Unit;

public sealed class DashboardNumbersTests
{
    private static readonly DateTimeOffset Midnight = new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, 1, new double[] { 0, 1 })]
    [InlineData(3, 1, new double[] { 0, 1, 2, 3 })]
    [InlineData(7, 1, new double[] { 0, 2, 4, 6, 8 })]
    [InlineData(41, 1, new double[] { 0, 20, 40, 60 })]
    [InlineData(100, 1, new double[] { 0, 50, 100 })]
    [InlineData(1234, 1, new double[] { 0, 500, 1000, 1500 })]
    [InlineData(1_999_999, 100, new double[] { 0, 500_000, 1_000_000, 1_500_000, 2_000_000 })]
    [InlineData(30, 100, new double[] { 0, 100 })]
    public void An_axis_has_a_few_round_numbers_from_zero_to_above_the_highest(double max, double smallest, double[] ticks) =>
        Assert.Equal(ticks, Ticks.Of(max, smallest: smallest));

    [Fact]
    public void Percentiles_of_added_up_buckets_are_within_a_buckets_width_of_the_exact_ones()
    {
        var dice = new Random(6);
        List<double> all = [];
        var sum = new long[SeriesBuckets.Count];
        for (var minute = 0; minute < 30; minute++) // several minutes of several processes, each with buckets of its own
        {
            var buckets = new int[SeriesBuckets.Count];
            for (var i = 0; i < 400; i++)
            {
                var seconds = Math.Exp((dice.NextDouble() * 9) - 8); // 0.3 ms to 2.7 s
                all.Add(seconds);
                buckets[SeriesBuckets.Of(seconds)]++;
            }

            SeriesBuckets.Add(sum, SeriesBuckets.Trim(buckets));
        }

        all.Sort();
        foreach (var share in new[] { 0.5, 0.95, 0.99, 1 })
        {
            var exact = all[(int)Math.Ceiling(share * all.Count) - 1];
            var told = SeriesBuckets.Percentile(sum, share, all[^1])!.Value;
            Assert.InRange(told, exact * 0.9999, exact * 1.2001);
        }

        Assert.Null(SeriesBuckets.Percentile(new long[SeriesBuckets.Count], 0.5, 0));
        Assert.Equal((0, SeriesBuckets.Count - 1), (SeriesBuckets.Of(0), SeriesBuckets.Of(10_000)));
    }

    [Fact]
    public void What_is_expected_by_now_is_the_average_of_the_weeks_before_up_to_the_same_minute()
    {
        // Half past nine: the hours until nine count whole, the one from nine to ten by half.
        var rows = new[] { (0, 8, 12L), (0, 9, 3), (1, 8, 10), (1, 9, 8), (1, 20, 90), (2, 8, 20), (2, 9, 4), (3, 8, 30), (4, 8, 1000) }
            .Select(r => new CountRow(r.Item1, Midnight.AddHours(r.Item2), Counted.Placed, "Stripe", "", "", "EUR", r.Item3, 0)).ToList();

        var today = SalesPanel.TodayOf(rows, Midnight, Midnight.AddHours(9.5), Midnight.AddDays(-22));

        // The fourth week is older than the shop: what is found there is nobody's.
        Assert.Equal((15, 3, 22.0, 14L, 30L, 162.0 / 3), (today.Orders, today.Weeks, today.Expected, today.Lowest, today.Highest, today.ExpectedAllDay));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(6, 0)]
    [InlineData(8, 1)]
    public void A_young_shop_says_that_it_does_not_know_what_is_usual(int? daysOld, int weeks)
    {
        var today = SalesPanel.TodayOf([], Midnight, Midnight.AddHours(9), daysOld is { } days ? Midnight.AddDays(-days) : null);

        Assert.Equal((null, weeks), (today.Expected, today.Weeks));
    }

    [Fact]
    public void A_minute_of_a_process_is_handed_over_as_one_row_for_each_series_and_label()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var buffer = new RecordBuffer(Options.Create(new RecordOptions()), new HostingEnvironment { ApplicationName = "Shop.Web" }, TimeProvider.System);
        using var listener = new SeriesListener(buffer, meters, TimeProvider.System);
        listener.Hear();
        var requests = meters.Create("any").CreateHistogram<double>("http.server.request.duration");
        var reads = meters.Create("any").CreateCounter<long>("shop.api.catalogue.reads");
        foreach (var (route, status, seconds) in new[] { ("/products/{Slug}", 200, 0.010), ("/products/{Slug}", 200, 0.030), ("/products/{Slug}", 503, 1), ("/ready", 200, 1) })
        {
            requests.Record(seconds, new("http.route", route), new("http.request.method", "GET"), new("http.response.status_code", status));
        }

        requests.Record(0.02, new("http.route", "/products/{Slug}"), new("http.request.method", "GET"), new("http.response.status_code", 200), new("synthetic_request", true));
        requests.Record(0.02, new("http.route", "/products/{Slug}"), new("http.request.method", "GET"), new("http.response.status_code", 500), new("synthetic_request", true));
        var calls = meters.Create("any").CreateHistogram<double>("shop.payments.gateway.calls");
        calls.Record(0.1, new("shop.payment.provider", "Stripe"), new("operation", "confirm"), new("class", "charged"));
        calls.Record(5, new("shop.payment.provider", "Stripe"), new("operation", "confirm"), new("class", "charged"), new("synthetic_request", true));
        reads.Add(3, new KeyValuePair<string, object?>("from", "Memory"));

        listener.Sample();
        listener.Hand(Midnight);

        var points = buffer.Take().Points.Where(p => !p.Series.StartsWith("db.", StringComparison.Ordinal) && p.Series != SeriesNames.DroppedLines).ToDictionary(p => p.Series);
        Assert.Equal(("GET /products/{Slug}", 3, 1.0), (points[SeriesNames.Requests].Label, points[SeriesNames.Requests].Count, points[SeriesNames.Requests].Max));
        Assert.Equal(3, points[SeriesNames.Requests].Buckets!.Sum()); // nor the drill's
        Assert.Equal(1, points[SeriesNames.Errors].Count);
        Assert.Equal(("Stripe confirm charged", 1, 0.1), (points[SeriesNames.GatewayCalls].Label, points[SeriesNames.GatewayCalls].Count, points[SeriesNames.GatewayCalls].Max));
        Assert.Equal(("product", 2), (points[SeriesNames.PageViews].Label, points[SeriesNames.PageViews].Count)); // neither the failed one nor the probe's
        Assert.Equal(("Memory", 3), (points[SeriesNames.CatalogueReads].Label, points[SeriesNames.CatalogueReads].Count));
        Assert.All(SeriesNames.OfProcesses, series => Assert.Equal(("web", Midnight), (points[series].Service, points[series].Minute)));
        Assert.True(points[SeriesNames.Memory].Max > 1_000_000);
    }
}
