using System.Text.Json.Serialization;

namespace Stripe;

public class SetupIntentCreateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("automatic_payment_methods")] public SetupIntentAutomaticPaymentMethodsOptions AutomaticPaymentMethods { get; set; }
    [JsonPropertyName("confirm")] public bool? Confirm { get; set; }
    [JsonPropertyName("confirmation_token")] public string ConfirmationToken { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("usage")] public string Usage { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public bool? UseStripeSdk { get; set; }
}

public class SetupIntentUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
}

public class SetupIntentConfirmOptions : BaseOptions
{
    [JsonPropertyName("confirmation_token")] public string ConfirmationToken { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public bool? UseStripeSdk { get; set; }
}

public class SetupIntentCancelOptions : BaseOptions
{
    [JsonPropertyName("cancellation_reason")] public string CancellationReason { get; set; }
}

public class SetupIntentGetOptions : BaseOptions
{
    [JsonPropertyName("client_secret")] public string ClientSecret { get; set; }
}

public class SetupIntentListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
}

public class SetupIntentAutomaticPaymentMethodsOptions : INestedOptions
{
    [JsonPropertyName("allow_redirects")] public string AllowRedirects { get; set; }
    [JsonPropertyName("enabled")] public bool? Enabled { get; set; }
}
