using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Chaos;

/// <summary>How soon the shop notices that a gateway is gone, and that it is back, under real traffic. Figures for people.</summary>
[Collection(Alone.Name)]
public sealed class BreakerTests(ITestOutputHelper output)
{
    private const string Sku = "wanted";
    private const double TimeScale = 0.1; // a busy window of three seconds, a break of three

    [Fact]
    public async Task A_quiet_shop_stops_asking_after_three_failures_and_asks_again_by_itself()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var shop = await StartAsync(limit.Token);
        using var weather = new Weather(shop, seed: 0);
        await weather.SetAsync(Gone);
        await using var db = shop.Open();
        var orders = 0;
        while (!await IsAsync(db, BreakerState.Open))
        {
            await OrderAsync(shop, weather, orders++, limit.Token);
            await Task.Delay(500, limit.Token);
        }

        var failures = await db.PaymentAttempts.CountAsync(a => a.Code != "BrokenCircuitException" && a.Class != "created" && a.Class != "charged");
        await weather.SetAsync(null);
        var back = Stopwatch.StartNew();
        while (!await IsAsync(db, BreakerState.Closed))
            await Task.Delay(50, limit.Token);
        output.WriteLine($"quiet: open after {failures} failures of {orders} orders; closed {back.Elapsed / TimeScale:mm\\:ss} after the gateway was back (scaled)");
        Assert.InRange(failures, 1, 3);
        await Eventually.TrueAsync(async () => !await db.Orders.AnyAsync(o => o.PaidAt == null), () => "an order was not paid after the gateway was back");
    }

    [Fact]
    public async Task A_busy_shop_stops_asking_within_its_window_and_asks_again_by_itself()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using var shop = await StartAsync(limit.Token);
        using var weather = new Weather(shop, seed: 0);
        await using var db = shop.Open();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var next = 0;
        var traffic = Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!end.IsCancellationRequested)
                await OrderAsync(shop, weather, Interlocked.Increment(ref next), limit.Token);
        }).ToArray();
        while (await db.PaymentAttempts.CountAsync(a => a.Class == "charged", limit.Token) < 60)
            await Task.Delay(100, limit.Token);

        await weather.SetAsync(Gone);
        var (gone, before) = (Stopwatch.StartNew(), next);
        while (!await IsAsync(db, BreakerState.Open))
            await Task.Delay(20, limit.Token);
        var noticed = gone.Elapsed;
        var (breaker, failures) = ((await db.Set<GatewayChange>().FirstAsync(c => c.State == BreakerState.Open)).Breaker,
            await db.PaymentAttempts.CountAsync(a => a.Class == "not_charged" && a.Code != "BrokenCircuitException"));
        var ordered = next - before;
        await weather.SetAsync(null);
        var back = Stopwatch.StartNew();
        while (!await IsAsync(db, BreakerState.Closed))
            await Task.Delay(50, limit.Token);
        await end.CancelAsync();
        await Task.WhenAll(traffic);
        output.WriteLine($"busy: {breaker} breaker open {noticed / TimeScale:mm\\:ss} after the gateway was gone, {failures} failures, {ordered} orders; "
            + $"closed {back.Elapsed / TimeScale:mm\\:ss} after it was back (scaled)");
    }

    private static object Gone => new { rules = new[] { new { fault = "refused", rate = 1.0 } } };

    private static async Task<LiveShop> StartAsync(CancellationToken ct)
    {
        var shop = await LiveShop.StartAsync(1, TimeScale, ct, ("Gateways:Stripe:BusyWindow", "00:00:03"), ("Gateways:Stripe:QuietWindow", "00:01:30"));
        await using var db = shop.Open();
        await Any.StockAsync(db, 100_000, Sku);
        return shop;
    }

    private static async Task OrderAsync(LiveShop shop, Weather weather, int number, CancellationToken ct)
    {
        using var shopper = new Shopper(shop, new Plan(number, [Sku], 1, "pm_card_visa", false, false, AtTheBank.Agrees, [], false, 0), weather);
        Assert.Single(await shopper.OrderAsync(ct));
    }

    /// <summary>What was said last; closed only after it was open.</summary>
    private static async Task<bool> IsAsync(Shop.Data.ShopDbContext db, BreakerState state) =>
        await db.Set<GatewayChange>().AsNoTracking().OrderByDescending(c => c.Id).Select(c => (BreakerState?)c.State).FirstOrDefaultAsync() == state;
}
