using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Payments taken back by the shopper's bank. It decides by what the evidence says, as in Stripe's test mode: see <see cref="Winning"/>.</summary>
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

    /// <summary>As <c>evidence[uncategorized_text]</c>.</summary>
    private const string Winning = "winning_evidence";

    private const string Losing = "losing_evidence";

    /// <summary>What the bank does about a payment that was just made.</summary>
    public static void Follow(Work work, Charge charge)
    {
        var card = TestCard.ByName(work.Find<PaymentMethod>(charge.PaymentMethod)!.TestCard)!;
        if (card.IsWarnedOf)
            FraudWarnings.Open(work, charge);
        if (card.Disputed is { } reason)
            Open(work, charge, reason);
    }

    /// <summary>An inquiry takes no money; anything else takes all of it, and a fee.</summary>
    private static void Open(Work work, Charge charge, string reason)
    {
        var id = Ids.New("du_");
        var isInquiry = reason == TestCard.Inquiry;
        var dispute = work.Save(new Dispute(id, work.Now, charge.Id, charge.Intent, charge.AmountCaptured, charge.Currency,
            isInquiry ? "fraudulent" : reason, isInquiry ? "warning_needs_response" : "needs_response")
        {
            BalanceTransaction = isInquiry ? null : Balance.OfDispute(work, id, charge).Id,
        });
        FraudWarnings.Settle(work, work.Save(charge with { Dispute = id }));
        work.Emit("charge.dispute.created", Json(dispute, work));
        if (!isInquiry)
            work.Emit("charge.dispute.funds_withdrawn", Json(dispute, work));
    }

    /// <summary>Evidence is handed in unless <c>submit</c> says otherwise, and only once.</summary>
    public static Answer Update(Work work, Form form, CallContext call)
    {
        var dispute = OpenOne(work, call);
        var evidence = form.Map("evidence");
        if (evidence.Keys.FirstOrDefault(name => !Evidence.Contains(name)) is { } unknown)
            throw StripeFailure.Invalid($"Received unknown parameter: evidence[{unknown}]", $"evidence[{unknown}]", "parameter_unknown");
        if (evidence.Count > 0 && dispute.HasEvidence)
            throw StripeFailure.Invalid("Evidence was submitted for this dispute already.");

        var isSubmitted = evidence.Count > 0 && form["submit"] is not "false";
        dispute = work.Save(dispute with
        {
            Metadata = form.Metadata(dispute.Metadata),
            HasEvidence = isSubmitted,
            Status = isSubmitted ? dispute.IsInquiry ? "warning_under_review" : "under_review" : dispute.Status,
        });
        work.Emit("charge.dispute.updated", Json(dispute, work));
        if (isSubmitted && evidence.GetValueOrDefault("uncategorized_text") is Winning or Losing)
            dispute = Decide(work, dispute, isWon: evidence["uncategorized_text"] is Winning);
        return Answer.Ok(Json(dispute, work));
    }

    /// <summary>The merchant gives in.</summary>
    public static Answer Close(Work work, Form form, CallContext call) => Answer.Ok(Json(Decide(work, OpenOne(work, call), isWon: false), work));

    private static Dispute Decide(Work work, Dispute dispute, bool isWon)
    {
        dispute = work.Save(dispute with
        {
            Status = dispute.IsInquiry ? "warning_closed" : isWon ? "won" : "lost",
            Reinstatement = isWon && !dispute.IsInquiry ? Balance.OfWonDispute(work, dispute).Id : null,
        });
        if (dispute.Reinstatement is not null)
            work.Emit("charge.dispute.funds_reinstated", Json(dispute, work));
        work.Emit("charge.dispute.closed", Json(dispute, work));
        return dispute;
    }

    private static Dispute OpenOne(Work work, CallContext call) => Get(work, call) is { IsClosed: false } open
        ? open : throw StripeFailure.Invalid("This dispute is already closed.");

    private static Dispute Get(Work work, CallContext call) => work.Find<Dispute>(call.Id) ?? throw StripeFailure.NotFound("dispute", call.Id!, "id", 404);

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(Get(work, call), work));

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
        ["balance_transactions"] = new JsonArray(
            [.. new[] { dispute.BalanceTransaction, dispute.Reinstatement }.Select(work.Find<BalanceTransaction>).OfType<BalanceTransaction>().Select(t => Balance.Json(t, work))]),
        ["charge"] = dispute.Charge,
        ["created"] = dispute.Created,
        ["currency"] = dispute.Currency,
        ["enhanced_eligibility_types"] = new JsonArray(),
        ["evidence"] = new JsonObject(Evidence.Select(name => KeyValuePair.Create(name, (JsonNode?)null))),
        ["evidence_details"] = new JsonObject
        {
            ["due_by"] = dispute.Created + 9 * 24 * 60 * 60, ["has_evidence"] = dispute.HasEvidence, ["past_due"] = false,
            ["submission_count"] = dispute.HasEvidence ? 1 : 0,
        },
        ["is_charge_refundable"] = dispute.IsInquiry || dispute.Status == "won",
        ["livemode"] = false,
        ["metadata"] = new JsonObject(dispute.Metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
        ["payment_intent"] = dispute.Intent,
        ["reason"] = dispute.Reason,
        ["status"] = dispute.Status,
    };
}
