using System.Text.Json.Serialization;

namespace Shop.ServiceDefaults.Records;

/// <summary>One time that an error was seen. Which of them are the same says <see cref="Fingerprint"/>.</summary>
public sealed record ErrorReport
{
    public const string Table = "telemetry.error_events";

    public static IReadOnlyList<string> Columns { get; } =
    [
        "id", "fingerprint", "at", "service", "instance", "release", "type", "title", "culprit", "stack", "route", "reference", "trace_id", "order_id",
        "order_number", "person_id", "is_synthetic",
    ];

    public required Guid Id { get; init; }

    /// <summary>32 hexadecimal digits.</summary>
    public required string Fingerprint { get; init; }

    public required DateTimeOffset At { get; init; }
    public required string Service { get; init; }
    public required string Instance { get; init; }
    public required string Release { get; init; }
    public required string Type { get; init; }

    /// <summary>What it says itself, in one line.</summary>
    public required string Title { get; init; }

    /// <summary>Where in our code it came up, or where at all.</summary>
    public required string Culprit { get; init; }

    public string? Stack { get; init; }

    /// <summary>The template of what was asked for.</summary>
    public string? Route { get; init; }

    public string? Reference { get; init; }
    public string? TraceId { get; init; }
    public Guid? OrderId { get; init; }
    public long? OrderNumber { get; init; }
    public string? PersonId { get; init; }
    public bool IsSynthetic { get; init; }

    [JsonIgnore]
    public object?[] Values =>
    [
        Id, Fingerprint, At.ToUniversalTime(), Service, Instance, Release, Type, Title, Culprit, Stack, Route, Reference, TraceId, OrderId,
        OrderNumber, PersonId, IsSynthetic,
    ];
}
