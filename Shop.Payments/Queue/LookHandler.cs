using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>
/// Asks how an intent stands and nothing else, because the shopper is back from the bank and should not have to wait for a webhook. After
/// a few tries it leaves the order to the webhooks and the sweep.
/// </summary>
internal sealed class LookHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayCalls gateways, Books books, IOptions<Timeouts> timeouts, Pace pace,
    TimeProvider clock, ILogger<LookHandler> logger)
{
    internal const int MaxAttempts = 5;

    private sealed record Outcome(Order Order, bool Changed);

    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        Reading? before;
        await using (var db = await contexts.CreateDbContextAsync(ct))
            before = await Reading.OfAsync(db, db.PaymentIntents.Where(i => i.OrderId == job.OrderId && i.Provider == job.Provider), ct);
        if (before is not { Order.Payment: not (PaymentState.Paid or PaymentState.Abandoned), Intent.GatewayId: { } id })
        {
            await queue.FinishAsync(job, ct);
            return;
        }

        var asked = await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, id, (g, token) => g.ReadAsync(id, token), ct);
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        Outcome? outcome;
        try
        {
            outcome = await queue.WriteAsync(job, (db, mine) => WriteAsync(db, mine, before, asked, recording.Token), recording.Token);
        }
        catch (AmountMismatchException e)
        {
            logger.AmountMismatch(e, job.OrderId);
            await books.ParkAsync(job, [asked], Reasons.AmountMismatch, recording.Token);
            return;
        }

        if (outcome is null)
        {
            await books.FileAsync(job, [asked], recording.Token); // whoever holds the lease asks again
        }
        else if (outcome.Changed)
        {
            logger.LookSettled(job.OrderId, outcome.Order.Payment, outcome.Order.Reason);
            await books.TellAsync(job.OrderId, recording.Token);
        }
    }

    private async Task<Outcome> WriteAsync(ShopDbContext db, PaymentJob job, Reading before, Asked asked, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        job.Attempts++;
        // An answer that is none, or a bank that still waits for the shopper, may be another one in a moment. The rest stays as it is.
        if (asked.Answer is GatewayAnswer.Unknown or GatewayAnswer.ActionNeeded && job.Attempts < MaxAttempts)
            job.Again(now + pace.Of(Backoff.AfterSilence(job.Attempts, Random.Shared.NextDouble())), asked.Reason ?? Reasons.OutcomeUnknown);
        else
            job.Done(now, asked.Reason);

        var (order, changed) = await before.ApplyAsync(db, asked, job.Id, now, ct);
        return new(order, changed);
    }
}
