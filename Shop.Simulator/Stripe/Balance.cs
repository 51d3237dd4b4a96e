using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>What payments, refunds and disputes do to the merchant's balance. It has the currency of the payment: nothing is exchanged here.</summary>
internal static class Balance
{
    private const long DisputeFee = 2000;
    private const long Days = 24 * 60 * 60;

    public static BalanceTransaction OfCharge(Work work, Charge charge) =>
        Book(work, "charge", charge.Id, charge.AmountCaptured, Fee(charge.AmountCaptured), charge.Currency, CardOf(work, charge)?.Name == "pm_card_bypassPending" ? 0 : 2);

    public static BalanceTransaction OfRefund(Work work, string id, Charge charge, long amount) => Book(work, "refund", id, -amount, 0, charge.Currency, 0);

    public static BalanceTransaction OfFailedRefund(Work work, Refund refund) => Book(work, "refund_failure", refund.Id, refund.Amount, 0, refund.Currency, 0);

    public static BalanceTransaction OfDispute(Work work, string id, Charge charge) =>
        Book(work, "adjustment", id, -charge.AmountCaptured, DisputeFee, charge.Currency, 0);

    public static BalanceTransaction OfWonDispute(Work work, Dispute dispute) =>
        Book(work, "adjustment", dispute.Id, dispute.Amount, -DisputeFee, dispute.Currency, 0);

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(work.Find<BalanceTransaction>(call.Id)
        ?? throw StripeFailure.NotFound("balance transaction", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call)
    {
        var transactions = form.NonEmpty("source") is { } source ? work.With<BalanceTransaction>($"source:{source}").Reverse()
            : form.NonEmpty("type") is { } type ? work.With<BalanceTransaction>($"type:{type}").Reverse()
            : work.NewestFirst<BalanceTransaction>();
        if (form.NonEmpty("currency") is { } currency)
            transactions = transactions.Where(t => t.Currency == currency);
        return Listing.Of(transactions, form, call, t => t.Created, t => Json(t, work));
    }

    public static JsonObject Json(BalanceTransaction t, Work work) => new()
    {
        ["id"] = t.Id,
        ["object"] = "balance_transaction",
        ["amount"] = t.Amount,
        ["available_on"] = t.AvailableOn,
        ["balance_type"] = "payments",
        ["created"] = t.Created,
        ["currency"] = t.Currency,
        ["description"] = t.Type != "adjustment" ? null : t.Amount < 0 ? "Chargeback withdrawal" : "Chargeback reversal",
        ["exchange_rate"] = null,
        ["fee"] = t.Fee,
        ["fee_details"] = t.Fee == 0 ? [] : new JsonArray(new JsonObject
        {
            ["amount"] = t.Fee,
            ["application"] = null,
            ["currency"] = t.Currency,
            ["description"] = t.Type == "adjustment" ? "Dispute fee" : "Stripe processing fees",
            ["type"] = "stripe_fee",
        }),
        ["net"] = t.Amount - t.Fee,
        ["reporting_category"] = t.Type == "adjustment" ? "dispute" : t.Type,
        ["source"] = t.Source,
        ["status"] = t.AvailableOn <= work.Now ? "available" : "pending",
        ["type"] = t.Type,
    };

    private static BalanceTransaction Book(Work work, string type, string source, long amount, long fee, string currency, int days) =>
        work.Save(new BalanceTransaction(Ids.New("txn_"), work.Now, type, source, amount, fee, currency, work.Now + days * Days));

    /// <summary>1.5 % and 25 minor units, as European cards cost; fees do not come back with a refund.</summary>
    private static long Fee(long amount) => (amount * 15 + 500) / 1000 + 25;

    private static TestCard? CardOf(Work work, Charge charge) => TestCard.ByName(work.Find<PaymentMethod>(charge.PaymentMethod)!.TestCard);
}
