using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Webhooks;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(SharedPaymentsShop.Name)]
public sealed class WebhookTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false); // each test sends its own
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private static string NewId() => $"evt_{Guid.NewGuid():N}";

    private static string Event(string id, string type, string intent, bool live = false) => $$$"""
        {"id":"{{{id}}}","object":"event","api_version":"2026-07-29.dahlia","created":1790000000,"livemode":{{{(live ? "true" : "false")}}},
         "pending_webhooks":1,"type":"{{{type}}}","request":{"id":null,"idempotency_key":null},
         "data":{"object":{"id":"{{{intent}}}","object":"payment_intent","amount":1250,"amount_received":1250,"currency":"eur","status":"succeeded"} } }
        """;

    private static string Sign(string body, string secret, DateTimeOffset? at = null)
    {
        var time = (at ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds();
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{body}")))}";
    }

    private async Task<HttpResponseMessage> SendAsync(string body, string? signature)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/webhooks/stripe", UriKind.Relative)) { Content = content };
        if (signature is not null)
            request.Headers.Add("Stripe-Signature", signature);
        return await shop.Payments.SendAsync(request);
    }

    private Task<HttpResponseMessage> SendAsync(string body) => SendAsync(body, Sign(body, PaymentsShop.WebhookSecret));

    private async Task<WebhookReceipt> ProcessedAsync(string id)
    {
        WebhookReceipt? receipt = null;
        await shop.UntilAsync(async db =>
        {
            receipt = await db.WebhookReceipts.AsNoTracking().SingleOrDefaultAsync(w => w.EventId == id);
            return receipt is { State: not JobState.Waiting };
        }, $"event {id} was never processed");
        return receipt!;
    }

    private async Task<string> IntentOfAsync(Guid order)
    {
        await using var db = shop.Open();
        return (await db.PaymentIntents.Where(i => i.OrderId == order).Select(i => i.GatewayId).SingleAsync())!;
    }

    [Fact]
    public async Task An_event_is_stored_once_however_often_it_comes()
    {
        var id = NewId();
        var body = Event(id, "payment_intent.succeeded", "pi_nobody");

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => SendAsync(body)));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        var receipt = await ProcessedAsync(id);
        Assert.Equal(JobState.Done, receipt.State);
        Assert.Equal("not an intent of ours", receipt.LastError);
        Assert.Equal(body, Encoding.UTF8.GetString(receipt.Payload));
    }

    [Fact]
    public async Task Two_secrets_are_good_while_one_replaces_the_other()
    {
        var body = Event(NewId(), "payment_intent.succeeded", "pi_nobody");

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(body, Sign(body, PaymentsShop.WebhookSecret))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(body, Sign(body, PaymentsShop.PreviousWebhookSecret))).StatusCode);
    }

    [Theory]
    [InlineData("another_secret")]
    [InlineData("another_body")]
    [InlineData("too_old")]
    [InlineData("from_the_future")]
    [InlineData("malformed")]
    [InlineData("missing")]
    [InlineData("live")]
    public async Task A_forged_event_is_refused_and_leaves_no_trace(string forgery)
    {
        var id = NewId();
        var body = Event(id, "payment_intent.succeeded", "pi_nobody", live: forgery == "live");
        var signature = forgery switch
        {
            "another_secret" => Sign(body, "whsec_guessed"),
            "another_body" => Sign(body.Replace("1250", "1", StringComparison.Ordinal), PaymentsShop.WebhookSecret),
            "too_old" => Sign(body, PaymentsShop.WebhookSecret, DateTimeOffset.UtcNow.AddMinutes(-6)),
            "from_the_future" => Sign(body, PaymentsShop.WebhookSecret, DateTimeOffset.UtcNow.AddMinutes(6)),
            "malformed" => "v1",
            "missing" => null,
            _ => Sign(body, PaymentsShop.WebhookSecret),
        };

        var answer = await SendAsync(body, signature);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        await using var db = shop.Open();
        Assert.False(await db.WebhookReceipts.AnyAsync(w => w.EventId == id));
    }

    [Fact]
    public async Task An_event_of_more_than_256_kilobytes_is_not_taken()
    {
        var body = Event(NewId(), "payment_intent.succeeded", new string('x', 257 * 1024));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(body)).StatusCode);
    }

    [Fact]
    public async Task A_webhook_that_lies_about_the_payment_pays_nothing()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        var id = NewId();

        await SendAsync(Event(id, "payment_intent.succeeded", await IntentOfAsync(placed.Id))); // rightly signed, wrong all the same

        await ProcessedAsync(id);
        Assert.Equal(PaymentState.Declined, (await shop.UntilAsync(placed.Id, _ => true, "a look")).Payment);
    }

    [Fact]
    public async Task A_webhook_settles_a_charge_whose_answer_was_lost()
    {
        await shop.FaultsAsync("answer_lost", count: 1, operation: "confirm");
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, o => o.Payment is PaymentState.Unknown or PaymentState.Paid, "lost its answer");

        var ids = new[] { NewId(), NewId(), NewId() };
        foreach (var (id, type) in ids.Zip(["charge.refunded", "payment_intent.succeeded", "payment_intent.created"])) // in no order
            await SendAsync(Event(id, type, await IntentOfAsync(placed.Id)));

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        foreach (var id in ids)
            Assert.Equal(JobState.Done, (await ProcessedAsync(id)).State);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        await using var db = shop.Open();
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Paid));
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
    }

    [Theory]
    [InlineData("pm_card_authenticationRequired", true, PaymentState.Paid, null)]
    [InlineData("pm_card_authenticationRequired", false, PaymentState.Declined, Reasons.AuthenticationFailed)]
    [InlineData("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", true, PaymentState.Declined, Reasons.InsufficientFunds)]
    public async Task What_the_shopper_did_at_the_bank_reaches_the_order(string card, bool agrees, PaymentState expected, string? reason)
    {
        await shop.DeliverWebhooksAsync(true);
        var placed = await shop.PlaceAsync(card);
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);

        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees);

        var order = await shop.UntilAsync(placed.Id, expected);
        Assert.Equal(reason, order.Reason);
        Assert.Null(order.ActionUrl);
    }

    [Fact]
    public async Task A_webhook_waits_for_a_gateway_that_cannot_be_asked()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.FaultsAsync("unavailable_503", count: 2, operation: "read");
        var id = NewId();

        await SendAsync(Event(id, "payment_intent.payment_failed", await IntentOfAsync(placed.Id)));

        Assert.Equal((JobState.Done, 3), await ProcessedAsync(id) is var r ? (r.State, r.Attempts) : default);
    }

    [Fact]
    public async Task A_gateway_that_is_ill_for_long_parks_no_event()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.FaultsAsync("unavailable_503", count: 2, operation: "read");
        var id = NewId();

        await StoredAsync(id, await IntentOfAsync(placed.Id), JobState.Waiting, attempts: 7); // the next one used to be the last

        Assert.Equal((JobState.Done, 10, 2), await ProcessedAsync(id) is var r ? (r.State, r.Attempts, r.Forgiven) : default);
    }

    [Fact]
    public async Task An_event_that_is_taken_up_too_often_without_an_end_is_parked_for_a_person()
    {
        var id = NewId();

        await StoredAsync(id, "pi_nobody", JobState.Waiting, attempts: 8); // each of them ended with its worker

        Assert.Equal(JobState.Parked, (await ProcessedAsync(id)).State);
    }

    [Fact]
    public async Task A_parked_event_that_is_sent_again_is_taken_up_again()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true);
        var (id, intent) = (NewId(), await IntentOfAsync(placed.Id));
        await StoredAsync(id, intent, JobState.Parked, attempts: 9);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Event(id, "payment_intent.succeeded", intent))).StatusCode);

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal((JobState.Done, 10), await ProcessedAsync(id) is var r ? (r.State, r.Attempts) : default);
    }

    [Fact]
    public async Task An_event_of_a_kind_that_nobody_knows_is_kept_and_changes_nothing()
    {
        var (id, unheardOf) = (NewId(), NewId());
        var body = Event(id, "invoice.paid", "pi_nobody").Replace("\"object\":\"payment_intent\"", "\"object\":\"invoice\"", StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(body)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(Event(unheardOf, "payment_intent.of_tomorrow", "pi_nobody"))).StatusCode);

        Assert.Equal((JobState.Done, "not a kind of event we act on"), await ProcessedAsync(id) is var r ? (r.State, r.LastError) : default);
        Assert.Equal((JobState.Done, "not an intent of ours"), await ProcessedAsync(unheardOf) is var u ? (u.State, u.LastError) : default);
    }

    [Theory]
    [InlineData(Mismatches.DoubleCharge)]
    [InlineData(Mismatches.AmountDiffers)]
    public async Task A_repair_whose_refund_comes_back_later_is_open_again_and_may_be_asked_for_again(string kind)
    {
        var placed = await shop.PlaceAsync("pm_card_refundFail");
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await shop.DeliverWebhooksAsync(true);
        var now = DateTimeOffset.UtcNow;
        var run = ReconciliationRun.Of(now.AddHours(-1), now, null, now);
        (run.State, run.EndedAt) = (JobState.Done, now);
        await using var db = shop.Open();
        var mismatch = new Mismatch
        {
            Id = Guid.CreateVersion7(), Kind = kind, OrderId = placed.Id, Provider = PaymentProvider.Stripe, Currency = "EUR", At = now,
            Subject = await db.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.ChargeId != null).Select(a => a.ChargeId!).FirstAsync(),
            IntentId = await IntentOfAsync(placed.Id), FoundAt = now, LastRunId = run.Id,
        };
        db.AddRange(run, mismatch);
        await db.SaveChangesAsync();
        await db.PaymentIntents.Where(i => i.OrderId == placed.Id) // as of a second charge: its intent is in none of our books
            .ExecuteUpdateAsync(i => i.SetProperty(x => x.GatewayId, (string?)null));
        if (kind is Mismatches.AmountDiffers)
        {
            await db.Database.ExecuteSqlAsync($"""
                UPDATE shop.orders SET payment = 'Declined', captured_minor = 0, paid_at = NULL, total_minor = total_minor + 1 WHERE id = {placed.Id}
                """);
        }

        foreach (var times in new[] { 1, 2 })
        {
            await db.Mismatches.Where(m => m.Id == mismatch.Id).ExecuteUpdateAsync(m => m.SetProperty(x => x.State, MismatchState.Repairing) // as the Api does
                .SetProperty(x => x.Repair, Repairs.Refund).SetProperty(x => x.Attempts, 0).SetProperty(x => x.DueAt, DateTimeOffset.UtcNow.AddSeconds(-1)));

            await shop.UntilAsync(d => d.Mismatches.AnyAsync(m => m.Id == mismatch.Id && m.State == MismatchState.Open && m.ClosedAt == null
                && m.Result!.Contains("came back") && m.LeaseToken >= times), "nobody heard that it came back");
            Assert.Equal(times, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.RefundFailed
                && t.ForShopper == (kind == Mismatches.AmountDiffers)));
            if (kind is not Mismatches.AmountDiffers)
                continue;
            var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == placed.Id);
            Assert.Equal((PaymentState.Abandoned, Reasons.AmountMismatch), (order.Payment, order.Reason)); // closed, and its money is here again
        }
    }

    [Fact]
    public async Task An_event_that_comes_when_all_is_over_changes_nothing()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.PassDeadlineAsync(placed.Id);
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        var intent = await IntentOfAsync(placed.Id);
        var ids = new[] { NewId(), NewId() };

        foreach (var (id, type) in ids.Zip(["payment_intent.requires_action", "payment_intent.succeeded"])) // as they were meant long ago
            await SendAsync(Event(id, type, intent));

        foreach (var id in ids)
            Assert.Null((await ProcessedAsync(id)).Changed);
        Assert.Equal(PaymentState.Abandoned, (await shop.UntilAsync(placed.Id, _ => true, "a look")).Payment);
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task An_event_that_is_replayed_has_its_effect_once_and_still_tells_what_that_was()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true);
        var id = NewId();
        await SendAsync(Event(id, "payment_intent.succeeded", await IntentOfAsync(placed.Id)));
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal("the payment is Paid now", (await ProcessedAsync(id)).Changed);

        await using (var db = shop.Open()) // as the Api writes down that an operator wants it
            await db.WebhookReceipts.Where(w => w.EventId == id).ExecuteUpdateAsync(w => w.SetProperty(r => r.State, JobState.Waiting)
                .SetProperty(r => r.Forgiven, r => r.Attempts).SetProperty(r => r.DueAt, DateTimeOffset.UtcNow.AddSeconds(-1)));

        var replayed = await ProcessedAsync(id);
        Assert.Equal((JobState.Done, "the payment is Paid now", "the order is paid already"), (replayed.State, replayed.Changed, replayed.LastError));
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        await using var now = shop.Open();
        Assert.Equal(1, await now.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Paid));
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task Events_are_forgotten_after_thirty_days_but_not_those_that_still_mean_something()
    {
        var now = DateTimeOffset.UtcNow;
        var (old, young, parked) = (NewId(), NewId(), NewId());
        await StoredAsync(old, "pi_nobody", JobState.Done, receivedAt: now.AddDays(-30).AddMinutes(-1));
        await StoredAsync(young, "pi_nobody", JobState.Done, receivedAt: now.AddDays(-30).AddMinutes(5));
        await StoredAsync(parked, "pi_nobody", JobState.Parked, receivedAt: now.AddDays(-31));

        await shop.Services.GetRequiredService<ReceiptPurge>().PurgeAsync(CancellationToken.None);

        await using var db = shop.Open();
        string[] mine = [old, young, parked];
        Assert.Equal(new[] { young, parked }.Order(), await db.WebhookReceipts.Where(w => mine.Contains(w.EventId)).Select(w => w.EventId).ToArrayAsync() is var left ? left.Order() : []);
    }

    /// <summary>An event as it was left behind.</summary>
    private async Task StoredAsync(string id, string intent, JobState state, int attempts = 0, DateTimeOffset? receivedAt = null)
    {
        await using var db = shop.Open();
        db.Add(new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = id, Type = "payment_intent.succeeded", State = state, Attempts = attempts,
            Payload = Encoding.UTF8.GetBytes(Event(id, "payment_intent.succeeded", intent)), ReceivedAt = receivedAt ?? DateTimeOffset.UtcNow,
            DueAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
    }
}
