using System.Text.Json.Serialization;

namespace Stripe;

public class Charge : StripeEntity<Charge>, IHasMetadata, IBalanceTransactionSource
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("amount_captured")] public long AmountCaptured { get; set; }
    [JsonPropertyName("amount_refunded")] public long AmountRefunded { get; set; }
    [JsonPropertyName("authorization_code")] public string AuthorizationCode { get; set; }
    [JsonIgnore] public string BalanceTransactionId { get => BalanceTransactionField?.Id; set => BalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value, BalanceTransactionField); }
    [JsonIgnore] public BalanceTransaction BalanceTransaction { get => BalanceTransactionField?.Expanded; set => BalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value); }
    [JsonInclude, JsonPropertyName("balance_transaction"), JsonConverter(typeof(ExpandableFieldConverter<BalanceTransaction>))]
    internal ExpandableField<BalanceTransaction> BalanceTransactionField { get; set; }
    [JsonPropertyName("billing_details")] public ChargeBillingDetails BillingDetails { get; set; }
    [JsonPropertyName("calculated_statement_descriptor")] public string CalculatedStatementDescriptor { get; set; }
    [JsonPropertyName("captured")] public bool Captured { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonIgnore] public string CustomerId { get => CustomerField?.Id; set => CustomerField = ExpandableField<Customer>.Of(value, CustomerField); }
    [JsonIgnore] public Customer Customer { get => CustomerField?.Expanded; set => CustomerField = ExpandableField<Customer>.Of(value); }
    [JsonInclude, JsonPropertyName("customer"), JsonConverter(typeof(ExpandableFieldConverter<Customer>))]
    internal ExpandableField<Customer> CustomerField { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("disputed")] public bool Disputed { get; set; }
    [JsonIgnore] public string FailureBalanceTransactionId { get => FailureBalanceTransactionField?.Id; set => FailureBalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value, FailureBalanceTransactionField); }
    [JsonIgnore] public BalanceTransaction FailureBalanceTransaction { get => FailureBalanceTransactionField?.Expanded; set => FailureBalanceTransactionField = ExpandableField<BalanceTransaction>.Of(value); }
    [JsonInclude, JsonPropertyName("failure_balance_transaction"), JsonConverter(typeof(ExpandableFieldConverter<BalanceTransaction>))]
    internal ExpandableField<BalanceTransaction> FailureBalanceTransactionField { get; set; }
    [JsonPropertyName("failure_code")] public string FailureCode { get; set; }
    [JsonPropertyName("failure_message")] public string FailureMessage { get; set; }
    [JsonPropertyName("fraud_details")] public ChargeFraudDetails FraudDetails { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("outcome")] public ChargeOutcome Outcome { get; set; }
    [JsonPropertyName("paid")] public bool Paid { get; set; }
    [JsonIgnore] public string PaymentIntentId { get => PaymentIntentField?.Id; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value, PaymentIntentField); }
    [JsonIgnore] public PaymentIntent PaymentIntent { get => PaymentIntentField?.Expanded; set => PaymentIntentField = ExpandableField<PaymentIntent>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_intent"), JsonConverter(typeof(ExpandableFieldConverter<PaymentIntent>))]
    internal ExpandableField<PaymentIntent> PaymentIntentField { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("payment_method_details")] public ChargePaymentMethodDetails PaymentMethodDetails { get; set; }
    [JsonPropertyName("receipt_email")] public string ReceiptEmail { get; set; }
    [JsonPropertyName("receipt_number")] public string ReceiptNumber { get; set; }
    [JsonPropertyName("receipt_url")] public string ReceiptUrl { get; set; }
    [JsonPropertyName("refunded")] public bool Refunded { get; set; }
    [JsonPropertyName("refunds")] public StripeList<Refund> Refunds { get; set; }
    [JsonPropertyName("shipping")] public Shipping Shipping { get; set; }
    [JsonPropertyName("statement_descriptor")] public string StatementDescriptor { get; set; }
    [JsonPropertyName("statement_descriptor_suffix")] public string StatementDescriptorSuffix { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
}

public class ChargeOutcome : StripeEntity<ChargeOutcome>
{
    [JsonPropertyName("advice_code")] public string AdviceCode { get; set; }
    [JsonPropertyName("network_advice_code")] public string NetworkAdviceCode { get; set; }
    [JsonPropertyName("network_decline_code")] public string NetworkDeclineCode { get; set; }
    [JsonPropertyName("network_status")] public string NetworkStatus { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; }
    [JsonPropertyName("risk_level")] public string RiskLevel { get; set; }
    [JsonPropertyName("risk_score")] public long RiskScore { get; set; }
    [JsonIgnore] public string RuleId { get => RuleField?.Id; set => RuleField = ExpandableField<Rule>.Of(value, RuleField); }
    [JsonIgnore] public Rule Rule { get => RuleField?.Expanded; set => RuleField = ExpandableField<Rule>.Of(value); }
    [JsonInclude, JsonPropertyName("rule"), JsonConverter(typeof(ExpandableFieldConverter<Rule>))]
    internal ExpandableField<Rule> RuleField { get; set; }
    [JsonPropertyName("seller_message")] public string SellerMessage { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class ChargeBillingDetails : StripeEntity<ChargeBillingDetails>
{
    [JsonPropertyName("address")] public Address Address { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
}

public class ChargePaymentMethodDetails : StripeEntity<ChargePaymentMethodDetails>
{
    [JsonPropertyName("card")] public ChargePaymentMethodDetailsCard Card { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class ChargePaymentMethodDetailsCard : StripeEntity<ChargePaymentMethodDetailsCard>
{
    [JsonPropertyName("amount_authorized")] public long? AmountAuthorized { get; set; }
    [JsonPropertyName("authorization_code")] public string AuthorizationCode { get; set; }
    [JsonPropertyName("brand")] public string Brand { get; set; }
    [JsonPropertyName("capture_before")] public DateTime CaptureBefore { get; set; }
    [JsonPropertyName("checks")] public ChargePaymentMethodDetailsCardChecks Checks { get; set; }
    [JsonPropertyName("country")] public string Country { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("exp_month")] public long ExpMonth { get; set; }
    [JsonPropertyName("exp_year")] public long ExpYear { get; set; }
    [JsonPropertyName("fingerprint")] public string Fingerprint { get; set; }
    [JsonPropertyName("funding")] public string Funding { get; set; }
    [JsonPropertyName("iin")] public string Iin { get; set; }
    [JsonPropertyName("issuer")] public string Issuer { get; set; }
    [JsonPropertyName("last4")] public string Last4 { get; set; }
    [JsonPropertyName("mandate")] public string Mandate { get; set; }
    [JsonPropertyName("moto")] public bool? Moto { get; set; }
    [JsonPropertyName("network")] public string Network { get; set; }
    [JsonPropertyName("network_transaction_id")] public string NetworkTransactionId { get; set; }
    [JsonPropertyName("regulated_status")] public string RegulatedStatus { get; set; }
    [JsonPropertyName("three_d_secure")] public ChargePaymentMethodDetailsCardThreeDSecure ThreeDSecure { get; set; }
    [JsonPropertyName("transaction_link_id")] public string TransactionLinkId { get; set; }
    [JsonPropertyName("wallet")] public ChargePaymentMethodDetailsCardWallet Wallet { get; set; }
}

public class ChargePaymentMethodDetailsCardChecks : StripeEntity<ChargePaymentMethodDetailsCardChecks>
{
    [JsonPropertyName("address_line1_check")] public string AddressLine1Check { get; set; }
    [JsonPropertyName("address_postal_code_check")] public string AddressPostalCodeCheck { get; set; }
    [JsonPropertyName("cvc_check")] public string CvcCheck { get; set; }
}

public class ChargePaymentMethodDetailsCardThreeDSecure : StripeEntity<ChargePaymentMethodDetailsCardThreeDSecure>
{
    [JsonPropertyName("authentication_flow")] public string AuthenticationFlow { get; set; }
    [JsonPropertyName("electronic_commerce_indicator")] public string ElectronicCommerceIndicator { get; set; }
    [JsonPropertyName("result")] public string Result { get; set; }
    [JsonPropertyName("result_reason")] public string ResultReason { get; set; }
    [JsonPropertyName("transaction_id")] public string TransactionId { get; set; }
    [JsonPropertyName("version")] public string Version { get; set; }
}

public class ChargePaymentMethodDetailsCardWallet : StripeEntity<ChargePaymentMethodDetailsCardWallet>
{
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class ChargeFraudDetails : StripeEntity<ChargeFraudDetails>
{
    [JsonPropertyName("stripe_report")] public string StripeReport { get; set; }
    [JsonPropertyName("user_report")] public string UserReport { get; set; }
}

public class Rule : StripeEntity<Rule>, IHasId
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("action")] public string Action { get; set; }
    [JsonPropertyName("predicate")] public string Predicate { get; set; }
}
