using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>A storm proves as much as its audit sees.</summary>
public sealed class AuditTests(PaymentsShop shop) : IClassFixture<PaymentsShop>
{
    [Fact]
    public async Task The_audit_sees_a_second_gateway_without_proof_a_proof_that_is_not_true_and_a_refund_that_is_not_the_gateways()
    {
        await using var db = shop.Open();
        await Witness.WatchAsync(db);
        var refused = await RefusedByTheBankAsync();
        var (wrong, right) = (await shop.PlaceAsync(), await shop.PlaceAsync());
        await shop.UntilAsync(wrong.Id, PaymentState.Paid);
        await shop.UntilAsync(right.Id, PaymentState.Paid);

        // What a shop would leave behind that charges by card, then goes to PayPal as if nothing had been, and makes a refund up.
        var now = DateTimeOffset.UtcNow;
        db.AddRange(
            new PaymentIntent
            {
                OrderId = wrong.Id, Provider = PaymentProvider.PayPal, GatewayId = "NEVER-THERE", Confirm = 1, ConfirmOpen = true, AmountMinor = wrong.TotalMinor,
                Currency = "EUR", CreatedAt = now,
            },
            new GatewayKey { Key = $"order:{wrong.Id}:paypal:confirm:1", OrderId = wrong.Id, Parameters = "{}", CreatedAt = now });
        await db.SaveChangesAsync();
        db.AddRange(
            new Failover
            {
                Id = Guid.CreateVersion7(), OrderId = wrong.Id, FromProvider = PaymentProvider.Stripe, ToProvider = PaymentProvider.PayPal, Confirm = 0,
                Proof = "none", ProofKind = ProofKinds.NeverConfirmed, AskedBy = "shopper", At = now.AddSeconds(5),
            },
            new Refund
            {
                Id = Guid.CreateVersion7(), OrderId = wrong.Id, Provider = PaymentProvider.Stripe, AmountMinor = wrong.TotalMinor + 1, Currency = "EUR",
                Reason = Reasons.RefundOnRequest, State = RefundState.Succeeded, GatewayId = "re_never_there", CreatedAt = now,
            });
        await db.SaveChangesAsync();

        using var audit = new Audit(shop.Database, shop.SimulatorUrl, await db.Stock.ToDictionaryAsync(s => s.Sku, _ => 10));
        var findings = await audit.FindAsync([new Accepted(1, Guid.NewGuid(), 999_999_999, "")], CancellationToken.None);

        Found(Wrong.WithoutProof, "and no failover says why"); // seen at the commit
        Found(Wrong.WithoutProof, "nothing says why that was safe");
        Found(Wrong.WithoutProof, $"Stripe took {wrong.TotalMinor}");
        Found(Wrong.WithoutProof, "was asked for the money before");
        Found(Wrong.WithoutHold, "without a live hold");
        Found(Wrong.Double, "go back");
        Found(Wrong.Lost, "the refund of");
        Found(Wrong.Stuck, "never had an answer");
        Assert.Contains(findings, f => f is { Kind: Wrong.Missing });
        Assert.DoesNotContain(findings, f => (f.Order == right.Id || f.Order == refused) && f.Kind is not Wrong.Stuck); // their mails may still wait

        void Found(Wrong kind, string words) =>
            Assert.Contains(findings, f => f.Kind == kind && f.Order == wrong.Id && f.What.Contains(words, StringComparison.Ordinal));
    }

    /// <summary>PayPal's order is completed, its bank says no a moment later, and our order ends: nobody owes anything, and the two agree.</summary>
    private async Task<Guid> RefusedByTheBankAsync()
    {
        var placed = await shop.PlaceAtPayPalAsync();
        var order = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await PayPalPage.AnswerAsync(order.ActionUrl!, source: "echeck");
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        await using var db = shop.Open();
        var now = DateTimeOffset.UtcNow;
        await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(set => set.SetProperty(o => o.DeadlineAt, now));
        db.Add(PaymentJob.Of(PaymentJobKind.Close, order.Id, PaymentProvider.PayPal, now));
        await db.SaveChangesAsync();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        await shop.UntilAsync(order.Id, PaymentState.Abandoned);
        return order.Id;
    }
}
