using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>The life of an order up to its capture or authorization. One purchase unit; PayPal is the only payment source.</summary>
internal static class Orders
{
    private const int MostAttempts = 10;

    public static PayPalAnswer Create(Work work, PayPalCall call)
    {
        var intent = PayPalFailure.Text(call.Body, "intent", "") ?? throw PayPalFailure.Missing("/intent");
        if (intent is not ("CAPTURE" or "AUTHORIZE"))
            throw PayPalFailure.Invalid("INVALID_PARAMETER_VALUE", "The value of a field is invalid.", "/intent", intent);
        if (call.Body["purchase_units"] is not JsonArray { Count: > 0 } units)
            throw PayPalFailure.Missing("/purchase_units");
        if (units.Count > 1)
            throw PayPalFailure.Invalid("NOT_SUPPORTED", "This simulator takes one purchase unit.", "/purchase_units");

        const string at = "/purchase_units/@reference_id=='default'";
        var unit = PayPalFailure.Member(units[0], at) ?? throw PayPalFailure.Missing(at);
        var (amount, currency) = Amounts.Read(unit["amount"], $"{at}/amount");
        CheckBreakdown(unit, amount, currency, at);

        var source = Source(call.Body);
        if ((source is not null || call.Body["payment_source"] is not null) && call.RequestId is null)
            throw PayPalFailure.NoRequestId;
        var context = PayPalFailure.Member(source?["experience_context"] ?? call.Body["application_context"], "/payment_source/paypal/experience_context");
        var attributes = PayPalFailure.Member(source?["attributes"], "/payment_source/paypal/attributes");
        var vault = PayPalFailure.Member(attributes?["vault"], "/payment_source/paypal/attributes/vault");
        if (vault is not null && (PayPalFailure.Text(vault, "usage_type", "/payment_source/paypal/attributes/vault") ?? throw PayPalFailure.Missing("/payment_source/paypal/attributes/vault/usage_type")) is not ("MERCHANT" or "PLATFORM"))
            throw PayPalFailure.Invalid("INVALID_PARAMETER_VALUE", "The value of a field is invalid.", "/payment_source/paypal/attributes/vault/usage_type");

        var order = new PayPalOrder(Ids.PayPal(), work.Now, intent, amount, currency)
        {
            Status = source is null ? "CREATED" : PayPalOrder.NeedsPayer,
            Unit = new(unit),
            CustomId = PayPalFailure.Text(unit, "custom_id", at),
            InvoiceId = PayPalFailure.Text(unit, "invoice_id", at),
            ReturnUrl = Url(context, "return_url"),
            CancelUrl = Url(context, "cancel_url"),
            BrandName = PayPalFailure.Text(context, "brand_name", "/payment_source/paypal/experience_context"),
            HasSource = source is not null,
            WantsToKeep = vault is not null,
            CustomerId = PayPalFailure.Text(PayPalFailure.Member(attributes?["customer"], "/payment_source/paypal/attributes/customer"), "id", "/payment_source/paypal/attributes/customer"),
            ExpiresAt = work.Later(work.PayPal.OrdersLive),
        };
        if (PayPalFailure.Text(source, "vault_id", "/payment_source/paypal") is not { } kept)
        {
            work.Save(order);
            return new(201, Render.Order(work, order, call.Base, call.WantsAll)) { About = order.Id };
        }

        // The payer agreed when it was kept, so this one call does it all.
        order = Kept(work, order, kept);
        order = intent == "CAPTURE" ? Take(work, order, call) : SetAside(work, order, call);
        return new(201, Render.Order(work, order, call.Base, call.WantsAll)) { About = order.Id };
    }

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) => new(200, Render.Order(work, Get(work, call), call.Base, all: true));

    public static PayPalAnswer Capture(Work work, PayPalCall call)
    {
        var order = Ready(work, call, "CAPTURE", "ORDER_ALREADY_CAPTURED");
        order = Take(work, order, call);
        return new(201, Render.Order(work, order, call.Base, call.WantsAll)) { About = order.Id };
    }

    public static PayPalAnswer Authorize(Work work, PayPalCall call)
    {
        var order = Ready(work, call, "AUTHORIZE", "ORDER_ALREADY_AUTHORIZED");
        order = SetAside(work, order, call);
        return new(201, Render.Order(work, order, call.Base, call.WantsAll)) { About = order.Id };
    }

    /// <summary>What a shop may want to change before the payer pays: the amount and its own numbers.</summary>
    public static PayPalAnswer Patch(Work work, PayPalCall call)
    {
        var order = Get(work, call);
        if (!order.IsOpen)
            throw PayPalFailure.Refused("ORDER_ALREADY_COMPLETED", "The order cannot be patched after it is completed.");
        foreach (var change in call.Body["patch"] as JsonArray ?? throw PayPalFailure.Missing("/"))
        {
            var path = PayPalFailure.Text(change, "path", "") ?? throw PayPalFailure.Missing("/path");
            if (PayPalFailure.Text(change, "op", "") is not ("replace" or "add"))
                throw PayPalFailure.Invalid("INVALID_PARAMETER_VALUE", "This simulator replaces and adds.", "/op");
            order = path.Split('/')[^1] switch
            {
                "custom_id" => order with { CustomId = PayPalFailure.Text(change, "value", path) },
                "invoice_id" => order with { InvoiceId = PayPalFailure.Text(change, "value", path) },
                "amount" when Amounts.Read(change!["value"], path) is var (amount, currency) => currency == order.Currency ? order with { Amount = amount }
                    : throw PayPalFailure.Refused("MULTI_CURRENCY_ORDER", "Multiple differing values of currency_code are not supported.", path),
                _ => throw PayPalFailure.Refused("NOT_PATCHABLE", "Cannot be patched.", path),
            };
        }

        work.Save(order with { Updated = work.Now });
        return new(204, null);
    }

    /// <summary>The payer has agreed on PayPal's page.</summary>
    public static PayPalOrder Approve(Work work, PayPalOrder order, FundingSource source, bool mayKeep)
    {
        order = work.Save(order with { Status = "APPROVED", Funding = source.Name, MayKeep = mayKeep && order.WantsToKeep, Updated = work.Now });
        work.Tell("CHECKOUT.ORDER.APPROVED", "checkout-order", "An order has been approved by buyer", Render.Order(work, order, Events.LinkBase, all: true), order.CustomId);
        return order;
    }

    /// <summary>Its time is over: nobody can approve or capture it any more.</summary>
    public static void Expire(Work work, PayPalOrder order)
    {
        var wasApproved = order.Status == "APPROVED";
        order = work.Save(order with { Status = "VOIDED", Updated = work.Now });
        if (wasApproved)
            work.Tell("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "checkout-order", "A payment has been reversed after approval.", new() { ["order_id"] = order.Id, ["purchase_units"] = new JsonArray(order.Unit.Parse()) }, order.CustomId);
    }

    /// <summary>What a source or a fault says to money that is about to move: null for yes, PENDING and its like, or an issue.</summary>
    public static string? Outcome(PayPalCall call, FundingSource source) => call.Mock ?? source.Outcome ?? call.Decline();

    /// <summary>Anything but a status of a capture is a refusal, and counts.</summary>
    public static string? Checked(Work work, PayPalOrder order, PayPalCall call, string? outcome)
    {
        if (outcome is null or "PENDING" or "DECLINED" or "FAILED")
            return outcome;
        var refusal = PayPalFailure.Of(outcome);
        if (refusal.Status != 422)
            throw refusal;
        work.Forget();
        if (work.Find<PayPalOrder>(order.Id) is { } known)
            work.Save(known with { Refused = [.. known.Refused, new(work.Now, outcome)], Updated = work.Now });
        throw new PayPalFailure(422, "UNPROCESSABLE_ENTITY", outcome, refusal.Message) { KeepsWork = true, RedirectTo = outcome == "INSTRUMENT_DECLINED" ? Render.Approval(order, call.Base) : null };
    }

    /// <summary>A number of the shop's names one payment.</summary>
    public static void CheckInvoice(Work work, string? invoice, string order)
    {
        if (invoice is not null && work.With<PayPalCapture>($"invoice:{invoice}").Any(c => c.Order != order && !c.IsDead))
            throw PayPalFailure.Refused("DUPLICATE_INVOICE_ID", "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account setting requires that Invoice Id be unique for each transaction.", "/invoice_id", invoice);
    }

    private static PayPalOrder Take(Work work, PayPalOrder order, PayPalCall call)
    {
        CheckInvoice(work, order.InvoiceId, order.Id);
        var source = FundingSource.ByName(order.Funding)!;
        var outcome = Checked(work, order, call, Outcome(call, source));
        var capture = Captures.Make(work, order, order.Amount, source, outcome);
        return Completed(work, order, capture.IsDead);
    }

    private static PayPalOrder SetAside(Work work, PayPalOrder order, PayPalCall call)
    {
        CheckInvoice(work, order.InvoiceId, order.Id);
        var outcome = Checked(work, order, call, Outcome(call, FundingSource.ByName(order.Funding)!));
        var isDead = outcome is "DECLINED" or "FAILED";
        Authorizations.Make(work, order, order.Amount, isDead ? "DENIED" : "CREATED");
        return Completed(work, order, isDead);
    }

    /// <summary>Completed says that it is over, not that it was paid.</summary>
    private static PayPalOrder Completed(Work work, PayPalOrder order, bool isDead)
    {
        order = order with { Status = "COMPLETED", Updated = work.Now };
        if (order.MayKeep && !isDead)
            order = order with { VaultToken = Vault.Keep(work, order).Id };
        order = work.Save(order);
        work.Tell("CHECKOUT.ORDER.COMPLETED", "checkout-order", "Checkout Order Completed", Render.Order(work, order, Events.LinkBase, all: true), order.CustomId);
        return order;
    }

    private static PayPalOrder Ready(Work work, PayPalCall call, string intent, string already)
    {
        var order = Get(work, call);
        if (order.Intent != intent)
            throw PayPalFailure.Refused("ACTION_DOES_NOT_MATCH_INTENT", "Order was created with an intent to 'CAPTURE' or 'AUTHORIZE', which is not this.");
        if (order.Status == "COMPLETED")
            throw PayPalFailure.Refused(already, intent == "CAPTURE" ? "Order already captured. If 'intent=CAPTURE' only one capture per order is allowed." : "Order already authorized.");
        if (!order.IsOpen || order.ExpiresAt <= work.Now)
            throw PayPalFailure.Refused("ORDER_EXPIRED", "Order is expired and hence cannot be authorized or captured.");
        if (order.Refused.Length >= MostAttempts)
            throw PayPalFailure.Refused("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", "You have exceeded the maximum number of payment attempts.");

        if (PayPalFailure.Text(Source(call.Body), "vault_id", "/payment_source/paypal") is { } kept)
        {
            if (order.HasSource)
                throw PayPalFailure.Refused("PAYMENT_SOURCE_MISMATCH", "The payment source does not match the one the order was created with.", "/payment_source");
            return Kept(work, order, kept);
        }

        return order.Status == "APPROVED" ? order : throw PayPalFailure.Refused("ORDER_NOT_APPROVED", "Payer has not yet approved the Order for payment. Please redirect the payer to the 'rel':'approve' url returned as part of the HATEOAS links within the Create Order call or provide a valid payment_source in the request.");
    }

    private static PayPalOrder Kept(Work work, PayPalOrder order, string id) => work.Find<VaultToken>(id) is { IsDeleted: false } token
        ? order with { Status = "APPROVED", Funding = token.Funding, VaultToken = token.Id }
        : throw PayPalFailure.Refused("TOKEN_ID_NOT_FOUND", "Specified token was not found. Verify the token and try the request again.", "/payment_source/paypal/vault_id");

    private static PayPalOrder Get(Work work, PayPalCall call) => work.Find<PayPalOrder>(call.Id) ?? throw PayPalFailure.NotFound(call.Id);

    private static JsonObject? Source(JsonObject body)
    {
        if (PayPalFailure.Member(body["payment_source"], "/payment_source") is not { Count: > 0 } source)
            return null;
        return source is { Count: 1 } && source["paypal"] is JsonObject paypal ? paypal
            : throw PayPalFailure.Invalid("NOT_SUPPORTED", "This simulator takes payment_source.paypal.", "/payment_source");
    }

    private static void CheckBreakdown(JsonObject unit, long amount, string currency, string at)
    {
        if (PayPalFailure.Member(unit["amount"]?["breakdown"], $"{at}/amount/breakdown") is not { } breakdown)
            return;
        var sum = 0L;
        foreach (var (name, value) in breakdown)
        {
            var (part, itsCurrency) = PayPalFailure.Text(value, "value", $"{at}/amount/breakdown/{name}") is "0" or "0.00" ? (0, currency) : Amounts.Read(value, $"{at}/amount/breakdown/{name}");
            if (itsCurrency != currency)
                throw PayPalFailure.Refused("MULTI_CURRENCY_ORDER", "Multiple differing values of currency_code are not supported.", $"{at}/amount/breakdown/{name}");
            sum += name is "discount" or "shipping_discount" ? -part : part;
        }

        if (sum != amount)
            throw PayPalFailure.Refused("AMOUNT_MISMATCH", "Should equal item_total + tax_total + shipping + handling + insurance - shipping_discount - discount.", $"{at}/amount/value");
    }

    private static string? Url(JsonObject? context, string member)
    {
        const string at = "/payment_source/paypal/experience_context";
        return PayPalFailure.Text(context, member, at, 4000) switch
        {
            null => null,
            var url when Uri.TryCreate(url, UriKind.Absolute, out var it) && it.Scheme is "http" or "https" => url,
            var url => throw PayPalFailure.Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", $"{at}/{member}", url),
        };
    }
}
