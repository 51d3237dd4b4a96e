using System.Text.Json.Serialization;

namespace Stripe;

// Evidence is not here: it is written on Stripe's pages, by people.
public class DisputeUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("submit")] public bool? Submit { get; set; }
}

public class DisputeGetOptions : BaseOptions
{
}

public class DisputeCloseOptions : BaseOptions
{
}

public class DisputeListOptions : ListOptions
{
    [JsonPropertyName("charge")] public string Charge { get; set; }
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("payment_intent")] public string PaymentIntent { get; set; }
}
