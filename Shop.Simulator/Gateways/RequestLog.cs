using Shop.Simulator.Faults;

namespace Shop.Simulator.Gateways;

/// <summary>One call as a developer sees it. No card numbers, no answers: those hold client secrets.</summary>
internal sealed record GatewayRequest(Gateway Gateway, string RequestId, DateTimeOffset At, string Method, string Path, string Operation)
{
    /// <summary>0: the caller was never answered.</summary>
    public int Status { get; init; }
    public string? IdempotencyKey { get; init; }
    public string? ReplayOf { get; init; }
    public string? OrderId { get; init; }
    public string? TraceId { get; init; }
    public Fault? Fault { get; init; }
    public TimeSpan Elapsed { get; init; }
    public Dictionary<string, string> Parameters { get; init; } = [];
}

/// <summary>The last calls, and for longer those that a fault hit. Not part of the state: it tells about this process.</summary>
internal sealed class RequestLog
{
    private const int Kept = 500;
    private const int FaultedKept = 10_000;

    private readonly Lock _gate = new();
    private readonly Queue<GatewayRequest> _requests = new();

    // Of each order the first that was to pay for it: what a drill planted is compared when hundreds of other calls have come.
    private readonly Dictionary<string, GatewayRequest> _faulted = [];
    private readonly Queue<string> _faultedByAge = new();

    public void Add(GatewayRequest request)
    {
        lock (_gate)
        {
            _requests.Enqueue(request);
            if (_requests.Count > Kept)
                _requests.Dequeue();
            if (request.Fault is null || !FailureLedger.Paying.Contains(request.Operation))
                return;
            var key = request.OrderId ?? request.IdempotencyKey ?? request.Path;
            if (_faulted.TryAdd(key, request))
                _faultedByAge.Enqueue(key);
            if (_faulted.Count > FaultedKept)
                _faulted.Remove(_faultedByAge.Dequeue());
        }
    }

    /// <summary>Calls that were to pay for something and were hit by a fault, at least the first of each order.</summary>
    public GatewayRequest[] Faulted()
    {
        lock (_gate)
            return [.. _faulted.Values];
    }

    public GatewayRequest[] NewestFirst(string? orderId = null)
    {
        lock (_gate)
            return [.. _requests.Reverse().Where(r => orderId is null || r.OrderId == orderId)];
    }
}
