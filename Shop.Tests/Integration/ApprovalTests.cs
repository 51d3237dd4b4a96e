using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>A gateway that asks the shopper on a page of its own, and at which nothing but our own confirm takes money.</summary>
public sealed class ApprovalTests(TwoGateways shop) : IClassFixture<TwoGateways>, IAsyncLifetime
{
    private const PaymentProvider PayPal = PaymentProvider.PayPal;

    public Task InitializeAsync()
    {
        shop.PayPal.Well();
        shop.Stripe.Well();
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => InitializeAsync();

    private async Task<Order> AtPayPalAsync(TimeSpan? hold = null)
    {
        var placed = await shop.PlaceAsync(PayPal, hold: hold);
        return await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
    }

    private async Task<PaymentIntent> IntentAsync(Order order)
    {
        await using var db = shop.Open();
        return await db.PaymentIntents.SingleAsync(i => i.OrderId == order.Id && i.Provider == PayPal);
    }

    private Task<int> CloseAsync() => shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);

    [Fact]
    public async Task The_shopper_is_sent_to_agree_and_nothing_is_confirmed_before_they_did()
    {
        var order = await AtPayPalAsync();

        Assert.Equal(Reasons.ApprovalNeeded, order.Reason);
        Assert.StartsWith("https://gateway.example/approve/", order.ActionUrl, StringComparison.Ordinal);
        Assert.Equal(["create"], shop.PayPal.Operations(order.Id));
        Assert.Equal((0, false, 1), await IntentAsync(order) is var i ? (i.Confirm, i.ConfirmOpen, i.Round) : default);
        var wanted = Assert.Single(shop.PayPal.Created(order.Id));
        Assert.Equal(($"http://localhost:5000/orders/{order.Number}?from=paypal", $"http://localhost:5000/orders/{order.Number}?from=paypal-canceled", order.Number),
            (wanted.ReturnUrl, wanted.CancelUrl, wanted.OrderNumber));
        var seen = await shop.SeeAsync(order);
        Assert.Equal(("paypal", "no", """["card","paypal"]"""), (seen["method"], seen["moneyTaken"], seen["ways"]));
        Assert.Equal("Please agree to the payment at PayPal", seen.Json.GetProperty("texts").GetProperty("headline").GetString());
    }

    [Fact]
    public async Task Who_agreed_and_came_back_has_paid_once()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);

        await shop.LookAsync(order);
        await shop.LookAsync(order);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, shop.PayPal.Charges(order.Id));
        Assert.Equal((9, 0), await shop.StockOfAsync(order.Id));
        Assert.Empty(await shop.FailoversAsync(order.Id));
        Assert.Contains(shop.PayPal.Calls, c => c.Key == $"order:{order.Id}:paypal:confirm:1");
        await using var db = shop.Open();
        Assert.Equal(2, await db.PaymentJobs.CountAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge));
    }

    [Fact]
    public async Task Who_agreed_and_never_came_back_is_found_by_the_sweep()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET done_at = now() - interval '1 hour', created_at = now() - interval '1 hour' WHERE order_id = {order.Id}");

        await shop.Services.GetRequiredService<PendingSweep>().SweepAsync(CancellationToken.None);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
    }

    [Fact]
    public async Task Who_never_agreed_costs_the_gateway_no_call_and_the_shop_no_goods()
    {
        var order = await AtPayPalAsync();
        await shop.SqlAsync($"UPDATE shop.stock_holds SET expires_at = now() - interval '1 second' WHERE order_id = {order.Id}");

        await CloseAsync();

        var closed = await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        Assert.Equal(Reasons.ApprovalAbandoned, closed.Reason);
        Assert.Equal((10, 0), await shop.StockOfAsync(order.Id));
        Assert.DoesNotContain("cancel", shop.PayPal.Operations(order.Id));
        await using var db = shop.Open();
        Assert.Contains("no confirm was ever sent", await db.Timeline.Where(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Closed).Select(t => t.Data).SingleAsync());
    }

    [Fact]
    public async Task What_was_refused_can_be_agreed_to_again_and_is_never_taken_without()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        shop.PayPal.Next(GatewayOperation.Confirm, Scene.Declined);
        await shop.LookAsync(order);
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        await shop.PayAsync(order, PayPal);

        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        Assert.NotEqual(order.ActionUrl, asked.ActionUrl); // what was refused stays approved there: it is asked for on a page of its own
        Assert.Single(shop.PayPal.Operations(order.Id), o => o is "confirm");

        shop.PayPal.Approve(order.Id);
        await shop.LookAsync(order);
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal((1, 2), (shop.PayPal.Charges(order.Id), (await IntentAsync(order)).Confirm));
    }

    [Fact]
    public async Task A_capture_that_the_gateway_will_never_tell_about_is_a_persons_after_the_deadline_and_keeps_its_goods()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        shop.PayPal.Next(GatewayOperation.Confirm, Scene.Silent);
        shop.PayPal.Always(GatewayOperation.Confirm, Scene.OurRequestRefused);
        await shop.LookAsync(order);
        await shop.UntilAsync(order.Id, PaymentState.Unknown);

        await shop.SqlAsync($"UPDATE shop.orders SET deadline_at = now() WHERE id = {order.Id}");

        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge && j.State == JobState.Parked), "nobody was told");
        Assert.Equal((1, PaymentState.Unknown), ((await shop.StockOfAsync(order.Id)).Held, (await shop.UntilAsync(order.Id, PaymentState.Unknown)).Payment));
    }

    [Fact]
    public async Task Who_agreed_and_asks_again_instead_of_coming_back_is_not_sent_away_a_second_time()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);

        await shop.PayAsync(order, PayPal);

        await shop.UntilAsync(order.Id, PaymentState.Paid);
    }

    [Theory]
    [InlineData(nameof(Scene.Lost), nameof(PaymentState.Paid))]
    [InlineData(nameof(Scene.Silent), nameof(PaymentState.Paid))]
    public async Task A_capture_without_an_answer_is_asked_for_under_its_key_until_there_is_one(string scene, string expected)
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        shop.PayPal.Next(GatewayOperation.Confirm, Enum.Parse<Scene>(scene));
        await shop.LookAsync(order);

        await shop.UntilAsync(order.Id, Enum.Parse<PaymentState>(expected));

        Assert.Equal(1, shop.PayPal.Charges(order.Id));
        Assert.Single(shop.PayPal.Calls.Where(c => c.Operation is GatewayOperation.Confirm && c.Id == shop.PayPal.Calls.First(x => x.Key == $"order:{order.Id}:paypal:create").Id)
            .Select(c => c.Key).Distinct());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_open_capture_keeps_its_goods_past_the_deadline_and_is_asked_about_until_it_has_ended(bool isDeclined)
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        shop.PayPal.Always(GatewayOperation.Confirm, Scene.Silent);
        await shop.LookAsync(order);
        await shop.UntilAsync(order.Id, PaymentState.Unknown);
        await shop.SqlAsync($"UPDATE shop.orders SET deadline_at = now() - interval '1 second' WHERE id = {order.Id}");
        await shop.SqlAsync($"UPDATE shop.stock_holds SET expires_at = now() - interval '1 second' WHERE order_id = {order.Id}");

        var before = shop.PayPal.Calls.Count;
        await CloseAsync();
        await shop.UntilAsync(_ => Task.FromResult(shop.PayPal.Calls.Count > before + 4), "it was not asked about any more");
        Assert.Equal(PaymentState.Unknown, (await shop.UntilAsync(order.Id, _ => true, "")).Payment);
        Assert.Equal((10, 1), await shop.StockOfAsync(order.Id));

        shop.PayPal.Well();
        if (isDeclined)
            shop.PayPal.Always(GatewayOperation.Confirm, Scene.Declined);
        await shop.UntilAsync(order.Id, isDeclined ? PaymentState.Declined : PaymentState.Paid);
        if (!isDeclined)
            return;

        await CloseAsync();
        await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        Assert.Equal((10, 0), await shop.StockOfAsync(order.Id));
        await using var db = shop.Open();
        Assert.Contains(ProofKinds.Words(ProofKinds.Refused), await db.Timeline.Where(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Closed).Select(t => t.Data).SingleAsync());
    }

    [Fact]
    public async Task A_close_that_meets_an_open_capture_leaves_it_to_a_charge()
    {
        var order = await AtPayPalAsync();
        shop.PayPal.Approve(order.Id);
        shop.PayPal.Always(GatewayOperation.Confirm, Scene.Silent);
        await shop.LookAsync(order);
        await shop.UntilAsync(order.Id, PaymentState.Unknown);
        // Its job is lost, and somebody asks for its closing.
        await shop.SqlAsync($"UPDATE shop.orders SET deadline_at = now() - interval '1 second' WHERE id = {order.Id}");
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET state = 'Done', done_at = now(), lease_token = lease_token + 1 WHERE order_id = {order.Id} AND state = 'Waiting'");
        await using (var db = shop.Open())
        {
            db.Add(PaymentJob.Of(PaymentJobKind.Close, order.Id, PayPal, DateTimeOffset.UtcNow));
            await db.SaveChangesAsync();
        }

        shop.PayPal.Well();
        await shop.WakeAsync();

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal(1, shop.PayPal.Charges(order.Id));
        await using var after = shop.Open();
        var charges = await after.PaymentJobs.Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge).ToListAsync();
        Assert.Equal((3, 1), (charges.Count, charges.Count(OrderWords.IsTry))); // what settles is no try of the shopper's
        var ends = await AgreementEndpoints.EndsAsync(after, PayPal, charges.Min(j => j.CreatedAt), charges.Max(j => j.CreatedAt).AddSeconds(1), CancellationToken.None);
        Assert.Equal(new PaymentEnds(WentThrough: 1), ends);
    }

    [Theory]
    [InlineData(PaymentProvider.Stripe)]
    [InlineData(PaymentProvider.PayPal)]
    public async Task What_was_ticked_in_an_earlier_try_is_not_kept_by_a_later_one_without(PaymentProvider provider)
    {
        var user = await shop.Api.SignedInAsync();
        if (provider is PaymentProvider.Stripe)
            shop.Stripe.Next(GatewayOperation.Confirm, Scene.Declined);
        var order = await shop.PlaceAsync(provider, userId: user.Id, saves: true);
        await shop.UntilAsync(order.Id, provider is PayPal ? PaymentState.ActionNeeded : PaymentState.Declined);

        await shop.PayAsync(order, provider);
        if (provider is PayPal)
        {
            await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
            shop.PayPal.Approve(order.Id);
            await shop.LookAsync(order);
        }

        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal([true, false], shop.Of(provider).Created(order.Id).Select(i => i.SavesMethod || i.CustomerId is not null));
        await using var db = shop.Open();
        Assert.False(await db.SavedMethods.AnyAsync(m => m.UserId == user.Id));
    }

    [Fact]
    public async Task A_create_that_an_earlier_try_began_otherwise_is_not_what_the_shopper_is_asked_to_agree_to()
    {
        var order = await shop.PlaceAsync(PayPal, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        var earlier = JsonSerializer.Serialize(new NewIntent(order.Id, order.TotalMinor, order.Currency, SavesMethod: true));
        await shop.SqlAsync($"""
            INSERT INTO payments.gateway_keys (key, order_id, parameters, created_at) VALUES ({$"order:{order.Id}:paypal:create"}, {order.Id}, {earlier}, now())
            """);
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE order_id = {order.Id}");
        await shop.WakeAsync();

        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);

        Assert.Equal([false], shop.PayPal.Created(order.Id).Select(i => i.SavesMethod)); // under a key of its own
        Assert.EndsWith((await IntentAsync(order)).GatewayId!, asked.ActionUrl, StringComparison.Ordinal);
        Assert.False((await IntentAsync(order)).SavesMethod);
    }

    [Fact]
    public async Task Nobody_saves_what_they_pay_with_into_the_account_of_another()
    {
        var (owner, (other, theirs)) = (await shop.Api.SignedInAsync(), await shop.KeptAsync(PayPal));
        var order = await shop.PlaceAsync(PayPal, userId: owner.Id);
        await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "save_needs_own_order"), await AskAsync(other, new { provider = "paypal", saveMethod = true }));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "save_needs_own_order"), await AskAsync(other, new { provider = "paypal", savedMethod = theirs.Id }));
        await using var db = shop.Open();
        Assert.Equal(1, await db.PaymentJobs.CountAsync(j => j.OrderId == order.Id));

        Assert.True((await AskAsync(owner, new { provider = "paypal", saveMethod = true })).Status is HttpStatusCode.OK or HttpStatusCode.Accepted);
        await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        Assert.True(shop.PayPal.Created(order.Id)[^1].SavesMethod);

        async Task<(HttpStatusCode Status, string? Reason)> AskAsync(Somebody user, object body)
        {
            var answer = await shop.Api.PostAsync(
                $"/orders/{order.Number}/payments", body, TwoGateways.KeyOf(order), user.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
            return (answer.Status, answer.Reason);
        }
    }

    [Fact]
    public async Task What_is_saved_is_charged_without_sending_anybody_away()
    {
        var (user, method) = await shop.KeptAsync(PayPal);

        var placed = await shop.PlaceAsync(PayPal, userId: user.Id, saved: method.Id);

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(["create", "confirm"], shop.PayPal.Operations(placed.Id));
        Assert.True(Assert.Single(shop.PayPal.Created(placed.Id)).HasSavedMethod);
        Assert.Equal(method.Token, shop.PayPal.Calls.Single(c => c.Key == $"order:{placed.Id}:paypal:confirm:1").Token);
    }

    [Fact]
    public async Task What_was_removed_meanwhile_is_not_charged_and_the_order_can_be_paid_another_way()
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        var placed = await shop.PlaceAsync(PayPal, userId: user.Id, saved: method.Id, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        var removed = await shop.Api.PostAsync($"/account/payment-methods/{method.Id}/remove", null, user.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        Assert.Equal(System.Net.HttpStatusCode.NoContent, removed.Status);

        await shop.SqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE order_id = {placed.Id}");
        await shop.WakeAsync();

        var declined = await shop.UntilAsync(placed.Id, PaymentState.Declined);
        Assert.Equal(Reasons.SavedMethodRemoved, declined.Reason);
        Assert.Empty(shop.PayPal.Created(placed.Id));
        await shop.PayAsync(placed, PayPal);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
    }

    [Theory]
    [InlineData(PaymentProvider.Stripe, "Visa •4242")]
    [InlineData(PaymentProvider.PayPal, "PayPal")]
    public async Task What_the_shopper_wants_kept_is_kept_with_what_they_agreed_to_and_pays_the_next_order(PaymentProvider provider, string label)
    {
        var user = await shop.Api.SignedInAsync();
        var first = await shop.PlaceAsync(provider, userId: user.Id, saves: true, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET consent_text = consent_text || ' As of then.', due_at = now() WHERE order_id = {first.Id}");
        await shop.WakeAsync();
        if (provider is PayPal)
        {
            await shop.UntilAsync(first.Id, PaymentState.ActionNeeded);
            shop.PayPal.Approve(first.Id);
            await shop.LookAsync(first);
        }

        await shop.UntilAsync(first.Id, PaymentState.Paid);

        await using var db = shop.Open();
        var kept = await db.SavedMethods.SingleAsync(m => m.UserId == user.Id);
        Assert.Equal((provider, label, SavedMethod.ConsentTo(provider) + " As of then."), (kept.Provider, kept.Label, kept.ConsentText));
        Assert.Equal(provider is PaymentProvider.Stripe ? 1 : 0, await db.GatewayCustomers.CountAsync(c => c.UserId == user.Id));
        var listed = await shop.Api.GetAsync("/account/payment-methods", user.Bearer);
        Assert.Equal(label, Assert.Single(listed.Json.GetProperty("methods").EnumerateArray()).GetProperty("label").GetString());
        Assert.DoesNotContain(kept.Token!, listed.Text, StringComparison.Ordinal);

        var second = await shop.PlaceAsync(provider, userId: user.Id, saved: kept.Id);
        await shop.UntilAsync(second.Id, PaymentState.Paid);
        Assert.Equal(kept.CustomerId, Assert.Single(shop.Of(provider).Created(second.Id)).CustomerId);
    }

    [Fact]
    public async Task A_shopper_becomes_a_customer_of_the_gateway_once_and_their_order_does_not_wait_for_it()
    {
        var user = await shop.Api.SignedInAsync();
        shop.Stripe.Next(GatewayOperation.Customer, Scene.Silent);

        var without = await shop.PlaceAsync(PaymentProvider.Stripe, userId: user.Id, saves: true);
        await shop.UntilAsync(without.Id, PaymentState.Paid);
        var with = await shop.PlaceAsync(PaymentProvider.Stripe, userId: user.Id, saves: true);
        await shop.UntilAsync(with.Id, PaymentState.Paid);
        var again = await shop.PlaceAsync(PaymentProvider.Stripe, userId: user.Id, saves: true);
        await shop.UntilAsync(again.Id, PaymentState.Paid);

        await using var db = shop.Open();
        Assert.Equal(2, await db.SavedMethods.CountAsync(m => m.UserId == user.Id));
        Assert.Equal([$"customer:{user.Id}", $"customer:{user.Id}"], shop.Stripe.Calls.Where(c => c.Key?.Contains($"{user.Id}", StringComparison.Ordinal) is true).Select(c => c.Key));
    }
}
