using System.Text.Json.Serialization;

namespace Stripe;

public class Shipping : StripeEntity<Shipping>
{
    [JsonPropertyName("address")] public Address Address { get; set; }
    [JsonPropertyName("carrier")] public string Carrier { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("tracking_number")] public string TrackingNumber { get; set; }
}

public class Address : StripeEntity<Address>
{
    [JsonPropertyName("city")] public string City { get; set; }
    [JsonPropertyName("country")] public string Country { get; set; }
    [JsonPropertyName("line1")] public string Line1 { get; set; }
    [JsonPropertyName("line2")] public string Line2 { get; set; }
    [JsonPropertyName("postal_code")] public string PostalCode { get; set; }
    [JsonPropertyName("state")] public string State { get; set; }
}
