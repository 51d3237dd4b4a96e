using System.Diagnostics;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Simulator;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Chaos;

/// <summary>What becomes of the money behind the shop's back: taken, not taken, or taken or not with nobody being told.</summary>
public enum Fate { Charged, NotCharged, Unknown }

/// <summary>When the gateway's events come: while the order still lies with the dead, after it was settled without them, not at all.</summary>
public enum News { Before, After, Never }

/// <summary>
/// A worker dies at each of its crash points, with each fate of the money and each way of the webhooks; another one goes on. Whatever was
/// done by then, the books end equal to the ledger of both gateways, and say why. With the orders that are paid by card one dies that is paid with
/// PayPal, wherever it comes by.
/// </summary>
[Collection(Alone.Name)]
[Trait(Drill.Length, Drill.Long)]
public sealed class CrashMatrixTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_worker_killed_at_any_point_leaves_nothing_that_the_next_one_cannot_settle()
    {
        // Three outside worlds at once; in each the workers die one after the other, every one with three orders in its hands, or four.
        var took = Stopwatch.StartNew();
        var worlds = await Task.WhenAll(Enum.GetValues<Fate>().Select(fate => CrashWorld.RunAsync(fate)));

        var table = new StringBuilder($"{worlds.Sum(w => w.Cases.Count)} cases, {worlds.Sum(w => w.Deaths)} deaths in {took.Elapsed:mm\\:ss}\n");
        foreach (var row in worlds.SelectMany(w => w.Cases).GroupBy(c => c.Point))
            table.AppendLine($"  {row.Key,-22} {string.Join("  ", row.Select(c => $"{(c.Provider is PaymentProvider.PayPal ? $"{c.Fate}/PayPal" : $"{c.Fate}/{c.News}")}: {c.EndedAs}"))}");
        output.WriteLine(table.ToString());
        var wrong = worlds.SelectMany(w => w.Wrong).ToArray();
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.Equal(CrashPoints.All.Count * 9 + CrashWorld.PayPalPoints.Count * 3, worlds.Sum(w => w.Cases.Count));
    }
}

internal sealed record CrashCase(string Point, Fate Fate, News News, Guid OrderId, PaymentProvider Provider = PaymentProvider.Stripe)
{
    /// <summary>It is met on the way to PayPal's page. At all the others its shopper has agreed there.</summary>
    public bool IsBeforeApproval => Provider is PaymentProvider.PayPal && Point is CrashPoints.AfterCreateKey or CrashPoints.AfterCreateAnswer;

    public string EndedAs { get; set; } = "";
}

/// <summary>One fate of the money, with a database, a simulator and a row of victims of its own.</summary>
internal sealed class CrashWorld : IAsyncDisposable
{
    /// <summary>The work in whose course a point is met.</summary>
    private enum Journey { Charge, Capture, Settle, Close, Refund }

    /// <summary>Where an order comes by that is paid with PayPal: nothing is captured there that was set aside, and nothing canceled.</summary>
    public static IReadOnlyList<string> PayPalPoints { get; } = [.. CrashPoints.All.Where(p => To(p) is not (Journey.Capture or Journey.Close))];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Fate _fate;
    private readonly string _database;
    private readonly WebApplicationFactory<ShopSimulator> _factory;
    private readonly HttpClient _simulator;
    private readonly int _smtpPort;
    private readonly List<string> _wrong = [];

    private CrashWorld(Fate fate, string database, WebApplicationFactory<ShopSimulator> factory, HttpClient simulator, int smtpPort) =>
        (_fate, _database, _factory, _simulator, _smtpPort) = (fate, database, factory, simulator, smtpPort);

    public List<CrashCase> Cases { get; } = [];
    public int Deaths { get; private set; }
    public IEnumerable<string> Wrong => _wrong;

    public static async Task<CrashWorld> RunAsync(Fate fate)
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        var factory = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(
            host => host.UseUrls("http://127.0.0.1:0").UseSetting("Logging:LogLevel:Default", "Warning"));
        factory.UseKestrel();
        var simulator = factory.CreateClient();
        var smtpPort = (int)(await simulator.GetFromJsonAsync<JsonNode>("/settings"))!["smtpPort"]!;
        await using var world = new CrashWorld(fate, database, factory, simulator, smtpPort);
        await using (var db = PostgresServer.Open(database))
            await Witness.WatchAsync(db);
        await world.RunAsync();
        return world;
    }

    public ValueTask DisposeAsync() => _factory.DisposeAsync();

    private async Task RunAsync()
    {
        await FaultsAsync(clear: true);
        await PlaceAsync();
        await PrepareAsync();
        await FaultsAsync(clear: false);
        foreach (var point in CrashPoints.All)
            await DieAtAsync(point);

        // What the dead had leased is still theirs, so the events that come now find every order half done.
        var port = PostgresServer.FreePort();
        using var successor = Start(null, ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"));
        using var limit = new CancellationTokenSource(Patience);
        var address = new Uri($"http://127.0.0.1:{port}");
        await successor.AnswersAsync(new Uri(address, "/ready"), limit.Token);
        await DeliverAsync(address, News.Before);
        await LeasesRunOutAsync();
        await UntilAsync(IsQuietAsync, "not every order was settled", successor);
        await DeliverAsync(address, News.After);
        await UntilAsync(IsQuietAsync, "an event was never processed", successor);
        await CheckAsync();

        await FaultsAsync(clear: true);
        await DeadlinesPassAsync(_ => true);
        await UntilAsync(IsOverAsync, "not every order came to an end", successor);
        await AuditAsync();
    }

    private static Journey To(string point) =>
        point.Contains("capture", StringComparison.Ordinal) ? Journey.Capture
        : point.Contains("cancel", StringComparison.Ordinal) ? Journey.Close
        : point.Contains("refund", StringComparison.Ordinal) ? Journey.Refund
        : point.Contains("read", StringComparison.Ordinal) ? Journey.Settle : Journey.Charge;

    /// <summary>One order per way of the news and point, and one for PayPal. Each waits until its victim is there.</summary>
    private async Task PlaceAsync()
    {
        var later = DateTimeOffset.UtcNow.AddHours(1);
        foreach (var point in CrashPoints.All)
        {
            var card = (To(point), _fate) switch
            {
                (Journey.Close, _) => "pm_card_authenticationRequired",
                (Journey.Refund, Fate.NotCharged) => "pm_card_pendingRefund",
                (Journey.Charge or Journey.Settle, Fate.NotCharged) => "pm_card_visa_chargeDeclined",
                _ => "pm_card_visa",
            };
            var dueAt = To(point) is Journey.Close or Journey.Refund ? (DateTimeOffset?)null : later;
            foreach (var news in Enum.GetValues<News>())
                Cases.Add(new(point, _fate, news, (await PaymentsShop.PlaceAsync(_database, card, dueAt: dueAt)).Id));
            if (!PayPalPoints.Contains(point))
                continue;

            var it = new CrashCase(point, _fate, News.Never, Guid.Empty, PaymentProvider.PayPal);
            var order = await PaymentsShop.PlaceAsync(_database, card: null, dueAt: it.IsBeforeApproval ? later : null, provider: PaymentProvider.PayPal);
            Cases.Add(it with { OrderId = order.Id });
        }
    }

    /// <summary>Some points are met only by orders with a past: the shopper stands before the bank, was at PayPal, or money is owed to them.</summary>
    private async Task PrepareAsync()
    {
        Guid[] closing = [.. Cases.Where(c => To(c.Point) is Journey.Close).Select(c => c.OrderId)];
        Guid[] refunding = [.. Cases.Where(c => To(c.Point) is Journey.Refund).Select(c => c.OrderId)];
        CrashCase[] agreeing = [.. Cases.Where(c => c.Provider is PaymentProvider.PayPal && !c.IsBeforeApproval)];
        Guid[] asked = [.. closing, .. agreeing.Select(c => c.OrderId)];
        using (var worker = Start(null))
        {
            await UntilAsync(async db => await db.Orders.CountAsync(o => asked.Contains(o.Id) && o.Payment == PaymentState.ActionNeeded) == asked.Length,
                "not every shopper was asked", worker);
            foreach (var it in agreeing)
                await AgreeAsync(it);
            await UntilAsync(async db =>
                await db.Orders.CountAsync(o => refunding.Contains(o.Id) && o.Payment == PaymentState.Paid) == refunding.Length
                && !await db.Outbox.AnyAsync(m => m.State == JobState.Waiting), "the orders with a past never had it", worker);
            worker.Terminate();
            await worker.EndAsync();
        }

        await using var db = PostgresServer.Open(_database);
        foreach (var page in await db.Orders.Where(o => closing.Contains(o.Id)).Select(o => o.ActionUrl!).ToListAsync())
        {
            if (_fate is Fate.Charged) // at the last moment, and we do not know it
                await ThreeDSecure.AnswerAsync(page, agrees: true);
        }

        foreach (var order in await db.Orders.Where(o => refunding.Contains(o.Id)).ToListAsync())
        {
            var now = DateTimeOffset.UtcNow;
            var refund = new Refund
            {
                Id = Guid.CreateVersion7(now), OrderId = order.Id, Provider = order.PaysAt, AmountMinor = order.CapturedMinor,
                Currency = order.Currency, Reason = Reasons.PaidAfterClosing, CreatedAt = now,
            };
            order.CancelForRefund(Reasons.PaidAfterClosing);
            db.AddRange(refund, PaymentJob.Of(PaymentJobKind.Refund, order.Id, refund.Provider, now, now.AddHours(1), refundId: refund.Id),
                TimelineEntry.Of(order.Id, now, TimelineKinds.RefundOwed, "Money is owed.", Reasons.PaidAfterClosing));
        }

        await db.SaveChangesAsync();
    }

    /// <summary>At PayPal, with the charge that follows from it: at once where the order is to have been paid, else for its victim.</summary>
    private async Task AgreeAsync(CrashCase it)
    {
        await using var db = PostgresServer.Open(_database);
        var order = await db.Orders.SingleAsync(o => o.Id == it.OrderId);
        var isPaid = To(it.Point) is Journey.Refund;
        await PayPalPage.AnswerAsync(order.ActionUrl!, source: _fate is not Fate.NotCharged ? "balance" : isPaid ? "refund-later" : "declined");
        var now = DateTimeOffset.UtcNow;
        Assert.True(order.TryApply(PaymentEvent.Started, now));
        db.Add(PaymentJob.Of(PaymentJobKind.Charge, order.Id, it.Provider, now, isPaid ? now : now.AddHours(1),
            await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync()));
        await db.SaveChangesAsync();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    /// <summary>The orders of a point reach it in one worker, which dies when all of them are there.</summary>
    private async Task DieAtAsync(string point)
    {
        Guid[] orders = [.. Cases.Where(c => c.Point == point).Select(c => c.OrderId)];
        if (To(point) is Journey.Close)
            await DeadlinesPassAsync(id => orders.Contains(id));
        await DueAsync(orders);
        if (To(point) is Journey.Settle) // somebody has to have died before them
        {
            await KillAtAsync(CrashPoints.AfterConfirmAnswer, orders.Length);
            await using var db = PostgresServer.Open(_database);
            await db.PaymentJobs.Where(j => orders.Contains(j.OrderId)).ExecuteUpdateAsync(set => set.SetProperty(j => j.LeasedUntil, DateTimeOffset.UnixEpoch));
        }

        await KillAtAsync(point, orders.Length, To(point) is Journey.Capture ? [("Gateways:Stripe:CaptureMethod", "Manual")] : []);
        if ((To(point), _fate) is (Journey.Capture, Fate.NotCharged)) // set aside, never taken, and now it is too late
            await DeadlinesPassAsync(id => orders.Contains(id));
    }

    private async Task KillAtAsync(string point, int orders, params (string, string?)[] more)
    {
        using var victim = Start(point, [("Shop:CrashCount", $"{orders}"), .. more]);
        var code = await victim.EndAsync();
        Assert.True(code == 137, $"{_fate}: nobody died at {point}: {victim.Output}");
        Deaths++;
    }

    private ServiceProcess Start(string? crashAt, params (string, string?)[] more) => PaymentsProcess.Start(
        _database, _simulator.BaseAddress!, _smtpPort, crashAt,
        [
            ("Logging:LogLevel:Default", "Warning"), ("Payments:Reconciliation:Every", "1.00:00:00"), ("Payments:Reconciliation:Grace", "00:00:00"),
            ("Payments:PendingSweep:Every", "1.00:00:00"), // it would look at orders that wait for their victims
            .. more,
        ]);

    private async Task DueAsync(Guid[] orders)
    {
        await using var db = PostgresServer.Open(_database);
        await db.PaymentJobs.Where(j => orders.Contains(j.OrderId)).ExecuteUpdateAsync(set => set.SetProperty(j => j.DueAt, DateTimeOffset.UtcNow));
        await db.BackgroundJobs.Where(j => j.Name == BackgroundJobs.HoldSweep) // whoever died in it has its lease
            .ExecuteUpdateAsync(set => set.SetProperty(j => j.LeasedUntil, DateTimeOffset.UnixEpoch).SetProperty(j => j.DueAt, DateTimeOffset.UtcNow));
    }

    private async Task DeadlinesPassAsync(Func<Guid, bool> which)
    {
        await using var db = PostgresServer.Open(_database);
        Guid[] orders = [.. Cases.Select(c => c.OrderId).Where(which)];
        await db.Orders.Where(o => orders.Contains(o.Id)).ExecuteUpdateAsync(set => set.SetProperty(o => o.DeadlineAt, DateTimeOffset.UtcNow.AddSeconds(-1)));
    }

    private async Task LeasesRunOutAsync()
    {
        await using var db = PostgresServer.Open(_database);
        await db.PaymentJobs.ExecuteUpdateAsync(set => set.SetProperty(j => j.LeasedUntil, DateTimeOffset.UnixEpoch));
        await db.Outbox.ExecuteUpdateAsync(set => set.SetProperty(m => m.LeasedUntil, DateTimeOffset.UnixEpoch));
        await db.BackgroundJobs.ExecuteUpdateAsync(set => set.SetProperty(j => j.LeasedUntil, DateTimeOffset.UnixEpoch));
    }

    /// <summary>
    /// With an unknown fate every kind of call that moves money loses its first answers, before the work or after it. Money that is set
    /// aside and not to be taken is never reached.
    /// </summary>
    private async Task FaultsAsync(bool clear)
    {
        foreach (var gateway in (string[])["stripe", "paypal"])
        {
            var isPayPal = gateway is "paypal";
            string[] moves = isPayPal ? ["capture", "refund"] : ["confirm", "capture", "cancel", "refund"];
            var many = isPayPal ? PayPalPoints.Count / 2 : CrashPoints.All.Count;
            var rules = (clear, _fate) switch
            {
                (false, Fate.Unknown) => moves.SelectMany(operation => new[]
                {
                    new { fault = "answer_lost", rate = 0.5, operation, count = many * 2 },
                    new { fault = "error_500_before", rate = 0.3, operation, count = many },
                    new { fault = "reset", rate = 0.5, operation, count = many },
                }).ToArray(),
                (false, Fate.NotCharged) when !isPayPal => [new { fault = "reset", rate = 1.0, operation = "capture", count = many * many }],
                _ => [],
            };
            (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { gateway, seed = 4711, declineRate = 0.0, rules })).EnsureSuccessStatusCode();
        }
    }

    /// <summary>Everything that the gateway has to say about the orders, newest first and each event twice.</summary>
    private async Task DeliverAsync(Uri payments, News news)
    {
        var orders = Cases.Where(c => c.News == news).Select(c => c.OrderId).ToHashSet();
        await using var db = PostgresServer.Open(_database);
        var intents = await db.PaymentIntents.Where(i => i.GatewayId != null).ToDictionaryAsync(i => i.GatewayId!, i => i.OrderId);
        using var http = new HttpClient();
        for (var (after, more) = ("", true); more;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/stripe/v1/events?limit=100{after}", UriKind.Relative))
            {
                Headers = { { "Authorization", "Bearer sk_test_shop" } },
            };
            var page = (await (await _simulator.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!;
            var events = page["data"]!.AsArray();
            foreach (var told in events.Where(e => IsAbout(e!["data"]!["object"]!)))
            {
                for (var times = 0; times < 2; times++)
                    await SendAsync(http, payments, told!.ToJsonString());
            }

            more = (bool)page["has_more"]!;
            after = $"&starting_after={(string?)events.LastOrDefault()?["id"]}";
        }

        await UntilAsync(async db => !await db.WebhookReceipts.AnyAsync(w => w.State == JobState.Waiting), $"the events {news} were never processed", null);

        // By the intent (a refund names no order) or, where we never heard of it, by the order it was made for.
        bool IsAbout(JsonNode it) => intents.TryGetValue((string?)it["payment_intent"] ?? (string?)it["id"] ?? "", out var known)
            ? orders.Contains(known) : Guid.TryParse((string?)it["metadata"]?["order_id"], out var named) && orders.Contains(named);
    }

    private static async Task SendAsync(HttpClient http, Uri payments, string body)
    {
        var time = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(PaymentsShop.WebhookSecret), Encoding.UTF8.GetBytes($"{time}.{body}"));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(payments, "/webhooks/stripe"))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers = { { "Stripe-Signature", $"t={time},v1={Convert.ToHexStringLower(signature)}" } },
        };
        (await http.SendAsync(request)).EnsureSuccessStatusCode();
    }

    /// <summary>Nobody is at work and nothing is open; what waits, waits for the shopper.</summary>
    private static async Task<bool> IsQuietAsync(Shop.Data.ShopDbContext db) =>
        !await db.PaymentJobs.AnyAsync(j => j.State == JobState.Waiting) && !await db.WebhookReceipts.AnyAsync(w => w.State == JobState.Waiting)
        && !await db.Outbox.AnyAsync(m => m.State == JobState.Waiting);

    private static async Task<bool> IsOverAsync(Shop.Data.ShopDbContext db) => await Audit.UnsettledAsync(db, CancellationToken.None) is (0, 0, 0, 0);

    private async Task UntilAsync(Func<Shop.Data.ShopDbContext, Task<bool>> isSo, string otherwise, ServiceProcess? worker)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            await using var db = PostgresServer.Open(_database);
            if (await isSo(db))
                return;
            if (waited.Elapsed > Patience)
            {
                var open = await db.PaymentJobs.Where(j => j.State == JobState.Waiting).Select(j => j.OrderId).Take(3).ToListAsync();
                using var audit = new Audit(_database, _simulator.BaseAddress!, new Dictionary<string, int>());
                var dossiers = await Task.WhenAll(open.Select(id => audit.DossierAsync(id, CancellationToken.None)));
                Assert.Fail($"{_fate}: {otherwise}\n{string.Join('\n', dossiers)}\n{worker?.Output}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>How each order stands while its shopper may still act.</summary>
    private async Task CheckAsync()
    {
        await using var db = PostgresServer.Open(_database);
        foreach (var it in Cases)
        {
            var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == it.OrderId);
            it.EndedAs = order.Payment is PaymentState.Paid && order.Fulfilment is FulfilmentState.Cancelled ? "Refunded" : $"{order.Payment}";
            string[] allowed = (To(it.Point), _fate) switch
            {
                (Journey.Refund, _) => ["Refunded"],
                _ when it.IsBeforeApproval => ["ActionNeeded"],
                (_, Fate.Charged) => ["Paid"],
                (Journey.Close, _) or (Journey.Capture, Fate.NotCharged) => ["Abandoned"],
                (_, Fate.NotCharged) => ["Declined"],
                _ => ["Paid", "Abandoned"], // as the ledger says; the audit compares
            };
            var holds = await db.Holds.CountAsync(h => h.OrderId == it.OrderId);
            if (!allowed.Contains(it.EndedAs) || holds > 0 != order.Payment is PaymentState.Declined or PaymentState.ActionNeeded
                || (order.Payment is PaymentState.Declined && Reasons.Of(order.Reason!) is not { Side: Side.Bank, MoneyTaken: MoneyTaken.No }))
                _wrong.Add($"{it.Point} {it.Fate} {it.News}: {it.EndedAs}, reason {order.Reason}, {holds} holds\n{await DossierAsync(it.OrderId)}");
        }
    }

    private async Task AuditAsync()
    {
        await using var db = PostgresServer.Open(_database);
        // Each order has goods of its own; those that are refunded here were sold first.
        var cancelled = await db.Orders.Where(o => o.Fulfilment == FulfilmentState.Cancelled).SelectMany(o => o.Lines).Select(l => l.Sku).ToListAsync();
        var stock = await db.Stock.Select(s => s.Sku).ToDictionaryAsync(sku => sku, sku => cancelled.Contains(sku) ? 9 : 10);
        using var audit = new Audit(_database, _simulator.BaseAddress!, stock);
        foreach (var finding in await audit.FindAsync([], CancellationToken.None))
        {
            var which = Cases.Find(c => c.OrderId == finding.Order);
            _wrong.Add($"{which?.Point} {_fate} {which?.News}: {finding.Kind}: {finding.What}\n{(finding.Order is { } id ? await DossierAsync(id) : "")}");
        }
    }

    private async Task<string> DossierAsync(Guid order)
    {
        using var audit = new Audit(_database, _simulator.BaseAddress!, new Dictionary<string, int>());
        return await audit.DossierAsync(order, CancellationToken.None);
    }
}
