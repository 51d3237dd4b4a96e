using System.Text.Json.Serialization;

namespace Stripe;

public class RefundCreateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("amount")] public long? Amount { get; set; }
    [JsonPropertyName("charge")] public string Charge { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("instructions_email")] public string InstructionsEmail { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("origin")] public string Origin { get; set; }
    [JsonPropertyName("payment_intent")] public string PaymentIntent { get; set; }
    [JsonPropertyName("reason")] public string Reason { get; set; }
}

public class RefundGetOptions : BaseOptions
{
}

public class RefundListOptions : ListOptions
{
    [JsonPropertyName("charge")] public string Charge { get; set; }
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("payment_intent")] public string PaymentIntent { get; set; }
}

public class RefundUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
}

public class RefundCancelOptions : BaseOptions
{
}
