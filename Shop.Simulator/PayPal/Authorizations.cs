using System.Text.Json;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>Money that was set aside: it is taken, in parts or whole, or let go.</summary>
internal static class Authorizations
{
    public static PayPalAuthorization Make(Work work, PayPalOrder order, long amount, string status)
    {
        var it = work.Save(new PayPalAuthorization(Ids.PayPal(), work.Now, order.Id, amount, order.Currency, status)
        {
            CustomId = order.CustomId,
            InvoiceId = order.InvoiceId,
            Funding = order.Funding!,
            ExpiresAt = work.Later(work.PayPal.AuthorizationsLive),
        });
        if (status == "CREATED")
            work.Tell("PAYMENT.AUTHORIZATION.CREATED", "authorization", "A payment authorization was created", Render.Authorization(work, it, Events.LinkBase, all: true), it.CustomId);
        return it;
    }

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) => new(200, Render.Authorization(work, Get(work, call), call.Base, all: true));

    public static PayPalAnswer Capture(Work work, PayPalCall call)
    {
        var it = Live(work, call);
        var left = it.Amount - it.Captured;
        var amount = left;
        if (call.Body["amount"] is { } asked)
        {
            (amount, var currency) = Amounts.Read(asked, "/amount");
            if (currency != it.Currency)
                throw PayPalFailure.Refused("AUTH_CAPTURE_CURRENCY_MISMATCH", "Currency of capture must be the same as currency of authorization.", "/amount/currency_code", currency);
            if (amount > left)
                throw PayPalFailure.Refused("MAX_CAPTURE_AMOUNT_EXCEEDED", "Capture amount exceeds allowable limit.", "/amount/value");
        }

        var order = work.Find<PayPalOrder>(it.Order)!;
        var invoice = PayPalFailure.Text(call.Body, "invoice_id", "");
        Orders.CheckInvoice(work, invoice ?? it.InvoiceId, it.Order);
        var source = FundingSource.ByName(it.Funding)!;
        var outcome = Orders.Checked(work, order, call, Orders.Outcome(call, source));
        var isFinal = amount == left || call.Body["final_capture"]?.GetValueKind() is JsonValueKind.True;
        if (outcome is not ("DECLINED" or "FAILED"))
            it = work.Save(it with { Captured = it.Captured + amount, Status = isFinal ? "CAPTURED" : "PARTIALLY_CAPTURED", Updated = work.Now });
        var capture = Captures.Make(work, order, amount, source, outcome, it, isFinal, invoice);
        return new(201, Render.Capture(work, capture, call.Base, call.WantsAll)) { About = capture.Id };
    }

    public static PayPalAnswer Void(Work work, PayPalCall call)
    {
        var it = Get(work, call);
        if (it.Status == "VOIDED")
            throw PayPalFailure.Refused("PREVIOUSLY_VOIDED", "Authorization has been previously voided and hence cannot be voided again.");
        if (it.Status == "CAPTURED")
            throw PayPalFailure.Refused("PREVIOUSLY_CAPTURED", "Authorization has been previously captured and hence cannot be voided.");
        if (!it.IsLive(work.Now))
            throw PayPalFailure.Refused("CANNOT_BE_VOIDED", "A reauthorization, or an authorization that is denied or expired, cannot be voided.");
        it = work.Save(it with { Status = "VOIDED", Updated = work.Now });
        work.Tell("PAYMENT.AUTHORIZATION.VOIDED", "authorization", "A payment authorization was voided", Render.Authorization(work, it, Events.LinkBase, all: true), it.CustomId);
        return call.WantsAll ? new(200, Render.Authorization(work, it, call.Base, all: true)) { About = it.Id } : new(204, null) { About = it.Id };
    }

    /// <summary>The old one makes room for a new one, whose money is sure again.</summary>
    public static PayPalAnswer Reauthorize(Work work, PayPalCall call)
    {
        var it = Live(work, call);
        if (it.Captured > 0 || work.Now < it.Created + (long)work.PayPal.AuthorizationsHonored.TotalSeconds)
            throw PayPalFailure.Refused("REAUTHORIZATION_NOT_SUPPORTED", "A reauthorize cannot be attempted on an authorization that is still honored, or captured in part.");
        var amount = it.Amount;
        if (call.Body["amount"] is { } asked)
        {
            (amount, var currency) = Amounts.Read(asked, "/amount");
            if (currency != it.Currency)
                throw PayPalFailure.Refused("AUTH_CURRENCY_MISMATCH", "The currency of the authorization should be same as that in which the Order was created and approved by the Payer.", "/amount/currency_code", currency);
        }

        work.Save(it with { Status = "VOIDED", Updated = work.Now });
        var again = Make(work, work.Find<PayPalOrder>(it.Order)!, amount, "CREATED");
        return new(201, Render.Authorization(work, again, call.Base, call.WantsAll)) { About = again.Id };
    }

    private static PayPalAuthorization Live(Work work, PayPalCall call) => Get(work, call) switch
    {
        { Status: "VOIDED" } => throw PayPalFailure.Refused("AUTHORIZATION_VOIDED", "A voided authorization cannot be captured or reauthorized."),
        { Status: "CAPTURED" } => throw PayPalFailure.Refused("AUTHORIZATION_ALREADY_CAPTURED", "Authorization has already been captured."),
        { Status: "DENIED" } => throw PayPalFailure.Refused("AUTHORIZATION_DENIED", "A denied authorization cannot be captured."),
        var it => it.IsLive(work.Now) ? it : throw PayPalFailure.Refused("AUTHORIZATION_EXPIRED", "An expired authorization cannot be captured."),
    };

    private static PayPalAuthorization Get(Work work, PayPalCall call) => work.Find<PayPalAuthorization>(call.Id) ?? throw PayPalFailure.NotFound(call.Id);
}
