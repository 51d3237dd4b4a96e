using System.Text.Json.Serialization;

namespace Shop.ServiceDefaults.Records;

/// <summary>A minute of a series, as one process saw it.</summary>
/// <param name="Label">What of the series it is about; empty where there is only one.</param>
/// <param name="Buckets">How many of <paramref name="Count"/> fell into each bucket of the series; null where it has none.</param>
public sealed record SeriesPoint(
    string Series, DateTimeOffset Minute, string Service, string Instance, string Label, long Count, double Sum, double Max, int[]? Buckets)
{
    public const string Table = "telemetry.minute_series";

    public static IReadOnlyList<string> Columns { get; } = ["series", "minute", "service", "instance", "label", "count", "sum", "max", "buckets"];

    [JsonIgnore]
    public object?[] Values => [Series, Minute.ToUniversalTime(), Service, Instance, Label, Count, Sum, Max, Buckets];
}
