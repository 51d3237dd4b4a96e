using System.Text.Json.Serialization;

namespace Stripe;

public class PaymentIntent : StripeEntity<PaymentIntent>, IHasId, IHasMetadata, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("allowed_payment_method_types")] public List<string> AllowedPaymentMethodTypes { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("amount_capturable")] public long AmountCapturable { get; set; }
    [JsonPropertyName("amount_received")] public long AmountReceived { get; set; }
    [JsonPropertyName("automatic_payment_methods")] public PaymentIntentAutomaticPaymentMethods AutomaticPaymentMethods { get; set; }
    [JsonPropertyName("canceled_at")] public DateTime? CanceledAt { get; set; }
    [JsonPropertyName("cancellation_reason")] public string CancellationReason { get; set; }
    [JsonPropertyName("capture_method")] public string CaptureMethod { get; set; }
    [JsonPropertyName("client_secret")] public string ClientSecret { get; set; }
    [JsonPropertyName("confirmation_method")] public string ConfirmationMethod { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonIgnore] public string CustomerId { get => CustomerField?.Id; set => CustomerField = ExpandableField<Customer>.Of(value, CustomerField); }
    [JsonIgnore] public Customer Customer { get => CustomerField?.Expanded; set => CustomerField = ExpandableField<Customer>.Of(value); }
    [JsonInclude, JsonPropertyName("customer"), JsonConverter(typeof(ExpandableFieldConverter<Customer>))]
    internal ExpandableField<Customer> CustomerField { get; set; }
    [JsonPropertyName("customer_account")] public string CustomerAccount { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("excluded_payment_method_types")] public List<string> ExcludedPaymentMethodTypes { get; set; }
    [JsonPropertyName("last_payment_error")] public StripeError LastPaymentError { get; set; }
    [JsonIgnore] public string LatestChargeId { get => LatestChargeField?.Id; set => LatestChargeField = ExpandableField<Charge>.Of(value, LatestChargeField); }
    [JsonIgnore] public Charge LatestCharge { get => LatestChargeField?.Expanded; set => LatestChargeField = ExpandableField<Charge>.Of(value); }
    [JsonInclude, JsonPropertyName("latest_charge"), JsonConverter(typeof(ExpandableFieldConverter<Charge>))]
    internal ExpandableField<Charge> LatestChargeField { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("next_action")] public PaymentIntentNextAction NextAction { get; set; }
    [JsonIgnore] public string PaymentMethodId { get => PaymentMethodField?.Id; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value, PaymentMethodField); }
    [JsonIgnore] public PaymentMethod PaymentMethod { get => PaymentMethodField?.Expanded; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_method"), JsonConverter(typeof(ExpandableFieldConverter<PaymentMethod>))]
    internal ExpandableField<PaymentMethod> PaymentMethodField { get; set; }
    [JsonPropertyName("payment_method_types")] public List<string> PaymentMethodTypes { get; set; }
    [JsonPropertyName("receipt_email")] public string ReceiptEmail { get; set; }
    [JsonPropertyName("setup_future_usage")] public string SetupFutureUsage { get; set; }
    [JsonPropertyName("shipping")] public Shipping Shipping { get; set; }
    [JsonPropertyName("statement_descriptor")] public string StatementDescriptor { get; set; }
    [JsonPropertyName("statement_descriptor_suffix")] public string StatementDescriptorSuffix { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
}

public class PaymentIntentAutomaticPaymentMethods : StripeEntity<PaymentIntentAutomaticPaymentMethods>
{
    [JsonPropertyName("allow_redirects")] public string AllowRedirects { get; set; }
    [JsonPropertyName("enabled")] public bool Enabled { get; set; }
}

public class PaymentIntentNextAction : StripeEntity<PaymentIntentNextAction>
{
    [JsonPropertyName("redirect_to_url")] public PaymentIntentNextActionRedirectToUrl RedirectToUrl { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public Dictionary<string, object> UseStripeSdk { get; set; }
}

public class PaymentIntentNextActionRedirectToUrl : StripeEntity<PaymentIntentNextActionRedirectToUrl>
{
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("url")] public string Url { get; set; }
}
