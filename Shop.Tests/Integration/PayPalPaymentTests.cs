using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Webhooks;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The worker, its gateway, its events and its books against a PayPal that keeps a ledger.</summary>
public sealed class PayPalPaymentTests(PaymentsShop shop) : IClassFixture<PaymentsShop>, IAsyncLifetime
{
    private const PaymentProvider PayPal = PaymentProvider.PayPal;
    private const string Completed = "PAYMENT.CAPTURE.COMPLETED";

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private static async Task<Order> AtPayPalAsync(PaymentsShop shop)
    {
        var placed = await shop.PlaceAtPayPalAsync();
        return await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
    }

    /// <summary>The shopper agrees and never comes back: the event tells.</summary>
    private async Task<Order> PaidAsync()
    {
        var order = await AtPayPalAsync(shop);
        await PayPalPage.AnswerAsync(order.ActionUrl!);
        return await shop.UntilAsync(order.Id, PaymentState.Paid);
    }

    private async Task<PaymentIntent> IntentAsync(Guid order)
    {
        await using var db = shop.Open();
        return await db.PaymentIntents.AsNoTracking().SingleAsync(i => i.OrderId == order && i.Provider == PayPal);
    }

    [Fact]
    public async Task Who_agrees_at_PayPal_and_never_comes_back_has_paid_once()
    {
        var order = await PaidAsync();

        Assert.Equal((order.TotalMinor, (9, 0)), (order.CapturedMinor, await shop.StockOfAsync(order.Id)));
        Assert.Equal((1, order.TotalMinor, 0), await shop.LedgerAsync(order.Id) is var l ? (l.Charges, l.ChargedMinor, l.RefundedMinor) : default);
        await using var db = shop.Open();
        var intent = await IntentAsync(order.Id);
        var charged = await db.PaymentAttempts.SingleAsync(a => a.OrderId == order.Id && a.Operation == "confirm" && a.Class == "charged");
        Assert.Equal((PayPal, $"order:{order.Id}:paypal:confirm:1", intent.GatewayId), (charged.Provider, charged.Key, charged.GatewayId));
        Assert.All([charged.ChargeId, charged.RequestId], id => Assert.False(string.IsNullOrEmpty(id)));
        await shop.UntilAsync(async d => await d.WebhookReceipts.AnyAsync(w => w.Provider == PayPal && w.IntentId == intent.GatewayId && w.Type == Completed && w.State == JobState.Done),
            "its event never came");
    }

    [Theory]
    [InlineData("declined", Reasons.PayPalFundingDeclined)]
    [InlineData("restricted", Reasons.PayPalDeclined)]
    public async Task A_source_that_PayPal_refuses_declines_the_order_and_another_one_pays_it(string source, string reason)
    {
        var order = await AtPayPalAsync(shop);
        await PayPalPage.AnswerAsync(order.ActionUrl!, source: source);
        Assert.Equal(reason, (await shop.UntilAsync(order.Id, PaymentState.Declined)).Reason);

        await shop.PayAgainAsync(order.Id, null, PayPal);
        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        await PayPalPage.AnswerAsync(asked.ActionUrl!);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(order.Id)).Charges);
    }

    [Theory]
    [InlineData("answer_lost")]
    [InlineData("html_502")]
    [InlineData("unavailable_503")]
    public async Task A_capture_whose_answer_is_lost_is_settled_and_paid_once(string fault)
    {
        var order = await AtPayPalAsync(shop);
        await shop.FaultsAsync(fault, count: 1, operation: "capture", gateway: "paypal");

        await PayPalPage.AnswerAsync(order.ActionUrl!);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(order.Id)).Charges);
    }

    [Fact]
    public async Task A_shop_with_a_wrong_secret_is_told_so_before_anything_is_sent()
    {
        await using var tokenless = new Tokenless(shop);
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await tokenless.Gateway.ConfirmAsync("order:1:paypal:confirm:1", "5O1", new("5O1", "http://localhost/"), ApiHost.Ct));

        Assert.Equal((Refusal.OurKey, Reasons.GatewayRefusedOurKey), (no.By, no.Reason));
    }

    [Theory]
    [InlineData("balance", RefundState.Succeeded)]
    [InlineData("refund-later", RefundState.Pending)]
    public async Task Money_goes_back_on_the_capture_once(string source, RefundState state)
    {
        var order = await AtPayPalAsync(shop);
        await PayPalPage.AnswerAsync(order.ActionUrl!, source: source);
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PayPal, AmountMinor = order.TotalMinor, Currency = "EUR", Reason = Reasons.PaidAfterClosing,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        await shop.FaultsAsync("answer_lost", count: 1, operation: "refund", gateway: "paypal");
        await using (var db = shop.Open())
        {
            db.AddRange(refund, PaymentJob.Of(PaymentJobKind.Refund, order.Id, PayPal, DateTimeOffset.UtcNow, refundId: refund.Id));
            await db.SaveChangesAsync();
            await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        }

        await shop.UntilAsync(async db => await db.Refunds.AnyAsync(r => r.Id == refund.Id && r.GatewayId != null && (r.State == state || r.State == RefundState.Succeeded)),
            "it never went back");
        Assert.InRange((await shop.LedgerAsync(order.Id)).RefundedMinor, state is RefundState.Pending ? 0 : order.TotalMinor, order.TotalMinor);
    }

    [Fact]
    public async Task Money_is_set_aside_first_where_that_is_asked_for()
    {
        var manual = new PaymentsShop(("Gateways:PayPal:CaptureMethod", "Manual"));
        await manual.InitializeAsync();
        try
        {
            var order = await AtPayPalAsync(manual);
            await PayPalPage.AnswerAsync(order.ActionUrl!);

            await manual.UntilAsync(order.Id, PaymentState.Paid);
            Assert.Equal(1, (await manual.LedgerAsync(order.Id)).Charges);
            await using var db = manual.Open();
            Assert.Equal(["authorized", "charged"], // an event may have read it besides
                await db.PaymentAttempts.Where(a => a.OrderId == order.Id && (a.Operation == "confirm" || a.Operation == "capture")).OrderBy(a => a.At).Select(a => a.Class).ToListAsync());
        }
        finally
        {
            await manual.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_event_that_did_not_come_is_noted_by_its_own_name_and_fetched()
    {
        var order = await AtPayPalAsync(shop);
        // The endpoint at PayPal leads nowhere.
        (await shop.Simulator.PutAsJsonAsync(new Uri("/settings", UriKind.Relative), new
        {
            payPalWebhooks = new object[] { new { url = "http://127.0.0.1:9/", id = PaymentsShop.PayPalWebhookId } },
        })).EnsureSuccessStatusCode();
        await PayPalPage.AnswerAsync(order.ActionUrl!);
        var intent = await IntentAsync(order.Id);
        var watch = shop.Services.GetRequiredService<WebhookWatch>();

        await shop.UntilAsync(async db => // it tells that the shopper has agreed, and then that they have paid
        {
            await watch.FetchAsync(null, CancellationToken.None);
            return await db.WebhookReceipts.AnyAsync(w => w.IntentId == intent.GatewayId && w.Type == Completed && w.FetchedAt != null);
        }, "it was never fetched");

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET paid_at = paid_at - interval '15 minutes' WHERE id = {order.Id}");
        await watch.NoteMissingAsync(null, CancellationToken.None);
        Assert.Equal(Completed, await db.WebhookGaps.Where(g => g.OrderId == order.Id).Select(g => g.Type).SingleAsync());
    }

    [Fact]
    public async Task Each_gateways_books_are_compared_with_what_it_was_paid_and_a_stranger_is_found()
    {
        var (byPayPal, byCard) = (await PaidAsync(), await shop.PlaceAsync());
        await shop.UntilAsync(byCard.Id, PaymentState.Paid);
        var gateway = shop.Services.GetRequiredKeyedService<IPaymentGateway>(PayPal);
        var created = Assert.IsType<GatewayAnswer.Created>(await gateway.CreateAsync($"{Guid.NewGuid()}", new(Guid.CreateVersion7(), 700, "EUR", ReturnUrl: "http://localhost/", CancelUrl: "http://localhost/"), ApiHost.Ct));
        await PayPalPage.AnswerAsync(created.ApprovalUrl!);
        var charged = Assert.IsType<GatewayAnswer.Charged>(await gateway.ConfirmAsync($"{Guid.NewGuid()}", created.Id, new(created.Id, "http://localhost/"), ApiHost.Ct));

        var now = DateTimeOffset.UtcNow;
        ReconciliationRun[] runs = [.. ((PaymentProvider[])[PaymentProvider.Stripe, PayPal]).Select(p => ReconciliationRun.Of(now.AddHours(-1), now.AddSeconds(2), null, now, p))];
        await using var db = shop.Open();
        db.AddRange(runs.Cast<object>());
        await db.SaveChangesAsync();
        await shop.UntilAsync(async d => !await d.ReconciliationRuns.AnyAsync(r => r.State == JobState.Waiting), "they were never compared");

        var done = await db.ReconciliationRuns.AsNoTracking().Where(r => runs.Select(x => x.Id).Contains(r.Id)).ToDictionaryAsync(r => r.Provider);
        var mismatches = await db.Mismatches.AsNoTracking().ToListAsync();
        Assert.Equal((JobState.Done, 0), (done[PaymentProvider.Stripe].State, done[PaymentProvider.Stripe].Mismatches));
        Assert.Equal(JobState.Done, done[PayPal].State);
        Assert.True(done[PayPal].Charges >= 2, $"{done[PayPal].Charges} charges");
        var stranger = Assert.Single(mismatches);
        Assert.Equal(("unknown_order", charged.Facts.ChargeId, created.Id, 700L), (stranger.Kind, stranger.Subject, stranger.IntentId, stranger.GatewayMinor));
        Assert.NotEqual(byPayPal.Id, byCard.Id);
    }

    // Events from somebody else.

    [Theory]
    [InlineData("fits", 200)]
    [InlineData("another body", 400)]
    [InlineData("another endpoint", 400)]
    [InlineData("another certificate", 400)]
    [InlineData("too old", 400)]
    [InlineData("from the future", 400)]
    [InlineData("a strange place", 400)]
    [InlineData("the live world", 400)]
    [InlineData("no signature", 400)]
    [InlineData("no event", 400)]
    [InlineData("too long", 413)]
    public async Task Only_what_PayPal_signed_for_our_endpoint_is_taken(string what, int status)
    {
        using var signer = new PayPalSigner(DateTimeOffset.UtcNow);
        using var stranger = new PayPalSigner(DateTimeOffset.UtcNow);
        await using var certificates = new ScriptedServer(Reply.Raw(
            $"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {(what is "another certificate" ? stranger : signer).Pem.Length}\r\nConnection: close\r\n\r\n{(what is "another certificate" ? stranger : signer).Pem}"));
        var place = what switch
        {
            "a strange place" => "http://127.0.0.1:9/v1/notifications/certs/1",
            "the live world" => "https://api.paypal.com/v1/notifications/certs/CERT-1",
            _ => $"{certificates.Address}/{Guid.NewGuid()}",
        };
        await using var payments = new PaymentsShopAt(shop, ("Gateways:PayPal:CertificateBase", certificates.Address));
        var id = $"WH-{Guid.NewGuid():N}";
        var body = what switch
        {
            "no event" => "[]",
            "too long" => $$$"""{"id":"{{{id}}}","event_type":"{{{Completed}}}","resource":{"id":"{{{new string('x', 257 * 1024)}}}"}}""",
            _ => $$$"""{"id":"{{{id}}}","event_type":"{{{Completed}}}","resource":{"id":"ä"}}""",
        };
        using var request = signer.Send(body, what is "another endpoint" ? "theirs" : PaymentsShop.PayPalWebhookId, place, what switch
        {
            "too old" => DateTimeOffset.UtcNow.AddHours(-25),
            "from the future" => DateTimeOffset.UtcNow.AddMinutes(6),
            _ => null,
        });
        if (what is "another body")
            request.Content = new StringContent(body.Replace("ä", "a", StringComparison.Ordinal), Encoding.UTF8, "application/json");
        if (what is "no signature")
            request.Headers.Remove("PAYPAL-TRANSMISSION-SIG");

        using var answer = await payments.Client.SendAsync(request);

        Assert.Equal(status, (int)answer.StatusCode);
        await using var db = shop.Open();
        Assert.Equal(status is 200, await db.WebhookReceipts.AnyAsync(w => w.Provider == PayPal && w.EventId == id));
        if (what is "the live world")
            Assert.Contains("wrong_mode", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shop_without_PayPal_takes_no_events_of_its_and_works_as_before()
    {
        await using var payments = new PaymentsShopAt(shop, ("Gateways:PayPal:ClientId", ""), ("Gateways:PayPal:ClientSecret", ""), ("Gateways:PayPal:WebhookId", ""));

        using var content = new StringContent("{}");
        Assert.Equal(HttpStatusCode.NotFound, (await payments.Client.PostAsync(new Uri("/webhooks/paypal", UriKind.Relative), content)).StatusCode);
        Assert.False(payments.Services.HasGateway(PayPal));
        Assert.True(payments.Services.HasGateway(PaymentProvider.Stripe));
        var asked = await payments.Services.GetRequiredService<GatewayCalls>().AskAsync(
            PayPal, GatewayOperation.Confirm, "order:1:paypal:confirm:1", "5O1", (g, ct) => g.ReadAsync("5O1", ct), ApiHost.Ct);
        Assert.Equal((Refusal.NotSent, GatewayCalls.NotConfigured), asked.Answer is GatewayAnswer.NotCharged no ? (no.By, no.Facts.Code) : default);
    }

    /// <summary>Another Payments over the same database and simulator, which does not work on anything.</summary>
    private sealed class PaymentsShopAt : IAsyncDisposable
    {
        private readonly WebApplicationFactory<ShopPayments> _payments;

        public PaymentsShopAt(PaymentsShop shop, params (string Key, string Value)[] but)
        {
            _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
            {
                foreach (var (key, value) in PaymentsShop.Settings(shop.Database, shop.SimulatorUrl, shop.SmtpPort).Concat(but))
                    host.UseSetting(key, value);
                host.ConfigureTestServices(services =>
                {
                    foreach (var worker in services.Where(s => s.ServiceType == typeof(IHostedService)
                        && s.ImplementationType?.Assembly == typeof(ShopPayments).Assembly).ToArray())
                        services.Remove(worker);
                });
            });
            Client = _payments.CreateClient();
        }

        public HttpClient Client { get; }
        public IServiceProvider Services => _payments.Services;

        public ValueTask DisposeAsync() => _payments.DisposeAsync();
    }

    /// <summary>A gateway with the wrong secret.</summary>
    private sealed class Tokenless(PaymentsShop shop) : IAsyncDisposable
    {
        private readonly PaymentsShopAt _payments = new(shop, ("Gateways:PayPal:ClientSecret", "wrong"));

        public IPaymentGateway Gateway => _payments.Services.GetRequiredKeyedService<IPaymentGateway>(PayPal);

        public ValueTask DisposeAsync() => _payments.DisposeAsync();
    }
}
