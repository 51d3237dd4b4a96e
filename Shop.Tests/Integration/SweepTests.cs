using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(SharedPaymentsShop.Name)]
public sealed class SweepTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private Task<int[]> SweepTwiceAsync() =>
        Task.WhenAll(Enumerable.Range(0, 2).Select(_ => shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None)));

    private async Task<int> ClosesAsync(Guid order)
    {
        await using var db = shop.Open();
        return await db.PaymentJobs.CountAsync(j => j.OrderId == order && j.Kind == PaymentJobKind.Close);
    }

    [Theory]
    [InlineData("pm_card_visa_chargeDeclined", PaymentState.Declined)]
    [InlineData("pm_card_authenticationRequired", PaymentState.ActionNeeded)]
    public async Task An_order_whose_time_ran_out_is_canceled_at_the_gateway_and_then_gives_its_goods_back(string card, PaymentState before)
    {
        var placed = await shop.PlaceAsync(card);
        await shop.UntilAsync(placed.Id, before);

        await shop.ExpireHoldAsync(placed.Id);
        await SweepTwiceAsync();

        var order = await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal(before is PaymentState.ActionNeeded ? Reasons.AuthenticationAbandoned : Reasons.NotConfirmedInTime, order.Reason);
        Assert.Equal((0, 0, 0, "canceled"), await shop.LedgerAsync(placed.Id));
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
        Assert.Equal(1, await ClosesAsync(placed.Id));
        await using var db = shop.Open();
        Assert.Equal("the intent is canceled at the gateway",
            await db.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.Operation == "cancel").Select(a => a.Proof).SingleAsync());
    }

    [Theory]
    [InlineData("pm_card_visa_chargeDeclined", PaymentState.Declined)]
    [InlineData("pm_card_authenticationRequired", PaymentState.ActionNeeded)]
    public async Task An_order_past_its_deadline_is_closed_although_its_goods_are_still_held(string card, PaymentState before)
    {
        var placed = await shop.PlaceAsync(card);
        await shop.UntilAsync(placed.Id, before);

        await shop.PassDeadlineAsync(placed.Id);
        await SweepTwiceAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal((0, 0, 0, "canceled"), await shop.LedgerAsync(placed.Id));
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task Goods_stay_held_while_the_gateway_does_not_say_that_it_canceled()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.FaultsAsync("unavailable_503");

        await shop.ExpireHoldAsync(placed.Id);
        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == placed.Id && a.Operation == "cancel"), "it was never asked to cancel");

        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
        await shop.NoFaultsAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
    }

    [Theory]
    [InlineData("pm_card_visa_chargeDeclined", PaymentState.Declined)]
    [InlineData("pm_card_authenticationRequired", PaymentState.ActionNeeded)]
    public async Task A_gateway_that_reads_but_does_not_cancel_is_asked_until_it_does(string card, PaymentState before)
    {
        var placed = await shop.PlaceAsync(card);
        await shop.UntilAsync(placed.Id, before);
        await shop.FaultsAsync("unavailable_503", operation: "cancel");

        await shop.ExpireHoldAsync(placed.Id);
        await shop.UntilAsync(async db => await db.PaymentAttempts.CountAsync(a => a.OrderId == placed.Id && a.Operation == "cancel") > 7,
            "it was not asked to cancel more often than a job has leases");

        await shop.NoFaultsAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task A_shopper_who_was_faster_than_the_sweep_has_paid()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true); // and the webhook is lost

        await shop.ExpireHoldAsync(placed.Id);

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task An_unknown_payment_keeps_its_goods_however_long_they_are_held()
    {
        await shop.FaultsAsync("answer_lost", count: 1, operation: "confirm");
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await using (var db = shop.Open())
        {
            // As a worker leaves it that died after its question: unknown, and the next question not due yet.
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Unknown' WHERE id = {placed.Id}");
            await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET state = 'Parked' WHERE order_id = {placed.Id}");
        }

        await shop.ExpireHoldAsync(placed.Id);
        await SweepTwiceAsync();

        Assert.Equal(0, await ClosesAsync(placed.Id));
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task A_closing_that_waited_leaves_an_order_alone_that_is_being_paid_again()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        var close = PaymentJob.Of(PaymentJobKind.Close, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow);
        await using (var db = shop.Open())
        {
            db.AddRange(close, PaymentJob.Of(
                PaymentJobKind.Charge, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow, dueAt: DateTimeOffset.UtcNow.AddHours(1), paymentToken: "pm_card_visa"));
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.Id == close.Id && j.State == JobState.Done), "the closing was never done with");

        Assert.Equal((0, 0, 0, "requires_payment_method"), await shop.LedgerAsync(placed.Id));
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task A_closing_that_waited_leaves_an_order_alone_whose_goods_are_kept_for_longer()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        var close = PaymentJob.Of(PaymentJobKind.Close, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow);
        await using (var db = shop.Open())
        {
            // The sweep asked for its closing while an agent extended what it holds.
            await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_holds SET expires_at = now() + interval '30 minutes' WHERE order_id = {placed.Id}");
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() + interval '30 minutes' WHERE id = {placed.Id}");
            db.Add(close);
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.Id == close.Id && j.State == JobState.Done), "the closing was never done with");

        Assert.Equal((0, 0, 0, "requires_payment_method"), await shop.LedgerAsync(placed.Id));
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
        Assert.Equal(PaymentState.Declined, (await shop.UntilAsync(placed.Id, PaymentState.Declined)).Payment);
    }

    [Fact]
    public async Task An_order_with_a_job_to_do_is_left_to_its_job()
    {
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));

        await shop.ExpireHoldAsync(placed.Id);
        await SweepTwiceAsync();

        Assert.Equal(0, await ClosesAsync(placed.Id));
    }
}
