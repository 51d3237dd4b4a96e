using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Refunds from the agent's request to the gateway's books.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class RefundTests(PaymentsShop shop) : IAsyncLifetime
{
    private const string Agreed = "The customer called.";
    private ApiHost _api = null!;

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
        _api = await ApiHost.OverAsync(shop.Database);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await shop.NoFaultsAsync();
    }

    private async Task<Order> PaidAsync(string card = "pm_card_visa", int quantity = 4)
    {
        var placed = await shop.PlaceAsync(card, quantity);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await using var db = shop.Open();
        return await db.Orders.AsNoTracking().Include(o => o.Lines).SingleAsync(o => o.Id == placed.Id);
    }

    private async Task<Answer> AskAsync(Order order, object what) => await _api.PostAsync($"/operations/orders/{order.Number}/refunds", what,
        (await _api.SignedInAsync(Role.Agent)).Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

    private async Task<List<Refund>> RefundsAsync(Order order)
    {
        await using var db = shop.Open();
        return await db.Refunds.AsNoTracking().Where(r => r.OrderId == order.Id).OrderBy(r => r.Id).ToListAsync();
    }

    [Fact]
    public async Task Several_refunds_of_one_order_arrive_each_with_its_mail_and_all_add_up()
    {
        var order = await PaidAsync();
        var sku = order.Lines[0].Sku;

        await Task.WhenAll(
            AskAsync(order, new { amountMinor = 700, why = Agreed }),
            AskAsync(order, new { lines = new[] { new { sku, quantity = 2 } }, why = Agreed }),
            AskAsync(order, new { amountMinor = 300, why = Agreed }));

        await shop.UntilAsync(order.Id, o => o.RefundedMinor == 3500, "3500 refunded");
        Assert.Equal(3500, (await shop.LedgerAsync(order.Id)).RefundedMinor);
        var refunds = await RefundsAsync(order);
        Assert.All(refunds, r => Assert.Equal(RefundState.Succeeded, r.State));
        Assert.Equal(3, refunds.Select(r => r.GatewayId).Distinct().Count());
        await using var db = shop.Open();
        Assert.Equal(refunds.Select(r => (Guid?)r.Id).Order(),
            (await db.Outbox.Where(m => m.OrderId == order.Id && m.Kind == OutboxKind.RefundedMail).Select(m => m.RefundId).ToListAsync()).Order());

        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(order, new { why = Agreed })).Status);
        var whole = await shop.UntilAsync(order.Id, o => o.Status == OrderStatus.Refunded, "all of it refunded");
        Assert.Equal((1, order.TotalMinor, order.TotalMinor), await shop.LedgerAsync(order.Id) is var l ? (l.Charges, l.ChargedMinor, l.RefundedMinor) : default);
        Assert.Equal(FulfilmentState.Cancelled, whole.Fulfilment);
    }

    [Fact]
    public async Task Refunds_whose_answers_are_lost_are_each_sent_once()
    {
        var order = await PaidAsync();
        await shop.FaultsAsync("answer_lost", count: 2, operation: "refund");

        await AskAsync(order, new { amountMinor = 700, why = Agreed });
        await AskAsync(order, new { amountMinor = 700, why = Agreed });

        await shop.UntilAsync(order.Id, o => o.RefundedMinor == 1400, "1400 refunded");
        Assert.Equal(1400, (await shop.LedgerAsync(order.Id)).RefundedMinor);
    }

    [Fact]
    public async Task What_is_pending_counts_until_it_has_failed_and_what_failed_goes_back_another_way()
    {
        var order = await PaidAsync("pm_card_refundFail");
        await shop.FaultsAsync("unavailable_503", operation: "refund");
        await AskAsync(order, new { amountMinor = 4000, why = Agreed });
        Assert.Equal("refund_exceeds_rest", (await AskAsync(order, new { amountMinor = 1001, why = Agreed })).Reason);

        await shop.NoFaultsAsync();
        await shop.UntilAsync(db => db.Refunds.AnyAsync(r => r.OrderId == order.Id && r.State == RefundState.Failed), "it never came back");
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(order, new { amountMinor = 1001, why = Agreed })).Status);

        Assert.Equal(RefundState.Replaced, (await RefundsAsync(order))[0].State);
        // This card's bank sends that one back as well: it is owed, and a person is asked.
        await shop.UntilAsync(b => b.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.State == JobState.Parked), "the second one never came back");
        Assert.Equal(0, (await shop.LedgerAsync(order.Id)).RefundedMinor);
        Assert.Equal([RefundState.Replaced, RefundState.Failed], (await RefundsAsync(order)).Select(r => r.State));
    }

    [Fact]
    public async Task A_refund_that_is_pending_at_the_bank_is_seen_as_such_and_arrives()
    {
        var order = await PaidAsync("pm_card_pendingRefund");

        await AskAsync(order, new { amountMinor = 500, why = Agreed });

        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == order.Id && a.Class == "refund_pending"), "it was never pending");
        await shop.UntilAsync(order.Id, o => o.RefundedMinor == 500, "500 refunded");
    }

    [Fact]
    public async Task Money_from_PayPal_goes_back_through_PayPal_in_parts()
    {
        var placed = await shop.PlaceAtPayPalAsync();
        await PayPalPage.AnswerAsync((await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded)).ActionUrl!);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await using var db = shop.Open();
        var order = await db.Orders.AsNoTracking().Include(o => o.Lines).SingleAsync(o => o.Id == placed.Id);

        await AskAsync(order, new { amountMinor = 250, why = Agreed });
        await shop.UntilAsync(order.Id, o => o.RefundedMinor == 250, "250 refunded");
        Assert.Equal(HttpStatusCode.NoContent, (await AskAsync(order, new { why = Agreed })).Status);

        await shop.UntilAsync(order.Id, o => o.Status == OrderStatus.Refunded, "all of it refunded");
        Assert.All(await RefundsAsync(order), r => Assert.Equal(PaymentProvider.PayPal, r.Provider));
        Assert.Equal(order.TotalMinor, (await shop.LedgerAsync(order.Id)).RefundedMinor);
    }

    [Fact]
    public async Task A_refund_that_somebody_made_at_the_gateway_leaves_less_to_send_and_never_too_much()
    {
        var order = await PaidAsync();
        await using (var db = shop.Open())
        {
            var intent = await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync();
            await shop.AtGatewayAsync("refunds", ("payment_intent", intent!), ("amount", "4500"));
        }

        await AskAsync(order, new { amountMinor = 1000, why = Agreed }); // our books do not know yet; the gateway does

        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == order.Id && a.Operation == "refund" && a.Reason == Reasons.GatewayRefusedRequest), "it was never refused");
        Assert.Equal(RefundState.Pending, (await RefundsAsync(order)).Single().State);
        Assert.Equal(4500, (await shop.LedgerAsync(order.Id)).RefundedMinor);
    }
}
