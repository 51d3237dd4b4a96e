using System.Text.Json.Nodes;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Objects as Stripe writes them. Fields without a value are there, as null; references are ids until they are expanded.</summary>
internal static class Render
{
    private static readonly string[] Expandable =
        ["latest_charge", "payment_method", "payment_intent", "charge", "customer", "balance_transaction", "failure_balance_transaction", "default_payment_method"];

    public static string DocUrl(string code) => $"https://stripe.com/docs/error-codes/{code.Replace('_', '-')}";

    public static JsonObject Intent(PaymentIntent intent, Work work) => new()
    {
        ["id"] = intent.Id,
        ["object"] = "payment_intent",
        ["allowed_payment_method_types"] = Strings(intent.AllowedTypes),
        ["amount"] = intent.Amount,
        ["amount_capturable"] = intent.AmountCapturable,
        ["amount_details"] = new JsonObject { ["tip"] = new JsonObject() },
        ["amount_received"] = intent.AmountReceived,
        ["application"] = null,
        ["application_fee_amount"] = null,
        ["automatic_payment_methods"] = intent.IsAutomatic ? new JsonObject { ["allow_redirects"] = intent.AllowRedirects, ["enabled"] = true } : null,
        ["canceled_at"] = intent.CanceledAt,
        ["cancellation_reason"] = intent.CancellationReason,
        ["capture_method"] = intent.CaptureMethod,
        ["client_secret"] = intent.ClientSecret,
        ["confirmation_method"] = "automatic",
        ["created"] = intent.Created,
        ["currency"] = intent.Currency,
        ["customer"] = intent.Customer,
        ["customer_account"] = null,
        ["description"] = intent.Description,
        ["excluded_payment_method_types"] = null,
        ["last_payment_error"] = intent.LastError is { } error ? Error(error, work) : null,
        ["latest_charge"] = intent.LatestCharge,
        ["livemode"] = false,
        ["managed_payments"] = null,
        ["metadata"] = Map(intent.Metadata),
        ["next_action"] = intent.Action is { } action ? NextAction(action) : null,
        ["on_behalf_of"] = null,
        ["payment_method"] = intent.PaymentMethod,
        ["payment_method_configuration_details"] = null,
        ["payment_method_options"] = new JsonObject
        {
            ["card"] = new JsonObject { ["installments"] = null, ["network"] = null, ["request_three_d_secure"] = intent.RequestThreeDSecure ?? "automatic" },
        },
        ["payment_method_types"] = Strings(intent.AllowedTypes ?? ["card"]),
        ["processing"] = null,
        ["receipt_email"] = intent.ReceiptEmail,
        ["review"] = null,
        ["setup_future_usage"] = intent.SetupFutureUsage,
        ["shipping"] = intent.Shipping is { } shipping ? Nested(shipping) : null,
        ["source"] = null,
        ["statement_descriptor"] = intent.StatementDescriptor,
        ["statement_descriptor_suffix"] = intent.StatementDescriptorSuffix,
        ["status"] = intent.Status,
        ["transfer_data"] = null,
        ["transfer_group"] = null,
    };

    public static JsonObject Charge(Charge charge, Work work)
    {
        var method = work.Find<PaymentMethod>(charge.PaymentMethod);
        return new()
        {
            ["id"] = charge.Id,
            ["object"] = "charge",
            ["amount"] = charge.Amount,
            ["amount_captured"] = charge.AmountCaptured,
            ["amount_refunded"] = charge.AmountRefunded + charge.AmountReleased,
            ["application"] = null,
            ["application_fee"] = null,
            ["application_fee_amount"] = null,
            ["balance_transaction"] = charge.BalanceTransaction,
            ["billing_details"] = BillingDetails(method),
            ["calculated_statement_descriptor"] = null,
            ["captured"] = charge.Captured,
            ["created"] = charge.Created,
            ["currency"] = charge.Currency,
            ["customer"] = charge.Customer,
            ["description"] = charge.Description,
            ["disputed"] = charge.Dispute is not null,
            ["failure_balance_transaction"] = null,
            ["failure_code"] = charge.Failure?.Code,
            ["failure_message"] = charge.Failure?.Message,
            ["fraud_details"] = new JsonObject(),
            ["livemode"] = false,
            ["metadata"] = Map(charge.Metadata),
            ["on_behalf_of"] = null,
            ["outcome"] = Outcome(charge),
            ["paid"] = charge.Status == "succeeded",
            ["payment_intent"] = charge.Intent,
            ["payment_method"] = charge.PaymentMethod,
            ["payment_method_details"] = new JsonObject { ["type"] = "card", ["card"] = method is null ? null : Card(method) },
            ["radar_options"] = new JsonObject(),
            ["receipt_email"] = charge.ReceiptEmail,
            ["receipt_number"] = null,
            ["receipt_url"] = null,
            ["refunded"] = charge.Refunded,
            ["review"] = null,
            ["shipping"] = null,
            ["source"] = null,
            ["source_transfer"] = null,
            ["statement_descriptor"] = null,
            ["statement_descriptor_suffix"] = null,
            ["status"] = charge.Status,
            ["transfer_data"] = null,
            ["transfer_group"] = null,
        };
    }

    public static JsonObject Refund(Refund refund, Work work) => new()
    {
        ["id"] = refund.Id,
        ["object"] = "refund",
        ["amount"] = refund.Amount,
        ["balance_transaction"] = refund.BalanceTransaction,
        ["charge"] = refund.Charge,
        ["created"] = refund.Created,
        ["currency"] = refund.Currency,
        ["customer"] = work.Find<Charge>(refund.Charge)?.Customer,
        ["customer_account"] = null,
        ["failure_balance_transaction"] = refund.FailureBalanceTransaction,
        ["failure_reason"] = refund.FailureReason,
        ["metadata"] = Map(refund.Metadata),
        ["payment_intent"] = refund.Intent,
        ["payment_method"] = work.Find<Charge>(refund.Charge)?.PaymentMethod,
        ["reason"] = refund.Reason,
        ["receipt_number"] = null,
        ["source_transfer_reversal"] = null,
        ["status"] = refund.Status,
        ["transfer_reversal"] = null,
    };

    public static JsonObject Method(PaymentMethod method) => new()
    {
        ["id"] = method.Id,
        ["object"] = "payment_method",
        ["billing_details"] = BillingDetails(method),
        ["card"] = Card(method),
        ["created"] = method.Created,
        ["customer"] = method.Customer,
        ["customer_account"] = null,
        ["livemode"] = false,
        ["metadata"] = Map(method.Metadata),
        ["type"] = "card",
    };

    public static JsonObject Customer(Customer customer) => new()
    {
        ["id"] = customer.Id,
        ["object"] = "customer",
        ["address"] = customer.Address is { } address ? Nested(address) : null,
        ["balance"] = 0,
        ["created"] = customer.Created,
        ["currency"] = null,
        ["customer_account"] = null,
        ["default_source"] = null,
        ["delinquent"] = false,
        ["description"] = customer.Description,
        ["discount"] = null,
        ["email"] = customer.Email,
        ["invoice_prefix"] = null,
        ["invoice_settings"] = new JsonObject
        {
            ["custom_fields"] = null, ["default_payment_method"] = customer.DefaultPaymentMethod, ["footer"] = null, ["rendering_options"] = null,
        },
        ["livemode"] = false,
        ["metadata"] = Map(customer.Metadata),
        ["name"] = customer.Name,
        ["phone"] = customer.Phone,
        ["preferred_locales"] = new JsonArray(),
        ["shipping"] = customer.Shipping is { } shipping ? Nested(shipping) : null,
        ["tax_exempt"] = "none",
        ["test_clock"] = null,
    };

    public static JsonObject Event(StripeEvent @event, int pendingWebhooks, string apiVersion)
    {
        var data = new JsonObject { ["object"] = ApiVersion.Adapt(@event.ObjectJson.Parse(), apiVersion) };
        if (@event.PreviousJson is { } previous)
            data["previous_attributes"] = previous.Parse();
        return new()
        {
            ["id"] = @event.Id,
            ["object"] = "event",
            ["api_version"] = apiVersion,
            ["created"] = @event.Created,
            ["data"] = data,
            ["livemode"] = false,
            ["pending_webhooks"] = pendingWebhooks,
            ["request"] = new JsonObject { ["id"] = @event.RequestId, ["idempotency_key"] = @event.IdempotencyKey },
            ["type"] = @event.Type,
        };
    }

    public static JsonObject Error(PaymentError error, Work work)
    {
        var json = new JsonObject
        {
            ["code"] = error.Code,
            ["doc_url"] = DocUrl(error.Code),
            ["message"] = error.Message,
            ["type"] = error.Type,
        };
        foreach (var (name, value) in new[]
        {
            ("advice_code", error.AdviceCode), ("charge", error.Charge), ("decline_code", error.DeclineCode),
            ("network_decline_code", error.NetworkDeclineCode), ("param", error.Param),
        })
        {
            if (value is not null)
                json[name] = value;
        }

        if (work.Find<PaymentMethod>(error.PaymentMethod) is { } method)
            json["payment_method"] = Method(method);
        return json;
    }

    /// <summary>Puts objects in the place of ids, for paths such as <c>latest_charge.payment_method</c> or, in a list, <c>data.charge</c>.</summary>
    public static void Expand(JsonObject root, IEnumerable<string> paths, Work work)
    {
        foreach (var path in paths)
        {
            var steps = path.Split('.');
            if (steps.Length > 4)
                throw StripeFailure.Invalid($"You cannot expand more than 4 levels of a property ({path}).", "expand");
            Expand(root, steps, path, work);
        }
    }

    private static void Expand(JsonObject at, ReadOnlySpan<string> steps, string path, Work work)
    {
        if (steps is ["data", ..] && at["data"] is JsonArray items)
        {
            foreach (var item in items.OfType<JsonObject>())
                Expand(item, steps[1..], path, work);
            return;
        }

        if (!at.ContainsKey(steps[0]) || (!Expandable.Contains(steps[0]) && !(steps.Length > 1 && at[steps[0]] is JsonObject)))
            throw StripeFailure.Invalid($"This property cannot be expanded ({path}).", "expand");

        if (at[steps[0]] is JsonValue reference)
            at[steps[0]] = ById(reference.GetValue<string>(), work);
        if (steps.Length > 1 && at[steps[0]] is JsonObject next)
            Expand(next, steps[1..], path, work);
    }

    private static JsonObject? ById(string id, Work work) => id.Split('_')[0] switch
    {
        "pi" => work.Find<PaymentIntent>(id) is { } intent ? Intent(intent, work) : null,
        "ch" => work.Find<Charge>(id) is { } charge ? Charge(charge, work) : null,
        "pm" => work.Find<PaymentMethod>(id) is { } method ? Method(method) : null,
        "cus" => work.Find<Customer>(id) is { } customer ? Customer(customer) : null,
        "txn" => work.Find<BalanceTransaction>(id) is { } transaction ? Balance.Json(transaction, work) : null,
        _ => null,
    };

    public static JsonObject NextAction(PendingAction action) => action.ReturnUrl is null
        ? new() { ["type"] = "use_stripe_sdk", ["use_stripe_sdk"] = new JsonObject { ["type"] = "three_d_secure_redirect", ["stripe_js"] = action.Url } }
        : new() { ["type"] = "redirect_to_url", ["redirect_to_url"] = new JsonObject { ["return_url"] = action.ReturnUrl, ["url"] = action.Url } };

    private static JsonObject Outcome(Charge charge) => new()
    {
        ["advice_code"] = charge.Failure?.AdviceCode,
        ["network_advice_code"] = null,
        ["network_decline_code"] = charge.Failure?.NetworkDeclineCode,
        ["network_status"] = charge.Failure is null ? "approved_by_network" : charge.Blocked ? "not_sent_to_network" : "declined_by_network",
        ["reason"] = charge.Blocked ? "highest_risk_level" : charge.Failure?.DeclineCode,
        ["risk_level"] = charge.Blocked ? "highest" : "normal",
        ["risk_score"] = charge.Blocked ? 93 : 12,
        ["seller_message"] = charge.Failure is null ? "Payment complete." : charge.Blocked
            ? "Stripe blocked this payment as too risky." : "The bank did not accept the payment.",
        ["type"] = charge.Failure is null ? "authorized" : charge.Blocked ? "blocked" : "issuer_declined",
    };

    private static JsonObject Card(PaymentMethod method)
    {
        var card = TestCard.ByName(method.TestCard)!;
        return new()
        {
            ["brand"] = card.Brand,
            ["checks"] = new JsonObject
            {
                ["address_line1_check"] = null,
                ["address_postal_code_check"] = null,
                ["cvc_check"] = card.Refusal == Simulator.Stripe.Refusal.IncorrectCvc ? "fail" : "pass",
            },
            ["country"] = card.Country,
            ["display_brand"] = card.Brand,
            ["exp_month"] = method.ExpMonth,
            ["exp_year"] = method.ExpYear,
            ["fingerprint"] = card.Fingerprint,
            ["funding"] = card.Name == "pm_card_visa_debit" ? "debit" : "credit",
            ["last4"] = card.Last4,
            ["network"] = card.Brand,
            ["three_d_secure_usage"] = new JsonObject { ["supported"] = true },
            ["wallet"] = null,
        };
    }

    private static JsonObject BillingDetails(PaymentMethod? method) =>
        new() { ["address"] = null, ["email"] = method?.Email, ["name"] = method?.Name, ["phone"] = null };

    private static JsonObject Map(Dictionary<string, string> map) => new(map.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));

    private static JsonArray? Strings(string[]? values) => values is null ? null : [.. values.Select(v => (JsonNode?)v)];

    /// <summary><c>address][city</c>, as it is left when the outer brackets are gone, becomes an object again.</summary>
    private static JsonObject Nested(Dictionary<string, string> flat)
    {
        var root = new JsonObject();
        foreach (var (path, value) in flat)
        {
            var at = root;
            var steps = path.Split("][");
            foreach (var step in steps[..^1])
                at = (JsonObject)(at[step] ??= new JsonObject());
            at[steps[^1]] = value;
        }

        return root;
    }
}
