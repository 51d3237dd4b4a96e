using System.Text.Json.Serialization;

namespace Stripe;

public class SetupIntent : StripeEntity<SetupIntent>, IHasId, IHasMetadata, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("cancellation_reason")] public string CancellationReason { get; set; }
    [JsonPropertyName("client_secret")] public string ClientSecret { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonIgnore] public string CustomerId { get => CustomerField?.Id; set => CustomerField = ExpandableField<Customer>.Of(value, CustomerField); }
    [JsonIgnore] public Customer Customer { get => CustomerField?.Expanded; set => CustomerField = ExpandableField<Customer>.Of(value); }
    [JsonInclude, JsonPropertyName("customer"), JsonConverter(typeof(ExpandableFieldConverter<Customer>))]
    internal ExpandableField<Customer> CustomerField { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("last_setup_error")] public StripeError LastSetupError { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("next_action")] public SetupIntentNextAction NextAction { get; set; }
    [JsonIgnore] public string PaymentMethodId { get => PaymentMethodField?.Id; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value, PaymentMethodField); }
    [JsonIgnore] public PaymentMethod PaymentMethod { get => PaymentMethodField?.Expanded; set => PaymentMethodField = ExpandableField<PaymentMethod>.Of(value); }
    [JsonInclude, JsonPropertyName("payment_method"), JsonConverter(typeof(ExpandableFieldConverter<PaymentMethod>))]
    internal ExpandableField<PaymentMethod> PaymentMethodField { get; set; }
    [JsonPropertyName("payment_method_types")] public List<string> PaymentMethodTypes { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
    [JsonPropertyName("usage")] public string Usage { get; set; }
}

public class SetupIntentNextAction : StripeEntity<SetupIntentNextAction>
{
    [JsonPropertyName("redirect_to_url")] public SetupIntentNextActionRedirectToUrl RedirectToUrl { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
    [JsonPropertyName("use_stripe_sdk")] public Dictionary<string, object> UseStripeSdk { get; set; }
}

public class SetupIntentNextActionRedirectToUrl : StripeEntity<SetupIntentNextActionRedirectToUrl>
{
    [JsonPropertyName("return_url")] public string ReturnUrl { get; set; }
    [JsonPropertyName("url")] public string Url { get; set; }
}
