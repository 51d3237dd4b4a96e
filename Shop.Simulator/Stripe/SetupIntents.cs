using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Saving a card without a payment. The bank may ask the shopper, and then need not be asked at the payments to come.</summary>
internal static class SetupIntents
{
    private static readonly string[] Open = ["requires_payment_method", "requires_confirmation", "requires_action"];

    public static Answer Create(Work work, Form form, CallContext call)
    {
        var id = Ids.New("seti_");
        var setup = Described(new SetupIntent(id, work.Now, $"{id}_secret_{Ids.New("", 25)}"), work, form);
        work.Emit("setup_intent.created", Json(setup, work));
        return form.Flag("confirm") ? Confirmed(setup, work, form, call) : Saved(work, setup);
    }

    public static Answer Update(Work work, Form form, CallContext call) => Saved(work, Described(Get(work, call, mustBeOpen: true), work, form));

    public static Answer Confirm(Work work, Form form, CallContext call) =>
        Confirmed(Described(Get(work, call, mustBeOpen: true), work, form), work, form, call);

    public static Answer Cancel(Work work, Form form, CallContext call)
    {
        var setup = work.Save(Get(work, call, mustBeOpen: true) with
        {
            Status = "canceled", CancellationReason = form.OneOf("cancellation_reason", "abandoned", "requested_by_customer", "duplicate"), Action = null,
        });
        work.Emit("setup_intent.canceled", Json(setup, work));
        return Answer.Ok(Json(setup, work));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(Get(work, call, mustBeOpen: false), work));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        form.NonEmpty("customer") is { } customer ? work.With<SetupIntent>($"customer:{customer}").Reverse() : work.NewestFirst<SetupIntent>(),
        form, call, s => s.Created, s => Json(s, work));

    /// <summary>The shopper has answered on the bank's page. Answering twice changes nothing.</summary>
    public static SetupIntent Answered(Work work, SetupIntent setup, bool approved)
    {
        if (setup.Status != "requires_action")
            return setup;
        if (approved)
            return Succeeded(work, setup with { Action = null }, asked: true);

        setup = work.Save(setup with
        {
            Status = "requires_payment_method", PaymentMethod = null, Action = null,
            LastError = new PaymentError("invalid_request_error", "setup_intent_authentication_failure",
                "The latest attempt to set up the payment method has failed because authentication failed.") { PaymentMethod = setup.PaymentMethod },
        });
        work.Emit("setup_intent.setup_failed", Json(setup, work));
        return setup;
    }

    private static Answer Confirmed(SetupIntent setup, Work work, Form form, CallContext call)
    {
        var method = work.Find<PaymentMethod>(setup.PaymentMethod)
            ?? throw StripeFailure.Invalid("You cannot confirm this SetupIntent because it's missing a payment method.", code: "setup_intent_unexpected_state");
        var card = TestCard.ByName(method.TestCard)!;
        setup = setup with { Action = null, LastError = null };
        if (card.AsksShopper && !method.IsSetUp)
        {
            var token = Ids.New("", 32);
            setup = work.Save(setup with
            {
                Status = "requires_action", Action = new PendingAction(token, $"{call.PublicUrl}/stripe/3ds/{token}", form.NonEmpty("return_url")),
            });
            work.Emit("setup_intent.requires_action", Json(setup, work));
            return Answer.Ok(Json(setup, work));
        }

        if (card is not { Refusal: { } refusal, Name: not "pm_card_chargeCustomerFail" })
            return Answer.Ok(Json(Succeeded(work, setup, asked: false), work));

        var error = new PaymentError("card_error", refusal.Code, refusal.Message)
        {
            DeclineCode = refusal.DeclineCode, AdviceCode = refusal.Advice, NetworkDeclineCode = refusal.NetworkCode, PaymentMethod = method.Id,
        };
        setup = work.Save(setup with { Status = "requires_payment_method", PaymentMethod = null, LastError = error });
        work.Emit("setup_intent.setup_failed", Json(setup, work));
        var json = Render.Error(error, work);
        json["setup_intent"] = Json(setup, work);
        return Answer.Error(402, json);
    }

    private static SetupIntent Succeeded(Work work, SetupIntent setup, bool asked)
    {
        var method = work.Find<PaymentMethod>(setup.PaymentMethod)! with { IsSetUp = asked };
        work.Save(method);
        if (setup.Customer is { } customer && method.Customer is null)
            PaymentMethods.Attach(work, method, customer);
        setup = work.Save(setup with { Status = "succeeded" });
        work.Emit("setup_intent.succeeded", Json(setup, work));
        return setup;
    }

    private static Answer Saved(Work work, SetupIntent setup) => Answer.Ok(Json(work.Save(setup), work));

    private static SetupIntent Get(Work work, CallContext call, bool mustBeOpen)
    {
        var setup = work.Find<SetupIntent>(call.Id) ?? throw StripeFailure.NotFound("setupintent", call.Id!, "intent", 404);
        return !mustBeOpen || Open.Contains(setup.Status) ? setup : throw new StripeFailure(400, "invalid_request_error",
            $"This SetupIntent has a status of {setup.Status}, in which this cannot be done.") { Code = "setup_intent_unexpected_state", IsKept = true };
    }

    private static SetupIntent Described(SetupIntent setup, Work work, Form form)
    {
        if (form.NonEmpty("customer") is { } customer)
            Customers.Existing(work, customer, "customer", 400);
        setup = setup with
        {
            Customer = form.NonEmpty("customer") ?? setup.Customer,
            Usage = form.OneOf("usage", "on_session", "off_session") ?? setup.Usage,
            Description = form.NonEmpty("description") ?? setup.Description,
            Metadata = form.Metadata(setup.Metadata),
        };
        return form.NonEmpty("payment_method") is { } id
            ? setup with { PaymentMethod = PaymentMethods.Usable(work, id, setup.Customer, setup.Id).Id, Status = "requires_confirmation", Action = null } : setup;
    }

    private static JsonObject Json(SetupIntent setup, Work work) => new()
    {
        ["id"] = setup.Id,
        ["object"] = "setup_intent",
        ["allowed_payment_method_types"] = null,
        ["application"] = null,
        ["automatic_payment_methods"] = new JsonObject { ["allow_redirects"] = "always", ["enabled"] = true },
        ["cancellation_reason"] = setup.CancellationReason,
        ["client_secret"] = setup.ClientSecret,
        ["created"] = setup.Created,
        ["customer"] = setup.Customer,
        ["customer_account"] = null,
        ["description"] = setup.Description,
        ["excluded_payment_method_types"] = null,
        ["flow_directions"] = null,
        ["last_setup_error"] = setup.LastError is { } error ? Render.Error(error, work) : null,
        ["latest_attempt"] = null,
        ["livemode"] = false,
        ["mandate"] = null,
        ["metadata"] = new JsonObject(setup.Metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))),
        ["next_action"] = setup.Action is { } action ? Render.NextAction(action) : null,
        ["on_behalf_of"] = null,
        ["payment_method"] = setup.PaymentMethod,
        ["payment_method_configuration_details"] = null,
        ["payment_method_options"] = new JsonObject { ["card"] = new JsonObject { ["request_three_d_secure"] = "automatic" } },
        ["payment_method_types"] = new JsonArray("card"),
        ["single_use_mandate"] = null,
        ["status"] = setup.Status,
        ["usage"] = setup.Usage,
    };
}
