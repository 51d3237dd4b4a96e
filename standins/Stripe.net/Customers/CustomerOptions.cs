using System.Text.Json.Serialization;

namespace Stripe;

public class CustomerCreateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("address")] public AddressOptions Address { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("payment_method")] public string PaymentMethod { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("preferred_locales")] public List<string> PreferredLocales { get; set; }
    [JsonPropertyName("shipping")] public ShippingOptions Shipping { get; set; }
}

public class CustomerUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("address")] public AddressOptions Address { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("preferred_locales")] public List<string> PreferredLocales { get; set; }
    [JsonPropertyName("shipping")] public ShippingOptions Shipping { get; set; }
}

public class CustomerGetOptions : BaseOptions
{
}

public class CustomerDeleteOptions : BaseOptions
{
}

public class CustomerListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
}

public class CustomerSearchOptions : SearchOptions
{
}

public class ShippingOptions : INestedOptions
{
    [JsonPropertyName("address")] public AddressOptions Address { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
}
