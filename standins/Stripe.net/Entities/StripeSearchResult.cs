using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stripe;

[JsonConverter(typeof(StripeSearchResultConverter))]
public class StripeSearchResult<T> : StripeEntity<StripeSearchResult<T>>, IHasObject, IEnumerable<T>
{
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("data")] public List<T> Data { get; set; }
    [JsonPropertyName("has_more")] public bool HasMore { get; set; }
    [JsonPropertyName("url")] public string Url { get; set; }
    [JsonPropertyName("next_page")] public string NextPage { get; set; }
    [JsonPropertyName("total_count")] public long? TotalCount { get; set; }

    public IEnumerator<T> GetEnumerator() => Data.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => Data.GetEnumerator();
}

/// <summary>As for a list: an object with its items in <c>data</c>.</summary>
internal sealed class StripeSearchResultConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(StripeSearchResult<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()));

    private sealed record Shape<T>(
        [property: JsonPropertyName("object")] string Object, [property: JsonPropertyName("data")] List<T> Data,
        [property: JsonPropertyName("has_more")] bool HasMore, [property: JsonPropertyName("url")] string Url,
        [property: JsonPropertyName("next_page")] string NextPage, [property: JsonPropertyName("total_count")] long? TotalCount);

    private sealed class Converter<T> : JsonConverter<StripeSearchResult<T>>
    {
        public override StripeSearchResult<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var shape = JsonSerializer.Deserialize<Shape<T>>(ref reader, options);
            return new()
            {
                Object = shape.Object, Data = shape.Data ?? [], HasMore = shape.HasMore, Url = shape.Url, NextPage = shape.NextPage, TotalCount = shape.TotalCount,
            };
        }

        public override void Write(Utf8JsonWriter writer, StripeSearchResult<T> value, JsonSerializerOptions options) => JsonSerializer.Serialize(
            writer, new Shape<T>(value.Object, value.Data, value.HasMore, value.Url, value.NextPage, value.TotalCount), options);
    }
}
