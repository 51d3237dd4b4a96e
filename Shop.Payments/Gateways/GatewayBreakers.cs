using System.Collections.Concurrent;
using Polly.CircuitBreaker;
using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

/// <param name="Since">When it last opened or closed; a probe in between changes nothing.</param>
/// <param name="OpenUntil">While open: when the next call is let through.</param>
/// <param name="Reason">What opened it: a word of the taxonomy, and the gateway's or the network's own.</param>
internal sealed record BreakerSight(BreakerState State, DateTimeOffset Since, DateTimeOffset? OpenUntil = null, string? Reason = null, string? Code = null);

/// <summary>How this process finds one gateway: its breakers taken together, and what an operator has decided. In memory, nothing else.</summary>
internal sealed class GatewayBreakers
{
    private readonly PaymentProvider _provider;
    private readonly PaymentTelemetry _telemetry;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (BreakerState State, DateTimeOffset? OpenUntil)> _breakers = [];
    private readonly ConcurrentQueue<GatewayChange> _changes = new();
    private volatile BreakerSight _sight;
    private volatile bool _isStopped;
    private volatile bool _isForced;

    public GatewayBreakers(PaymentProvider provider, PaymentTelemetry telemetry, TimeProvider clock, ILogger logger)
    {
        (_provider, _telemetry, _clock, _logger) = (provider, telemetry, clock, logger);
        _sight = new(BreakerState.Closed, clock.GetUtcNow());
        telemetry.Watch(provider, () => (int)_sight.State);
    }

    public BreakerSight Sight => _sight;

    /// <summary>
    /// No new payment goes there: nothing is created, nothing confirmed, not even again, as the repetition may be the first to arrive. What is
    /// open is read, captured, canceled and given back; an unknown that only its confirm could settle waits for the end of the stop, or its deadline.
    /// </summary>
    public bool IsStopped => _isStopped;

    /// <summary>Faults open nothing.</summary>
    public bool IsForced => _isForced;

    /// <summary>Whether no call at all would be let through right now.</summary>
    public bool IsOpen => _sight is { State: BreakerState.Open, OpenUntil: { } until } && until > _clock.GetUtcNow();

    /// <summary>In a word, for an order's timeline.</summary>
    public string Word => _isStopped ? "stopped" : _isForced ? "forced" : _sight.State.ToString().ToLowerInvariant();

    internal CircuitBreakerManualControl Control { get; } = new();

    /// <summary>Raised after each change, by whoever made the call that brought it about.</summary>
    public event Action? Changed;

    /// <summary>Closings and openings not yet written down. A probe that fails is neither.</summary>
    public IReadOnlyList<GatewayChange> TakeChanges()
    {
        List<GatewayChange> taken = [];
        while (_changes.TryDequeue(out var change))
            taken.Add(change);
        return taken;
    }

    /// <summary>They could not be written down.</summary>
    public void GiveBack(IReadOnlyList<GatewayChange> changes)
    {
        foreach (var change in changes)
            _changes.Enqueue(change);
    }

    public async Task OverrideAsync(OverrideMode? mode, CancellationToken ct)
    {
        var wasForced = _isForced;
        (_isStopped, _isForced) = (mode is OverrideMode.Stopped, mode is OverrideMode.Forced);
        // Forced: at once, not after the rest of the break. Over: what was counted while faults were ignored counts for nothing.
        if (_isForced != wasForced)
            await Control.CloseAsync(ct);
    }

    internal void Change(string breaker, BreakerState state, DateTimeOffset? openUntil = null, GatewayAnswer? after = null)
    {
        BreakerSight before, now;
        lock (_lock)
        {
            _breakers[breaker] = (state, openUntil);
            before = _sight;
            var worst = _breakers.Values.Max(b => b.State);
            var at = _clock.GetUtcNow();
            var turns = (worst is BreakerState.Closed) != (before.State is BreakerState.Closed);
            _sight = now = worst is BreakerState.Closed
                ? new(worst, turns ? at : before.Since)
                : new(worst, turns ? at : before.Since, _breakers.Values.Max(b => b.OpenUntil), ReasonOf(after) ?? before.Reason,
                    after is null ? before.Code : after.Facts.Code ?? (after.Facts.HttpStatus is { } status ? $"HTTP {status}" : null));
            if (turns)
            {
                _changes.Enqueue(new GatewayChange
                {
                    Id = Guid.CreateVersion7(at), Provider = _provider, Replica = Replica.Name, Breaker = breaker, State = worst, Reason = now.Reason,
                    Code = now.Code, At = at,
                });
            }
        }

        _telemetry.CircuitChanged(_provider, breaker, state.ToString());
        _logger.CircuitChanged(_provider, breaker, state, now.Reason, now.Code);
        Changed?.Invoke();
    }

    private static string? ReasonOf(GatewayAnswer? answer) => answer switch
    {
        GatewayAnswer.NotCharged no => no.Reason,
        GatewayAnswer.Unknown unknown => unknown.Reason,
        _ => null,
    };
}

/// <summary>This process, in words for people; unlike any other.</summary>
internal static class Replica
{
    public static string Name { get; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}"[..^28];
}
