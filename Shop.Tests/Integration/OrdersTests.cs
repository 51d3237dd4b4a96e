using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class OrdersTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static string Sku(string name) => $"{name}-{Guid.NewGuid():N}"[..20];

    /// <summary>An order whose first payment got this answer.</summary>
    private async Task<Answer> OrderAsync(PaymentNews news, string? sku = null)
    {
        sku ??= Sku("order");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 1));
        var working = api.WorkAsync(news);
        var answer = await guest.CheckoutAsync();
        await working;
        return answer;
    }

    private Task<Answer> PayAsync(Answer order, Guid? key = null, string token = "pm_second") => api.PostAsync(
        $"/orders/{order["number"]}/payments", new { paymentToken = token, provider = "stripe" },
        ("X-Order-Key", order["key"]), ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    [Fact]
    public async Task An_order_opens_with_its_key_and_with_nothing_else()
    {
        var placed = await OrderAsync(ApiHost.Paid);

        var opened = await api.GetAsync($"/orders/{placed["number"]}", ("X-Order-Key", placed["key"]));
        Answer[] refused =
        [
            await api.GetAsync($"/orders/{placed["number"]}"),
            await api.GetAsync($"/orders/{placed["number"]}", ("X-Order-Key", "wrong")),
            await api.GetAsync("/orders/999999999", ("X-Order-Key", placed["key"])),
        ];

        Assert.Equal((HttpStatusCode.OK, "paid", ""), (opened.Status, opened["status"], opened["key"]));
        Assert.Equal(placed["lines"], opened["lines"]);
        Assert.All(refused, r => Assert.Equal((HttpStatusCode.NotFound, "order_not_found"), (r.Status, r.Reason)));
        Assert.DoesNotContain("guest@example.org", opened.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_an_order_is_one_round_trip()
    {
        var placed = await OrderAsync(ApiHost.Paid);

        api.Wire.Reset();
        await api.GetAsync($"/orders/{placed["number"]}", ("X-Order-Key", placed["key"]));

        Assert.Equal(1, api.Wire.RoundTrips);
    }

    [Fact]
    public async Task A_declined_order_is_paid_with_another_card()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));

        var working = api.WorkAsync(ApiHost.Paid);
        var paid = await PayAsync(declined);
        await working;

        Assert.Equal((HttpStatusCode.OK, "paid", "yes", ""), (paid.Status, paid["status"], paid["moneyTaken"], paid["key"]));
        await using var db = api.Open();
        var jobs = await db.PaymentJobs.Where(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == long.Parse(declined["number"]!))).ToListAsync();
        Assert.Equal(["pm_card_visa", "pm_second"], jobs.Select(j => j.PaymentToken!).Order());
        Assert.Contains("You asked us to try the payment again.", paid.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_a_payment_runs_the_order_is_confirming_and_takes_no_other()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        var first = Guid.NewGuid();

        var paying = PayAsync(declined, first);
        await ApiHost.UntilAsync(async () => (await SeeAsync(declined))["status"] == "confirming");
        var second = await PayAsync(declined);
        var working = api.WorkAsync(ApiHost.Paid);
        var paid = await paying;
        await working;
        var same = await PayAsync(declined, first);
        var other = await PayAsync(declined, first, "pm_third");
        var late = await PayAsync(declined);

        Assert.Equal((HttpStatusCode.Conflict, "order_not_payable"), (second.Status, second.Reason));
        Assert.Equal((HttpStatusCode.OK, "paid"), (paid.Status, paid["status"]));
        Assert.Equal((HttpStatusCode.OK, "paid"), (same.Status, same["status"]));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "key_reused"), (other.Status, other.Reason));
        Assert.Equal((HttpStatusCode.Conflict, "order_not_payable"), (late.Status, late.Reason));
    }

    [Fact]
    public async Task Ten_clicks_on_pay_again_make_one_more_charge()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));

        var working = api.WorkAsync(ApiHost.Paid);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PayAsync(declined)));
        await working;

        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.Equal(9, answers.Count(a => a.Reason == "order_not_payable"));
        await using var db = api.Open();
        Assert.False(await db.PaymentJobs.AnyAsync(j => j.State == JobState.Waiting));
    }

    [Fact]
    public async Task An_order_stuck_at_the_bank_can_be_paid_with_another_card()
    {
        var stuck = await OrderAsync(new PaymentNews.ActionAsked("https://bank.example/confirm"));
        Assert.Equal("actionNeeded", stuck["status"]);

        var working = api.WorkAsync(ApiHost.Paid);
        var paid = await PayAsync(stuck);
        await working;

        Assert.Equal((HttpStatusCode.OK, "paid"), (paid.Status, paid["status"]));
    }

    [Fact]
    public async Task An_order_whose_shopper_is_back_from_the_bank_is_looked_at_once()
    {
        var stuck = await OrderAsync(new PaymentNews.ActionAsked("https://bank.example/confirm"));
        var key = Guid.NewGuid();

        var answers = await Task.WhenAll(LookAsync(stuck, key), LookAsync(stuck, key));
        answers = [.. answers, await LookAsync(stuck)]; // another request, while that one waits

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.NoContent, a.Status));
        await using var db = api.Open();
        var look = await db.PaymentJobs.SingleAsync(j => j.Kind == PaymentJobKind.Look && db.Orders.Any(o => o.Id == j.OrderId && o.Number == long.Parse(stuck["number"]!)));
        Assert.Equal((JobState.Waiting, (string?)null), (look.State, look.PaymentToken));
        Assert.Equal("actionNeeded", (await SeeAsync(stuck))["status"]);

        look.State = JobState.Done;
        await db.SaveChangesAsync();
        await LookAsync(stuck, key); // the same request again
        Assert.False(await db.PaymentJobs.AnyAsync(j => j.OrderId == look.OrderId && j.State == JobState.Waiting));
        await LookAsync(stuck); // back from the bank once more
        Assert.True(await db.PaymentJobs.AnyAsync(j => j.OrderId == look.OrderId && j.State == JobState.Waiting));
    }

    [Fact]
    public async Task Only_an_order_that_waits_for_the_bank_is_looked_at_and_only_for_its_key()
    {
        var paid = await OrderAsync(ApiHost.Paid);

        Assert.Equal(HttpStatusCode.NoContent, (await LookAsync(paid)).Status);
        Assert.Equal("order_not_found",
            (await api.PostAsync($"/orders/{paid["number"]}/look", null, ("X-Order-Key", "wrong"), ("Idempotency-Key", $"{Guid.NewGuid()}"))).Reason);
        Assert.Equal("idempotency_key_missing", (await api.PostAsync($"/orders/{paid["number"]}/look", null, ("X-Order-Key", paid["key"]))).Reason);
        await using var db = api.Open();
        Assert.Equal(1, await db.PaymentJobs.CountAsync(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == long.Parse(paid["number"]!))));
    }

    [Fact]
    public async Task Paying_again_for_what_is_gone_changes_nothing()
    {
        var sku = Sku("gone");
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined), sku);
        await using var db = api.Open();
        var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Number == long.Parse(declined["number"]!));
        await db.ReleaseHoldAsync(order.Id, ApiHost.Ct);
        await db.Stock.Where(s => s.Sku == sku).ExecuteUpdateAsync(s => s.SetProperty(x => x.OnHand, 0));

        var refused = await PayAsync(declined);

        Assert.Equal((HttpStatusCode.Conflict, "out_of_stock"), (refused.Status, refused.Reason));
        Assert.Equal([sku], refused.Json.GetProperty("skus").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal("declined", (await SeeAsync(declined))["status"]);
        Assert.False(await db.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.State == JobState.Waiting));
        Assert.False(await db.Holds.AnyAsync(h => h.OrderId == order.Id));
    }

    [Fact]
    public async Task Paying_again_takes_the_goods_again_when_they_had_been_given_back()
    {
        var sku = Sku("retaken");
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined), sku);
        await using var db = api.Open();
        var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Number == long.Parse(declined["number"]!));
        await db.ReleaseHoldAsync(order.Id, ApiHost.Ct);

        var working = api.WorkAsync(ApiHost.Paid);
        var paid = await PayAsync(declined);
        await working;

        Assert.Equal("paid", paid["status"]);
        var stock = await db.Stock.AsNoTracking().SingleAsync(s => s.Sku == sku);
        Assert.Equal((4, 0), (stock.OnHand, stock.Held));
    }

    [Fact]
    public async Task After_its_deadline_an_order_takes_no_payment()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        await using var db = api.Open();
        await db.Orders.Where(o => o.Number == long.Parse(declined["number"]!)).ExecuteUpdateAsync(o => o.SetProperty(x => x.DeadlineAt, DateTimeOffset.UtcNow));

        var refused = await PayAsync(declined);

        Assert.Equal((HttpStatusCode.Conflict, "order_not_payable"), (refused.Status, refused.Reason));
    }

    [Fact]
    public async Task Goods_are_kept_until_the_deadline_at_most()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        await using var db = api.Open();
        var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Number == long.Parse(declined["number"]!));
        var deadline = DateTimeOffset.UtcNow.AddMinutes(2);
        await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(o => o.SetProperty(x => x.DeadlineAt, deadline));
        await db.Holds.Where(h => h.OrderId == order.Id).ExecuteUpdateAsync(h => h.SetProperty(x => x.ExpiresAt, DateTimeOffset.UtcNow));

        var working = api.WorkAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        await PayAsync(declined);
        await working;

        var hold = await db.Holds.AsNoTracking().SingleAsync(h => h.OrderId == order.Id);
        Assert.InRange(hold.ExpiresAt, deadline.AddMinutes(-1), deadline.AddSeconds(1)); // two clocks
    }

    [Fact]
    public async Task An_order_is_charged_five_times_at_most()
    {
        var order = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        for (var tries = 2; tries <= 5; tries++)
        {
            Assert.Equal("True", (await SeeAsync(order))["retryable"]);
            var working = api.WorkAsync(new PaymentNews.Refused(Reasons.CardDeclined));
            Assert.Equal("declined", (await PayAsync(order))["status"]);
            await working;
        }

        var refused = await PayAsync(order);

        Assert.Equal((HttpStatusCode.Conflict, "too_many_tries"), (refused.Status, refused.Reason));
        var seen = await SeeAsync(order);
        Assert.Equal(("declined", "False"), (seen["status"], seen["retryable"]));
        Assert.Equal(refused["detail"], seen.Json.GetProperty("texts").GetProperty("nextStep").GetString()); // and not "pay again"
        await using var db = api.Open();
        Assert.Equal(5, await db.PaymentJobs.CountAsync(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == long.Parse(order["number"]!))));
    }

    [Fact]
    public async Task Paying_again_needs_a_key_the_orders_key_and_a_token()
    {
        var declined = await OrderAsync(new PaymentNews.Refused(Reasons.CardDeclined));
        var path = $"/orders/{declined["number"]}/payments";
        object body = new { paymentToken = "pm_x", provider = "stripe" };

        Assert.Equal("idempotency_key_missing", (await api.PostAsync(path, body, ("X-Order-Key", declined["key"]))).Reason);
        Assert.Equal("order_not_found", (await api.PostAsync(path, body, ("X-Order-Key", "wrong"), ("Idempotency-Key", $"{Guid.NewGuid()}"))).Reason);
        var tokenless = await PayAsync(declined, token: "4242424242424242");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (tokenless.Status, tokenless.Reason));
        Assert.Equal("paymentToken", tokenless.Json.GetProperty("errors").EnumerateObject().Single().Name);
    }

    [Fact]
    public async Task A_checkout_hears_of_its_outcome_after_the_listener_has_lost_its_connection()
    {
        await using var host = await ApiHost.StartAsync(("Checkout:Poll", "00:00:10"));
        await host.StockAsync(5, "listener");
        var guest = await host.GuestAsync(("listener", 1));

        var checkout = guest.CheckoutAsync();
        await ApiHost.UntilAsync(async () =>
        {
            await using var db = host.Open();
            return await db.Orders.AnyAsync();
        });
        host.Wire.CutAll(); // whatever is said now, nobody hears
        await host.WorkAsync(ApiHost.Paid);

        // Answered when the listener is back and everybody looks again, long before the poll of this test comes round.
        var answer = await checkout;
        Assert.Equal((HttpStatusCode.OK, "paid"), (answer.Status, answer["status"]));
    }

    private Task<Answer> LookAsync(Answer order, Guid? key = null) => api.PostAsync(
        $"/orders/{order["number"]}/look", null, ("X-Order-Key", order["key"]), ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private Task<Answer> SeeAsync(Answer order) => api.GetAsync($"/orders/{order["number"]}", ("X-Order-Key", order["key"]));
}
