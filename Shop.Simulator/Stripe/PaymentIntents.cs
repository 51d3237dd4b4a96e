using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>The life of a PaymentIntent, apart from what its bank decides (<see cref="Bank"/>).</summary>
internal static class PaymentIntents
{
    // Smallest amounts Stripe takes, in minor units. These are also the currencies this simulator knows.
    private static readonly Dictionary<string, long> Minimum = new()
    {
        ["eur"] = 50, ["usd"] = 50, ["gbp"] = 30, ["chf"] = 50, ["cad"] = 50, ["aud"] = 50, ["nzd"] = 50, ["jpy"] = 50,
        ["sek"] = 300, ["nok"] = 300, ["dkk"] = 250, ["pln"] = 200, ["czk"] = 1500, ["huf"] = 17500, ["ron"] = 200, ["bgn"] = 100,
    };

    private static readonly string[] Open = ["requires_payment_method", "requires_confirmation", "requires_action"];

    public static Answer Create(Work work, Form form, CallContext call)
    {
        var currency = form.Required("currency").ToLowerInvariant();
        var amount = Amount(form, currency) ?? throw StripeFailure.Missing("amount");
        var id = Ids.New("pi_");
        var intent = new PaymentIntent(id, work.Now, amount, currency)
        {
            ClientSecret = $"{id}_secret_{Ids.New("", 25)}",
            IsAutomatic = form["automatic_payment_methods[enabled]"] is null or "true" && form.List("payment_method_types") is [],
            AllowRedirects = form.OneOf("automatic_payment_methods[allow_redirects]", "always", "never") ?? "always",
            Metadata = form.Metadata([]),
        };
        intent = Described(intent, work, form);

        if (form.Flag("confirm"))
        {
            CheckConfirmation(intent, form);
            intent = WithMethod(intent, work, form);
            work.Emit("payment_intent.created", Render.Intent(intent with { Status = "requires_payment_method", PaymentMethod = null }, work));
            return Confirmed(intent, work, form, call);
        }

        foreach (var name in new[] { "return_url", "off_session", "error_on_requires_action" })
        {
            if (form.Has(name))
                throw StripeFailure.Invalid($"You can only use `{name}` when `confirm` is true.", name);
        }

        intent = work.Save(WithMethod(intent, work, form));
        work.Emit("payment_intent.created", Render.Intent(intent, work));
        return Answer.Ok(Render.Intent(intent, work));
    }

    public static Answer Update(Work work, Form form, CallContext call)
    {
        var intent = Get(work, call);
        if (!Open.Contains(intent.Status) && form.Names.Except(["metadata", "description", "receipt_email", "expand"]).ToArray() is [var name, ..])
            throw StripeFailure.WrongState(intent, $"This PaymentIntent's {name} could not be updated because it has a status of {intent.Status}.");

        var currency = form.NonEmpty("currency")?.ToLowerInvariant() ?? intent.Currency;
        intent = Described(intent with
        {
            Currency = currency,
            Amount = Amount(form, currency) ?? intent.Amount,
            Metadata = form.Metadata(intent.Metadata),
        }, work, form);
        if (form["payment_method"] is "")
            intent = intent with { PaymentMethod = null, Status = "requires_payment_method" };
        return Answer.Ok(Render.Intent(work.Save(WithMethod(intent, work, form)), work));
    }

    public static Answer Confirm(Work work, Form form, CallContext call)
    {
        var intent = Get(work, call);
        if (!Open.Contains(intent.Status))
        {
            throw StripeFailure.WrongState(intent, intent.Status == "succeeded"
                ? "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
                : $"You cannot confirm this PaymentIntent because it has a status of {intent.Status}. Only a PaymentIntent with one of the "
                    + $"following statuses may be confirmed: {string.Join(", ", Open)}.");
        }

        CheckConfirmation(intent, form);
        return Confirmed(WithMethod(Described(intent, work, form), work, form), work, form, call);
    }

    public static Answer Capture(Work work, Form form, CallContext call)
    {
        var intent = Get(work, call);
        if (intent.Status != "requires_capture")
        {
            throw StripeFailure.WrongState(intent, "This PaymentIntent could not be captured because it has a status of "
                + $"{intent.Status}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.");
        }

        var amount = form.Integer("amount_to_capture") ?? intent.AmountCapturable;
        if (amount < 1 || amount > intent.AmountCapturable)
        {
            throw StripeFailure.Invalid($"The amount to capture ({amount}) must be between 1 and the capturable amount ({intent.AmountCapturable}).",
                "amount_to_capture", "amount_too_large");
        }

        var charge = work.Find<Charge>(intent.LatestCharge)! with { Captured = true, AmountCaptured = amount, AmountReleased = intent.AmountCapturable - amount };
        charge = work.Save(charge with { BalanceTransaction = Balance.OfCharge(work, charge).Id });
        intent = work.Save(intent with
        {
            Status = "succeeded", AmountCapturable = 0, AmountReceived = amount, Metadata = form.Metadata(intent.Metadata),
        });
        work.Emit("charge.captured", Render.Charge(charge, work));
        work.Emit("payment_intent.succeeded", Render.Intent(intent, work));
        Disputes.Follow(work, charge);
        return Answer.Ok(Render.Intent(intent, work));
    }

    public static Answer Cancel(Work work, Form form, CallContext call)
    {
        var intent = Get(work, call);
        var reason = form.OneOf("cancellation_reason", "duplicate", "fraudulent", "requested_by_customer", "abandoned");
        if (intent.Status is "succeeded" or "canceled")
        {
            throw StripeFailure.WrongState(intent, $"You cannot cancel this PaymentIntent because it has a status of {intent.Status}. Only a "
                + "PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, "
                + "requires_confirmation, requires_action, processing.");
        }

        if (intent.Status == "requires_capture")
        {
            var held = work.Find<Charge>(intent.LatestCharge)!;
            held = work.Save(held with { AmountReleased = held.Amount });
            work.Emit("charge.refunded", Render.Charge(held, work), new() { ["amount_refunded"] = 0, ["refunded"] = false });
        }

        intent = work.Save(intent with
        {
            Status = "canceled", CanceledAt = work.Now, CancellationReason = reason, AmountCapturable = 0, Action = null,
        });
        work.Emit("payment_intent.canceled", Render.Intent(intent, work));
        return Answer.Ok(Render.Intent(intent, work));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Intent(Get(work, call), work));

    public static Answer List(Work work, Form form, CallContext call) =>
        Listing.Of(
        form.NonEmpty("customer") is { } customer ? work.With<PaymentIntent>($"customer:{customer}").Reverse() : work.NewestFirst<PaymentIntent>(), form, call, i => i.Created, i => Render.Intent(i, work));

    private static PaymentIntent Get(Work work, CallContext call) =>
        work.Find<PaymentIntent>(call.Id) ?? throw StripeFailure.NotFound("payment_intent", call.Id!, "intent", 404);

    private static Answer Confirmed(PaymentIntent intent, Work work, Form form, CallContext call)
    {
        if (intent.PaymentMethod is null)
        {
            throw StripeFailure.WrongState(intent, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
                + "update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.");
        }

        return Bank.Confirm(work, intent, new Confirmation(
            form.NonEmpty("return_url"), MayAsk: !form.Flag("off_session") && !form.Flag("error_on_requires_action"), call.PublicUrl, call.Decline));
    }

    /// <summary>Methods of the account may send the shopper elsewhere, so there has to be a way back.</summary>
    private static void CheckConfirmation(PaymentIntent intent, Form form)
    {
        if (form.NonEmpty("return_url") is { } url)
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw StripeFailure.Invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "return_url", "url_invalid");
        }
        else if (intent.IsAutomatic && intent.AllowRedirects == "always" && !form.Flag("use_stripe_sdk") && !form.Flag("off_session"))
        {
            throw StripeFailure.Invalid(
                "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might "
                + "redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment "
                + "methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never`.", "return_url");
        }
    }

    private static PaymentIntent WithMethod(PaymentIntent intent, Work work, Form form)
    {
        if (form.NonEmpty("payment_method") is not { } id)
            return intent;

        var method = PaymentMethods.Usable(work, id, intent.Customer, intent.Id);
        return intent with
        {
            PaymentMethod = method.Id,
            Status = intent.Status is "requires_payment_method" or "requires_action" ? "requires_confirmation" : intent.Status,
            Action = null,
        };
    }

    private static PaymentIntent Described(PaymentIntent intent, Work work, Form form)
    {
        if (form.NonEmpty("customer") is { } customer)
            Customers.Existing(work, customer, "customer", 400);
        foreach (var types in new[] { "payment_method_types", "allowed_payment_method_types" })
        {
            if (form.List(types) is { Length: > 0 } list && !list.Contains("card"))
                throw StripeFailure.Invalid("This simulator takes cards only.", types);
        }

        return intent with
        {
            AllowedTypes = form.List("allowed_payment_method_types") is { Length: > 0 } allowed ? allowed : intent.AllowedTypes,
            CaptureMethod = form.OneOf("capture_method", "automatic", "automatic_async", "manual") ?? intent.CaptureMethod,
            Customer = Text("customer", intent.Customer),
            Description = Text("description", intent.Description),
            ReceiptEmail = Text("receipt_email", intent.ReceiptEmail),
            SetupFutureUsage = form["setup_future_usage"] is "" ? null : form.OneOf("setup_future_usage", "on_session", "off_session") ?? intent.SetupFutureUsage,
            StatementDescriptor = Text("statement_descriptor", intent.StatementDescriptor),
            StatementDescriptorSuffix = Text("statement_descriptor_suffix", intent.StatementDescriptorSuffix),
            Shipping = form["shipping"] is "" ? null : form.Map("shipping") is { Count: > 0 } shipping ? shipping : intent.Shipping,
            RequestThreeDSecure = form.OneOf("payment_method_options[card][request_three_d_secure]", "automatic", "any", "challenge")
                ?? intent.RequestThreeDSecure,
        };

        string? Text(string name, string? before) => form.Has(name) ? form.NonEmpty(name) : before;
    }

    private static long? Amount(Form form, string currency)
    {
        if (!Minimum.TryGetValue(currency, out var minimum))
            throw StripeFailure.Invalid($"Invalid currency: {currency}. This simulator knows {string.Join(", ", Minimum.Keys)}.", "currency");
        if (form.Integer("amount") is not { } amount)
            return null;
        if (amount < 1)
            throw StripeFailure.Invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer");
        if (amount < minimum)
            throw StripeFailure.Invalid($"Amount must be at least {minimum} minor units of {currency}.", "amount", "amount_too_small");
        if (amount > 99_999_999)
            throw StripeFailure.Invalid($"Amount must be no more than 99999999 minor units of {currency}.", "amount", "amount_too_large");
        return amount;
    }
}
