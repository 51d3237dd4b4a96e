namespace Shop.Simulator.Stripe;

/// <summary>What banks and Stripe's own books settle later: balance transactions of charges, and some refunds.</summary>
internal sealed class Clearing(Account account, TimeProvider clock, ILogger<Clearing> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                // One after the other: nobody waits longer for the account than one of them takes.
                while (!stoppingToken.IsCancellationRequested && account.Read(AnyDue))
                    account.Write(SettleOne);
            }
            catch (IOException e) // the journal's disk may be full; the next round tries again
            {
                logger.NotSettled(e);
            }
        }
    }

    private static bool AnyDue(Work work) => DueCharge(work) is not null || DueRefund(work) is not null;

    private static bool SettleOne(Work work)
    {
        if (DueCharge(work) is { } charge)
            Charges.Settle(work, charge);
        else if (DueRefund(work) is { } refund)
            Refunds.Settle(work, refund);
        return true;
    }

    private static Charge? DueCharge(Work work) => work.With<Charge>("due").FirstOrDefault(c => c.SettlesAt <= work.Now);

    private static Refund? DueRefund(Work work) => work.With<Refund>("due").FirstOrDefault(r => r.SettlesAt <= work.Now);
}
