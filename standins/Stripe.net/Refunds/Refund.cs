using System.Text.Json.Serialization;

namespace Stripe;

public class Refund : StripeEntity<Refund>, IHasMetadata, IBalanceTransactionSource
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonIgnore] public string BalanceTransactionId { get => BalanceTransactionField?.Id; set => BalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value, BalanceTransactionField); }
    [JsonIgnore] public BalanceTransaction BalanceTransaction { get => BalanceTransactionField?.Expanded; set => BalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value); }
    [JsonInclude, JsonPropertyName("balance_transaction"), JsonConverter(typeof(ExpandableFieldConverter<BalanceTransaction>))]
    internal ExpandableField<BalanceTransaction> BalanceTransactionField { get; set; }
    [JsonIgnore] public string ChargeId { get => ChargeField?.Id; set => ChargeField = ExpandableField<Charge>.Of(value, ChargeField); }
    [JsonIgnore] public Charge Charge { get => ChargeField?.Expanded; set => ChargeField = ExpandableField<Charge>.Of(value); }
    [JsonInclude, JsonPropertyName("charge"), JsonConverter(typeof(ExpandableFieldConverter<Charge>))]
    internal ExpandableField<Charge> ChargeField { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonIgnore] public string CustomerId { get => CustomerField?.Id; set => CustomerField = ExpandableField<Customer>.Of(value, CustomerField); }
    [JsonIgnore] public Customer Customer { get => CustomerField?.Expanded; set => CustomerField = ExpandableField<Customer>.Of(value); }
    [JsonInclude, JsonPropertyName("customer"), JsonConverter(typeof(ExpandableFieldConverter<Customer>))]
    internal ExpandableField<Customer> CustomerField { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("destination_details")] public RefundDestinationDetails DestinationDetails { get; set; }
    [JsonIgnore] public string FailureBalanceTransactionId { get => FailureBalanceTransactionField?.Id; set => FailureBalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value, FailureBalanceTransactionField); }
    [JsonIgnore] public BalanceTransaction FailureBalanceTransaction { get => FailureBalanceTransactionField?.Expanded; set => FailureBalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value); }
    [JsonInclude, JsonPropertyName("failure_balance_transaction"), JsonConverter(typeof(ExpandableFieldConverter<BalanceTransaction>))]
    internal ExpandableField<BalanceTransaction> FailureBalanceTransactionField { get; set; }
    [JsonPropertyName("failure_reason")] public string FailureReason { get; set; }
    [JsonPropertyName("instructions_email")] public string InstructionsEmail { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonIgnore] public string PaymentIntentId { get => PaymentIntentField?.Id; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value, PaymentIntentField); }
    [JsonIgnore] public PaymentIntent PaymentIntent { get => PaymentIntentField?.Expanded; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_intent"), JsonConverter(typeof(ExpandableFieldConverter<PaymentIntent>))]
    internal ExpandableField<PaymentIntent> PaymentIntentField { get; set; }
    [JsonIgnore] public string PaymentMethodId { get => PaymentMethodField?.Id; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value, PaymentMethodField); }
    [JsonIgnore] public PaymentMethod PaymentMethod { get => PaymentMethodField?.Expanded; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_method"), JsonConverter(typeof(ExpandableFieldConverter<PaymentMethod>))]
    internal ExpandableField<PaymentMethod> PaymentMethodField { get; set; }
    [JsonPropertyName("pending_reason")] public string PendingReason { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; }
    [JsonPropertyName("receipt_number")] public string ReceiptNumber { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
}

public class RefundDestinationDetails : StripeEntity<RefundDestinationDetails>
{
    [JsonPropertyName("card")] public RefundDestinationDetailsCard Card { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

/// <summary>The reference is what a bank asks for when a customer misses the money.</summary>
public class RefundDestinationDetailsCard : StripeEntity<RefundDestinationDetailsCard>
{
    [JsonPropertyName("reference")] public string Reference { get; set; }
    [JsonPropertyName("reference_status")] public string ReferenceStatus { get; set; }
    [JsonPropertyName("reference_type")] public string ReferenceType { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}
