using System.Text.Json.Serialization;

namespace Stripe;

// What the objects above point at. Only read, inside webhooks or expanded fields; the services for them are absent.
public class BalanceTransaction : StripeEntity<BalanceTransaction>, IHasId, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("available_on")] public DateTime AvailableOn { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("exchange_rate")] public decimal? ExchangeRate { get; set; }
    [JsonPropertyName("fee")] public long Fee { get; set; }
    [JsonPropertyName("fee_details")] public List<BalanceTransactionFeeDetail> FeeDetails { get; set; }
    [JsonPropertyName("net")] public long Net { get; set; }
    [JsonPropertyName("reporting_category")] public string ReportingCategory { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class BalanceTransactionFeeDetail : StripeEntity<BalanceTransactionFeeDetail>
{
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class Dispute : StripeEntity<Dispute>, IHasMetadata, IBalanceTransactionSource
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonIgnore] public string ChargeId { get => ChargeField?.Id; set => ChargeField = ExpandableField<Charge>.Of(value, ChargeField); }
    [JsonIgnore] public Charge Charge { get => ChargeField?.Expanded; set => ChargeField = ExpandableField<Charge>.Of(value); }
    [JsonInclude, JsonPropertyName("charge"), JsonConverter(typeof(ExpandableFieldConverter<Charge>))]
    internal ExpandableField<Charge> ChargeField { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("is_charge_refundable")] public bool IsChargeRefundable { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("network_reason_code")] public string NetworkReasonCode { get; set; }
    [JsonIgnore] public string PaymentIntentId { get => PaymentIntentField?.Id; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value, PaymentIntentField); }
    [JsonIgnore] public PaymentIntent PaymentIntent { get => PaymentIntentField?.Expanded; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_intent"), JsonConverter(typeof(ExpandableFieldConverter<PaymentIntent>))]
    internal ExpandableField<PaymentIntent> PaymentIntentField { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
}

public class Customer : StripeEntity<Customer>, IHasId, IHasMetadata, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
}

public class Shipping : StripeEntity<Shipping>
{
    [JsonPropertyName("address")] public Address Address { get; set; }
    [JsonPropertyName("carrier")] public string Carrier { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("tracking_number")] public string TrackingNumber { get; set; }
}

public class Address : StripeEntity<Address>
{
    [JsonPropertyName("city")] public string City { get; set; }
    [JsonPropertyName("country")] public string Country { get; set; }
    [JsonPropertyName("line1")] public string Line1 { get; set; }
    [JsonPropertyName("line2")] public string Line2 { get; set; }
    [JsonPropertyName("postal_code")] public string PostalCode { get; set; }
    [JsonPropertyName("state")] public string State { get; set; }
}
