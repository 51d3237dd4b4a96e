using System.Diagnostics;
using Microsoft.Extensions.Options;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

internal sealed class PaymentWorker(
    PaymentQueue queue, ChargeHandler charges, CloseHandler closes, RefundHandler refunds, LookHandler looks, Books books, GatewayHealth health,
    WorkSignal signal, CrashPoints crash, IOptions<QueueOptions> options, IOptions<Timeouts> timeouts, Pace pace, TimeProvider clock,
    ILogger<PaymentWorker> logger) : BackgroundService
{
    private readonly SemaphoreSlim _slots = new(options.Value.Parallel);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await DispatchAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }

        // A deploy must not turn a charge on its way into an unknown one: what was leased is finished. The host waits that long.
        for (var i = 0; i < options.Value.Parallel; i++)
            await _slots.WaitAsync(CancellationToken.None);
    }

    private async Task DispatchAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            await _slots.WaitAsync(stopping);
            var free = 1;
            while (_slots.Wait(TimeSpan.Zero, CancellationToken.None))
                free++;

            var next = signal.Next;
            var leased = 0;
            var (room, closed) = health.Room(free);
            try
            {
                // Not under the host's stop: a lease that was taken and then forgotten would hide its job until it runs out.
                using var limit = new CancellationTokenSource(timeouts.Value.Recording, clock);
                foreach (var job in await queue.LeaseAsync(room, closed, limit.Token))
                {
                    leased++;
                    health.Taken(job);
                    _ = Task.Run(() => WorkAsync(job), CancellationToken.None);
                }
            }
            catch (Exception e)
            {
                logger.LoopFailed(e); // a lost database must not end the loop
                next = pace.WaitAsync(options.Value.FaultDelay, stopping);
            }

            if (leased < free)
            {
                _slots.Release(free - leased);
                if (leased < room)
                    await next.WaitAsync(stopping); // nothing more is due
            }
        }
    }

    private async Task WorkAsync(PaymentJob job)
    {
        crash.Reach(CrashPoints.AfterLease);
        using var activity = PaymentTelemetry.Start(job);
        using var budget = new CancellationTokenSource(timeouts.Value.Job, clock); // not linked to the host's stop either
        try
        {
            logger.Leased(job.Kind, job.Id, job.OrderId, job.Leases);
            if (job.Leases > options.Value.MaxLeases)
                await books.ParkAsync(job, [], Reasons.OurError, budget.Token);
            else
                await HandleAsync(job, budget.Token);
        }
        catch (Exception e)
        {
            logger.WorkFailed(e, job.Kind, job.Id, job.OrderId, job.Leases);
            activity?.SetStatus(ActivityStatusCode.Error, e.GetType().Name);
            await GiveBackAsync(job);
        }
        finally
        {
            health.Returned(job);
            _slots.Release();
            signal.Raise(); // an outcome often makes work: a mail, a refund
        }
    }

    /// <summary>Soon to be tried again, with its lease counted. Without a database it comes back when the lease runs out.</summary>
    private async Task GiveBackAsync(PaymentJob job)
    {
        try
        {
            using var limit = new CancellationTokenSource(timeouts.Value.Recording, clock);
            await queue.WriteAsync(job, (_, mine) =>
            {
                mine.Again(clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(job.Leases, Random.Shared.NextDouble())), Reasons.OurError, heard: false);
                return Task.FromResult(mine);
            }, limit.Token);
        }
        catch (Exception e)
        {
            logger.LoopFailed(e);
        }
    }

    private Task HandleAsync(PaymentJob job, CancellationToken ct) => job.Kind switch
    {
        PaymentJobKind.Charge => charges.HandleAsync(job, ct),
        PaymentJobKind.Close => closes.HandleAsync(job, ct),
        PaymentJobKind.Refund => refunds.HandleAsync(job, ct),
        PaymentJobKind.Look => looks.HandleAsync(job, ct),
        _ => throw new InvalidOperationException($"Nobody handles {job.Kind} jobs."),
    };

    public override void Dispose()
    {
        _slots.Dispose();
        base.Dispose();
    }
}
