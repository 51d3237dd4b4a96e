using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Shop.Simulator.Faults;

[JsonConverter(typeof(JsonStringEnumConverter<FaultMode>))]
internal enum FaultMode
{
    [JsonStringEnumMemberName("none")] None,

    /// <summary>A proxy in front answers 503 with HTML; the request never arrives.</summary>
    [JsonStringEnumMemberName("refuse503")] Refuse503,

    /// <summary>No answer, nothing done; the connection is cut after two minutes at most.</summary>
    [JsonStringEnumMemberName("hang")] Hang,

    /// <summary>The work is done, the connection is cut instead of an answer.</summary>
    [JsonStringEnumMemberName("charge_then_drop")] ChargeThenDrop,

    /// <summary>A 500 instead of the work; as at Stripe the key remembers it.</summary>
    [JsonStringEnumMemberName("error500_before")] Error500Before,

    /// <summary>The work is done, a 500 is answered, and the key remembers that 500.</summary>
    [JsonStringEnumMemberName("error500_after")] Error500After,
}

/// <summary>What goes wrong from now on.</summary>
internal sealed record FaultSettings
{
    [Range(0, 120_000)] public int LatencyMs { get; init; }
    [Range(0.0, 1.0)] public double DeclineRate { get; init; }
    public FaultMode Mode { get; init; }

    /// <summary>How many calls the mode still hits; without a number, all of them.</summary>
    [Range(0, 1_000_000)] public int? Count { get; init; }

    /// <summary>Only this operation (create, update, confirm, capture, cancel, refund, read, payment_method); without it, what the mode is about.</summary>
    public string? Operation { get; init; }
}

/// <summary>Faults hit the shop's own calls. The card form keeps working unless <c>payment_method</c> is named. Forgotten at a restart.</summary>
internal sealed class FaultBox
{
    private readonly Lock _gate = new();
    private FaultSettings _current = new();

    public FaultSettings Current
    {
        get
        {
            lock (_gate)
                return _current;
        }
        set
        {
            lock (_gate)
                _current = value;
        }
    }

    /// <summary>The mode for this call, if it is hit; that uses up one of the count.</summary>
    public FaultMode Take(string operation, bool moves)
    {
        lock (_gate)
        {
            if (_current.Mode == FaultMode.None || _current.Count == 0 || !Hits(_current, operation, moves))
                return FaultMode.None;
            _current = _current with { Count = _current.Count - 1 };
            return _current.Mode;
        }
    }

    public bool Declines() => Current.DeclineRate is > 0 and var rate && Random.Shared.NextDouble() < rate;

    public TimeSpan Latency(string operation) =>
        Current is { LatencyMs: > 0 } current && (current.Operation is { } only ? only == operation : operation != "payment_method")
            ? TimeSpan.FromMilliseconds(current.LatencyMs) : TimeSpan.Zero;

    // Unless an operation is named, faults that need something to have been done hit only calls that move money.
    private static bool Hits(FaultSettings settings, string operation, bool moves) =>
        settings.Operation is { } only ? only == operation
        : operation != "payment_method" && settings.Mode switch
        {
            FaultMode.ChargeThenDrop or FaultMode.Error500After => moves,
            FaultMode.Error500Before => operation != "read",
            _ => true,
        };
}
