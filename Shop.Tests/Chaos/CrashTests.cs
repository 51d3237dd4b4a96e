using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Simulator;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>The worker is killed between any two steps of a charge. Whatever was done by then, the order ends paid and charged once.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private WebApplicationFactory<ShopSimulator> _factory = null!;
    private HttpClient _simulator = null!;
    private string _database = "";
    private int _smtpPort;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        _factory = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(host => host.UseUrls("http://127.0.0.1:0"));
        _factory.UseKestrel();
        _simulator = _factory.CreateClient();
        _smtpPort = (int)(await _simulator.GetFromJsonAsync<JsonNode>("/settings"))!["smtpPort"]!;
    }

    public async Task DisposeAsync() => await _factory.DisposeAsync();

    private static readonly (string, string?) Manual = ("Gateways:Stripe:CaptureMethod", "Manual");

    private ServiceProcess Start(string? crashAt = null, params (string, string?)[] more) =>
        PaymentsProcess.Start(_database, _simulator.BaseAddress!, _smtpPort, crashAt, more);

    private async Task<string[]> StatusesAsync(Guid order) =>
        [.. (await _simulator.GetFromJsonAsync<JsonArray>(new Uri($"/ledger?order={order}", UriKind.Relative)))!.Select(e => (string)e!["status"]!)];

    private async Task<(int Intents, int Charges)> LedgerAsync(Guid order)
    {
        var entries = (await _simulator.GetFromJsonAsync<JsonArray>(new Uri($"/ledger?order={order}", UriKind.Relative)))!;
        return (entries.Count(e => (int)e!["charges"]! > 0 || (string)e["status"]! != "requires_payment_method"), entries.Sum(e => (int)e!["charges"]!));
    }

    /// <summary>Time passes: the dead worker's lease has run out.</summary>
    private async Task LeaseRunsOutAsync()
    {
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() WHERE leased_until > now()");
    }

    [Theory]
    [InlineData(CrashPoints.AfterLease, PaymentState.None, 0)]
    [InlineData(CrashPoints.AfterCreateKey, PaymentState.None, 0)]
    [InlineData(CrashPoints.AfterCreateAnswer, PaymentState.None, 0)]
    [InlineData(CrashPoints.AfterStartCommit, PaymentState.InFlight, 0)]
    [InlineData(CrashPoints.AfterConfirmAnswer, PaymentState.InFlight, 1)] // charged, and nothing of it written down
    [InlineData(CrashPoints.AfterOutcomeCommit, PaymentState.Paid, 1)]
    [InlineData(CrashPoints.AfterNotice, PaymentState.Paid, 1)]
    public async Task A_worker_killed_at_any_step_charges_once(string crashAt, PaymentState leftAs, int chargedBy)
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        using (var victim = Start(crashAt))
            Assert.Equal(137, await victim.EndAsync());
        Assert.Equal(leftAs, (await PaymentsShop.UntilAsync(_database, placed.Id, _ => true, "a look")).Payment);
        Assert.Equal(chargedBy, (await LedgerAsync(placed.Id)).Charges);

        await LeaseRunsOutAsync();
        using var successor = Start();

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Paid, "a payment", () => successor.Output);
        Assert.Equal((1, 1), await LedgerAsync(placed.Id));
        await using var db = PostgresServer.Open(_database);
        Assert.Equal(9, await db.Stock.Where(s => s.Sku == placed.Lines[0].Sku).Select(s => s.OnHand).SingleAsync());
        Assert.False(await db.Holds.AnyAsync());
        Assert.Equal(1, await db.Outbox.CountAsync(m => m.OrderId == placed.Id));
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Paid));
    }

    [Theory]
    [InlineData(CrashPoints.AfterConfirmAnswer, "requires_capture")] // set aside, and nothing of it written down
    [InlineData(CrashPoints.AfterCaptureKey, "requires_capture")]
    [InlineData(CrashPoints.AfterCaptureAnswer, "succeeded")]
    public async Task A_worker_killed_while_it_captures_captures_once(string crashAt, string leftAs)
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        using (var victim = Start(crashAt, Manual))
            Assert.Equal(137, await victim.EndAsync());
        Assert.Equal([leftAs], await StatusesAsync(placed.Id));

        await LeaseRunsOutAsync();
        using var successor = Start(null, Manual);

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Paid, "a payment", () => successor.Output);
        Assert.Equal((1, 1), await LedgerAsync(placed.Id));
        await using var db = PostgresServer.Open(_database);
        Assert.Equal([$"order:{placed.Id}:capture"], await db.GatewayKeys.Where(k => k.Key.Contains("capture")).Select(k => k.Key).ToListAsync());
    }

    [Fact]
    public async Task Money_that_was_set_aside_for_an_order_past_its_deadline_is_set_free_and_nothing_has_to_be_sent_back()
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        using (var victim = Start(CrashPoints.AfterConfirmAnswer, Manual))
            Assert.Equal(137, await victim.EndAsync());
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() WHERE id = {placed.Id}");

        await LeaseRunsOutAsync();
        using var successor = Start(null, Manual);

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Abandoned, "an end", () => successor.Output);
        Assert.Equal(["canceled"], await StatusesAsync(placed.Id));
        Assert.False(await db.Refunds.AnyAsync());
        Assert.Equal((10, 0), await db.Stock.Where(s => s.Sku == placed.Lines[0].Sku).Select(s => new ValueTuple<int, int>(s.OnHand, s.Held)).SingleAsync());
    }

    [Theory]
    [InlineData(true, PaymentState.Paid)]
    [InlineData(false, PaymentState.Declined)] // the answer to the same key still says that the bank waits
    public async Task What_the_shopper_did_at_the_bank_while_nobody_worked_is_seen_behind_the_frozen_answer(bool agrees, PaymentState expected)
    {
        var placed = await PaymentsShop.PlaceAsync(_database, "pm_card_authenticationRequired");
        using (var victim = Start(CrashPoints.AfterConfirmAnswer))
            Assert.Equal(137, await victim.EndAsync());
        await ThreeDSecure.AnswerAsync(await BankPageAsync(placed), agrees);

        await LeaseRunsOutAsync();
        using var successor = Start();

        var order = await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment == expected, $"{expected}", () => successor.Output);
        Assert.Equal(agrees ? null : Reasons.AuthenticationFailed, order.Reason);
        Assert.Equal(agrees ? 1 : 0, (await LedgerAsync(placed.Id)).Charges);
    }

    private async Task<string> BankPageAsync(Order order)
    {
        await using var db = PostgresServer.Open(_database);
        var intent = await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/stripe/v1/payment_intents/{intent}", UriKind.Relative))
        {
            Headers = { { "Authorization", "Bearer sk_test_shop" } },
        };
        var read = await (await _simulator.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
        return (string)read!["next_action"]!["redirect_to_url"]!["url"]!;
    }

    [Theory]
    [InlineData(CrashPoints.AfterCancelKey)]
    [InlineData(CrashPoints.AfterCancelAnswer)]
    public async Task A_worker_killed_while_it_closes_gives_the_goods_back_once(string crashAt)
    {
        var placed = await PaymentsShop.PlaceAsync(_database, "pm_card_visa_chargeDeclined");
        using (var first = Start())
        {
            await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Declined, "a decline", () => first.Output);
            first.Terminate();
            Assert.Equal(0, await first.EndAsync());
        }

        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() WHERE id = {placed.Id}");
        using (var victim = Start(crashAt))
            Assert.Equal(137, await victim.EndAsync());
        Assert.True(await db.Holds.AnyAsync());

        await LeaseRunsOutAsync();
        using var successor = Start();

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Abandoned, "an end", () => successor.Output);
        Assert.Equal(["canceled"], await StatusesAsync(placed.Id));
        Assert.Equal((10, 0), await db.Stock.Where(s => s.Sku == placed.Lines[0].Sku).Select(s => new ValueTuple<int, int>(s.OnHand, s.Held)).SingleAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // the intent is there already: what never leaves is the confirm itself
    public async Task A_gateway_that_cannot_be_reached_defers_the_order_and_one_confirm_pays_it_later(bool isCreated)
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        if (isCreated)
            await CreateIntentAsync(placed);
        using (var lonely = PaymentsProcess.Start(_database, new Uri($"http://127.0.0.1:{PostgresServer.FreePort()}"), _smtpPort))
        {
            var deferred = await PaymentsShop.UntilAsync(
                _database, placed.Id, o => o.Payment is PaymentState.Deferred, "a postponement", () => lonely.Output);
            Assert.Equal(Reasons.GatewayUnreachable, deferred.Reason);
            lonely.Terminate();
            Assert.Equal(0, await lonely.EndAsync());
        }

        using var successor = Start();

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Paid, "a payment", () => successor.Output);
        Assert.Equal((1, 1), await LedgerAsync(placed.Id));
        await using var db = PostgresServer.Open(_database);
        Assert.Equal(1, (await db.PaymentIntents.SingleAsync(i => i.OrderId == placed.Id)).Confirm); // never refused, so never another number
        Assert.Equal([isCreated ? "the confirm never left" : "no confirm was sent in this try"], await db.PaymentAttempts
            .Where(a => a.OrderId == placed.Id && a.Class == "not_charged").Select(a => a.Proof).Distinct().ToListAsync());
    }

    private async Task CreateIntentAsync(Order order)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/stripe/v1/payment_intents", UriKind.Relative))
        {
            Headers = { { "Authorization", "Bearer sk_test_shop" }, { "Idempotency-Key", $"order:{order.Id}:create" } },
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["amount"] = $"{order.TotalMinor}", ["currency"] = "eur", ["automatic_payment_methods[enabled]"] = "true", ["metadata[order_id]"] = $"{order.Id}",
            }),
        };
        var created = await (await _simulator.SendAsync(request)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
        await using var db = PostgresServer.Open(_database);
        db.Add(new PaymentIntent
        {
            OrderId = order.Id, Provider = PaymentProvider.Stripe, GatewayId = (string)created!["id"]!, AmountMinor = order.TotalMinor,
            Currency = order.Currency, CreatedAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
    }

    [Fact]
    public async Task Two_workers_share_one_queue_and_when_one_is_killed_the_other_finishes_its_work()
    {
        const int Orders = 40;
        (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { declineRate = 0, latency = new { medianMs = 50 } })).EnsureSuccessStatusCode();
        List<Order> placed = [];
        for (var i = 0; i < Orders; i++)
            placed.Add(await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(30)));
        using var survivor = Start();
        await using var db = PostgresServer.Open(_database);
        using (var victim = Start(null, ("Payments:Queue:Parallel", "2")))
        {
            await Eventually.TrueAsync(() => Task.FromResult(HasStarted(survivor) && HasStarted(victim)), () => $"{survivor.Output} {victim.Output}");
            await Eventually.TrueAsync(async () =>
            {
                await FallDueAsync(1); // a few at a time, so that the first to look does not take them all
                return Captured(victim) > 0 && Captured(survivor) > 0;
            }, () => $"one of them did nothing {survivor.Output} {victim.Output}");
            await FallDueAsync(Orders); // and now it is killed over its work
        }

        await Eventually.TrueAsync(async () =>
        {
            await LeaseRunsOutAsync(); // the dead one's; a living owner that loses its own as well does no harm
            await Task.Delay(500);
            return await db.Orders.CountAsync(o => o.Payment == PaymentState.Paid) == Orders;
        }, () => $"not every order was paid. {survivor.Output}");

        foreach (var order in placed)
            Assert.Equal((1, 1), await LedgerAsync(order.Id));
        Assert.Equal(Orders, await db.Timeline.CountAsync(t => t.Kind == TimelineKinds.Paid));
        Assert.False(await db.Holds.AnyAsync());

        Task FallDueAsync(int count) => db.Database.ExecuteSqlAsync($"""
            UPDATE payments.payment_jobs SET due_at = now() WHERE id IN (SELECT id FROM payments.payment_jobs WHERE due_at > now() + interval '1 minute' LIMIT {count})
            """);
        static bool HasStarted(ServiceProcess worker) => worker.Output.Contains("Application started", StringComparison.Ordinal);
        static int Captured(ServiceProcess worker) => worker.Output.Split("Captured ").Length - 1;
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_finishes_the_charge_it_has_begun()
    {
        (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { latency = new { medianMs = 2500, operation = "confirm" } })).EnsureSuccessStatusCode();
        var placed = await PaymentsShop.PlaceAsync(_database);
        using var worker = Start();
        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.InFlight, "started", () => worker.Output);

        worker.Terminate();

        Assert.Equal(0, await worker.EndAsync());
        Assert.Equal(PaymentState.Paid, (await PaymentsShop.UntilAsync(_database, placed.Id, _ => true, "a look")).Payment);
    }

    [Fact]
    public async Task While_a_mail_server_hangs_a_worker_that_is_told_to_stop_finishes_its_charge_and_begins_nothing_new()
    {
        using var hanging = new TcpListener(IPAddress.Loopback, 0); // accepts, and says nothing
        hanging.Start();
        using var worker = PaymentsProcess.Start(
            _database, _simulator.BaseAddress!, ((IPEndPoint)hanging.LocalEndpoint).Port, null, ("Smtp:Timeout", "00:00:12"));
        var mailed = await PaymentsShop.PlaceAsync(_database);
        await PaymentsShop.UntilAsync(_database, mailed.Id, o => o.Payment is PaymentState.Paid, "a payment", () => worker.Output);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var sending = await hanging.AcceptTcpClientAsync(limit.Token);
        (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { latency = new { medianMs = 2500, operation = "confirm" } })).EnsureSuccessStatusCode();
        var begun = await PaymentsShop.PlaceAsync(_database);
        await PaymentsShop.UntilAsync(_database, begun.Id, o => o.Payment is PaymentState.InFlight, "started", () => worker.Output);

        worker.Terminate();
        await PaymentsShop.UntilAsync(_database, begun.Id, o => o.Payment is PaymentState.Paid, "a payment", () => worker.Output);
        var late = await PaymentsShop.PlaceAsync(_database); // seconds after the signal, and the mail still hangs

        Assert.Equal(0, await worker.EndAsync());
        await using var db = PostgresServer.Open(_database);
        Assert.Equal([0], await db.PaymentJobs.Where(j => j.OrderId == late.Id).Select(j => j.LeaseToken).ToListAsync());
        Assert.Equal([mailed.Id], await db.Outbox.Where(m => m.Attempts == 1).Select(m => m.OrderId!.Value).ToListAsync());
    }
}
