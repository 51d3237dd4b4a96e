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

public class ChargeSearchOptions : SearchOptions
{
}

public class ChargeUpdateOptions : BaseOptions, IHasMetadata
{
    [JsonPropertyName("customer")] public string Customer { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("fraud_details")] public ChargeFraudDetailsOptions FraudDetails { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("receipt_email")] public string ReceiptEmail { get; set; }
}

public class ChargeFraudDetailsOptions : INestedOptions
{
    [JsonPropertyName("user_report")] public string UserReport { get; set; }
}
