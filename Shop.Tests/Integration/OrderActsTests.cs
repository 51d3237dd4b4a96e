using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What agents do about an order, over a worker and a gateway that really run.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class OrderActsTests(PaymentsShop shop) : IAsyncLifetime
{
    private const string Why = "She called.";
    private ApiHost? _api;

    private ApiHost Api => _api!;

    public async Task InitializeAsync()
    {
        await shop.DeliverWebhooksAsync(true);
        _api = await ApiHost.OverAsync(shop.Database);
    }

    public async Task DisposeAsync()
    {
        await shop.NoFaultsAsync();
        await Api.DisposeAsync();
    }

    private async Task<long> NumberOf(Order order)
    {
        await using var db = shop.Open();
        return await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
    }

    private async Task<Answer> DoAsync(Order order, string act, object? body = null, Guid? key = null, Somebody? agent = null) => await Api.PostAsync(
        $"/operations/orders/{await NumberOf(order)}/{act}", body ?? new { why = Why }, (agent ?? await Api.SignedInAsync(Role.Agent)).Bearer, ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private async Task<JsonElement> StoryAsync(Order order)
    {
        var answer = await Api.GetAsync($"/operations/orders/{await NumberOf(order)}/story", (await Api.SignedInAsync(Role.Agent)).Bearer);
        Assert.True(answer.Status is HttpStatusCode.OK, answer.Text);
        return answer.Json;
    }

    private async Task<int> AuditedAsync(Order order, string action)
    {
        var subject = $"{await NumberOf(order)}";
        await using var db = shop.Open();
        return await db.Audit.CountAsync(a => a.Subject == subject && a.Action == action && a.Why == Why);
    }

    private async Task<Order> DeferredAsync()
    {
        await shop.FaultsAsync("unavailable_503", operation: "create");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Deferred);
        await LaterAsync(order);
        await shop.NoFaultsAsync();
        return order;
    }

    /// <summary>A hundredth of a minute is soon over: its next try is far away, and nobody is at it.</summary>
    private async Task LaterAsync(Order order) => await shop.UntilAsync(async db => await db.Database.ExecuteSqlAsync($"""
        UPDATE payments.payment_jobs SET due_at = now() + interval '20 minutes' WHERE order_id = {order.Id} AND state = 'Waiting' AND leased_until <= now()
        """) == 1 && await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_holds SET expires_at = now() + interval '25 minutes' WHERE order_id = {order.Id}") > 0, "the job was never left alone");

    [Fact]
    public async Task A_payment_that_was_put_off_is_tried_when_an_agent_asks()
    {
        var order = await DeferredAsync();
        var key = Guid.NewGuid();

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "ask", key: key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "ask", key: key)).Status); // the answer was lost, the act was not

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(order.Id)).Charges);
        Assert.Equal(1, await AuditedAsync(order, AuditActions.OrderAskedNow));
        Assert.Equal("order_not_askable", (await DoAsync(order, "ask")).Reason);
    }

    [Fact]
    public async Task A_payment_whose_outcome_is_unknown_is_asked_about_and_never_sent_again()
    {
        await shop.DeliverWebhooksAsync(false); // one that tells of the charge would be faster than the agent
        await shop.FaultsAsync(new { rules = new object[] { new { fault = "answer_lost", operation = "confirm" }, new { fault = "unavailable_503", operation = "read" } } });
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Unknown);
        await LaterAsync(order);
        await shop.NoFaultsAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "ask")).Status);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(order.Id)).Charges);
    }

    [Fact]
    public async Task What_only_the_customer_can_do_no_agent_can()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        var refused = await DoAsync(order, "ask");

        Assert.Equal((HttpStatusCode.Conflict, "order_not_askable"), (refused.Status, refused.Reason));
        Assert.Contains("only the customer", refused["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_that_waits_for_its_shopper_is_looked_at()
    {
        var order = await shop.PlaceAsync("pm_card_authenticationRequired");
        await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "ask")).Status);

        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == order.Id && a.Operation == "read"), "nobody looked");
        Assert.Equal("ActionNeeded", (await shop.UntilAsync(order.Id, PaymentState.ActionNeeded)).Payment.ToString());
    }

    [Fact]
    public async Task A_declined_order_is_cancelled_at_the_gateway_before_its_goods_are_free()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined", onHand: 3);
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "cancel")).Status);

        var ended = await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        Assert.Equal(Reasons.CancelledOnRequest, ended.Reason);
        Assert.Equal((3, 0), await shop.StockOfAsync(order.Id));
        Assert.Equal("canceled", (await shop.LedgerAsync(order.Id)).Status);
        Assert.Equal(1, await AuditedAsync(order, AuditActions.OrderCancelled));
        Assert.Equal("order_not_cancellable", (await DoAsync(order, "cancel")).Reason);
    }

    [Fact]
    public async Task While_the_gateway_cannot_cancel_the_goods_stay_with_the_order()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined", onHand: 3);
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        await shop.FaultsAsync("unavailable_503");

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "cancel")).Status);
        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == order.Id && a.Operation == "cancel" && a.Class == "unknown"), "it was never asked to cancel");
        Assert.Equal((3, 1), await shop.StockOfAsync(order.Id));
        Assert.Contains("is cancelling this order", (await StoryAsync(order)).GetProperty("answer").GetProperty("whatHappened").GetString(), StringComparison.Ordinal);

        await shop.NoFaultsAsync();
        await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        Assert.Equal((3, 0), await shop.StockOfAsync(order.Id));
    }

    [Fact]
    public async Task A_payment_that_was_put_off_and_cancelled_is_never_tried_again()
    {
        var order = await DeferredAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "cancel")).Status);

        Assert.Equal(Reasons.CancelledOnRequest, (await shop.UntilAsync(order.Id, PaymentState.Abandoned)).Reason);
        Assert.Equal(0, (await shop.LedgerAsync(order.Id)).Charges);
    }

    [Fact]
    public async Task Two_agents_cancel_while_the_charge_is_in_flight_and_the_money_is_here_or_back()
    {
        await shop.FaultsAsync(new { latency = new { medianMs = 700, operation = "confirm" } });
        List<Order> orders = [];
        for (var i = 0; i < 6; i++)
            orders.Add(await shop.PlaceAsync(onHand: 5));
        await Task.WhenAll(orders.Select(async (order, i) =>
        {
            await shop.UntilAsync(db => db.PaymentIntents.AnyAsync(p => p.OrderId == order.Id && p.ConfirmOpen), "no confirm was ever sent");
            await Task.Delay(i * 120);
            var (one, other) = (await Api.SignedInAsync(Role.Agent), await Api.SignedInAsync(Role.Agent));
            var answers = await Task.WhenAll(DoAsync(order, "cancel", agent: one), DoAsync(order, "cancel", agent: other));
            // The other one came too late; or both, because it was paid and is being sent back.
            Assert.Single(answers, a => a.Status is HttpStatusCode.NoContent);
            Assert.Single(answers, a => a.Reason is "order_not_cancellable");
        }));

        foreach (var order in orders)
        {
            var ended = await shop.UntilAsync(order.Id, o => o.Payment is PaymentState.Abandoned || o.Status is OrderStatus.Refunded, "an end");
            var (charges, charged, refunded, _) = await shop.LedgerAsync(order.Id);
            Assert.Equal(charged, refunded);
            Assert.Equal(ended.Payment is PaymentState.Paid ? 1 : 0, charges);
            Assert.Equal(0, (await shop.StockOfAsync(order.Id)).Held);
            Assert.Equal(1, await AuditedAsync(order, AuditActions.OrderCancelled));
        }
    }

    [Fact]
    public async Task A_paid_order_that_was_not_sent_is_cancelled_by_sending_the_money_back()
    {
        var order = await shop.PlaceAsync(onHand: 4);
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal((3, 0), await shop.StockOfAsync(order.Id));

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "cancel")).Status);

        await shop.UntilAsync(order.Id, o => o.Status is OrderStatus.Refunded, "refunded");
        var (_, charged, refunded, _) = await shop.LedgerAsync(order.Id);
        Assert.Equal((1250, 1250), (charged, refunded));
        Assert.Equal((4, 0), await shop.StockOfAsync(order.Id));
        Assert.Equal("order_not_cancellable", (await DoAsync(order, "cancel")).Reason);
    }

    [Fact]
    public async Task After_a_goodwill_refund_a_cancelled_orders_goods_are_on_sale_again()
    {
        var order = await shop.PlaceAsync(onHand: 4);
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "refunds", new { amountMinor = 100, why = Why })).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "cancel")).Status);

        await shop.UntilAsync(order.Id, o => o.Status is OrderStatus.Refunded, "refunded");
        Assert.Equal((4, 0), await shop.StockOfAsync(order.Id));
    }

    [Fact]
    public async Task No_reason_of_any_act_holds_a_card_or_an_address()
    {
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);

        foreach (var act in (string[])["ask", "cancel", "hold", "refunds"])
        {
            foreach (var why in (string[])["order 100123 4242 4242 4242 4242", "write to ada@example.org"])
                Assert.Equal((act, "validation_failed"), (act, (await DoAsync(order, act, new { minutes = 30, amountMinor = act is "refunds" ? 100 : (int?)null, why })).Reason));
        }
    }

    [Fact]
    public async Task The_goods_of_an_unpaid_order_are_kept_for_longer_but_not_for_ever()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "hold", new { minutes = 120, why = Why })).Status);

        await using var db = shop.Open();
        var until = await db.Holds.Where(h => h.OrderId == order.Id).MaxAsync(h => h.ExpiresAt);
        Assert.InRange(until, DateTimeOffset.UtcNow.AddMinutes(118), DateTimeOffset.UtcNow.AddMinutes(121));
        Assert.InRange((await shop.UntilAsync(order.Id, PaymentState.Declined)).DeadlineAt, until.AddMinutes(-1), until.AddMinutes(1));
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET placed_at = now() - interval '2 hours' WHERE id = {order.Id}");
        Assert.Equal("hold_not_extendable", (await DoAsync(order, "hold", new { minutes = 120, why = Why })).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(order, "hold", new { minutes = 30, why = Why })).Status);
        Assert.Equal("validation_failed", (await DoAsync(order, "hold", new { minutes = 100_000, why = Why })).Reason);
    }

    [Fact]
    public async Task Nothing_is_kept_longer_that_is_paid_closed_or_out_of_time()
    {
        var paid = await shop.PlaceAsync();
        await shop.UntilAsync(paid.Id, PaymentState.Paid);
        Assert.Equal("hold_not_extendable", (await DoAsync(paid, "hold", new { minutes = 30, why = Why })).Reason);

        var late = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(late.Id, PaymentState.Declined);
        await shop.PassDeadlineAsync(late.Id);
        Assert.Equal("hold_not_extendable", (await DoAsync(late, "hold", new { minutes = 30, why = Why })).Reason);
        await shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);
        await shop.UntilAsync(late.Id, PaymentState.Abandoned);
        Assert.Equal("hold_not_extendable", (await DoAsync(late, "hold", new { minutes = 30, why = Why })).Reason);
    }

    [Fact]
    public async Task A_note_is_told_with_the_order_and_holds_no_card_and_no_address()
    {
        var order = await shop.PlaceAsync();
        var key = Guid.NewGuid();

        await DoAsync(order, "notes", new { note = Why }, key);
        await DoAsync(order, "notes", new { note = Why }, key);
        Assert.Equal("validation_failed", (await DoAsync(order, "notes", new { note = "her card is 4242 4242 4242 4242" })).Reason);
        Assert.Equal("validation_failed", (await DoAsync(order, "notes", new { note = "write to ada@example.org" })).Reason);
        Assert.Equal("validation_failed", (await DoAsync(order, "notes", new { note = " " })).Reason);

        var notes = (await StoryAsync(order)).GetProperty("items").EnumerateArray().Where(i => i.GetProperty("kind").GetString() is TimelineKinds.Note).ToList();
        Assert.Equal((Why, false), (notes.Single().GetProperty("summary").GetString()!, notes.Single().GetProperty("forShopper").GetBoolean()));
        Assert.Contains("Some Agent", notes.Single().GetProperty("by").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_story_tells_each_call_once_with_its_answer_and_says_how_money_is_known_to_be_here()
    {
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        await shop.UntilAsync(db => db.Outbox.AnyAsync(m => m.OrderId == order.Id && m.SentAt != null), "the mail was never sent");

        var story = await StoryAsync(order);
        var items = story.GetProperty("items").EnumerateArray().ToList();

        Assert.Equal(["create", "payment.paid"], items.Where(i => i.GetProperty("source").GetString() is "attempt").Select(i => i.GetProperty("kind").GetString()!).Take(2).Order(StringComparer.Ordinal));
        Assert.All(items.Where(i => i.GetProperty("source").GetString() is "attempt"), i => Assert.NotEmpty(i.GetProperty("answers").EnumerateArray()));
        Assert.Single(items, i => i.GetProperty("source").GetString() is "mail");
        Assert.Contains("Stripe said so", story.GetProperty("answer").GetProperty("howWeKnow").GetString(), StringComparison.Ordinal);
        Assert.Equal("sent", story.GetProperty("answer").GetProperty("mails")[0].GetProperty("state").GetString());
        Assert.DoesNotContain("guest@example.org", $"{story}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_of_PayPal_has_its_story_too()
    {
        var order = await shop.PlaceAtPayPalAsync();
        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        await PayPalPage.AnswerAsync(asked.ActionUrl!, source: "declined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        var story = await StoryAsync(order);

        Assert.Equal("no", story.GetProperty("answer").GetProperty("moneyTaken").GetString());
        Assert.Contains("PayPal", story.GetProperty("answer").GetProperty("howWeKnow").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_story_is_read_in_a_few_round_trips_however_long_it_is()
    {
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        await using (var db = shop.Open())
        {
            for (var i = 0; i < 300; i++)
                db.Timeline.Add(TimelineEntry.Of(order.Id, DateTimeOffset.UtcNow, TimelineKinds.Browser, $"Entry {i}."));
            await db.SaveChangesAsync();
        }

        await using (var db = shop.Open())
        {
            for (var i = 0; i < 150; i++)
            {
                db.PaymentAttempts.Add(new PaymentAttempt
                {
                    Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, Operation = "read", Class = "unknown", LatencyMs = 1, At = DateTimeOffset.UtcNow,
                });
            }

            await db.SaveChangesAsync();
        }

        await StoryAsync(order);
        var agent = (await Api.SignedInAsync(Role.Agent)).Bearer;
        var number = await NumberOf(order);
        var before = Api.Wire.RoundTrips;
        var story = (await Api.GetAsync($"/operations/orders/{number}/story", agent)).Json;
        var trips = Api.Wire.RoundTrips - before;

        Assert.InRange(trips, 1, 10);
        Assert.InRange(story.GetProperty("items").GetArrayLength(), 200, 230);
        Assert.InRange(story.GetProperty("hidden").GetInt32(), 250, 280); // entries and attempts
        var all = (await Api.GetAsync($"/operations/orders/{number}/story?all=true", agent)).Json;
        Assert.Equal(0, all.GetProperty("hidden").GetInt32());
    }
}
