using System.Text.Json.Serialization;

namespace Stripe;

public class BalanceTransaction : StripeEntity<BalanceTransaction>, IHasId, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("available_on")] public DateTime AvailableOn { get; set; }
    [JsonPropertyName("balance_type")] public string BalanceType { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("exchange_rate")] public decimal? ExchangeRate { get; set; }
    [JsonPropertyName("fee")] public long Fee { get; set; }
    [JsonPropertyName("fee_details")] public List<BalanceTransactionFeeDetail> FeeDetails { get; set; }
    [JsonPropertyName("net")] public long Net { get; set; }
    [JsonPropertyName("reporting_category")] public string ReportingCategory { get; set; }
    [JsonIgnore] public string SourceId { get => SourceField?.Id; set => SourceField = ExpandableField<IBalanceTransactionSource>.Of(value, SourceField); }
    [JsonIgnore] public IBalanceTransactionSource Source { get => SourceField?.Expanded; set => SourceField = ExpandableField<IBalanceTransactionSource>.Of(value); }
    [JsonInclude, JsonPropertyName("source"), JsonConverter(typeof(ExpandableFieldConverter<IBalanceTransactionSource>))]
    internal ExpandableField<IBalanceTransactionSource> SourceField { get; set; }
    [JsonPropertyName("status")] public string Status { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}

public class BalanceTransactionFeeDetail : StripeEntity<BalanceTransactionFeeDetail>
{
    [JsonPropertyName("amount")] public long Amount { get; set; }
    [JsonPropertyName("currency")] public string Currency { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
}
