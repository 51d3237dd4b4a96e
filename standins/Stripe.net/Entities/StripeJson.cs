using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stripe;

internal static class StripeJson
{
    public static JsonSerializerOptions Indented { get; } = new(NewOptions()) { WriteIndented = true };

    public static JsonSerializerOptions NewOptions() => new()
    {
        Converters = { new UnixTimeConverter(), new AnyObjectConverter<IHasObject>(), new AnyObjectConverter<IBalanceTransactionSource>() },
    };

    private sealed class UnixTimeConverter : JsonConverter<DateTime>
    {
        public override bool HandleNull => true;

        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? default : DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64()).UtcDateTime;

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(new DateTimeOffset(value).ToUnixTimeSeconds());
    }

    /// <summary>Picks the class by the object's own name. What this stand-in has no class for is null, as with an unknown type in the package.</summary>
    private sealed class AnyObjectConverter<TAny> : JsonConverter<TAny> where TAny : class, IHasObject
    {
        private static readonly Dictionary<string, Type> Classes = new()
        {
            ["balance_transaction"] = typeof(BalanceTransaction),
            ["charge"] = typeof(Charge),
            ["customer"] = typeof(Customer),
            ["dispute"] = typeof(Dispute),
            ["event"] = typeof(Event),
            ["payment_intent"] = typeof(PaymentIntent),
            ["payment_method"] = typeof(PaymentMethod),
            ["radar.early_fraud_warning"] = typeof(Radar.EarlyFraudWarning),
            ["refund"] = typeof(Refund),
            ["setup_intent"] = typeof(SetupIntent),
        };

        public override TAny Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var json = JsonElement.ParseValue(ref reader);
            return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("object", out var name)
                && name.ValueKind == JsonValueKind.String && Classes.TryGetValue(name.GetString(), out var type)
                ? json.Deserialize(type, options) as TAny : null;
        }

        public override void Write(Utf8JsonWriter writer, TAny value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value, value.GetType(), options);
    }
}
