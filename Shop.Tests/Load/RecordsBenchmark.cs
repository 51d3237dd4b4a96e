using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shop.Api;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Load;

/// <summary>
/// What log lines and meters cost a checkout: two Api processes over one database, one that keeps records and one that does not, take turns, so
/// that whatever else the machine does befalls both. A figure for people; it counts what the processes used, not how long it took.
/// </summary>
public sealed class RecordsBenchmark(ITestOutputHelper output)
{
    private const int Rounds = 15;
    private const int Checkouts = 40;
    private const string Sku = "records-mug";

    [Fact]
    public async Task Processor_time_per_checkout_with_and_without_records()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using (var db = PostgresServer.Open(database))
            await Any.StockAsync(db, 1_000_000, Sku);
        using var with = Start(database, true);
        using var without = Start(database, false);
        foreach (var api in (Api[])[with, without])
        {
            await api.Process.AnswersAsync(new Uri(api.Http.BaseAddress!, "/ready"), new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token);
            for (var i = 0; i < 3; i++)
                await RoundAsync(api); // until what counts is compiled
        }

        List<double> on = [], off = [];
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (api, figures) in round % 2 == 0 ? [(with, on), (without, off)] : new[] { (without, off), (with, on) })
                figures.Add(await RoundAsync(api));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"with records:    {Describe(on)}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"without records: {Describe(off)}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"ratio of medians {Median(on) / Median(off):F3}; of pairs {Median([.. on.Zip(off, (a, b) => a / b)]):F3}; {Checkouts} checkouts a round, {Rounds} rounds each"));
        await using var kept = Npgsql.NpgsqlDataSource.Create(database);
        await using var lines = kept.CreateCommand("SELECT count(*) FROM telemetry.log_lines WHERE event_id = 2010");
        Assert.InRange((long)(await lines.ExecuteScalarAsync())!, Rounds * Checkouts, (Rounds + 3) * Checkouts); // one of the two did keep them
    }

    /// <returns>Milliseconds of processor time per checkout, its cart included.</returns>
    private static async Task<double> RoundAsync(Api api)
    {
        var before = api.Process.ProcessorTime;
        for (var i = 0; i < Checkouts; i++)
        {
            var cart = await PostAsync(api, "/cart/lines", new { sku = Sku, quantity = 1 }, null);
            var placed = await api.Http.SendAsync(Request("/checkout", new
            {
                email = $"guest{i}@example.org", name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
                cartVersion = cart.GetProperty("version").GetInt32(), totalMinor = cart.GetProperty("totalMinor").GetInt64(), paymentToken = "pm_card_visa", provider = "stripe",
            }, cart.GetProperty("token").GetString()));
            Assert.Equal(HttpStatusCode.Accepted, placed.StatusCode);
        }

        await Task.Delay(TimeSpan.FromSeconds(1.2)); // what is shipped in the background is a part of it
        return (api.Process.ProcessorTime - before).TotalMilliseconds / Checkouts;
    }

    private static async Task<JsonElement> PostAsync(Api api, string path, object body, string? cart)
    {
        using var response = await api.Http.SendAsync(Request(path, body, cart));
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static HttpRequestMessage Request(string path, object body, string? cart)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", $"{Guid.NewGuid()}");
        if (cart is not null)
            request.Headers.Add("X-Cart", cart);
        return request;
    }

    private static Api Start(string database, bool keepsRecords)
    {
        var port = PostgresServer.FreePort();
        return new(
            ServiceProcess.Start<ShopApi>(
                ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"), ("ASPNETCORE_ENVIRONMENT", "Production"), ("ConnectionStrings:shopdb", database), ("Links:Secret", Any.LinkSecret),
                ("RateLimits:Lifted", "true"), ("CardTesting:Lifted", "true"), ("Timeouts:Outcome", "00:00:00.010"), ("Timeouts:Drain", "00:00:00"),
                ("Logging:Console:LogLevel:Default", "Warning"), ("Records:Enabled", $"{keepsRecords}")),
            new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") });
    }

    private static string Describe(List<double> figures) => string.Create(CultureInfo.InvariantCulture,
        $"median {Median(figures):F2} CPU ms per checkout, {figures.Min():F2} to {figures.Max():F2}, middle half {Of(figures, 0.25):F2} to {Of(figures, 0.75):F2}");

    private static double Median(List<double> figures) => Of(figures, 0.5);

    private static double Of(List<double> figures, double share) => figures.Order().ElementAt((int)(share * (figures.Count - 1)));

    private sealed record Api(ServiceProcess Process, HttpClient Http) : IDisposable
    {
        public void Dispose()
        {
            Process.Dispose();
            Http.Dispose();
        }
    }
}
