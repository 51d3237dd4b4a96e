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

/// <summary>The last calls. Not part of the state: it tells about this process.</summary>
internal sealed class RequestLog
{
    private const int Kept = 500;

    private readonly Lock _gate = new();
    private readonly Queue<GatewayRequest> _requests = new();

    public void Add(GatewayRequest request)
    {
        lock (_gate)
        {
            _requests.Enqueue(request);
            if (_requests.Count > Kept)
                _requests.Dequeue();
        }
    }

    public GatewayRequest[] NewestFirst(string? orderId = null)
    {
        lock (_gate)
            return [.. _requests.Reverse().Where(r => orderId is null || r.OrderId == orderId)];
    }
}
