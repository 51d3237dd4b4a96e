using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>What payers complain about. An inquiry takes no money; a chargeback that the payer wins does.</summary>
internal static class Disputes
{
    private const long AnswerWithin = 10L * 24 * 60 * 60;

    public static string[] Stages { get; } = ["INQUIRY", "CHARGEBACK"];

    public static string[] Reasons { get; } =
    [
        "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED", "UNAUTHORISED", "CREDIT_NOT_PROCESSED", "DUPLICATE_TRANSACTION",
        "INCORRECT_AMOUNT", "PAYMENT_BY_OTHER_MEANS", "CANCELED_RECURRING_BILLING", "PROBLEM_WITH_REMITTANCE", "OTHER",
    ];

    public static string[] States { get; } = ["OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW"];

    public static string[] Outcomes { get; } = ["RESOLVED_BUYER_FAVOUR", "RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "ACCEPTED", "DENIED"];

    public static PayPalDispute Open(Work work, PayPalCapture capture, string reason, string stage)
    {
        var dispute = work.Save(new PayPalDispute($"PP-D-{Ids.Digits(5)}", work.Now, capture.Id, reason, stage, "WAITING_FOR_SELLER_RESPONSE"));
        work.Save((work.Find<PayPalCapture>(capture.Id) ?? capture) with { Dispute = dispute.Id });
        Tell(work, dispute, "CREATED", "A new dispute opened");
        return dispute;
    }

    public static PayPalDispute Update(Work work, PayPalDispute dispute, string status, string stage)
    {
        dispute = work.Save(dispute with { Status = status, Stage = stage, Updated = work.Now });
        Tell(work, dispute, "UPDATED", "A dispute was updated");
        return dispute;
    }

    public static PayPalDispute Resolve(Work work, PayPalDispute dispute, string outcome)
    {
        dispute = work.Save(dispute with { Status = "RESOLVED", Outcome = outcome, Updated = work.Now });
        if (outcome is "RESOLVED_BUYER_FAVOUR" or "ACCEPTED" && work.Find<PayPalCapture>(dispute.Capture) is { } capture)
            Captures.Reverse(work, capture);
        Tell(work, dispute, "RESOLVED", "A dispute was resolved");
        return dispute;
    }

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) =>
        new(200, Json(work, work.Find<PayPalDispute>(call.Id) ?? throw PayPalFailure.NotFound(call.Id), call.Base));

    public static PayPalAnswer List(Work work, PayPalCall call)
    {
        var capture = (string?)call.Query["disputed_transaction_id"];
        var start = Events.Time(call, "start_time");
        var disputes = (capture is null ? work.NewestFirst<PayPalDispute>() : work.With<PayPalDispute>($"capture:{capture}")).Where(d => start is null || d.Created >= start).Take(50);
        return new(200, new()
        {
            ["items"] = new JsonArray([.. disputes.Select(d => Json(work, d, call.Base))]),
            ["links"] = new JsonArray(PayPalFailure.Link($"{call.Base}/v1/customer/disputes", "self", "GET")),
        });
    }

    public static JsonObject Json(Work work, PayPalDispute dispute, string url)
    {
        var capture = work.Find<PayPalCapture>(dispute.Capture)!;
        var amount = Amounts.Json(capture.Amount, capture.Currency);
        var transaction = new JsonObject
        {
            ["buyer_transaction_id"] = Ids.Stable($"{capture.Id} buyer", 17).ToUpperInvariant(),
            ["seller_transaction_id"] = capture.Id,
            ["create_time"] = Render.Time(capture.Created),
            ["transaction_status"] = capture.ReversedAt is null ? "COMPLETED" : "REVERSED",
            ["gross_amount"] = amount.DeepClone(),
            ["buyer"] = new JsonObject { ["name"] = "Sam Payer" },
            ["seller"] = new JsonObject { ["merchant_id"] = "SIMMERCHANT12", ["name"] = "Shop" },
        };
        if (capture.CustomId is not null)
            transaction["custom"] = capture.CustomId;
        if (capture.InvoiceId is not null)
            transaction["invoice_number"] = capture.InvoiceId;
        var json = new JsonObject
        {
            ["dispute_id"] = dispute.Id,
            ["create_time"] = Render.Time(dispute.Created),
            ["update_time"] = Render.Time(dispute.Updated),
            ["disputed_transactions"] = new JsonArray(transaction),
            ["reason"] = dispute.Reason,
            ["status"] = dispute.Status,
            ["dispute_amount"] = amount.DeepClone(),
            ["dispute_life_cycle_stage"] = dispute.Stage,
            ["dispute_channel"] = "INTERNAL",
        };
        if (dispute.Outcome is { } outcome)
            json["dispute_outcome"] = new JsonObject { ["outcome_code"] = outcome, ["amount_refunded"] = capture.ReversedAt is null ? Amounts.Json(0, capture.Currency) : amount };
        else
            json["seller_response_due_date"] = Render.Time(dispute.Created + AnswerWithin);
        json["links"] = new JsonArray(PayPalFailure.Link($"{url}/v1/customer/disputes/{dispute.Id}", "self", "GET"));
        return json;
    }

    private static void Tell(Work work, PayPalDispute dispute, string what, string summary) =>
        work.Tell($"CUSTOMER.DISPUTE.{what}", "dispute", summary, Json(work, dispute, Events.LinkBase), work.Find<PayPalCapture>(dispute.Capture)?.CustomId);
}
