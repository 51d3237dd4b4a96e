using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stripe;

/// <summary>A reference that arrives as an id, or as the whole object when the caller asked to expand it.</summary>
internal sealed class ExpandableField<T> where T : class, IHasId
{
    public string Id { get; init; }
    public T Expanded { get; init; }

    public static ExpandableField<T> Of(string id, ExpandableField<T> before) =>
        id == null ? null : new() { Id = id, Expanded = before?.Expanded is { } same && same.Id == id ? same : null };

    public static ExpandableField<T> Of(T expanded) => expanded == null ? null : new() { Id = expanded.Id, Expanded = expanded };
}

internal sealed class ExpandableFieldConverter<T> : JsonConverter<ExpandableField<T>> where T : class, IHasId
{
    public override ExpandableField<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? new ExpandableField<T> { Id = reader.GetString() }
            : ExpandableField<T>.Of(JsonSerializer.Deserialize<T>(ref reader, options));

    public override void Write(Utf8JsonWriter writer, ExpandableField<T> value, JsonSerializerOptions options)
    {
        if (value.Expanded == null)
            writer.WriteStringValue(value.Id);
        else
            JsonSerializer.Serialize(writer, value.Expanded, options);
    }
}
