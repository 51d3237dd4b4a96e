using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults.Records;

/// <summary>A log event as it is kept: short, without secrets, and with the ids by which somebody finds it again.</summary>
public sealed record LogLine
{
    public const string Table = "telemetry.log_lines";
    public const int MaxMessage = 2000;
    public const int MaxException = 8000;

    /// <summary>Where and of which types a table has to take the <see cref="Values"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "id", "at", "service", "instance", "release", "level", "event_id", "event", "category", "message", "reference", "trace_id", "span_id", "order_id",
        "order_number", "payment_id", "person_id", "exception", "is_synthetic",
    ];

    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required string Service { get; init; }
    public required string Instance { get; init; }
    public required string Release { get; init; }
    public required LogLevel Level { get; init; }
    public int EventId { get; init; }
    public string? Event { get; init; }
    public required string Category { get; init; }
    public required string Message { get; init; }
    public string? Reference { get; init; }
    public string? TraceId { get; init; }
    public string? SpanId { get; init; }
    public Guid? OrderId { get; init; }
    public long? OrderNumber { get; init; }
    public Guid? PaymentId { get; init; }

    /// <summary>An id or an HMAC, never an address.</summary>
    public string? PersonId { get; init; }

    public string? Exception { get; init; }
    public bool IsSynthetic { get; init; }

    [JsonIgnore]
    public object?[] Values =>
    [
        Id, At.ToUniversalTime(), Service, Instance, Release, (short)Level, EventId, Event, Category, Message, Reference, TraceId, SpanId, OrderId,
        OrderNumber, PaymentId, PersonId, Exception, IsSynthetic,
    ];

    /// <summary>In characters, with something for the rest.</summary>
    [JsonIgnore]
    internal int Size => 300 + Message.Length + (Exception?.Length ?? 0);
}
