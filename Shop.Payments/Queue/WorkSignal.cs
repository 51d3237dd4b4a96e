using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>Wakes every idle loop of this process. Take <see cref="Next"/> before looking for work: what comes in between is not missed.</summary>
internal sealed class WorkSignal
{
    private TaskCompletionSource _next = New();

    public Task Next => Volatile.Read(ref _next).Task;

    public void Raise() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Raises the signal on every notice, and by a timer in any case: retries fall due without one, and notices get lost.</summary>
internal sealed class WorkSignalFeed(
    WorkSignal signal, GatewayHealth health, IConfiguration configuration, IOptions<QueueOptions> options, IOptions<Timeouts> timeouts, Pace pace,
    ILogger<WorkSignalFeed> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(PollAsync(stoppingToken), ListenAsync(stoppingToken));

    private async Task PollAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await pace.WaitAsync(options.Value.Poll, stopping);
            signal.Raise();
        }
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await PostgresListener.ListenAsync(
                    configuration.ConnectionString(), timeouts.Value.BackgroundConnect, timeouts.Value.BackgroundCommand, [Notices.Work, Notices.Gateways],
                    onListening: () => Heard(Notices.Gateways), onNotice: (channel, _) => Heard(channel), stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                logger.NoticesLost(e);
                await pace.WaitAsync(options.Value.FaultDelay, stopping);
            }
        }
    }

    private void Heard(string channel)
    {
        if (channel == Notices.Gateways)
            health.Look();
        signal.Raise();
    }
}

/// <summary>The loop under webhooks and outbox: one piece of work after the other, then wait to be woken.</summary>
internal sealed class WorkLoop(WorkSignal signal, IOptions<QueueOptions> options, Pace pace)
{
    /// <param name="oneAsync">Does one piece of work; false when there was none.</param>
    public async Task RunAsync(Func<CancellationToken, Task<bool>> oneAsync, ILogger logger, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var next = signal.Next;
            try
            {
                if (!await oneAsync(stopping))
                    await next.WaitAsync(stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                // A bad message or a lost database must not end the loop; what was taken comes back when its lease runs out.
                logger.LoopFailed(e);
                await pace.WaitAsync(options.Value.FaultDelay, stopping);
            }
        }
    }
}
