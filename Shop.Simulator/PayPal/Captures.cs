using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>Money that moved, or is about to, and what goes back.</summary>
internal static class Captures
{
    private const long RefundableFor = 180L * 24 * 60 * 60;

    /// <param name="outcome">PENDING, DECLINED, FAILED, or null: completed.</param>
    public static PayPalCapture Make(
        Work work, PayPalOrder order, long amount, FundingSource source, string? outcome, PayPalAuthorization? authorization = null, bool isFinal = true, string? invoice = null)
    {
        var capture = work.Save(new PayPalCapture(Ids.PayPal(), work.Now, order.Id, amount, order.Currency, outcome ?? "COMPLETED")
        {
            Reason = outcome is null ? null : source.Outcome is "PENDING" ? source.PendingReason : "PENDING_REVIEW",
            SettlesAt = outcome is "PENDING" ? work.Later(work.PayPal.PendingFor) : null,
            SettlesTo = outcome is "PENDING" ? source.Outcome is "PENDING" ? source.PendingEnd : "COMPLETED" : null,
            Authorization = authorization?.Id,
            CustomId = order.CustomId,
            InvoiceId = invoice ?? order.InvoiceId,
            Funding = source.Name,
            IsFinal = isFinal,
        });
        Tell(work, capture);
        return capture;
    }

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) => new(200, Render.Capture(work, Get(work, call.Id), call.Base, all: true));

    public static PayPalAnswer RetrieveRefund(Work work, PayPalCall call) =>
        new(200, Render.Refund(work, work.Find<PayPalRefund>(call.Id) ?? throw PayPalFailure.NotFound(call.Id), call.Base, all: true));

    public static PayPalAnswer Refund(Work work, PayPalCall call)
    {
        var capture = Get(work, call.Id);
        if (capture.Status == "PENDING")
            throw PayPalFailure.Refused("PENDING_CAPTURE", "Cannot initiate a refund as the capture is pending.");
        if (!capture.HasMoney)
            throw PayPalFailure.Refused("REFUND_NOT_ALLOWED", "Full refund refused - partial refund has already been done on this payment, or the capture has no money.");
        if (capture.ReversedAt is not null)
            throw PayPalFailure.Refused("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", "Refunds not allowed on this capture due to a chargeback on the card or bank.");
        if (work.Find<PayPalDispute>(capture.Dispute) is { Status: not "RESOLVED", Stage: "CHARGEBACK" })
            throw PayPalFailure.Refused("TRANSACTION_DISPUTED", "Partial refunds cannot be offered at this time because there is an open case on this transaction.");
        if (work.Now > capture.Created + RefundableFor)
            throw PayPalFailure.Refused("REFUND_TIME_LIMIT_EXCEEDED", "You are over the time limit to perform a refund on this capture.");
        var left = capture.Amount - capture.Refunded;
        if (left == 0)
            throw PayPalFailure.Refused("CAPTURE_FULLY_REFUNDED", "The capture has already been fully refunded.");

        var amount = left;
        if (call.Body["amount"] is { } asked)
        {
            (amount, var currency) = Amounts.Read(asked, "/amount");
            if (currency != capture.Currency)
                throw PayPalFailure.Refused("REFUND_CAPTURE_CURRENCY_MISMATCH", "Refund must be in the same currency as the capture.", "/amount/currency_code", currency);
            if (amount > left)
                throw PayPalFailure.Refused("REFUND_AMOUNT_EXCEEDED", "The refund amount must be less than or equal to the capture amount that has not yet been refunded.", "/amount/value");
        }

        var invoice = PayPalFailure.Text(call.Body, "invoice_id", "");
        if (invoice is not null && work.With<PayPalRefund>($"invoice:{invoice}").Any())
            throw PayPalFailure.Refused("DUPLICATE_INVOICE_ID", "Requested invoice number has been previously refunded.", "/invoice_id", invoice);

        var end = call.Mock switch
        {
            null => FundingSource.ByName(capture.Funding)?.RefundEnd,
            "PENDING" => "COMPLETED",
            "FAILED" => "FAILED",
            var mock => throw PayPalFailure.Of(mock),
        };
        var refund = work.Save(new PayPalRefund(Ids.PayPal(), work.Now, capture.Id, amount, capture.Currency, end is null ? "COMPLETED" : "PENDING")
        {
            CustomId = PayPalFailure.Text(call.Body, "custom_id", "") ?? capture.CustomId,
            InvoiceId = invoice,
            Note = PayPalFailure.Text(call.Body, "note_to_payer", "", 255),
            SettlesAt = end is null ? null : work.Later(work.PayPal.PendingFor),
            SettlesTo = end,
        });
        WithRefunded(work, capture, capture.Refunded + amount);
        Tell(work, refund);
        return new(201, Render.Refund(work, refund, call.Base, call.WantsAll)) { About = refund.Id };
    }

    /// <summary>What was pending comes to its end.</summary>
    public static void Settle(Work work, PayPalCapture capture) =>
        Tell(work, work.Save(capture with
        {
            Status = capture.SettlesTo!, SettlesAt = null, SettlesTo = null, Updated = work.Now, Reason = capture.SettlesTo == "COMPLETED" ? null : capture.Reason,
        }));

    public static void Settle(Work work, PayPalRefund refund)
    {
        refund = work.Save(refund with { Status = refund.SettlesTo!, SettlesAt = null, SettlesTo = null, Updated = work.Now });
        if (refund.Status == "FAILED" && work.Find<PayPalCapture>(refund.Capture) is { } capture)
            WithRefunded(work, capture, capture.Refunded - refund.Amount);
        Tell(work, refund);
    }

    /// <summary>The payer's bank, or PayPal itself, takes the money back.</summary>
    public static void Reverse(Work work, PayPalCapture capture)
    {
        if (!capture.HasMoney || capture.ReversedAt is not null)
            return;
        capture = work.Save(capture with { ReversedAt = work.Now, Updated = work.Now });
        // The resource looks like a refund's: what went back, with the capture above it.
        var resource = Render.Capture(work, capture, Events.LinkBase, all: true);
        resource["id"] = Ids.Stable($"{capture.Id} reversed", 17).ToUpperInvariant();
        resource["amount"] = Amounts.Json(capture.Amount - capture.Refunded, capture.Currency);
        resource["links"] = new JsonArray(PayPalFailure.Link($"{Events.LinkBase}/v2/payments/captures/{capture.Id}", "up", "GET"));
        work.Tell("PAYMENT.CAPTURE.REVERSED", "refund", "A payment was reversed", resource, capture.CustomId);
    }

    public static PayPalCapture Get(Work work, string? id) => work.Find<PayPalCapture>(id) ?? throw PayPalFailure.NotFound(id);

    private static void WithRefunded(Work work, PayPalCapture capture, long refunded) => work.Save(capture with
    {
        Refunded = refunded, Updated = work.Now, Status = refunded == 0 ? "COMPLETED" : refunded == capture.Amount ? "REFUNDED" : "PARTIALLY_REFUNDED",
    });

    private static void Tell(Work work, PayPalCapture capture)
    {
        var (type, summary) = capture.Status switch
        {
            "PENDING" => ("PAYMENT.CAPTURE.PENDING", "pending"),
            "DECLINED" or "FAILED" => ("PAYMENT.CAPTURE.DENIED", "denied"),
            _ => ("PAYMENT.CAPTURE.COMPLETED", "completed"),
        };
        work.Tell(type, "capture", $"Payment {summary} for {Show(capture.Amount, capture.Currency)}", Render.Capture(work, capture, Events.LinkBase, all: true), capture.CustomId);
        if (capture.Status == "COMPLETED" && FundingSource.ByName(capture.Funding)?.Disputed is { } reason)
            Disputes.Open(work, capture, reason, "CHARGEBACK");
    }

    private static void Tell(Work work, PayPalRefund refund)
    {
        var (type, summary) = refund.Status switch
        {
            "PENDING" => ("PAYMENT.REFUND.PENDING", "pending"),
            "FAILED" => ("PAYMENT.REFUND.FAILED", "failed"),
            _ => ("PAYMENT.CAPTURE.REFUNDED", "completed"),
        };
        work.Tell(type, "refund", $"A refund of {Show(refund.Amount, refund.Currency)} is {summary}", Render.Refund(work, refund, Events.LinkBase, all: true),
            work.Find<PayPalCapture>(refund.Capture)?.CustomId);
    }

    private static string Show(long amount, string currency) => Money.Show(amount, currency.ToLowerInvariant());
}
