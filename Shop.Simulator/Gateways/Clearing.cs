using Shop.Simulator.PayPal;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Gateways;

/// <summary>What banks and the gateways' own books settle later: balance transactions of charges, what is pending, orders nobody captured in time.</summary>
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

    private static bool AnyDue(Work work) => DueCharge(work) is not null || DueRefund(work) is not null
        || DueCapture(work) is not null || DuePayPalRefund(work) is not null || OverdueOrder(work) is not null;

    private static bool SettleOne(Work work)
    {
        if (DueCharge(work) is { } charge)
            Charges.Settle(work, charge);
        else if (DueRefund(work) is { } refund)
            Refunds.Settle(work, refund);
        else if (DueCapture(work) is { } capture)
            Captures.Settle(work, capture);
        else if (DuePayPalRefund(work) is { } back)
            Captures.Settle(work, back);
        else if (OverdueOrder(work) is { } order)
            Orders.Expire(work, order);
        return true;
    }

    private static Charge? DueCharge(Work work) => work.With<Charge>("due").FirstOrDefault(c => c.SettlesAt <= work.Now);

    private static Refund? DueRefund(Work work) => work.With<Refund>("due").FirstOrDefault(r => r.SettlesAt <= work.Now);

    private static PayPalCapture? DueCapture(Work work) => work.With<PayPalCapture>("due").FirstOrDefault(c => c.SettlesAt <= work.Now);

    private static PayPalRefund? DuePayPalRefund(Work work) => work.With<PayPalRefund>("due").FirstOrDefault(r => r.SettlesAt <= work.Now);

    /// <summary>They all live equally long, so the oldest is the first.</summary>
    private static PayPalOrder? OverdueOrder(Work work) => work.With<PayPalOrder>("open").FirstOrDefault() is { } oldest && oldest.ExpiresAt <= work.Now ? oldest : null;
}
