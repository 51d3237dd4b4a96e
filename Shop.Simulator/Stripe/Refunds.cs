using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

internal static class Refunds
{
    public static Answer Create(Work work, Form form, CallContext call)
    {
        if (form.NonEmpty("charge") is null && form.NonEmpty("payment_intent") is null)
            throw StripeFailure.Invalid("One of the following params should be provided for this request: payment_intent or charge.", code: "parameter_missing");
        var reason = form.OneOf("reason", "duplicate", "fraudulent", "requested_by_customer");

        var charge = Refundable(work, form);
        var left = charge.AmountCaptured - charge.AmountRefunded;
        if (left == 0)
            throw Refused($"Charge {charge.Id} has already been refunded.", "charge_already_refunded");
        if (work.Find<Dispute>(charge.Dispute) is { IsInquiry: false, Status: not "won" })
            throw Refused($"Charge {charge.Id} has been charged back; cannot issue a refund.", "charge_disputed");

        var amount = form.Integer("amount") ?? left;
        if (amount < 1)
            throw StripeFailure.Invalid("Invalid positive integer", "amount", "parameter_invalid_integer");
        if (amount > left)
            throw Refused($"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param: "amount");

        var fate = TestCard.ByName(work.Find<PaymentMethod>(charge.PaymentMethod)!.TestCard)!.Refunds;
        var id = Ids.New("re_");
        var refund = work.Save(new Refund(id, work.Now, charge.Id, charge.Intent, amount, charge.Currency)
        {
            Status = fate is RefundFate.ArriveLater ? "pending" : "succeeded",
            SettlesAt = fate is RefundFate.Arrive ? null : work.Later(work.Options.RefundsSettleAfter),
            BalanceTransaction = Balance.OfRefund(work, id, charge, amount).Id,
            Reason = reason,
            Metadata = form.Metadata([]),
        });
        var before = charge.AmountRefunded;
        charge = work.Save(charge with { AmountRefunded = before + amount });
        work.Emit("charge.refunded", Render.Charge(charge, work), new JsonObject { ["amount_refunded"] = before, ["refunded"] = false });
        work.Emit("refund.created", Render.Refund(refund, work));
        if (charge.Refunded)
            FraudWarnings.Settle(work, charge);
        return Answer.Ok(Render.Refund(refund, work));
    }

    public static Answer Update(Work work, Form form, CallContext call)
    {
        var refund = Get(work, call);
        refund = work.Save(refund with { Metadata = form.Metadata(refund.Metadata) });
        work.Emit("refund.updated", Render.Refund(refund, work));
        return Answer.Ok(Render.Refund(refund, work));
    }

    /// <summary>Only a refund that still needs the shopper can be canceled, and a card's never does.</summary>
    public static Answer Cancel(Work work, Form form, CallContext call) =>
        throw Refused($"A refund can only be canceled if its status is requires_action; this one is {Get(work, call).Status}.");

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Refund(Get(work, call), work));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        form.NonEmpty("charge") is { } charge ? work.With<Refund>($"charge:{charge}").Reverse()
            : form.NonEmpty("payment_intent") is { } intent ? work.With<Refund>($"intent:{intent}").Reverse()
            : work.NewestFirst<Refund>(),
        form, call, r => r.Created, r => Render.Refund(r, work));

    /// <summary>The bank's last word on a refund: one that was pending has arrived, one that had succeeded comes back.</summary>
    public static void Settle(Work work, Refund refund)
    {
        if (refund.Status == "pending")
        {
            work.Emit("refund.updated", Render.Refund(work.Save(refund with { Status = "succeeded", SettlesAt = null }), work));
            return;
        }

        refund = work.Save(refund with
        {
            Status = "failed", FailureReason = "expired_or_canceled_card", SettlesAt = null,
            FailureBalanceTransaction = Balance.OfFailedRefund(work, refund).Id,
        });
        var charge = work.Find<Charge>(refund.Charge)!;
        work.Save(charge with { AmountRefunded = charge.AmountRefunded - refund.Amount });
        work.Emit("refund.updated", Render.Refund(refund, work));
        work.Emit("refund.failed", Render.Refund(refund, work));
    }

    private static Refund Get(Work work, CallContext call) =>
        work.Find<Refund>(call.Id) ?? throw StripeFailure.NotFound("refund", call.Id!, "id", 404);

    private static Charge Refundable(Work work, Form form)
    {
        var id = form.NonEmpty("charge");
        if (form.NonEmpty("payment_intent") is { } intentId)
        {
            var intent = work.Find<PaymentIntent>(intentId) ?? throw StripeFailure.NotFound("payment_intent", intentId, "payment_intent", 404);
            id ??= intent.LatestCharge;
            if (work.Find<Charge>(id) is not { AmountCaptured: > 0 })
                throw Refused($"This PaymentIntent ({intentId}) does not have a successful charge to refund.");
        }

        var charge = work.Find<Charge>(id) ?? throw StripeFailure.NotFound("charge", id!, "charge", 404);
        return charge.AmountCaptured > 0 ? charge : throw Refused($"Charge {charge.Id} has not been captured and cannot be refunded.");
    }

    private static StripeFailure Refused(string message, string? code = null, string? param = null) =>
        new(400, "invalid_request_error", message) { Code = code, Param = param, IsKept = true };
}
