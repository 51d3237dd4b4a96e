using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Orders;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>
/// Law 11: no order ends, or stalls, badly without a reason code, a reference and words for the three who ask. Every kind of payment news is
/// here, from every state that it can meet; a new kind fails until somebody has decided what people read.
/// </summary>
public sealed class FailurePathTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static readonly DateTimeOffset Soon = DateTimeOffset.UtcNow.AddMinutes(1);

    private static readonly PaymentNews Deferred = new PaymentNews.Postponed(Reasons.GatewayUnreachable, Soon);
    private static readonly PaymentNews Asked = new PaymentNews.ActionAsked("https://bank.example/confirm");
    private static readonly PaymentNews AtPayPal = new PaymentNews.ActionAsked("https://paypal.example/approve", Reasons.ApprovalNeeded);
    private static readonly PaymentNews Lost = new PaymentNews.AnswerLost(Reasons.OutcomeUnknown);
    private static readonly PaymentNews Refused = new PaymentNews.Refused(Reasons.CardDeclined);

    /// <summary>What came before, what came last, and the reason that the order then has.</summary>
    private static (string Name, PaymentNews?[] Before, PaymentNews Last, string Reason)[] Paths =>
    [
        .. Reasons.Every.Where(r => r.RetryHelps && r.Side is not Side.Us)
            .Select(r => ($"refused: {r.Code}", Array.Empty<PaymentNews?>(), (PaymentNews)new PaymentNews.Refused(r.Code), r.Code)),
        ("refused by us", [], new PaymentNews.Refused(Reasons.TooManyDeclines), Reasons.TooManyDeclines),
        .. ((string[])[Reasons.OutcomeUnknown, Reasons.GatewayRateLimited, Reasons.PaymentProcessing])
            .Select(r => ($"answer lost: {r}", Array.Empty<PaymentNews?>(), (PaymentNews)new PaymentNews.AnswerLost(r), r)),
        .. ((string[])[Reasons.GatewayUnreachable, Reasons.GatewayFailed, Reasons.GatewayRateLimited, Reasons.GatewayRefusedOurKey, Reasons.GatewayRefusedRequest,
            Reasons.PaymentsPaused])
            .Select(r => ($"postponed: {r}", Array.Empty<PaymentNews?>(), (PaymentNews)new PaymentNews.Postponed(r, Soon), r)),
        ("action asked", [], Asked, Reasons.AuthenticationNeeded),
        ("approval asked", [], AtPayPal, Reasons.ApprovalNeeded),
        ("closed, never approved", [AtPayPal], Late(), Reasons.ApprovalAbandoned),
        ("closed, sold out", [], new PaymentNews.Closed(Reasons.SoldOutMeanwhile, Proofs.NeverConfirmed), Reasons.SoldOutMeanwhile),
        ("closed, never tried", [null], Late(), Reasons.NotTriedInTime), // null: not even begun
        ("closed, worker gone", [], Late(), Reasons.NotTriedInTime),
        ("closed, gateway down", [Deferred], Late(), Reasons.GatewayDownTooLong),
        ("closed, our key refused", [new PaymentNews.Postponed(Reasons.GatewayRefusedOurKey, Soon)], Late(), Reasons.NotTriedInTime),
        ("closed, stopped by an operator", [new PaymentNews.Postponed(Reasons.PaymentsPaused, Soon)], Late(), Reasons.NotTriedInTime),
        ("closed, unknown", [Lost], Late(), Reasons.GatewayDownTooLong),
        ("closed, never back from the bank", [Asked], Late(), Reasons.AuthenticationAbandoned),
        ("closed, declined and left", [Refused], Late(), Reasons.NotConfirmedInTime),
    ];

    private static PaymentNews.Closed Late() => new(Reasons.NotConfirmedInTime, Proofs.Canceled);

    [Fact]
    public async Task No_order_ends_or_stalls_badly_without_a_reason_a_reference_and_words_for_three()
    {
        var token = (await api.SignedInAsync(Role.Agent)).Token;
        foreach (var (name, before, last, reason) in Paths)
        {
            await using var db = api.Open();
            var order = await Any.StoredOrderAsync(db);
            if (before is not [null])
            {
                (await db.LockOrderAsync(order.Id, ApiHost.Ct)).TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
                await db.SaveChangesAsync();
            }

            foreach (var news in before.OfType<PaymentNews>())
                await ApplyAsync(db, order, news);
            Assert.True(await ApplyAsync(db, order, last), name);

            await SpeaksAsync(name, order, reason, token);
        }
    }

    [Fact]
    public void Every_kind_of_bad_news_is_walked() => Assert.Equal(
        typeof(PaymentNews).GetNestedTypes().Where(t => t != typeof(PaymentNews.Captured)).Select(t => t.Name).Order(),
        Paths.Select(p => p.Last.GetType().Name).Distinct().Order());

    [Fact]
    public async Task Money_that_came_too_late_is_explained_from_its_arrival_to_a_refund_that_failed()
    {
        var token = (await api.SignedInAsync(Role.Agent)).Token;
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        db.PaymentIntents.Add(new PaymentIntent
        {
            OrderId = order.Id, Provider = PaymentProvider.Stripe, AmountMinor = order.TotalMinor, Currency = "EUR", CreatedAt = DateTimeOffset.UtcNow,
        });
        await ApplyAsync(db, order, Late());
        await db.Stock.Where(s => s.Sku == order.Lines[0].Sku).ExecuteUpdateAsync(s => s.SetProperty(x => x.OnHand, 0));

        Assert.True(await ApplyAsync(db, order, new PaymentNews.Captured(order.TotalMinor, "EUR")));

        var seen = await SpeaksAsync("paid after closing", order, Reasons.PaidAfterClosing, token);
        Assert.Equal(("refundDue", "yes"), (seen["status"], seen["moneyTaken"]));

        await db.Refunds.Where(r => r.OrderId == order.Id).ExecuteUpdateAsync(r => r.SetProperty(x => x.State, RefundState.Failed));

        seen = await SpeaksAsync("refund failed", order, Reasons.PaidAfterClosing, token);
        Assert.Equal(Reasons.Of(Reasons.RefundFailed).Shopper, seen.Json.GetProperty("texts").GetProperty("explanation").GetString());
    }

    [Fact]
    public async Task A_payment_that_waits_for_a_person_says_so_and_asks_nobody_to_pay_twice()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        (await db.LockOrderAsync(order.Id, ApiHost.Ct)).TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
        await db.SaveChangesAsync();
        await ApplyAsync(db, order, Lost);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.State, JobState.Parked));

        var seen = await SeeAsync(order);

        Assert.Equal(Reasons.Of(Reasons.OurError).Shopper, seen.Json.GetProperty("texts").GetProperty("explanation").GetString());
        Assert.Contains("don't pay again", seen.Json.GetProperty("texts").GetProperty("nextStep").GetString(), StringComparison.Ordinal);
        Assert.Equal(("unknown", "False"), (seen["moneyTaken"], seen["retryable"]));
    }

    [Fact]
    public async Task Whoever_left_for_the_bank_is_not_told_that_nothing_was_taken_until_somebody_has_asked()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        (await db.LockOrderAsync(order.Id, ApiHost.Ct)).TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
        await db.SaveChangesAsync();
        await ApplyAsync(db, order, Asked);
        Assert.Equal("no", (await SeeAsync(order))["moneyTaken"]);

        await ReportAsync("left_for_bank");

        var seen = await SeeAsync(order);
        Assert.Equal(("actionNeeded", "unknown"), (seen["status"], seen["moneyTaken"]));
        Assert.DoesNotContain("No money", seen["texts"], StringComparison.Ordinal);

        await ReportAsync("back_without_answer");
        Assert.Equal("no", (await SeeAsync(order))["moneyTaken"]);

        await ReportAsync("left_for_bank");
        Assert.Equal("unknown", (await SeeAsync(order))["moneyTaken"]);
        db.Add(new PaymentAttempt
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, Operation = "read", Class = "action_needed", LatencyMs = 1,
            At = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
        Assert.Equal("no", (await SeeAsync(order))["moneyTaken"]);

        async Task ReportAsync(string kind)
        {
            db.Add(TimelineEntry.Of(order.Id, DateTimeOffset.UtcNow, TimelineKinds.Browser, "Of the shopper's browser.", forShopper: false, facts: new { what = kind }));
            await db.SaveChangesAsync();
        }
    }

    [Fact]
    public async Task A_postponed_payment_says_when_it_is_tried_and_until_when()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        (await db.LockOrderAsync(order.Id, ApiHost.Ct)).TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
        await db.SaveChangesAsync();
        await ApplyAsync(db, order, Deferred);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.DueAt, Soon));

        var seen = await SeeAsync(order);

        Assert.Equal(("deferred", "no", "wait"), (seen["payment"], seen["moneyTaken"], seen["retry"]));
        Assert.Equal(Soon, seen.Json.GetProperty("nextTryAt").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));
        Assert.Equal(order.DeadlineAt, seen.Json.GetProperty("triesUntil").GetDateTimeOffset(), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task What_a_bank_suspects_reaches_no_shopper_not_even_as_a_code()
    {
        var answers = new List<string>();
        foreach (var code in (string[])[Reasons.CardDeclined, Reasons.CardRefusedForGood])
        {
            await using var db = api.Open();
            var order = await Any.StoredOrderAsync(db);
            (await db.LockOrderAsync(order.Id, ApiHost.Ct)).TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
            await db.SaveChangesAsync();
            await ApplyAsync(db, order, new PaymentNews.Refused(code));
            var seen = await SeeAsync(order);
            answers.Add(string.Join('|', seen["status"], seen["payment"], seen["reason"], seen["moneyTaken"], seen["retryable"], seen["retry"], seen["texts"],
                string.Join(',', seen.Json.GetProperty("timeline").EnumerateArray().Select(t => t.GetProperty("summary").GetString()))));
            Assert.DoesNotContain("for_good", seen.Text, StringComparison.Ordinal);
        }

        Assert.Equal(answers[0], answers[1]);
    }

    [Fact]
    public async Task Every_refusal_on_the_way_to_a_payment_has_a_reason_a_reference_and_words()
    {
        var sku = $"path-{Guid.NewGuid():N}"[..20];
        await api.StockAsync(1, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();
        var greedy = await api.GuestAsync((sku, 2));
        List<Answer> refused =
        [
            await greedy.CheckoutAsync(),
            await guest.CheckoutAsync(but: form => form["email"] = "nobody"),
            await guest.CheckoutAsync(but: form => form["cartVersion"] = 99),
            await guest.CheckoutAsync(but: form => form["totalMinor"] = 1),
            await api.PostAsync("/checkout", guest.Form()),
            await api.PostAsync("/checkout", guest.Form(), ("Idempotency-Key", $"{Guid.NewGuid()}")),
        ];
        var working = api.WorkAsync(ApiHost.Paid);
        var placed = await guest.CheckoutAsync(key);
        await working;
        refused.Add(await guest.CheckoutAsync(key, form => form["name"] = "Somebody Else"));
        refused.Add(await PayAsync(placed["number"]!, placed["key"], "pm_second"));
        refused.Add(await PayAsync(placed["number"]!, placed["key"], "4242 4242"));
        refused.Add(await PayAsync(placed["number"]!, "wrong", "pm_second"));

        Assert.Equal(
            ["out_of_stock", "validation_failed", "cart_changed", "price_changed", "idempotency_key_missing", "cart_empty", "key_reused", "order_not_payable",
             "validation_failed", "order_not_found"], refused.Select(r => r.Reason));
        Assert.All(refused, r => Assert.False(string.IsNullOrEmpty(r["detail"]) || string.IsNullOrEmpty(r["reference"]), r.Text));
    }

    [Fact]
    public async Task A_browsers_report_is_scrubbed_and_stands_in_the_orders_timeline_from_before_it_was_placed()
    {
        var sku = $"report-{Guid.NewGuid():N}"[..20];
        await api.StockAsync(1, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();
        var report = new { kind = "card_form_blocked", detail = "4242 4242 4242 4242 of ada@example.org ada%40example.org at https://x.test/a?secret=1 pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_1" };
        foreach (var headers in ((string, string?)[][])[[("X-Cart", guest.Token), ("Idempotency-Key", $"{key}")], [("X-Cart", guest.Token), ("Idempotency-Key", $"{key}")]])
            Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/cart/events", report, headers)).Status);
        Assert.Equal("report_unknown", (await api.PostAsync("/cart/events", new { kind = "any" }, ("X-Cart", guest.Token), ("Idempotency-Key", $"{Guid.NewGuid()}"))).Reason);
        var working = api.WorkAsync(ApiHost.Paid);
        var placed = await guest.CheckoutAsync();
        await working;
        var path = $"/orders/{placed["number"]}/events";
        for (var i = 0; i < BrowserReports.Most + 3; i++)
            await api.PostAsync(path, new { kind = "script_error", detail = "x is not defined" }, ("X-Order-Key", placed["key"]), ("Idempotency-Key", $"{Guid.NewGuid()}"));

        await using var db = api.Open();
        var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Number == long.Parse(placed["number"]!));
        var told = await db.Timeline.AsNoTracking().Where(t => t.OrderId == order.Id).OrderBy(t => t.At).ToListAsync();
        var reports = told.Where(t => t.Kind == TimelineKinds.Browser).ToList();
        Assert.Equal(TimelineKinds.Browser, told[0].Kind);
        Assert.Equal(BrowserReports.Most, reports.Count);
        Assert.All(reports, r => Assert.False(r.ForShopper));
        var facts = JsonDocument.Parse(reports[0].Data!).RootElement;
        Assert.Equal(("card_form_blocked", "… of … … at https://x.test/a… …"), (facts.GetProperty("what").GetString(), facts.GetProperty("detail").GetString()));
    }

    private static async Task<bool> ApplyAsync(Shop.Data.ShopDbContext db, Order order, PaymentNews news)
    {
        await using var transaction = await db.Database.BeginTransactionAsync();
        var (_, changed) = await db.ApplyPaymentOutcomeAsync(order.Id, news, DateTimeOffset.UtcNow, ApiHost.Ct);
        await transaction.CommitAsync();
        return changed;
    }

    private Task<Answer> PayAsync(string number, string? orderKey, string token) => api.PostAsync(
        $"/orders/{number}/payments", new { paymentToken = token, provider = "stripe" }, ("X-Order-Key", orderKey), ("Idempotency-Key", $"{Guid.NewGuid()}"));

    private async Task<Answer> SeeAsync(Order order)
    {
        await using var db = api.Open();
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        return await api.GetAsync($"/orders/{number}", ("X-Order-Key", Any.Links.Make(LinkPurpose.Order, order.Id, DateTimeOffset.UtcNow)));
    }

    private async Task<Answer> SpeaksAsync(string path, Order order, string code, string token)
    {
        var reason = Reasons.Of(code);
        var seen = await SeeAsync(order);
        var file = await api.GetAsync($"/operations/orders/{seen["number"]}/story", Somebody.BearerOf(token));
        var (texts, why) = (seen.Json.GetProperty("texts"), file.Json.GetProperty("order").GetProperty("why"));
        var entry = file.Json.GetProperty("items").EnumerateArray().Last(i => i.GetProperty("reason").ValueKind is JsonValueKind.String && i.GetProperty("forShopper").GetBoolean());

        Assert.Equal((path, Reasons.ToldAs(code)), (path, seen["reason"]));
        Assert.Equal((path, order.Reference), (path, seen["reference"]));
        Assert.False(string.IsNullOrEmpty(texts.GetProperty("headline").GetString()), path);
        Assert.False(string.IsNullOrEmpty(texts.GetProperty("explanation").GetString()), path);
        Assert.Equal((path, code), (path, why.GetProperty("code").GetString()));
        Assert.Equal((reason.Shopper, reason.Agent, reason.Engineer),
            (why.GetProperty("shopper").GetString(), why.GetProperty("agent").GetString(), why.GetProperty("engineer").GetString()));
        Assert.Equal((path, code), (path, entry.GetProperty("reason").GetString()));
        Assert.Equal(reason.Shopper, entry.GetProperty("summary").GetString());
        // The bad end of an order and a way out of it: pay again, wait for us, or order again. Nobody is left without one.
        Assert.True(seen["retryable"] is "True" || texts.GetProperty("nextStep").ValueKind is JsonValueKind.String, path);
        return seen;
    }
}
