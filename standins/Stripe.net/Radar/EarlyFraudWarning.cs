using System.Text.Json.Serialization;

namespace Stripe.Radar;

public class EarlyFraudWarning : StripeEntity<EarlyFraudWarning>, IHasId, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("actionable")] public bool Actionable { get; set; }
    [JsonIgnore] public string ChargeId { get => ChargeField?.Id; set => ChargeField = ExpandableField<Charge>.Of(value, ChargeField); }
    [JsonIgnore] public Charge Charge { get => ChargeField?.Expanded; set => ChargeField = ExpandableField<Charge>.Of(value); }
    [JsonInclude, JsonPropertyName("charge"), JsonConverter(typeof(ExpandableFieldConverter<Charge>))]
    internal ExpandableField<Charge> ChargeField { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("fraud_type")] public string FraudType { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonIgnore] public string PaymentIntentId { get => PaymentIntentField?.Id; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value, PaymentIntentField); }
    [JsonIgnore] public PaymentIntent PaymentIntent { get => PaymentIntentField?.Expanded; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_intent"), JsonConverter(typeof(ExpandableFieldConverter<PaymentIntent>))]
    internal ExpandableField<PaymentIntent> PaymentIntentField { get; set; }
}
