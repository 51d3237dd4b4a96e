using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Shop.Simulator.Gateways;
using Shop.Simulator.PayPal;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Webhooks;

/// <summary>An event that never happened, made from one that did. Sent once; it is in no list of events.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Forgery>))]
internal enum Forgery
{
    /// <summary>Somebody without the secret claims that the payment succeeded.</summary>
    BadSignature,

    /// <summary>Signed well and formed well, about a payment that nobody has.</summary>
    UnknownPayment,
}

internal static class ForgedEvent
{
    /// <summary>The same for the same delivery.</summary>
    public static JsonObject Of(Forgery forgery, StripeEvent @event, string deliveryId)
    {
        var json = Stripe.Render.Event(@event, 1, @event.ApiVersion);
        json["id"] = $"evt_{Ids.Stable(deliveryId, 24)}";
        if (json["data"]!["object"] is not JsonObject about)
            return json;

        if (forgery is Forgery.BadSignature && (string?)about["object"] == "payment_intent")
        {
            json["type"] = "payment_intent.succeeded";
            about["status"] = "succeeded";
            about["amount_received"] = about["amount"]!.DeepClone();
        }
        else if (forgery is Forgery.UnknownPayment)
        {
            if (about.ContainsKey("payment_intent"))
                about["payment_intent"] = $"pi_{Ids.Stable($"{deliveryId} payment", 24)}";
            about["id"] = $"{((string)about["id"]!).Split('_')[0]}_{Ids.Stable($"{deliveryId} object", 24)}";
            about["metadata"] = new JsonObject();
        }

        return json;
    }

    public static JsonObject Of(Forgery forgery, PayPalEvent @event, string deliveryId)
    {
        var json = PayPal.Events.Json(@event);
        json["id"] = $"WH-{Ids.Stable(deliveryId, 17).ToUpperInvariant()}-{Ids.Stable($"{deliveryId} event", 17).ToUpperInvariant()}";
        var about = json["resource"]!;
        if (forgery is Forgery.BadSignature && @event.ResourceType is "capture")
        {
            json["event_type"] = "PAYMENT.CAPTURE.COMPLETED";
            about["status"] = "COMPLETED";
        }
        else if (forgery is Forgery.UnknownPayment)
        {
            about["id"] = Ids.Stable($"{deliveryId} object", 17).ToUpperInvariant();
            about.AsObject().Remove("custom_id");
            about["supplementary_data"] = new JsonObject { ["related_ids"] = new JsonObject { ["order_id"] = Ids.Stable($"{deliveryId} order", 17).ToUpperInvariant() } };
            about["links"] = new JsonArray();
        }

        return json;
    }
}
