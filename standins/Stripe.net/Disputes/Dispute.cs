using System.Text.Json.Serialization;

namespace Stripe;

public class Dispute : StripeEntity<Dispute>, IHasMetadata, IBalanceTransactionSource
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("balance_transactions")] public List<BalanceTransaction> BalanceTransactions { get; set; }
    [JsonIgnore] public string ChargeId { get => ChargeField?.Id; set => ChargeField = ExpandableField<Charge>.Of(value, ChargeField); }
    [JsonIgnore] public Charge Charge { get => ChargeField?.Expanded; set => ChargeField = ExpandableField<Charge>.Of(value); }
    [JsonInclude, JsonPropertyName("charge"), JsonConverter(typeof(ExpandableFieldConverter<Charge>))]
    internal ExpandableField<Charge> ChargeField { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("enhanced_eligibility_types")] public List<string> EnhancedEligibilityTypes { get; set; }
    [JsonPropertyName("evidence_details")] public DisputeEvidenceDetails EvidenceDetails { get; set; }
    [JsonPropertyName("is_charge_refundable")] public bool IsChargeRefundable { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("network_reason_code")] public string NetworkReasonCode { get; set; }
    [JsonIgnore] public string PaymentIntentId { get => PaymentIntentField?.Id; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value, PaymentIntentField); }
    [JsonIgnore] public PaymentIntent PaymentIntent { get => PaymentIntentField?.Expanded; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_intent"), JsonConverter(typeof(ExpandableFieldConverter<PaymentIntent>))]
    internal ExpandableField<PaymentIntent> PaymentIntentField { get; set; }
    [JsonPropertyName("payment_method_details")] public DisputePaymentMethodDetails PaymentMethodDetails { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
}

public class DisputeEvidenceDetails : StripeEntity<DisputeEvidenceDetails>
{
    [JsonPropertyName("due_by")] public DateTime? DueBy { get; set; }
    [JsonPropertyName("has_evidence")] public bool HasEvidence { get; set; }
    [JsonPropertyName("past_due")] public bool PastDue { get; set; }
    [JsonPropertyName("submission_count")] public long SubmissionCount { get; set; }
}

public class DisputePaymentMethodDetails : StripeEntity<DisputePaymentMethodDetails>
{
    [JsonPropertyName("card")] public DisputePaymentMethodDetailsCard Card { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class DisputePaymentMethodDetailsCard : StripeEntity<DisputePaymentMethodDetailsCard>
{
    [JsonPropertyName("brand")] public string Brand { get; set; }
    [JsonPropertyName("case_type")] public string CaseType { get; set; }
    [JsonPropertyName("network_reason_code")] public string NetworkReasonCode { get; set; }
}
