using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The shopper is back from the bank, and no webhook ever comes.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class LookTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private async Task<Order> AtTheBankAsync()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        return await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
    }

    private async Task<PaymentJob> LookAsync(Order order)
    {
        var look = PaymentJob.Of(PaymentJobKind.Look, order.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow);
        await using var db = shop.Open();
        db.Add(look);
        await db.SaveChangesAsync();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        return look;
    }

    private async Task<PaymentJob> DoneAsync(PaymentJob look)
    {
        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.Id == look.Id && j.State == JobState.Done), "the look was never done with");
        await using var db = shop.Open();
        return await db.PaymentJobs.SingleAsync(j => j.Id == look.Id);
    }

    private async Task<string[]> OperationsAsync(PaymentJob look)
    {
        await using var db = shop.Open();
        return await db.PaymentAttempts.Where(a => a.JobId == look.Id).Select(a => a.Operation).ToArrayAsync();
    }

    [Theory]
    [InlineData(true, PaymentState.Paid, null)]
    [InlineData(false, PaymentState.Declined, Reasons.AuthenticationFailed)]
    public async Task What_the_shopper_did_at_the_bank_is_seen_without_a_webhook(bool agrees, PaymentState expected, string? reason)
    {
        var order = await AtTheBankAsync();
        await ThreeDSecure.AnswerAsync(order.ActionUrl!, agrees);

        var look = await DoneAsync(await LookAsync(order));

        var seen = await shop.UntilAsync(order.Id, expected);
        Assert.Equal(reason, seen.Reason);
        Assert.Equal(1, look.Attempts);
        Assert.Equal(["read"], await OperationsAsync(look));
    }

    [Fact]
    public async Task A_shopper_who_has_not_answered_yet_is_waited_for_a_few_times_and_loses_nothing()
    {
        var order = await AtTheBankAsync();

        var look = await DoneAsync(await LookAsync(order));

        Assert.Equal(LookHandler.MaxAttempts, look.Attempts);
        Assert.All(await OperationsAsync(look), operation => Assert.Equal("read", operation));
        Assert.Equal(PaymentState.ActionNeeded, (await shop.UntilAsync(order.Id, _ => true, "a look")).Payment);
        Assert.Equal((0, 0, 0, "requires_action"), await shop.LedgerAsync(order.Id));
        Assert.Equal((10, 1), await shop.StockOfAsync(order.Id));
    }

    [Fact]
    public async Task A_gateway_that_cannot_be_read_is_asked_again()
    {
        var order = await AtTheBankAsync();
        await ThreeDSecure.AnswerAsync(order.ActionUrl!, agrees: true);
        await shop.FaultsAsync("unavailable_503", count: 2, operation: "read");

        var look = await DoneAsync(await LookAsync(order));

        Assert.Equal(3, look.Attempts);
        await shop.UntilAsync(order.Id, PaymentState.Paid);
    }

    [Fact]
    public async Task An_intent_that_was_canceled_closes_the_order()
    {
        var order = await AtTheBankAsync();
        await using (var db = shop.Open())
        {
            var intent = await db.PaymentIntents.SingleAsync(i => i.OrderId == order.Id);
            await shop.AtGatewayAsync($"payment_intents/{intent.GatewayId}/cancel");
        }

        await LookAsync(order);

        await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        Assert.Equal((10, 0), await shop.StockOfAsync(order.Id));
    }
}
