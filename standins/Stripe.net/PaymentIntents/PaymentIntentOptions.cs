using System.Text.Json.Serialization;

namespace Stripe;

public class PaymentIntentCreateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("allowed_payment_method_types")] public List<string> AllowedPaymentMethodTypes { get; set; }
    [JsonPropertyName("amount")] public long? Amount { get; set; }
    [JsonPropertyName("automatic_payment_methods")] public PaymentIntentAutomaticPaymentMethodsOptions AutomaticPaymentMethods { get; set; }
    [JsonPropertyName("capture_method")] public string CaptureMethod { get; set; }
    [JsonPropertyName("confirm")] public bool? Confirm { get; set; }
    [JsonPropertyName("confirmation_method")] public string ConfirmationMethod { get; set; }
    [JsonPropertyName("confirmation_token")] public string ConfirmationToken { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("customer_account")] public string CustomerAccount { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("error_on_requires_action")] public bool? ErrorOnRequiresAction { get; set; }
    [JsonPropertyName("excluded_payment_method_types")] public List<string> ExcludedPaymentMethodTypes { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("off_session")] public bool? OffSession { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("payment_method_configuration")] public string PaymentMethodConfiguration { get; set; }
    [JsonPropertyName("payment_method_options")] public PaymentIntentPaymentMethodOptionsOptions PaymentMethodOptions { get; set; }
    [JsonPropertyName("payment_method_types")] public List<string> PaymentMethodTypes { get; set; }
    [JsonPropertyName("radar_options")] public PaymentIntentRadarOptionsOptions RadarOptions { get; set; }
    [JsonPropertyName("receipt_email")] public string ReceiptEmail { get; set; }
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("setup_future_usage")] public string SetupFutureUsage { get; set; }
    [JsonPropertyName("shipping")] public ChargeShippingOptions Shipping { get; set; }
    [JsonPropertyName("statement_descriptor")] public string StatementDescriptor { get; set; }
    [JsonPropertyName("statement_descriptor_suffix")] public string StatementDescriptorSuffix { get; set; }
    [JsonPropertyName("transfer_group")] public string TransferGroup { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public bool? UseStripeSdk { get; set; }
}

public class PaymentIntentConfirmOptions : BaseOptions
{
    [JsonPropertyName("allowed_payment_method_types")] public List<string> AllowedPaymentMethodTypes { get; set; }
    [JsonPropertyName("amount_to_confirm")] public long? AmountToConfirm { get; set; }
    [JsonPropertyName("capture_method")] public string CaptureMethod { get; set; }
    [JsonPropertyName("client_secret")] public string ClientSecret { get; set; }
    [JsonPropertyName("confirmation_token")] public string ConfirmationToken { get; set; }
    [JsonPropertyName("error_on_requires_action")] public bool? ErrorOnRequiresAction { get; set; }
    [JsonPropertyName("excluded_payment_method_types")] public List<string> ExcludedPaymentMethodTypes { get; set; }
    [JsonPropertyName("off_session")] public bool? OffSession { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("payment_method_options")] public PaymentIntentPaymentMethodOptionsOptions PaymentMethodOptions { get; set; }
    [JsonPropertyName("payment_method_types")] public List<string> PaymentMethodTypes { get; set; }
    [JsonPropertyName("radar_options")] public PaymentIntentRadarOptionsOptions RadarOptions { get; set; }
    [JsonPropertyName("receipt_email")] public string ReceiptEmail { get; set; }
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("setup_future_usage")] public string SetupFutureUsage { get; set; }
    [JsonPropertyName("shipping")] public ChargeShippingOptions Shipping { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public bool? UseStripeSdk { get; set; }
}

// Null set on purpose clears the field at Stripe where the property says so; elsewhere it is the same as not set.
public class PaymentIntentUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("allowed_payment_method_types")] public List<string> AllowedPaymentMethodTypes { get; set; }
    [JsonPropertyName("amount")] public long? Amount { get; set; }
    [JsonPropertyName("capture_method")] public string CaptureMethod { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }

    [JsonPropertyName("excluded_payment_method_types")]
    public List<string> ExcludedPaymentMethodTypes
    {
        get;
        set
        {
            field = value;
            Track(nameof(ExcludedPaymentMethodTypes));
        }
    }

    [JsonPropertyName("metadata")]
    public Dictionary<string, string> Metadata
    {
        get;
        set
        {
            field = value;
            Track(nameof(Metadata));
        }
    }

    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("payment_method_options")] public PaymentIntentPaymentMethodOptionsOptions PaymentMethodOptions { get; set; }
    [JsonPropertyName("payment_method_types")] public List<string> PaymentMethodTypes { get; set; }

    [JsonPropertyName("receipt_email")]
    public string ReceiptEmail
    {
        get;
        set
        {
            field = value;
            Track(nameof(ReceiptEmail));
        }
    }

    [JsonPropertyName("setup_future_usage")]
    public string SetupFutureUsage
    {
        get;
        set
        {
            field = value;
            Track(nameof(SetupFutureUsage));
        }
    }

    [JsonPropertyName("shipping")]
    public ChargeShippingOptions Shipping
    {
        get;
        set
        {
            field = value;
            Track(nameof(Shipping));
        }
    }

    [JsonPropertyName("statement_descriptor")] public string StatementDescriptor { get; set; }
    [JsonPropertyName("statement_descriptor_suffix")] public string StatementDescriptorSuffix { get; set; }
    [JsonPropertyName("transfer_group")] public string TransferGroup { get; set; }
}

public class PaymentIntentCaptureOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("amount_to_capture")] public long? AmountToCapture { get; set; }
    [JsonPropertyName("final_capture")] public bool? FinalCapture { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("statement_descriptor")] public string StatementDescriptor { get; set; }
    [JsonPropertyName("statement_descriptor_suffix")] public string StatementDescriptorSuffix { get; set; }
}

public class PaymentIntentCancelOptions : BaseOptions
{
    [JsonPropertyName("cancellation_reason")] public string CancellationReason { get; set; }
}

public class PaymentIntentGetOptions : BaseOptions
{
    [JsonPropertyName("client_secret")] public string ClientSecret { get; set; }
}

public class PaymentIntentListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("customer_account")] public string CustomerAccount { get; set; }
}

public class PaymentIntentSearchOptions : SearchOptions
{
}

public class PaymentIntentAutomaticPaymentMethodsOptions : INestedOptions
{
    [JsonPropertyName("allow_redirects")] public string AllowRedirects { get; set; }
    [JsonPropertyName("enabled")] public bool? Enabled { get; set; }
}

public class PaymentIntentPaymentMethodOptionsOptions : INestedOptions
{
    [JsonPropertyName("card")] public PaymentIntentPaymentMethodOptionsCardOptions Card { get; set; }
}

public class PaymentIntentPaymentMethodOptionsCardOptions : INestedOptions
{
    [JsonPropertyName("capture_method")] public string CaptureMethod { get; set; }
    [JsonPropertyName("request_three_d_secure")] public string RequestThreeDSecure { get; set; }
    [JsonPropertyName("setup_future_usage")] public string SetupFutureUsage { get; set; }
}

/// <summary>What Stripe's script in the browser saw of the device.</summary>
public class PaymentIntentRadarOptionsOptions : INestedOptions
{
    [JsonPropertyName("session")] public string Session { get; set; }
}

public class ChargeShippingOptions : INestedOptions
{
    [JsonPropertyName("address")] public AddressOptions Address { get; set; }
    [JsonPropertyName("carrier")] public string Carrier { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("tracking_number")] public string TrackingNumber { get; set; }
}

public class AddressOptions : INestedOptions
{
    [JsonPropertyName("city")] public string City { get; set; }
    [JsonPropertyName("country")] public string Country { get; set; }
    [JsonPropertyName("line1")] public string Line1 { get; set; }
    [JsonPropertyName("line2")] public string Line2 { get; set; }
    [JsonPropertyName("postal_code")] public string PostalCode { get; set; }
    [JsonPropertyName("state")] public string State { get; set; }
}
