using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stripe;

[JsonConverter(typeof(StripeListConverter))]
public class StripeList<T> : StripeEntity<StripeList<T>>, IHasObject, IEnumerable<T>
{
    [JsonPropertyName("object")] public string Object { get; set; }
    [JsonPropertyName("data")] public List<T> Data { get; set; }
    [JsonPropertyName("has_more")] public bool HasMore { get; set; }
    [JsonPropertyName("url")] public string Url { get; set; }

    public IEnumerator<T> GetEnumerator() => Data.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => Data.GetEnumerator();
    public void Reverse() => Data.Reverse();
}

/// <summary>A list is an object with its items in <c>data</c>; by itself the serializer would take it for an array.</summary>
internal sealed class StripeListConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(StripeList<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()));

    private sealed record Shape<T>(
        [property: JsonPropertyName("object")] string Object, [property: JsonPropertyName("data")] List<T> Data,
        [property: JsonPropertyName("has_more")] bool HasMore, [property: JsonPropertyName("url")] string Url);

    private sealed class Converter<T> : JsonConverter<StripeList<T>>
    {
        public override StripeList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var shape = JsonSerializer.Deserialize<Shape<T>>(ref reader, options);
            return new() { Object = shape.Object, Data = shape.Data ?? [], HasMore = shape.HasMore, Url = shape.Url };
        }

        public override void Write(Utf8JsonWriter writer, StripeList<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, new Shape<T>(value.Object, value.Data, value.HasMore, value.Url), options);
    }
}
