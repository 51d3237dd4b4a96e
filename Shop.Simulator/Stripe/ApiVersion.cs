using System.Text.Json.Nodes;

namespace Shop.Simulator.Stripe;

/// <summary>What differs between the release trains that shops speak: dahlia, and endive with whatever comes after it.</summary>
internal static class ApiVersion
{
    private const string FirstEndive = "2026-10-28";

    /// <summary>A parameter that this version has no more.</summary>
    public static bool Removed(string parameter, string version) => parameter == "payment_method_types" && IsEndive(version);

    /// <summary>The same object, or anything that holds some, as this version has it.</summary>
    public static JsonObject Adapt(JsonObject json, string version)
    {
        if (IsEndive(version))
            AddRecords(json);
        return json;
    }

    private static void AddRecords(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
                AddRecords(item);
        }
        else if (node is JsonObject json)
        {
            if (json["object"] is JsonValue name && name.TryGetValue(out string? type) && type == "payment_intent")
                json["payment_record"] = null;
            foreach (var (_, inner) in json.ToArray())
                AddRecords(inner);
        }
    }

    private static bool IsEndive(string version) => string.CompareOrdinal(version, FirstEndive) >= 0;
}
