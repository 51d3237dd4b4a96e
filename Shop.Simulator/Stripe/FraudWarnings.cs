using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>What banks say about a payment before anybody disputes it. They can be acted on until it was refunded or disputed.</summary>
internal static class FraudWarnings
{
    public static void Open(Work work, Charge charge) => work.Emit("radar.early_fraud_warning.created",
        Json(work.Save(new EarlyFraudWarning(Ids.New("issfr_"), work.Now, charge.Id, charge.Intent, "made_with_stolen_card")), charge));

    /// <summary>The charge was refunded or disputed: nothing is left to do about its warnings.</summary>
    public static void Settle(Work work, Charge charge)
    {
        foreach (var warning in work.With<EarlyFraudWarning>($"charge:{charge.Id}"))
            work.Emit("radar.early_fraud_warning.updated", Json(warning, charge), new() { ["actionable"] = true });
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(work.Find<EarlyFraudWarning>(call.Id)
        ?? throw StripeFailure.NotFound("early fraud warning", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        form.NonEmpty("charge") is { } charge ? work.With<EarlyFraudWarning>($"charge:{charge}").Reverse()
            : form.NonEmpty("payment_intent") is { } intent ? work.With<EarlyFraudWarning>($"intent:{intent}").Reverse()
            : work.NewestFirst<EarlyFraudWarning>(),
        form, call, w => w.Created, w => Json(w, work));

    private static JsonObject Json(EarlyFraudWarning warning, Work work) => Json(warning, work.Find<Charge>(warning.Charge)!);

    private static JsonObject Json(EarlyFraudWarning warning, Charge charge) => new()
    {
        ["id"] = warning.Id,
        ["object"] = "radar.early_fraud_warning",
        ["actionable"] = charge is { Refunded: false, Dispute: null },
        ["charge"] = warning.Charge,
        ["created"] = warning.Created,
        ["fraud_type"] = warning.FraudType,
        ["livemode"] = false,
        ["payment_intent"] = warning.Intent,
    };
}
