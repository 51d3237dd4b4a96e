using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>
/// Ends an order that will not be paid. Its goods go back on sale only with a proof: canceled at the gateway, or no confirm ever sent, or, where
/// nothing but our own confirm takes money, none that is open.
/// </summary>
internal sealed class CloseHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayKeys keys, GatewayCalls gateways, Books books, IOptions<Timeouts> timeouts, Pace pace,
    TimeProvider clock)
{
    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        // After this job was written the shopper may have asked to pay again, or an agent have kept the goods for longer. Under the order's lock, as
        // those are.
        var open = await queue.WriteWithOrderAsync(job, async (db, mine) =>
        {
            var now = clock.GetUtcNow();
            if (mine.Order.CancelAskedAt is null && now < mine.Order.DeadlineAt && await db.Holds.AnyAsync(h => h.OrderId == job.OrderId && h.ExpiresAt > now, ct))
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
        List<PaymentIntent> intents;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == job.OrderId, ct);
            intents = await db.PaymentIntents.AsNoTracking().Where(i => i.OrderId == job.OrderId).ToListAsync(ct);
        }

        PaymentTelemetry.WorksFor(order.IsSynthetic);
        var open = intents.Find(i => i.ConfirmOpen && !gateways.CanCancel(i.Provider));
        if (order.Payment is PaymentState.Paid or PaymentState.Abandoned && !intents.Exists(i => i.ConfirmOpen && i.Provider != order.PaysAt))
            await books.WriteAsync(job, before, new Verdict(null, null, null, SettlesConfirm: false), ct);
        else if (open is not null && before is [.., { Answer: GatewayAnswer.Authorized }])
            await CancelAsync(job, reason, open, before, ct); // set aside and not taken: that can be set free
        else if (open is not null)
            await LeaveAsync(job, open, before, ct);
        else if (intents.Find(MayStillTake) is { } intent)
            await CancelAsync(job, reason, intent, before, ct);
        else
            await CloseUntouchedAsync(job, reason, before, ct);
    }

    /// <summary>It has to be canceled before its goods may go back on sale.</summary>
    private bool MayStillTake(PaymentIntent intent) => intent is { Confirm: > 0, GatewayId: not null, CanceledAt: null } && gateways.CanCancel(intent.Provider);

    /// <summary>
    /// A confirm is open that nothing can call off: only its own answer ends it, and a charge finds that out, whatever the time. Until then the
    /// goods stay with the order.
    /// </summary>
    private async Task LeaveAsync(PaymentJob job, PaymentIntent open, IReadOnlyList<Asked> before, CancellationToken ct) =>
        await queue.WriteAsync(job, async (db, mine) =>
        {
            var now = clock.GetUtcNow();
            Books.File(db, job, before, proof: null);
            if (mine is { Kind: PaymentJobKind.Charge } && mine.Provider == open.Provider)
            {
                mine.Again(now + pace.Of(Backoff.AfterSilence(mine.Attempts + 1, Random.Shared.NextDouble())), Reasons.OutcomeUnknown);
                return mine;
            }

            mine.Done(now);
            await db.SaveChangesAsync(ct);
            if (!await db.PaymentJobs.AnyAsync(j => j.OrderId == job.OrderId && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done, ct))
                await Books.GoOnAsync(db, open, settles: true, now, ct);
            return mine;
        }, ct);

    private async Task CloseUntouchedAsync(PaymentJob job, string reason, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        var proof = Proofs.NeverConfirmed;
        var changed = await queue.WriteWithOrderAsync(job, async (db, mine) => // from here on nobody starts a confirm
        {
            var now = clock.GetUtcNow();
            Books.File(db, job, before, proof: null);
            PaymentIntent[] intents = [.. new[] { mine.Intent, mine.Other }.OfType<PaymentIntent>()];
            if (intents.Any(i => i.ConfirmOpen || MayStillTake(i)))
            {
                mine.Job.Again(now, reason); // one was started meanwhile: close it the other way
                return "";
            }

            if (intents.FirstOrDefault(i => i.Confirm > 0) is { } confirmed)
                proof = ProofKinds.Words(confirmed.Proof ?? ProofKinds.Refused);
            mine.Job.Done(now, reason);
            return await db.ApplyPaymentOutcomeAsync(mine.Order, new PaymentNews.Closed(reason, proof), now, ct) ? reason : "";
        }, ct);

        if (changed is { Length: > 0 })
            await books.TellClosedAsync(job, reason, proof, ct);
    }

    private async Task CancelAsync(PaymentJob job, string reason, PaymentIntent intent, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        if (await AskToCancelAsync(job, intent, ct) is not { } canceling)
        {
            await books.FileAsync(job, before, ct);
            return;
        }

        IReadOnlyList<Asked> asked = [.. before, .. canceling];
        var verdict = asked[^1].Answer switch
        {
            GatewayAnswer.Charged charged => // the shopper was faster
                new Verdict(new PaymentNews.Captured(charged.AmountMinor, charged.Currency, intent.Provider), null, null, SettlesConfirm: true),
            GatewayAnswer.NotCharged { By: Refusal.Canceled } =>
                new Verdict(new PaymentNews.Closed(reason, Proofs.Canceled), null, reason, SettlesConfirm: true, Proofs.Canceled),
            // A gateway that is ill must not use up the leases: parked, the order would keep its goods for good.
            _ => new Verdict(null, clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(job.Attempts + 1, Random.Shared.NextDouble())),
                Reasons.OutcomeUnknown, SettlesConfirm: false, Heard: asked.Any(a => a.Answer.IsFault)),
        };
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await books.WriteAsync(job, asked, verdict, recording.Token);
    }

    /// <returns>The calls it took, the one that tells how the intent stands last; null when the lease is lost.</returns>
    public async Task<IReadOnlyList<Asked>?> AskToCancelAsync(PaymentJob job, PaymentIntent intent, CancellationToken ct)
    {
        var id = intent.GatewayId ?? throw new InvalidOperationException($"Order {intent.OrderId} has an intent without an id to cancel.");
        if (await keys.WriteAsync(job, intent.Provider, GatewayOperation.Cancel, intent.Round, id, ct) is not { } key)
            return null;

        List<Asked> asked =
        [
            await gateways.AskAsync(intent.Provider, GatewayOperation.Cancel, key.Key, id, (g, token) => g.CancelAsync(key.Key, id, token), ct),
        ];
        if (!IsFinal(asked[^1].Answer)) // the answer may be lost or an old one; how the intent stands is a fact
            asked.Add(await gateways.AskAsync(intent.Provider, GatewayOperation.Read, null, id, (g, token) => g.ReadAsync(id, token), ct));
        return asked;
    }

    private static bool IsFinal(GatewayAnswer answer) => answer is GatewayAnswer.Charged or GatewayAnswer.NotCharged { By: Refusal.Canceled };
}
