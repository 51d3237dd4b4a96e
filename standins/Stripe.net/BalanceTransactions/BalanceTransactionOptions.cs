using System.Text.Json.Serialization;

namespace Stripe;

public class BalanceTransactionGetOptions : BaseOptions
{
}

public class BalanceTransactionListOptions : ListOptions
{
    [JsonPropertyName("created")] public AnyOf<DateTime?, DateRangeOptions> Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("payout")] public string Payout { get; set; }
    [JsonPropertyName("source")] public string Source { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}
