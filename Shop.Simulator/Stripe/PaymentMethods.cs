using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Cards. A number comes in here, is looked up among the published test cards, and goes no further.</summary>
internal static class PaymentMethods
{
    public static Answer Create(Work work, Form form, CallContext call)
    {
        if (form.Required("type") != "card")
            throw StripeFailure.Invalid("This simulator takes cards only.", "type");

        var method = form.NonEmpty("card[token]") is { } token
            ? OfTestCard(TestCard.ByName(token.Replace("tok_", "pm_card_", StringComparison.Ordinal))
                ?? throw StripeFailure.NotFound("token", token, "card[token]", 400), work)
            : Entered(work, form, call);
        return Answer.Ok(Render.Method(work.Save(method with
        {
            Name = form.NonEmpty("billing_details[name]"),
            Email = form.NonEmpty("billing_details[email]"),
            Metadata = form.Metadata([]),
        })));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Method(Get(work, call)));

    public static Answer Update(Work work, Form form, CallContext call)
    {
        var method = Get(work, call);
        if (method.Customer is null)
            throw StripeFailure.Invalid("You must save this PaymentMethod to a customer before you can update it.", "payment_method");
        method = work.Save(method with
        {
            Name = form.Has("billing_details[name]") ? form.NonEmpty("billing_details[name]") : method.Name,
            Email = form.Has("billing_details[email]") ? form.NonEmpty("billing_details[email]") : method.Email,
            Metadata = form.Metadata(method.Metadata),
        });
        work.Emit("payment_method.updated", Render.Method(method));
        return Answer.Ok(Render.Method(method));
    }

    /// <summary>All of one customer; cards without a customer are in no list, as at Stripe.</summary>
    public static Answer List(Work work, Form form, CallContext call)
    {
        var customer = call.Id ?? form.Required("customer");
        if (form.NonEmpty("type") is not (null or "card"))
            throw StripeFailure.Invalid("This simulator takes cards only.", "type");
        Customers.Existing(work, customer, "customer", call.Id is null ? 400 : 404);
        return Listing.Of(work.With<PaymentMethod>($"customer:{customer}").Reverse(), form, call, m => m.Created, Render.Method);
    }

    public static Answer Attach(Work work, Form form, CallContext call)
    {
        var customer = Customers.Existing(work, form.Required("customer"), "customer", 400);
        var method = TestCard.ByName(call.Id!) is { } token ? OfTestCard(token, work) : Get(work, call);
        if (method.Customer is not null && method.Customer != customer.Id)
            throw StripeFailure.Invalid("The payment method you provided has already been attached to a customer.", "payment_method");
        if (method.UsedBy is not null)
        {
            throw StripeFailure.Invalid("The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, and may "
                + "not be used again.", "payment_method");
        }

        // Saving a card asks its bank as well. One test card is about a bank that says yes to that, and no ever after.
        if (TestCard.ByName(method.TestCard)! is { AsksShopper: false, Name: not "pm_card_chargeCustomerFail", Refusal: { } refusal })
            throw new StripeFailure(402, "card_error", refusal.Message) { Code = refusal.Code, DeclineCode = refusal.DeclineCode, IsKept = true };
        return Answer.Ok(Render.Method(Attach(work, method, customer.Id)));
    }

    public static PaymentMethod Attach(Work work, PaymentMethod method, string customer)
    {
        method = work.Save(method with { Customer = customer });
        work.Emit("payment_method.attached", Render.Method(method));
        return method;
    }

    /// <summary>For good: it cannot be attached again.</summary>
    public static Answer Detach(Work work, Form form, CallContext call)
    {
        var method = Get(work, call);
        if (method.Customer is not { } customer)
            throw StripeFailure.Invalid("The payment method you provided is not attached to a customer so detachment is impossible.", "payment_method");
        method = work.Save(method with { Customer = null, UsedBy = $"detached from {customer}" });
        work.Emit("payment_method.detached", Render.Method(method), new() { ["customer"] = customer });
        return Answer.Ok(Render.Method(method));
    }

    /// <summary>A card for one payment (or setup): its customer's, or a guest's that served nothing else yet.</summary>
    public static PaymentMethod Usable(Work work, string id, string? customer, string user)
    {
        // A test token stands for a new card at every use, and the answer names that card, not the token.
        var method = TestCard.ByName(id) is { } card
            ? work.Save(OfTestCard(card, work))
            : work.Find<PaymentMethod>(id) ?? throw StripeFailure.NotFound("PaymentMethod", id, "payment_method", 400);
        if (method.Customer != customer && method.Customer is not null)
        {
            throw StripeFailure.Invalid(customer is null
                ? "The provided PaymentMethod cannot be used without its Customer. Set `customer` to the one it is attached to."
                : "The provided PaymentMethod cannot be used: it is attached to another Customer.", "payment_method");
        }

        if (method.UsedBy is { } other && other != user)
        {
            throw StripeFailure.Invalid("The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, and may "
                + "not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.", "payment_method");
        }

        return method;
    }

    public static PaymentMethod OfTestCard(TestCard card, Work work) =>
        new(Ids.New("pm_"), work.Now, card.Name, 12, DateTimeOffset.FromUnixTimeSeconds(work.Now).Year + 3);

    private static PaymentMethod Get(Work work, CallContext call) =>
        work.Find<PaymentMethod>(call.Id) ?? throw StripeFailure.NotFound("PaymentMethod", call.Id!, "payment_method", 404);

    private static PaymentMethod Entered(Work work, Form form, CallContext call)
    {
        // As at Stripe: a server that handles numbers is refused, so no shop can come to depend on it.
        if (!call.IsPublishableKey)
        {
            throw StripeFailure.Invalid("Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens "
                + "that map to the test card you are using, see https://stripe.com/docs/testing.", status: 402);
        }

        var number = new string([.. form.Required("card[number]").Where(c => c is not (' ' or '-'))]);
        if (!IsCardNumber(number))
            throw CardError("incorrect_number", "Your card number is incorrect.", "number");
        if (TestCard.ByNumber(number) is not { } card)
        {
            throw CardError("card_declined", "Your card was declined. Your request was in test mode, but used a card that is no known test card.",
                "number", "test_mode_live_card");
        }

        var today = DateTimeOffset.FromUnixTimeSeconds(work.Now);
        if (form.Integer("card[exp_month]") is not (>= 1 and <= 12 and var month))
            throw CardError("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month");
        var year = form.Integer("card[exp_year]") is { } given ? given < 100 ? 2000 + given : given : 0;
        if (year < today.Year || year > today.Year + 50)
            throw CardError("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year");
        if (year == today.Year && month < today.Month)
            throw CardError("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month");

        // Optional, as at Stripe; the card form asks for it always.
        if (form.NonEmpty("card[cvc]") is { } cvc && (cvc.Length != (card.Brand == "amex" ? 4 : 3) || !cvc.All(char.IsAsciiDigit)))
            throw CardError("invalid_cvc", "Your card's security code is invalid.", "cvc");

        return OfTestCard(card, work) with { ExpMonth = (int)month, ExpYear = (int)year };
    }

    private static StripeFailure CardError(string code, string message, string param, string? declineCode = null) =>
        new(402, "card_error", message) { Code = code, Param = param, DeclineCode = declineCode };

    /// <summary>Digits of a card's length with the right check digit.</summary>
    private static bool IsCardNumber(string number)
    {
        if (number.Length is < 12 or > 19 || !number.All(char.IsAsciiDigit))
            return false;
        var sum = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var digit = number[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }
}
