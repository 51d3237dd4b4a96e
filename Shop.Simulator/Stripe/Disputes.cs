using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Payments taken back by the shopper's bank. How they end (evidence, won, lost) is not simulated.</summary>
internal static class Disputes
{
    private static readonly string[] Evidence =
    [
        "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
        "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
        "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
        "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier", "shipping_date",
        "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
    ];

    /// <summary>An inquiry takes no money; anything else takes all of it, and a fee.</summary>
    public static void Open(Work work, Charge charge, string reason)
    {
        var id = Ids.New("du_");
        var isInquiry = reason == TestCard.Inquiry;
        var dispute = work.Save(new Dispute(id, work.Now, charge.Id, charge.Intent, charge.AmountCaptured, charge.Currency,
            isInquiry ? "fraudulent" : reason, isInquiry ? "warning_needs_response" : "needs_response")
        {
            BalanceTransaction = isInquiry ? null : Balance.OfDispute(work, id, charge).Id,
        });
        work.Save(charge with { Dispute = id });
        work.Emit("charge.dispute.created", Json(dispute, work));
        if (!isInquiry)
            work.Emit("charge.dispute.funds_withdrawn", Json(dispute, work));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(work.Find<Dispute>(call.Id)
        ?? throw StripeFailure.NotFound("dispute", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        form.NonEmpty("charge") is { } charge ? work.With<Dispute>($"charge:{charge}").Reverse()
            : form.NonEmpty("payment_intent") is { } intent ? work.With<Dispute>($"intent:{intent}").Reverse()
            : work.NewestFirst<Dispute>(),
        form, call, d => d.Created, d => Json(d, work));

    private static JsonObject Json(Dispute dispute, Work work) => new()
    {
        ["id"] = dispute.Id,
        ["object"] = "dispute",
        ["amount"] = dispute.Amount,
        ["balance_transactions"] = work.Find<BalanceTransaction>(dispute.BalanceTransaction) is { } t ? new JsonArray(Balance.Json(t, work)) : [],
        ["charge"] = dispute.Charge,
        ["created"] = dispute.Created,
        ["currency"] = dispute.Currency,
        ["enhanced_eligibility_types"] = new JsonArray(),
        ["evidence"] = new JsonObject(Evidence.Select(name => KeyValuePair.Create(name, (JsonNode?)null))),
        ["evidence_details"] = new JsonObject
        {
            ["due_by"] = dispute.Created + 9 * 24 * 60 * 60, ["has_evidence"] = false, ["past_due"] = false, ["submission_count"] = 0,
        },
        ["is_charge_refundable"] = dispute.IsInquiry,
        ["livemode"] = false,
        ["metadata"] = new JsonObject(),
        ["payment_intent"] = dispute.Intent,
        ["reason"] = dispute.Reason,
        ["status"] = dispute.Status,
    };
}
