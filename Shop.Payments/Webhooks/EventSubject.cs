using System.Text;
using System.Text.Json;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Stripe;

namespace Shop.Payments.Webhooks;

/// <summary>What an event is about, in ids. What it says about them is old by now, and asked for instead.</summary>
/// <param name="OrderId">Ours, where the gateway repeats it.</param>
/// <param name="RefundId">The gateway's.</param>
/// <param name="OurRefundId">Ours, where the gateway repeats it.</param>
/// <param name="DisputeId">The gateway's, of a dispute or a fraud warning.</param>
internal sealed record EventSubject(
    string? IntentId = null, Guid? OrderId = null, string? RefundId = null, Guid? OurRefundId = null, string? DisputeId = null)
{
    public static EventSubject None { get; } = new();

    public static EventSubject Of(WebhookReceipt receipt) => receipt.Provider switch
    {
        PaymentProvider.PayPal => OfPayPal(receipt.Type, receipt.Payload),
        _ => Of(EventUtility.ParseEvent(Encoding.UTF8.GetString(receipt.Payload), throwOnApiVersionMismatch: false)),
    };

    public static EventSubject Of(Event received) => received.Data?.Object switch
    {
        Stripe.PaymentIntent subject => new(subject.Id),
        Charge charge => new(charge.PaymentIntentId),
        Stripe.Refund refund => new(refund.PaymentIntentId, RefundId: refund.Id, OurRefundId: StripeGateway.RefundIdOf(refund)),
        Stripe.Dispute dispute => new(dispute.PaymentIntentId, DisputeId: dispute.Id),
        Stripe.Radar.EarlyFraudWarning warning => new(warning.PaymentIntentId, DisputeId: warning.Id),
        _ => None,
    };

    public static EventSubject OfPayPal(string type, byte[] payload)
    {
        try
        {
            using var json = JsonDocument.Parse(payload);
            return json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.TryGetProperty("resource", out var resource)
                && resource.ValueKind is JsonValueKind.Object ? OfPayPal(type, resource) : None;
        }
        catch (JsonException)
        {
            return None;
        }
    }

    private static EventSubject OfPayPal(string type, JsonElement resource) => type.Split('.') switch
    {
        ["CHECKOUT", ..] => new(Text(resource, "order_id") ?? Text(resource, "id")),
        // Its resource is the refund, which names the capture and not the order.
        ["PAYMENT", "CAPTURE", "REFUNDED"] or ["PAYMENT", "REFUND", ..] => new(
            Related(resource), RefundId: Text(resource, "id"), OurRefundId: PayPalGateway.RefundIdOf(Text(resource, "custom_id"), Text(resource, "invoice_id"))),
        ["PAYMENT", "CAPTURE" or "AUTHORIZATION", ..] => new(Related(resource), Guid.TryParse(Text(resource, "custom_id"), out var order) ? order : null),
        ["CUSTOMER", "DISPUTE", ..] => new(DisputeId: Text(resource, "dispute_id")),
        _ => None,
    };

    private static string? Related(JsonElement resource) =>
        resource.TryGetProperty("supplementary_data", out var more) && more.ValueKind is JsonValueKind.Object
        && more.TryGetProperty("related_ids", out var ids) && ids.ValueKind is JsonValueKind.Object ? Text(ids, "order_id") : null;

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
