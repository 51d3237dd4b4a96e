using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Checkout;
using Shop.Data.Orders;

namespace Shop.Api.Orders;

/// <summary>Requests that wait for an order's outcome, in memory and without a connection. Fed by NOTIFY and, should that be lost, by a poll.</summary>
internal sealed class OrderWaiters
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<Waiter>> _waiters = [];

    /// <summary>Before the commit, or the NOTIFY of a fast worker finds nobody waiting.</summary>
    public Waiter Register(Guid orderId)
    {
        var waiter = new Waiter(this, orderId);
        lock (_lock)
        {
            if (!_waiters.TryGetValue(orderId, out var others))
                _waiters[orderId] = others = [];
            others.Add(waiter);
        }

        return waiter;
    }

    public void Wake(Guid orderId)
    {
        lock (_lock)
        {
            foreach (var waiter in _waiters.GetValueOrDefault(orderId, []))
                waiter.Wake();
        }
    }

    public void WakeAll()
    {
        foreach (var orderId in WaitedFor())
            Wake(orderId);
    }

    public Guid[] WaitedFor()
    {
        lock (_lock)
            return [.. _waiters.Keys];
    }

    private void Remove(Waiter waiter)
    {
        lock (_lock)
        {
            if (_waiters.TryGetValue(waiter.OrderId, out var others) && others.Remove(waiter) && others is [])
                _waiters.Remove(waiter.OrderId);
        }
    }

    internal sealed class Waiter(OrderWaiters owner, Guid orderId) : IDisposable
    {
        private volatile TaskCompletionSource _news = Unheard();

        public Guid OrderId { get; } = orderId;

        /// <summary>True when it is worth looking at the order again, false when <paramref name="limit"/> ran out.</summary>
        public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider clock, CancellationToken ct)
        {
            if (limit <= TimeSpan.Zero)
                return false;
            try
            {
                await _news.Task.WaitAsync(limit, clock, ct);
            }
            catch (TimeoutException)
            {
                return false;
            }

            _news = Unheard(); // before the caller looks: what comes while it looks is news again
            return true;
        }

        public void Wake() => _news.TrySetResult();

        public void Dispose() => owner.Remove(this);

        // The listener's loop must not run a request's continuation.
        private static TaskCompletionSource Unheard() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

/// <summary>The safety net under NOTIFY: looks after the orders that are waited for right now, all in one question.</summary>
internal sealed class OrderPoll(
    OrderWaiters waiters, NpgsqlDataSource database, IOptions<CheckoutOptions> options, IOptions<ShopTime> time, TimeProvider clock,
    ILogger<OrderPoll> logger) : BackgroundService
{
    private static readonly string[] Settled = [.. Enum.GetValues<PaymentState>().Where(OrderFacts.IsSettledState).Select(s => s.ToString())];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(time.Value.Of(options.Value.Poll), clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (waiters.WaitedFor() is not [_, ..] orders)
                continue;
            try
            {
                await using var command = database.CreateCommand("SELECT id FROM shop.orders WHERE id = ANY($1) AND payment = ANY($2)");
                command.Parameters.Add(new() { Value = orders });
                command.Parameters.Add(new() { Value = Settled });
                await using var reader = await command.ExecuteReaderAsync(stoppingToken);
                while (await reader.ReadAsync(stoppingToken))
                    waiters.Wake(reader.GetGuid(0));
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.PollFailed(e.Message);
            }
        }
    }
}
