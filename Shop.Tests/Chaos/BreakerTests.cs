using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Chaos;

/// <summary>
/// How soon the shop notices that a gateway is gone, and that it is back, under real traffic. When a breaker opens is judged by what the shop had
/// seen until then, which is the same on every machine; how long it took is printed.
/// </summary>
[Collection(Alone.Name)]
public sealed class BreakerTests(ITestOutputHelper output)
{
    private const string Sku = "wanted";
    private const double TimeScale = 0.1; // a busy window of three seconds, a break of three
    private const int Hands = 16; // calls that were on their way when a breaker opened, at most
    private static readonly TimeSpan BusyWindow = TimeSpan.FromSeconds(3);

    // Of the shop: a break and the longest pause between two tries of a job. The factor is the machine's, which has other things to do.
    private static readonly TimeSpan SoonClosed = 4 * TimeSpan.FromSeconds(30 + 30) * TimeScale;

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
        var backAt = DateTimeOffset.UtcNow;
        await weather.SetAsync(null);
        var back = Stopwatch.StartNew();
        while (!await IsAsync(db, BreakerState.Closed))
            await Task.Delay(50, limit.Token);
        await ClosedSoonAsync(db, backAt);
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
        var opened = await db.Set<GatewayChange>().FirstAsync(c => c.State == BreakerState.Open);
        var breaker = opened.Breaker;
        // Attempts are filed after their call: whatever the breaker had counted is there when the traffic has gone on for a while.
        var failed = db.PaymentAttempts.Where(a => a.Class == "not_charged" && a.Code != "BrokenCircuitException" && a.At <= opened.At);
        var ordered = next - before;
        var backAt = DateTimeOffset.UtcNow;
        await weather.SetAsync(null);
        var back = Stopwatch.StartNew();
        while (!await IsAsync(db, BreakerState.Closed))
            await Task.Delay(50, limit.Token);
        await ClosedSoonAsync(db, backAt);
        await end.CancelAsync();
        await Task.WhenAll(traffic);

        // Half of a window's calls, or of its least: a breaker that needs more failures than this is not watching. Were the traffic too thin for
        // the busy breaker, all that went well before counts, as it does for the one that opened instead.
        var failures = await failed.CountAsync();
        var window = breaker is "busy" ? opened.At - BusyWindow * 1.2 : DateTimeOffset.MinValue;
        var good = await db.PaymentAttempts.CountAsync(a => a.Class != "not_charged" && a.At > window && a.At <= opened.At);
        Assert.InRange(failures, 2, Math.Max(20, breaker is "busy" ? good : 2 * good) + Hands);
        output.WriteLine($"busy: {breaker} breaker open {noticed / TimeScale:mm\\:ss} after the gateway was gone, {failures} failures, {ordered} orders; "
            + $"closed {back.Elapsed / TimeScale:mm\\:ss} after it was back (scaled)");
    }

    /// <summary>And stays closed: what turned was turned once each way.</summary>
    private static async Task ClosedSoonAsync(Shop.Data.ShopDbContext db, DateTimeOffset backAt)
    {
        var turns = await db.Set<GatewayChange>().AsNoTracking().OrderBy(c => c.Id).ToListAsync();
        Assert.Equal([BreakerState.Open, BreakerState.Closed], turns.Select(c => c.State));
        Assert.InRange(turns[1].At - backAt, TimeSpan.Zero, SoonClosed);
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
        using var shopper = new Shopper(shop, Plan.Plain(number, Sku), weather);
        Assert.Single(await shopper.OrderAsync(ct));
    }

    /// <summary>What was said last; closed only after it was open.</summary>
    private static async Task<bool> IsAsync(Shop.Data.ShopDbContext db, BreakerState state) =>
        await db.Set<GatewayChange>().AsNoTracking().OrderByDescending(c => c.Id).Select(c => (BreakerState?)c.State).FirstOrDefaultAsync() == state;
}
