using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>How a confirmation is meant: where the shopper comes back to, and whether a question may be put to them at all.</summary>
internal sealed record Confirmation(string? ReturnUrl, bool MayAsk, string PublicUrl, Func<Refusal?> Decline);

/// <summary>The card's bank: it charges, declines, or asks the shopper first. Every attempt that reaches it leaves a charge behind.</summary>
internal static class Bank
{
    public static Answer Confirm(Work work, PaymentIntent intent, Confirmation confirmation)
    {
        var method = work.Find<PaymentMethod>(intent.PaymentMethod)!;
        var card = TestCard.ByName(method.TestCard)!;
        intent = intent with { Action = null, LastError = null };
        if (method.Customer is null)
            method = work.Save(method with { UsedBy = intent.Id });

        if ((card.AsksShopper && !(card.OnlyUntilSetUp && method.IsSetUp)) || intent.RequestThreeDSecure is "any" or "challenge")
        {
            if (!confirmation.MayAsk)
                return Decline(work, intent, method, Refusal.AuthenticationRequired);

            var token = Ids.New("", 32);
            intent = work.Save(intent with
            {
                Status = "requires_action",
                Action = new PendingAction(token, $"{confirmation.PublicUrl}/stripe/3ds/{token}", confirmation.ReturnUrl),
            });
            work.Emit("payment_intent.requires_action", Render.Intent(intent, work));
            return Answer.Ok(Render.Intent(intent, work));
        }

        return (card.Refusal ?? confirmation.Decline()) is { } refusal
            ? Decline(work, intent, method, refusal) : Charge(work, intent, method);
    }

    /// <summary>The shopper has answered on the bank's page. Answering twice changes nothing.</summary>
    public static PaymentIntent Answered(Work work, PaymentIntent intent, bool approved)
    {
        if (intent.Status != "requires_action")
            return intent;

        var method = work.Find<PaymentMethod>(intent.PaymentMethod)!;
        intent = intent with { Action = null };
        if (!approved)
        {
            // No charge was tried, so none is left behind, and this is the one failure whose type is not card_error.
            return Failed(work, intent, new PaymentError("invalid_request_error", "payment_intent_authentication_failure",
                "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to "
                + "fulfill this PaymentIntent again.") { PaymentMethod = method.Id });
        }

        if (TestCard.ByName(method.TestCard)!.Refusal is { } refusal)
            Decline(work, intent, method, refusal);
        else
            Charge(work, intent, method, isSetUp: intent.SetupFutureUsage is not null);
        return work.Find<PaymentIntent>(intent.Id)!;
    }

    private static Answer Charge(Work work, PaymentIntent intent, PaymentMethod method, bool isSetUp = false)
    {
        var captured = intent.CaptureMethod != "manual";
        var charge = NewCharge(work, intent, method) with { Status = "succeeded", Captured = captured, AmountCaptured = captured ? intent.Amount : 0 };
        charge = work.Save(intent.CaptureMethod switch
        {
            "automatic" => charge with { BalanceTransaction = Balance.OfCharge(work, charge).Id },
            "automatic_async" => charge with { SettlesAt = work.Later(work.Options.BalanceAfter) },
            _ => charge,
        });
        if (method.Customer is null && intent is { Customer: { } customer, SetupFutureUsage: not null })
            PaymentMethods.Attach(work, method with { UsedBy = null, IsSetUp = isSetUp }, customer);
        intent = work.Save(intent with
        {
            Status = captured ? "succeeded" : "requires_capture",
            LatestCharge = charge.Id,
            AmountReceived = captured ? intent.Amount : 0,
            AmountCapturable = captured ? 0 : intent.Amount,
        });
        work.Emit("charge.succeeded", Render.Charge(charge, work));
        work.Emit(captured ? "payment_intent.succeeded" : "payment_intent.amount_capturable_updated", Render.Intent(intent, work));
        if (captured)
            Disputes.Follow(work, charge);
        return Answer.Ok(Render.Intent(intent, work));
    }

    private static Answer Decline(Work work, PaymentIntent intent, PaymentMethod method, Refusal refusal)
    {
        var error = new PaymentError("card_error", refusal.Code, refusal.Message)
        {
            DeclineCode = refusal.DeclineCode,
            AdviceCode = refusal.Advice,
            NetworkDeclineCode = refusal.NetworkCode,
            Param = refusal == Refusal.IncorrectCvc ? "cvc" : null,
            PaymentMethod = method.Id,
        };
        var charge = NewCharge(work, intent, method);
        error = error with { Charge = charge.Id };
        charge = work.Save(charge with { Status = "failed", Failure = error });
        intent = intent with { LatestCharge = charge.Id };
        work.Emit("charge.failed", Render.Charge(charge, work));
        intent = Failed(work, intent, error);

        var json = Render.Error(error, work);
        json["payment_intent"] = Render.Intent(intent, work);
        return Answer.Error(402, json);
    }

    private static PaymentIntent Failed(Work work, PaymentIntent intent, PaymentError error)
    {
        intent = work.Save(intent with { Status = "requires_payment_method", PaymentMethod = null, LastError = error });
        work.Emit("payment_intent.payment_failed", Render.Intent(intent, work));
        return intent;
    }

    private static Charge NewCharge(Work work, PaymentIntent intent, PaymentMethod method) =>
        new(Ids.New("ch_"), work.Now, intent.Id, intent.Amount, intent.Currency)
        {
            Status = "pending",
            PaymentMethod = method.Id,
            Customer = intent.Customer,
            Metadata = intent.Metadata,
            Description = intent.Description,
            ReceiptEmail = intent.ReceiptEmail,
        };
}
