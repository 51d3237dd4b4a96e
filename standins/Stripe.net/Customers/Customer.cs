using System.Text.Json.Serialization;

namespace Stripe;

public class Customer : StripeEntity<Customer>, IHasId, IHasMetadata, IHasObject
{
    [JsonPropertyName("id")] public string Id { get; set; }
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("address")] public Address Address { get; set; }
    [JsonPropertyName("created")] public DateTime Created { get; set; }
    [JsonPropertyName("deleted")] public bool? Deleted { get; set; }
    [JsonPropertyName("description")] public string Description { get; set; }
    [JsonPropertyName("email")] public string Email { get; set; }
    [JsonPropertyName("livemode")] public bool Livemode { get; set; }
    [JsonPropertyName("metadata")] public Dictionary<string, string> Metadata { get; set; }
    [JsonPropertyName("name")] public string Name { get; set; }
    [JsonPropertyName("phone")] public string Phone { get; set; }
    [JsonPropertyName("preferred_locales")] public List<string> PreferredLocales { get; set; }
    [JsonPropertyName("shipping")] public Shipping Shipping { get; set; }
}
