using System.Text.Json.Serialization;

namespace Stripe;

public class ChargeGetOptions : BaseOptions
{
}

public class ChargeListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("payment_intent")] public string PaymentIntent { get; set; }
    [JsonPropertyName("transfer_group")] public string TransferGroup { get; set; }
}
