using System.Text.Json.Serialization;

namespace Shop.Simulator.Gateways;

[JsonConverter(typeof(JsonStringEnumConverter<Gateway>))]
internal enum Gateway
{
    [JsonStringEnumMemberName("stripe")] Stripe,
    [JsonStringEnumMemberName("paypal")] PayPal,
}
