using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Shop.Simulator.State;

/// <summary>JSON as it was said, kept as bytes: there is one for every event and every answer, and most are never looked at again.</summary>
[JsonConverter(typeof(Converter))]
internal sealed class RawJson(byte[] utf8)
{
    public RawJson(JsonObject json) : this(JsonSerializer.SerializeToUtf8Bytes(json))
    {
    }

    public JsonObject Parse() => (JsonObject)JsonNode.Parse(utf8)!;

    private sealed class Converter : JsonConverter<RawJson>
    {
        public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType is JsonTokenType.String) // as older state files have it
                return new(Encoding.UTF8.GetBytes(reader.GetString()!));
            using var document = JsonDocument.ParseValue(ref reader);
            return new(JsonMarshal.GetRawUtf8Value(document.RootElement).ToArray());
        }

        public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
            writer.WriteRawValue(value.Utf8, skipInputValidation: true);
    }

    private byte[] Utf8 => utf8;
}
