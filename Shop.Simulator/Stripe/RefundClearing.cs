namespace Shop.Simulator.Stripe;

/// <summary>The banks behind the refunds: some have their last word later.</summary>
internal sealed class RefundClearing(Account account, TimeProvider clock, ILogger<RefundClearing> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (account.Read(Due) is not null)
                    account.Write(work => Due(work) is { } refund && Settle(work, refund)); // one after the other: All sees only what is committed
            }
            catch (IOException e) // the journal's disk may be full; the next round tries again
            {
                logger.NotSettled(e);
            }
        }
    }

    private static Refund? Due(Work work) => work.All<Refund>().FirstOrDefault(r => r.SettlesAt <= work.Now);

    private static bool Settle(Work work, Refund refund)
    {
        Refunds.Settle(work, refund);
        return true;
    }
}
