using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>Ends an order that will not be paid. Its goods go back on sale only with a proof: canceled at the gateway, or no confirm ever sent.</summary>
internal sealed class CloseHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayKeys keys, GatewayCalls gateways, Books books, IOptions<Timeouts> timeouts, Pace pace,
    TimeProvider clock)
{
    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        // The shopper may have asked to pay again after this job was written. Under the order's lock, as that is.
        var open = await queue.WriteWithOrderAsync(job, async (db, mine) =>
        {
            var now = clock.GetUtcNow();
            if (now < mine.Order.DeadlineAt
                && await db.PaymentJobs.AnyAsync(j => j.OrderId == job.OrderId && j.Kind == PaymentJobKind.Charge && j.State == JobState.Waiting, ct)
                && await db.Holds.AnyAsync(h => h.OrderId == job.OrderId && h.ExpiresAt > now, ct))
                mine.Job.Done(now);
            return mine.Job;
        }, ct);
        if (open is { State: JobState.Waiting })
            await CloseAsync(job, Reasons.NotConfirmedInTime, [], ct);
    }

    /// <param name="before">What this lease has asked already, to be filed with the rest.</param>
    public async Task CloseAsync(PaymentJob job, string reason, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        Order order;
        PaymentIntent? intent;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == job.OrderId, ct);
            intent = await db.PaymentIntents.AsNoTracking().SingleOrDefaultAsync(i => i.OrderId == job.OrderId && i.Provider == job.Provider, ct);
        }

        if (order.Payment is PaymentState.Paid or PaymentState.Abandoned)
            await books.WriteAsync(job, before, new Verdict(null, null, null, SettlesConfirm: false), ct);
        else if (intent is not { Confirm: > 0, GatewayId: { } id })
            await CloseUnconfirmedAsync(job, reason, ct);
        else
            await CancelAsync(job, reason, id, before, ct);
    }

    private async Task CloseUnconfirmedAsync(PaymentJob job, string reason, CancellationToken ct)
    {
        var changed = await queue.WriteWithOrderAsync(job, async (db, mine) => // from here on nobody starts a confirm
        {
            var now = clock.GetUtcNow();
            if (await db.PaymentIntents.AnyAsync(i => i.OrderId == job.OrderId && i.Confirm > 0, ct))
            {
                mine.Job.Again(now, reason); // one was started meanwhile: close it the other way
                return "";
            }

            mine.Job.Done(now, reason);
            return await db.ApplyPaymentOutcomeAsync(mine.Order, new PaymentNews.Closed(reason, Proofs.NeverConfirmed), now, ct) ? reason : "";
        }, ct);

        if (changed is { Length: > 0 })
            await books.TellClosedAsync(job, reason, Proofs.NeverConfirmed, ct);
    }

    private async Task CancelAsync(PaymentJob job, string reason, string intentId, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        if (await keys.WriteAsync(job, GatewayOperation.Cancel, intentId, ct) is not { } key)
        {
            await books.FileAsync(job, before, ct);
            return;
        }

        List<Asked> asked =
        [
            .. before,
            await gateways.AskAsync(job.Provider, GatewayOperation.Cancel, key.Key, intentId, (g, token) => g.CancelAsync(key.Key, intentId, token), ct),
        ];
        if (!IsFinal(asked[^1].Answer)) // the answer may be lost or an old one; how the intent stands is a fact
            asked.Add(await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, intentId, (g, token) => g.ReadAsync(intentId, token), ct));

        var verdict = asked[^1].Answer switch
        {
            GatewayAnswer.Charged charged => // the shopper was faster
                new Verdict(new PaymentNews.Captured(charged.AmountMinor, charged.Currency), null, null, SettlesConfirm: true),
            GatewayAnswer.NotCharged { By: Refusal.Canceled } =>
                new Verdict(new PaymentNews.Closed(reason, Proofs.Canceled), null, reason, SettlesConfirm: true, Proofs.Canceled),
            // A gateway that is ill must not use up the leases: parked, the order would keep its goods for good.
            _ => new Verdict(null, clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(job.Attempts + 1, Random.Shared.NextDouble())),
                Reasons.OutcomeUnknown, SettlesConfirm: false, Heard: asked.Any(a => a.Answer.IsFault)),
        };
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await books.WriteAsync(job, asked, verdict, recording.Token);
    }

    private static bool IsFinal(GatewayAnswer answer) => answer is GatewayAnswer.Charged or GatewayAnswer.NotCharged { By: Refusal.Canceled };
}
