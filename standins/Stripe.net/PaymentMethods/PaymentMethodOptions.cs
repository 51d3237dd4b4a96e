using System.Text.Json.Serialization;

namespace Stripe;

public class PaymentMethodCreateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("allow_redisplay")] public string AllowRedisplay { get; set; }
    [JsonPropertyName("billing_details")] public PaymentMethodBillingDetailsOptions BillingDetails { get; set; }
    [JsonPropertyName("card")] public PaymentMethodCardOptions Card { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class PaymentMethodGetOptions : BaseOptions
{
}

public class PaymentMethodUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("allow_redisplay")] public string AllowRedisplay { get; set; }
    [JsonPropertyName("billing_details")] public PaymentMethodBillingDetailsOptions BillingDetails { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
}

public class PaymentMethodAttachOptions : BaseOptions
{
    [JsonPropertyName("customer")] public string Customer { get; set; }
}

public class PaymentMethodDetachOptions : BaseOptions
{
}

public class PaymentMethodListOptions : ListOptions
{
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class PaymentMethodBillingDetailsOptions : INestedOptions
{
    [JsonPropertyName("address")] public AddressOptions Address { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
}

public class PaymentMethodCardOptions : INestedOptions
{
    [JsonPropertyName("cvc")] public string Cvc { get; set; }
    [JsonPropertyName("exp_month")] public long? ExpMonth { get; set; }
    [JsonPropertyName("exp_year")] public long? ExpYear { get; set; }
    [JsonPropertyName("number")] public string Number { get; set; }
    [JsonPropertyName("token")] public string Token { get; set; }
}
