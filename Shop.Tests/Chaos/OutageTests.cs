using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Chaos;

/// <summary>
/// The gateway is gone, for ten minutes and for ninety, in compressed time, and people go on ordering. Every order is accepted. After the
/// short outage all are paid; in the long one each ends by its deadline, says that it was not the shopper's fault, and gives its goods back.
/// </summary>
[Collection(Alone.Name)]
[Trait(Drill.Length, Drill.Long)]
public sealed class OutageTests(ITestOutputHelper output)
{
    private const string Sku = "wanted";
    private const int OnHand = 100_000;

    // Compressed more, real things (a call's time, a poll) would count for too much of an hour; all of it takes minutes. See docs/chaos.md.
    private static readonly int PerMinute = Drill.Setting("SHOP_CHAOS_RATE", 5);

    [Fact]
    public Task After_an_outage_of_ten_minutes_every_order_is_paid() => OutageAsync(TimeSpan.FromMinutes(10), perMinute: 20, timeScale: 0.03);

    [Fact]
    public Task In_an_outage_of_ninety_minutes_every_order_ends_truthfully_and_gives_its_goods_back() =>
        OutageAsync(TimeSpan.FromMinutes(90), PerMinute, timeScale: PerMinute > 5 ? 0.01 : 0.005);

    private async Task OutageAsync(TimeSpan outage, int perMinute, double timeScale)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var ct = limit.Token;
        await using var shop = await LiveShop.StartAsync(replicas: 1, timeScale, ct);
        await using (var db = shop.Open())
        {
            await Any.StockAsync(db, OnHand, Sku);
            await Witness.WatchAsync(db);
        }

        using var weather = new Weather(shop, seed: 0);
        await weather.SetAsync(new { rules = new[] { new { fault = "refused", rate = 1.0 } } });
        var down = Stopwatch.StartNew();
        ConcurrentBag<Accepted> accepted = [];
        var orders = (int)(outage.TotalMinutes * perMinute);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async lane =>
        {
            for (var i = lane; i < orders; i += 8)
            {
                var wait = (outage * timeScale * i / orders) - down.Elapsed;
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait, ct);
                using var shopper = new Shopper(shop, Plan.Plain(i, Sku), weather);
                accepted.Add(Assert.Single(await shopper.OrderAsync(ct)));
            }
        }));
        if (outage * timeScale - down.Elapsed is { Ticks: > 0 } rest)
            await Task.Delay(rest, ct);

        var (closed, text) = await AfterwardsAsync(shop, outage, down.Elapsed, ct);
        await weather.SetAsync(null);
        var back = Stopwatch.StartNew();
        await Audit.SettledAsync(shop.Database, ct);
        text.AppendLine($"settled {back.Elapsed / timeScale:hh\\:mm\\:ss} after the gateway was back (real {back.Elapsed:mm\\:ss})");

        using var audit = new Audit(shop.Database, shop.Simulator.Address, new Dictionary<string, int> { [Sku] = OnHand });
        var findings = await audit.FindAsync(accepted, ct);
        await using var books = shop.Open();
        var outcomes = await books.Orders.GroupBy(o => new { o.Payment, o.Reason }).Select(g => new { g.Key.Payment, g.Key.Reason, Count = g.Count() })
            .ToListAsync(ct);
        text.AppendLine(string.Join(", ", outcomes.Select(o => $"{o.Count} {o.Payment} {o.Reason}")));
        foreach (var order in findings.Select(f => f.Order).OfType<Guid>().Distinct().Take(3))
            text.AppendLine(await audit.DossierAsync(order, ct));
        output.WriteLine(text.ToString());

        Assert.True(findings.Count == 0, $"{findings.Count} findings, the first: {string.Join("; ", findings.Take(5))}\n{text}");
        Assert.Equal(orders, accepted.Count);
        Assert.Equal(orders, outcomes.Sum(o => o.Count));
        Assert.All(outcomes, o => Assert.True(
            o.Payment is PaymentState.Paid || Reasons.Of(o.Reason!).Side is Side.Gateway or Side.Us, $"{o.Reason}: it was not the shopper"));
        if (outage < TimeSpan.FromMinutes(45)) // the deadline is far: nobody may lose an order to this
            Assert.Equal(orders, outcomes.Single(o => o.Payment is PaymentState.Paid).Count);
        else
            Assert.True(closed > 0, "The outage was too short to close anything.");
    }

    /// <summary>While the gateway is still gone: what is past its deadline has ended, and holds nothing.</summary>
    private static async Task<(int Closed, StringBuilder Text)> AfterwardsAsync(LiveShop shop, TimeSpan outage, TimeSpan real, CancellationToken ct)
    {
        var grace = TimeSpan.FromSeconds(2);
        await using var db = shop.Open();
        await Eventually.TrueAsync(async () =>
        {
            var late = DateTimeOffset.UtcNow - grace;
            return !await db.Orders.AnyAsync(o => o.DeadlineAt < late && (o.Payment != PaymentState.Abandoned || db.Holds.Any(h => h.OrderId == o.Id)), ct);
        }, () => "an order is past its deadline and has not ended");
        var states = await db.Orders.GroupBy(o => o.Payment).Select(g => new { g.Key, Count = g.Count() }).ToListAsync(ct);
        var text = new StringBuilder($"outage of {outage:hh\\:mm} (real {real:mm\\:ss}): ");
        text.AppendLine(string.Join(", ", states.Select(s => $"{s.Count} {s.Key}")) + " when it ended");
        return (states.Where(s => s.Key is PaymentState.Abandoned).Sum(s => s.Count), text);
    }
}
