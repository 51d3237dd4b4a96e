using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

internal static class Charges
{
    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Charge(Get(work, call), work));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        form.NonEmpty("payment_intent") is { } intent ? work.With<Charge>($"intent:{intent}").Reverse()
            : form.NonEmpty("customer") is { } customer ? work.With<Charge>($"customer:{customer}").Reverse()
            : work.NewestFirst<Charge>(),
        form, call, c => c.Created, c => Render.Charge(c, work));

    public static Answer Update(Work work, Form form, CallContext call)
    {
        var charge = Get(work, call);
        charge = work.Save(charge with
        {
            Description = form.Has("description") ? form.NonEmpty("description") : charge.Description,
            ReceiptEmail = form.Has("receipt_email") ? form.NonEmpty("receipt_email") : charge.ReceiptEmail,
            Metadata = form.Metadata(charge.Metadata),
        });
        work.Emit("charge.updated", Render.Charge(charge, work));
        return Answer.Ok(Render.Charge(charge, work));
    }

    /// <summary>What was charged has reached the balance.</summary>
    public static void Settle(Work work, Charge charge)
    {
        charge = work.Save(charge with { BalanceTransaction = Balance.OfCharge(work, charge).Id, SettlesAt = null });
        work.Emit("charge.updated", Render.Charge(charge, work), new() { ["balance_transaction"] = null });
    }

    private static Charge Get(Work work, CallContext call) =>
        work.Find<Charge>(call.Id) ?? throw StripeFailure.NotFound("charge", call.Id!, "id", 404);
}
