using System.Text.Json.Serialization;

namespace Stripe.Radar;

public class EarlyFraudWarningGetOptions : BaseOptions
{
}

public class EarlyFraudWarningListOptions : ListOptions
{
    [JsonPropertyName("charge")] public string Charge { get; set; }
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("payment_intent")] public string PaymentIntent { get; set; }
}
