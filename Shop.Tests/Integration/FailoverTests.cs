using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Law 8: a second gateway takes money only when it is proven that the first one took none, and the proof is kept.</summary>
public sealed class FailoverTests(TwoGateways shop) : IClassFixture<TwoGateways>, IAsyncLifetime
{
    private const PaymentProvider Card = PaymentProvider.Stripe;
    private const PaymentProvider PayPal = PaymentProvider.PayPal;

    public Task InitializeAsync()
    {
        shop.PayPal.Well();
        shop.Stripe.Well();
        return Task.CompletedTask;
    }

    public Task DisposeAsync() => InitializeAsync();

    private async Task PayAtPayPalAsync(Order order)
    {
        var answer = await shop.PayAsync(order, PayPal);
        await Eventually.TrueAsync(
            async () => answer.Reason is not "payment_running" || (answer = await shop.PayAsync(order, PayPal)).Reason is not "payment_running", // its next try may be on
            () => "The card's charge never rested.");
        Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Accepted });
        await shop.UntilAsync(order.Id, o => o is { Payment: PaymentState.ActionNeeded, Provider: PayPal }, "a question at PayPal");
        shop.PayPal.Approve(order.Id);
        await shop.LookAsync(order);
    }

    /// <summary>Paid, once, and by whom; and every failover that was needed for it has a proof that the first gateway's books bear out.</summary>
    private async Task<Failover> PaidAfterAsync(Order order, PaymentProvider by, string kind)
    {
        var paid = await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Equal((by, 1), (paid.PaysAt, shop.Stripe.Charges(order.Id) + shop.PayPal.Charges(order.Id)));
        Assert.Equal(1, shop.Of(by).Charges(order.Id));
        Assert.Equal((9, 0), await shop.StockOfAsync(order.Id));
        var failover = Assert.Single(await shop.FailoversAsync(order.Id));
        Assert.Equal((by, kind, ProofKinds.Words(kind)), (failover.ToProvider, failover.ProofKind, failover.Proof));
        await using var db = shop.Open();
        Assert.Contains(TimelineKinds.FailedOver, await db.Timeline.Where(t => t.OrderId == order.Id).Select(t => t.Kind).ToListAsync());
        if (kind is not ProofKinds.NeverConfirmed)
            Assert.Equal((failover.FromProvider, true), await db.PaymentAttempts.Where(a => a.Id == failover.AttemptId).Select(a => new ValueTuple<PaymentProvider, bool>(a.Provider, a.Proof != null)).SingleAsync());
        return failover;
    }

    [Theory]
    [InlineData(GatewayOperation.Create, nameof(Scene.NeverLeft), ProofKinds.NeverConfirmed)]
    [InlineData(GatewayOperation.Create, nameof(Scene.Silent), ProofKinds.NeverConfirmed)] // whatever became of it, a create takes nothing
    [InlineData(GatewayOperation.Create, nameof(Scene.RateLimited), ProofKinds.NeverConfirmed)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.NeverLeft), ProofKinds.NeverLeft)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.OurKeyRefused), ProofKinds.NotExecuted)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.OurRequestRefused), ProofKinds.NotExecuted)]
    internal async Task A_card_payment_that_was_put_off_goes_on_at_paypal_when_the_shopper_chooses_it(GatewayOperation operation, string scene, string proof)
    {
        shop.Stripe.Always(operation, Enum.Parse<Scene>(scene));
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.Deferred);
        Assert.Equal("""["paypal"]""", (await shop.SeeAsync(placed))["ways"]);

        await PayAtPayPalAsync(placed);

        var failover = await PaidAfterAsync(placed, PayPal, proof);
        Assert.Equal("shopper", failover.AskedBy);
        await using var db = shop.Open();
        Assert.Equal(0, await db.PaymentJobs.CountAsync(j => j.OrderId == placed.Id && j.State != JobState.Done));
    }

    [Theory]
    [InlineData(GatewayOperation.Create, nameof(Scene.NeverLeft), ProofKinds.NeverConfirmed)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.NeverLeft), ProofKinds.NeverLeft)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.OurKeyRefused), ProofKinds.NotExecuted)]
    internal async Task A_paypal_payment_that_was_put_off_goes_on_by_card(GatewayOperation operation, string scene, string proof)
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        shop.PayPal.Always(operation, Enum.Parse<Scene>(scene));
        var placed = await shop.PlaceAsync(PayPal, userId: user.Id, saved: method.Id);
        await shop.UntilAsync(placed.Id, PaymentState.Deferred);

        await shop.PayAsync(placed, Card);

        await PaidAfterAsync(placed, Card, proof);
    }

    [Fact]
    public async Task A_declined_card_is_proof_enough_for_paypal()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.Declined);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.Declined);

        await PayAtPayPalAsync(placed);

        await PaidAfterAsync(placed, PayPal, ProofKinds.Refused);
        Assert.DoesNotContain("cancel", shop.Stripe.Operations(placed.Id));
    }

    [Fact]
    public async Task A_declined_paypal_payment_is_proof_enough_for_a_card()
    {
        var placed = await shop.PlaceAsync(PayPal);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        shop.PayPal.Approve(placed.Id);
        shop.PayPal.Next(GatewayOperation.Confirm, Scene.Declined);
        await shop.LookAsync(placed);
        await shop.UntilAsync(placed.Id, PaymentState.Declined);

        await shop.PayAsync(placed, Card);

        await PaidAfterAsync(placed, Card, ProofKinds.Refused);
    }

    [Fact]
    public async Task A_bank_that_still_waits_is_called_off_before_paypal_is_asked()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.BankAsks);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);

        await PayAtPayPalAsync(placed);

        await PaidAfterAsync(placed, PayPal, ProofKinds.Canceled);
        Assert.Equal(["canceled"], shop.Stripe.Statuses(placed.Id));
        shop.Stripe.Approve(placed.Id); // too late: the bank's page takes nothing any more
        Assert.Equal(0, shop.Stripe.Charges(placed.Id));
    }

    [Fact]
    public async Task Who_agreed_at_the_bank_before_choosing_paypal_has_paid_by_card()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.BankAsks);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        shop.Stripe.Approve(placed.Id);

        await shop.PayAsync(placed, PayPal);

        var paid = await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal((Card, 1, 0), (paid.PaysAt, shop.Stripe.Charges(placed.Id), shop.PayPal.Created(placed.Id).Length));
        Assert.Empty(await shop.FailoversAsync(placed.Id));
    }

    [Fact]
    public async Task While_the_first_gateway_cannot_be_asked_the_second_takes_nothing()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.BankAsks);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        shop.Stripe.Always(GatewayOperation.Cancel, Scene.Silent);
        shop.Stripe.Always(GatewayOperation.Read, Scene.Silent);

        await shop.PayAsync(placed, PayPal);

        await shop.UntilAsync(_ => Task.FromResult(shop.Stripe.Operations(placed.Id).Count(o => o is "cancel") > 3), "it was not asked again");
        Assert.Equal(PaymentState.InFlight, (await shop.UntilAsync(placed.Id, _ => true, "")).Payment);
        Assert.Empty(shop.PayPal.Created(placed.Id));
        Assert.Equal("order_not_payable", (await shop.PayAsync(placed, PayPal)).Reason);

        shop.Stripe.Well();
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        shop.PayPal.Approve(placed.Id);
        await shop.LookAsync(placed);
        await PaidAfterAsync(placed, PayPal, ProofKinds.Canceled);
    }

    [Fact]
    public async Task An_approval_that_comes_after_the_shopper_chose_the_card_is_not_taken()
    {
        var placed = await shop.PlaceAsync(PayPal);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.BankAsks);
        await shop.PayAsync(placed, Card);
        await shop.UntilAsync(placed.Id, o => o is { Payment: PaymentState.ActionNeeded, Provider: Card }, "a question at the bank");

        shop.PayPal.Approve(placed.Id);
        await using (var db = shop.Open())
        {
            db.Add(PaymentJob.Of(PaymentJobKind.Look, placed.Id, PayPal, DateTimeOffset.UtcNow)); // as PayPal's event would have it
            await db.SaveChangesAsync();
        }

        await shop.WakeAsync();
        await shop.UntilAsync(async db => await db.PaymentJobs.AnyAsync(j => j.OrderId == placed.Id && j.Kind == PaymentJobKind.Look && j.State == JobState.Done), "nobody looked");
        shop.Stripe.Approve(placed.Id);
        await shop.LookAsync(placed);

        await PaidAfterAsync(placed, Card, ProofKinds.NeverConfirmed);
        Assert.DoesNotContain("confirm", shop.PayPal.Operations(placed.Id));
    }

    [Theory]
    [InlineData(Card, nameof(Scene.RateLimited))]
    [InlineData(Card, nameof(Scene.Silent))]
    [InlineData(Card, nameof(Scene.Lost))]
    [InlineData(PayPal, nameof(Scene.Silent))]
    public async Task What_is_unknown_goes_nowhere(PaymentProvider provider, string scene)
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        shop.Of(provider).Next(GatewayOperation.Confirm, Enum.Parse<Scene>(scene));
        shop.Of(provider).Always(GatewayOperation.Read, Scene.Silent);
        if (scene is not nameof(Scene.Lost))
            shop.Of(provider).Always(GatewayOperation.Confirm, Enum.Parse<Scene>(scene));
        // With something saved at PayPal to fall back on: not even then.
        var placed = await shop.PlaceAsync(
            provider, userId: user.Id, saved: provider is PayPal ? method.Id : null, fallback: provider is Card ? method.Id : null);
        await shop.UntilAsync(placed.Id, PaymentState.Unknown);

        var answer = await shop.PayAsync(placed, provider is Card ? PayPal : Card);

        Assert.Equal((HttpStatusCode.Conflict, "order_not_payable"), (answer.Status, answer.Reason));
        Assert.Equal("[]", (await shop.SeeAsync(placed))["ways"]);
        shop.Of(provider).Well();
        var paid = await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal((provider, 1), (paid.PaysAt, shop.Stripe.Charges(placed.Id) + shop.PayPal.Charges(placed.Id)));
        Assert.Empty(await shop.FailoversAsync(placed.Id));
    }

    [Fact]
    public async Task A_payment_that_was_not_even_begun_is_not_replaced()
    {
        var placed = await shop.PlaceAsync(Card, dueAt: DateTimeOffset.UtcNow.AddHours(1));

        Assert.Equal("order_not_payable", (await shop.PayAsync(placed, PayPal)).Reason);
    }

    [Fact]
    public async Task A_payment_that_somebody_is_at_right_now_is_not_replaced()
    {
        shop.Stripe.Always(GatewayOperation.Confirm, Scene.NeverLeft);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.Deferred);
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() + interval '1 minute', due_at = now() + interval '1 hour' WHERE order_id = {placed.Id}");

        Assert.Equal((HttpStatusCode.Conflict, "payment_running"), await shop.PayAsync(placed, PayPal) is var a ? (a.Status, a.Reason) : default);
    }

    [Fact]
    public async Task From_card_to_paypal_and_back_leaves_a_proof_for_each_way_and_a_new_intent()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.BankAsks);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await shop.PayAsync(placed, PayPal);
        await shop.UntilAsync(placed.Id, o => o is { Payment: PaymentState.ActionNeeded, Provider: PayPal }, "a question at PayPal");
        shop.PayPal.Approve(placed.Id);
        shop.PayPal.Next(GatewayOperation.Confirm, Scene.Declined);
        await shop.LookAsync(placed);
        await shop.UntilAsync(placed.Id, PaymentState.Declined);

        await shop.PayAsync(placed, Card);

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(["canceled", "charged"], shop.Stripe.Statuses(placed.Id));
        Assert.Equal(
            [(Card, PayPal, ProofKinds.Canceled), (PayPal, Card, ProofKinds.Refused)],
            (await shop.FailoversAsync(placed.Id)).Select(f => (f.FromProvider, f.ToProvider, f.ProofKind)));
        Assert.Equal(
            [$"order:{placed.Id}:create", $"order:{placed.Id}:2:create", $"order:{placed.Id}:confirm:1", $"order:{placed.Id}:confirm:2"],
            shop.Stripe.Calls.Where(c => c.Key?.StartsWith($"order:{placed.Id}:", StringComparison.Ordinal) is true && c.Operation is GatewayOperation.Create or GatewayOperation.Confirm)
                .Where(c => c.Key!.Contains($"{placed.Id}", StringComparison.Ordinal)).Select(c => c.Key!).OrderBy(k => k.Contains("confirm", StringComparison.Ordinal)).ThenBy(k => k.Length).ThenBy(k => k));
    }

    [Theory]
    [InlineData(GatewayOperation.Create, nameof(Scene.NeverLeft), ProofKinds.NeverConfirmed)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.NeverLeft), ProofKinds.NeverLeft)]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.OurKeyRefused), ProofKinds.NotExecuted)]
    internal async Task Who_has_agreed_to_it_beforehand_is_charged_at_paypal_without_a_question(GatewayOperation operation, string scene, string proof)
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        shop.Stripe.Always(operation, Enum.Parse<Scene>(scene));

        var placed = await shop.PlaceAsync(Card, userId: user.Id, fallback: method.Id);

        var failover = await PaidAfterAsync(placed, PayPal, proof);
        Assert.Equal("automatic", failover.AskedBy);
        Assert.Equal(method.Token, shop.PayPal.Calls.Single(c => c.Key == $"order:{placed.Id}:paypal:confirm:1").Token);
    }

    [Theory]
    [InlineData(GatewayOperation.Create, nameof(Scene.Silent))]
    [InlineData(GatewayOperation.Create, nameof(Scene.RateLimited))]
    [InlineData(GatewayOperation.Confirm, nameof(Scene.OurRequestRefused))] // a bug of ours is no trouble of the gateway's
    [InlineData(GatewayOperation.Confirm, nameof(Scene.Declined))]
    internal async Task Nothing_else_moves_an_order_by_itself(GatewayOperation operation, string scene)
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        shop.Stripe.Always(operation, Enum.Parse<Scene>(scene));

        var placed = await shop.PlaceAsync(Card, userId: user.Id, fallback: method.Id);

        await shop.UntilAsync(placed.Id, o => o.Payment is PaymentState.Deferred or PaymentState.Declined, "an end of the first try");
        Assert.Equal(Card, (await shop.UntilAsync(placed.Id, _ => true, "")).PaysAt);
        Assert.Empty(shop.PayPal.Created(placed.Id));
    }

    [Fact]
    public async Task What_was_removed_since_is_no_way_out()
    {
        var (user, method) = await shop.KeptAsync(PayPal);
        await shop.Api.PostAsync($"/account/payment-methods/{method.Id}/remove", null, user.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        shop.Stripe.Always(GatewayOperation.Confirm, Scene.NeverLeft);

        var placed = await shop.PlaceAsync(Card, userId: user.Id, fallback: method.Id);

        await shop.UntilAsync(placed.Id, PaymentState.Deferred);
        Assert.Empty(shop.PayPal.Created(placed.Id));
    }

    [Fact]
    public async Task Money_that_a_second_gateway_took_all_the_same_goes_back_and_is_seen()
    {
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await shop.SqlAsync($"""
            INSERT INTO payments.payment_intents (order_id, provider, gateway_id, confirm, confirm_open, amount_minor, currency, created_at)
            VALUES ({placed.Id}, 'PayPal', {$"stray_{placed.Id:N}"}, 1, false, {placed.TotalMinor}, 'EUR', now())
            """);
        var stray = (GatewayAnswer.Created)await shop.PayPal.CreateAsync($"{placed.Id}", new NewIntent(placed.Id, placed.TotalMinor, "EUR", HasSavedMethod: true), default);
        await shop.PayPal.ConfirmAsync($"{placed.Id} confirm", stray.Id, new Confirmation("vault", ""), default);
        await shop.SqlAsync($"UPDATE payments.payment_intents SET gateway_id = {stray.Id} WHERE order_id = {placed.Id} AND provider = 'PayPal'");

        for (var i = 0; i < 2; i++) // the news may come twice
        {
            await using var db = shop.Open();
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.ApplyPaymentOutcomeAsync(placed.Id, new PaymentNews.Captured(placed.TotalMinor, "EUR", PayPal), DateTimeOffset.UtcNow, CancellationToken.None);
            await transaction.CommitAsync();
        }

        await shop.WakeAsync();
        var order = await shop.UntilAsync(placed.Id, o => o.RefundedMinor == placed.TotalMinor, "its second payment back");
        Assert.Equal((2 * placed.TotalMinor, OrderStatus.Paid, Card), (order.CapturedMinor, order.Status, order.PaysAt));
        Assert.Equal((0, placed.TotalMinor), (shop.Stripe.RefundedMinor(placed.Id), shop.PayPal.RefundedMinor(placed.Id)));
        await using var books = shop.Open();
        Assert.Equal(1, await books.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.PaidTwice));
    }

    [Fact]
    public async Task An_open_confirm_at_one_gateway_keeps_the_other_from_closing_the_order()
    {
        var placed = await shop.PlaceAsync(Card, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await using var db = shop.Open();
        db.Add(new PaymentIntent
        {
            OrderId = placed.Id, Provider = PayPal, GatewayId = $"open_{placed.Id:N}", Confirm = 1, ConfirmOpen = true, AmountMinor = placed.TotalMinor,
            Currency = "EUR", CreatedAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
        await using var transaction = await db.Database.BeginTransactionAsync();

        var (order, changed) = await db.ApplyPaymentOutcomeAsync(
            placed.Id, new PaymentNews.Closed(Reasons.NotConfirmedInTime), DateTimeOffset.UtcNow, CancellationToken.None);

        Assert.Equal((PaymentState.None, false), (order.Payment, changed));
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task However_the_shopper_clicks_and_the_worker_works_no_order_is_paid_twice_or_moved_without_a_proof()
    {
        shop.Stripe.Always(GatewayOperation.Confirm, Scene.NeverLeft);
        List<Order> orders = [];
        for (var i = 0; i < 12; i++)
            orders.Add(await shop.PlaceAsync(Card));
        foreach (var order in orders)
            await shop.UntilAsync(order.Id, PaymentState.Deferred);
        shop.Stripe.Well();

        // All due now, and every shopper chooses PayPal in two tabs at that moment.
        await shop.SqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE state = 'Waiting'");
        var clicks = orders.SelectMany(o => new[] { shop.PayAsync(o, PayPal), shop.PayAsync(o, PayPal), shop.WakeAsync().ContinueWith(_ => (Answer?)null!) }).ToArray();
        var answers = (await Task.WhenAll(clicks)).Where(a => a is not null).ToList();

        Assert.All(answers, a => Assert.Contains(a.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.Conflict }));
        foreach (var order in orders)
        {
            var settled = await shop.UntilAsync(order.Id, o => o.Payment is PaymentState.Paid or PaymentState.ActionNeeded, "an outcome");
            if (settled.Payment is PaymentState.ActionNeeded)
            {
                shop.PayPal.Approve(order.Id);
                await shop.LookAsync(order);
            }

            var paid = await shop.UntilAsync(order.Id, PaymentState.Paid);
            Assert.Equal(1, shop.Stripe.Charges(order.Id) + shop.PayPal.Charges(order.Id));
            Assert.Equal(paid.PaysAt is PayPal ? 1 : 0, (await shop.FailoversAsync(order.Id)).Count);
            Assert.Equal(1, shop.Of(paid.PaysAt).Charges(order.Id));
        }
    }

    [Fact]
    public async Task Why_an_order_moved_can_only_be_added_to()
    {
        shop.Stripe.Next(GatewayOperation.Confirm, Scene.Declined);
        var placed = await shop.PlaceAsync(Card);
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await PayAtPayPalAsync(placed);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        foreach (var change in (string[])["UPDATE payments.failovers SET proof = 'x'", "DELETE FROM payments.failovers", "TRUNCATE payments.failovers"])
        {
            await using var db = shop.Open();
            Assert.Contains("append-only", (await Assert.ThrowsAsync<PostgresException>(() => db.Database.ExecuteSqlRawAsync(change))).MessageText, StringComparison.Ordinal);
        }
    }
}
