using System.Globalization;
using System.Text.Json.Nodes;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>Things as PayPal shows them.</summary>
internal static class Render
{
    /// <summary>How what a request did is by now.</summary>
    public static PayPalAnswer Latest(Work work, string id, PayPalCall call) => new(200,
        work.Find<PayPalOrder>(id) is { } order ? Order(work, order, call.Base, call.WantsAll)
        : work.Find<PayPalCapture>(id) is { } capture ? Capture(work, capture, call.Base, call.WantsAll)
        : work.Find<PayPalRefund>(id) is { } refund ? Refund(work, refund, call.Base, call.WantsAll)
        : Authorization(work, work.Find<PayPalAuthorization>(id)!, call.Base, call.WantsAll)) { About = id };

    public static JsonObject Order(Work work, PayPalOrder order, string url, bool all)
    {
        var json = new JsonObject { ["id"] = order.Id };
        if (all)
        {
            json["intent"] = order.Intent;
            json["purchase_units"] = new JsonArray(Unit(work, order, url));
            json["create_time"] = Time(order.Created);
            json["update_time"] = Time(order.Updated);
        }

        json["status"] = order.Status;
        if (order.Funding is not null)
        {
            json["payment_source"] = new JsonObject { ["paypal"] = Wallet(work, order, url) };
            if (all)
                json["payer"] = Person();
        }
        else if (order.HasSource)
        {
            json["payment_source"] = new JsonObject { ["paypal"] = new JsonObject() };
        }

        json["links"] = Links(order, url);
        return json;
    }

    public static JsonObject Capture(Work work, PayPalCapture capture, string url, bool all)
    {
        var json = new JsonObject { ["id"] = capture.Id, ["status"] = capture.Status };
        if (all)
        {
            if (capture.Reason is not null)
                json["status_details"] = new JsonObject { ["reason"] = capture.Reason };
            json["amount"] = Amounts.Json(capture.Amount, capture.Currency);
            json["final_capture"] = capture.IsFinal;
            json["seller_protection"] = Protection();
            if (capture.HasMoney)
            {
                json["seller_receivable_breakdown"] = new JsonObject
                {
                    ["gross_amount"] = Amounts.Json(capture.Amount, capture.Currency),
                    ["paypal_fee"] = Amounts.Json(capture.Fee, capture.Currency),
                    ["net_amount"] = Amounts.Json(capture.Amount - capture.Fee, capture.Currency),
                };
            }

            Describe(json, capture.InvoiceId, capture.CustomId);
            var related = new JsonObject { ["order_id"] = capture.Order };
            if (capture.Authorization is not null)
                related["authorization_id"] = capture.Authorization;
            json["supplementary_data"] = new JsonObject { ["related_ids"] = related };
            json["create_time"] = Time(capture.Created);
            json["update_time"] = Time(capture.Updated);
        }

        json["links"] = new JsonArray(
            PayPalFailure.Link($"{url}/v2/payments/captures/{capture.Id}", "self", "GET"),
            PayPalFailure.Link($"{url}/v2/payments/captures/{capture.Id}/refund", "refund", "POST"),
            capture.Authorization is { } authorization
                ? PayPalFailure.Link($"{url}/v2/payments/authorizations/{authorization}", "up", "GET")
                : PayPalFailure.Link($"{url}/v2/checkout/orders/{capture.Order}", "up", "GET"));
        return json;
    }

    public static JsonObject Authorization(Work work, PayPalAuthorization it, string url, bool all)
    {
        var json = new JsonObject { ["id"] = it.Id, ["status"] = it.Status is "CREATED" or "PARTIALLY_CAPTURED" && !it.IsLive(work.Now) ? "EXPIRED" : it.Status };
        if (all)
        {
            if (it.Reason is not null)
                json["status_details"] = new JsonObject { ["reason"] = it.Reason };
            json["amount"] = Amounts.Json(it.Amount, it.Currency);
            json["seller_protection"] = Protection();
            Describe(json, it.InvoiceId, it.CustomId);
            json["expiration_time"] = Time(it.ExpiresAt);
            json["supplementary_data"] = new JsonObject { ["related_ids"] = new JsonObject { ["order_id"] = it.Order } };
            json["create_time"] = Time(it.Created);
            json["update_time"] = Time(it.Updated);
        }

        json["links"] = new JsonArray(
            PayPalFailure.Link($"{url}/v2/payments/authorizations/{it.Id}", "self", "GET"),
            PayPalFailure.Link($"{url}/v2/payments/authorizations/{it.Id}/capture", "capture", "POST"),
            PayPalFailure.Link($"{url}/v2/payments/authorizations/{it.Id}/void", "void", "POST"),
            PayPalFailure.Link($"{url}/v2/payments/authorizations/{it.Id}/reauthorize", "reauthorize", "POST"),
            PayPalFailure.Link($"{url}/v2/checkout/orders/{it.Order}", "up", "GET"));
        return json;
    }

    public static JsonObject Refund(Work work, PayPalRefund refund, string url, bool all)
    {
        var json = new JsonObject { ["id"] = refund.Id, ["status"] = refund.Status };
        if (all)
        {
            if (refund.Status is "PENDING" or "FAILED")
                json["status_details"] = new JsonObject { ["reason"] = "ECHECK" };
            json["amount"] = Amounts.Json(refund.Amount, refund.Currency);
            Describe(json, refund.InvoiceId, refund.CustomId);
            if (refund.Note is not null)
                json["note_to_payer"] = refund.Note;
            json["seller_payable_breakdown"] = new JsonObject
            {
                ["gross_amount"] = Amounts.Json(refund.Amount, refund.Currency),
                ["paypal_fee"] = Amounts.Json(0, refund.Currency),
                ["net_amount"] = Amounts.Json(refund.Amount, refund.Currency),
                ["total_refunded_amount"] = Amounts.Json(Math.Max(refund.Amount, work.Find<PayPalCapture>(refund.Capture)!.Refunded), refund.Currency),
            };
            json["create_time"] = Time(refund.Created);
            json["update_time"] = Time(refund.Updated);
        }

        json["links"] = new JsonArray(
            PayPalFailure.Link($"{url}/v2/payments/refunds/{refund.Id}", "self", "GET"),
            PayPalFailure.Link($"{url}/v2/payments/captures/{refund.Capture}", "up", "GET"));
        return json;
    }

    public static string Time(long unix) => DateTimeOffset.FromUnixTimeSeconds(unix).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static JsonObject Unit(Work work, PayPalOrder order, string url)
    {
        var unit = order.Unit.Parse();
        unit["reference_id"] ??= "default";
        unit["amount"]!["value"] = Amounts.Json(order.Amount, order.Currency)["value"]!.DeepClone();
        unit["payee"] = new JsonObject { ["email_address"] = "shop@example.com", ["merchant_id"] = "SIMMERCHANT12" };
        Describe(unit, order.InvoiceId, order.CustomId);
        PayPalCapture[] captures = [.. Now<PayPalCapture>(work, order.Id)];
        PayPalAuthorization[] authorizations = [.. Now<PayPalAuthorization>(work, order.Id)];
        var refunds = captures.SelectMany(c => work.With<PayPalRefund>($"capture:{c.Id}").Select(r => work.Find<PayPalRefund>(r.Id)!)).ToArray();
        var payments = new JsonObject();
        if (authorizations.Length > 0)
            payments["authorizations"] = new JsonArray([.. authorizations.Select(a => Authorization(work, a, url, true))]);
        if (captures.Length > 0)
            payments["captures"] = new JsonArray([.. captures.Select(c => Capture(work, c, url, true))]);
        if (refunds.Length > 0)
            payments["refunds"] = new JsonArray([.. refunds.Select(r => Refund(work, r, url, true))]);
        if (payments.Count > 0)
            unit["payments"] = payments;
        return unit;
    }

    /// <summary>Those of an order, with what this very call has done.</summary>
    private static IEnumerable<T> Now<T>(Work work, string order) where T : Fact =>
        work.With<T>($"order:{order}").Concat(work.Saved.OfType<T>().Where(f => f.Keys.Contains($"order:{order}"))).Select(f => f.Id).Distinct().Select(id => work.Find<T>(id)!);

    private static JsonObject Wallet(Work work, PayPalOrder order, string url)
    {
        var wallet = new JsonObject
        {
            ["email_address"] = Payer.Email, ["account_id"] = Payer.Id, ["account_status"] = "VERIFIED",
            ["name"] = Name(), ["address"] = new JsonObject { ["country_code"] = "DE" },
        };
        if (order is { VaultToken: { } id, WantsToKeep: true } && work.Find<VaultToken>(id) is { } token)
        {
            wallet["attributes"] = new JsonObject
            {
                ["vault"] = new JsonObject
                {
                    ["id"] = token.Id,
                    ["status"] = "VAULTED",
                    ["customer"] = new JsonObject { ["id"] = token.CustomerId },
                    ["links"] = Vault.Links(token, url),
                },
            };
        }

        return wallet;
    }

    private static JsonObject Person() => new() { ["name"] = Name(), ["email_address"] = Payer.Email, ["payer_id"] = Payer.Id, ["address"] = new JsonObject { ["country_code"] = "DE" } };

    private static JsonObject Name() => new() { ["given_name"] = "Sam", ["surname"] = "Payer" };

    private static JsonArray Links(PayPalOrder order, string url)
    {
        var self = $"{url}/v2/checkout/orders/{order.Id}";
        List<JsonObject> links = [PayPalFailure.Link(self, "self", "GET")];
        // After the first approval only a source that was declined brings the payer back.
        if (order.Status is "CREATED" or PayPalOrder.NeedsPayer || (order.IsOpen && order.Refused is [.., { Issue: "INSTRUMENT_DECLINED" }]))
            links.Add(PayPalFailure.Link(Approval(order, url), order.HasSource ? "payer-action" : "approve", "GET"));
        if (order.IsOpen)
            links.Add(PayPalFailure.Link(self, "update", "PATCH"));
        if (order.Status is "APPROVED" || order is { Status: "CREATED", HasSource: false })
            links.Add(PayPalFailure.Link($"{self}/{(order.Intent == "CAPTURE" ? "capture" : "authorize")}", order.Intent == "CAPTURE" ? "capture" : "authorize", "POST"));
        return new([.. links]);
    }

    public static string Approval(PayPalOrder order, string url) => $"{url}/checkoutnow?token={order.Id}";

    private static void Describe(JsonObject json, string? invoice, string? custom)
    {
        if (invoice is not null)
            json["invoice_id"] = invoice;
        if (custom is not null)
            json["custom_id"] = custom;
    }

    private static JsonObject Protection() => new() { ["status"] = "ELIGIBLE", ["dispute_categories"] = new JsonArray("ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION") };
}
