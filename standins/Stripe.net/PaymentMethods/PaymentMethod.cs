using System.Text.Json.Serialization;

namespace Stripe;

public class PaymentMethod : StripeEntity<PaymentMethod>, IHasId, IHasMetadata, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("allow_redisplay")] public string AllowRedisplay { get; set; }
    [JsonPropertyName("billing_details")] public PaymentMethodBillingDetails BillingDetails { get; set; }
    [JsonPropertyName("card")] public PaymentMethodCard Card { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonIgnore] public string CustomerId { get => CustomerField?.Id; set => CustomerField = ExpandableField<Customer>.Of(value, CustomerField); }
    [JsonIgnore] public Customer Customer { get => CustomerField?.Expanded; set => CustomerField = ExpandableField<Customer>.Of(value); }
    [JsonInclude, JsonPropertyName("customer"), JsonConverter(typeof(ExpandableFieldConverter<Customer>))]
    internal ExpandableField<Customer> CustomerField { get; set; }
    [JsonPropertyName("customer_account")] public string CustomerAccount { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class PaymentMethodBillingDetails : StripeEntity<PaymentMethodBillingDetails>
{
    [JsonPropertyName("address")] public Address Address { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
}

public class PaymentMethodCard : StripeEntity<PaymentMethodCard>
{
    [JsonPropertyName("brand")] public string Brand { get; set; }
    [JsonPropertyName("checks")] public PaymentMethodCardChecks Checks { get; set; }
    [JsonPropertyName("country")] public string Country { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("display_brand")] public string DisplayBrand { get; set; }
    [JsonPropertyName("exp_month")] public long ExpMonth { get; set; }
    [JsonPropertyName("exp_year")] public long ExpYear { get; set; }
    [JsonPropertyName("fingerprint")] public string Fingerprint { get; set; }
    [JsonPropertyName("funding")] public string Funding { get; set; }
    [JsonPropertyName("iin")] public string Iin { get; set; }
    [JsonPropertyName("issuer")] public string Issuer { get; set; }
    [JsonPropertyName("last4")] public string Last4 { get; set; }
    [JsonPropertyName("networks")] public PaymentMethodCardNetworks Networks { get; set; }
    [JsonPropertyName("regulated_status")] public string RegulatedStatus { get; set; }
    [JsonPropertyName("three_d_secure_usage")] public PaymentMethodCardThreeDSecureUsage ThreeDSecureUsage { get; set; }
    [JsonPropertyName("wallet")] public PaymentMethodCardWallet Wallet { get; set; }
}

public class PaymentMethodCardChecks : StripeEntity<PaymentMethodCardChecks>
{
    [JsonPropertyName("address_line1_check")] public string AddressLine1Check { get; set; }
    [JsonPropertyName("address_postal_code_check")] public string AddressPostalCodeCheck { get; set; }
    [JsonPropertyName("cvc_check")] public string CvcCheck { get; set; }
}

public class PaymentMethodCardThreeDSecureUsage : StripeEntity<PaymentMethodCardThreeDSecureUsage>
{
    [JsonPropertyName("supported")] public bool Supported { get; set; }
}

public class PaymentMethodCardNetworks : StripeEntity<PaymentMethodCardNetworks>
{
    [JsonPropertyName("available")] public List<string> Available { get; set; }
    [JsonPropertyName("preferred")] public string Preferred { get; set; }
}

public class PaymentMethodCardWallet : StripeEntity<PaymentMethodCardWallet>
{
    [JsonPropertyName("type")] public string Type { get; set; }
}
