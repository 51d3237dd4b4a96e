using System.Text.Json.Serialization;

namespace Stripe;

public class EventGetOptions : BaseOptions
{
}

public class EventListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("delivery_success")] public bool? DeliverySuccess { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
    [JsonPropertyName("types")] public List<string> Types { get; set; }
}
