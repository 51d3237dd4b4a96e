using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>
/// Law 8: a second gateway is asked for the money only when it is proven that the first one took nothing and, left alone, will not. The proof is
/// what the first one's intent says of itself, read under the order's lock.
/// </summary>
internal sealed class Failovers(
    PaymentQueue queue, CloseHandler closing, Books books, GatewayCalls gateways, IOptions<Timeouts> timeouts, Pace pace, TimeProvider clock)
{
    // Nothing was charged, the gateway or our account there is to blame, and another one may well be working.
    private static readonly string[] InTrouble = [Reasons.GatewayUnreachable, Reasons.PaymentsPaused, Reasons.GatewayRefusedOurKey];

    /// <summary>
    /// Whether the order may go to another gateway without anybody being asked now. A timeout, a 5xx and a 429 tell of trouble too, but not what
    /// became of the call: they never move an order.
    /// </summary>
    public bool MayFailOver(PaymentJob job, Order order, GatewayAnswer answer) =>
        order.FallbackMethodId is not null && !job.Automatic && answer is GatewayAnswer.NotCharged no && InTrouble.Contains(no.Reason)
        && Enum.GetValues<PaymentProvider>().Where(p => p != job.Provider).All(gateways.IsWell);

    /// <summary>
    /// An intent that may still take money by itself is canceled at its gateway before anything else is tried. Where that is not possible, the
    /// confirm that is open there comes first, and what was asked for now is given up.
    /// </summary>
    /// <returns>True when it is proven to take nothing; otherwise the job is done with, or waits.</returns>
    public async Task<bool> EndAsync(PaymentJob job, PaymentIntent intent, CancellationToken ct)
    {
        if (!gateways.CanCancel(intent.Provider))
        {
            await GiveWayAsync(job, intent, ct);
            return false;
        }

        if (await closing.AskToCancelAsync(job, intent, ct) is not { } asked)
            return false;

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        if (asked[^1].Answer is GatewayAnswer.Charged charged) // the shopper was faster
        {
            await books.WriteAsync(job, asked, new Verdict(
                new PaymentNews.Captured(charged.AmountMinor, charged.Currency, intent.Provider), null, null, SettlesConfirm: true), recording.Token);
            return false;
        }

        var isCanceled = asked[^1].Answer is GatewayAnswer.NotCharged { By: Refusal.Canceled };
        if (await queue.WriteWithOrderAsync(job, (db, mine) => Task.FromResult(isCanceled ? Cancel(db, mine, intent, asked) : Wait(db, mine, asked)), recording.Token)
            is not null)
            return isCanceled;

        await books.FileAsync(job, asked, recording.Token);
        return false;
    }

    private Locked Cancel(ShopDbContext db, Locked mine, PaymentIntent intent, IReadOnlyList<Asked> asked)
    {
        var now = clock.GetUtcNow();
        var attemptId = Books.File(db, mine.Job, asked, Proofs.Canceled);
        (intent.Provider == mine.Job.Provider ? mine.Intent! : mine.Other!).Cancel(now, attemptId);
        db.Timeline.Add(TimelineEntry.Of(
            mine.Order.Id, now, TimelineKinds.Canceled, "We called off the payment that waited for you, so that only the new one counts.",
            facts: new { gateway = intent.Provider, intent = intent.GatewayId }));
        return mine;
    }

    /// <summary>It may have been paid since. Until that is known the order stays as it is, and nothing else is tried.</summary>
    private Locked Wait(ShopDbContext db, Locked mine, IReadOnlyList<Asked> asked)
    {
        Books.File(db, mine.Job, asked, proof: null);
        mine.Job.Attempts++;
        mine.Job.Again(
            clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(mine.Job.Attempts, Random.Shared.NextDouble())), asked[^1].Reason ?? Reasons.OutcomeUnknown,
            heard: asked.Any(a => a.Answer.IsFault));
        return mine;
    }

    private async Task GiveWayAsync(PaymentJob job, PaymentIntent open, CancellationToken ct) => await queue.WriteWithOrderAsync(job, async (db, mine) =>
    {
        var now = clock.GetUtcNow();
        mine.Job.Done(now);
        mine.Order.Provider = open.Provider; // what it says from here on is about the order
        await db.SaveChangesAsync(ct); // before the next one is written: an order has one open charge
        await Books.GoOnAsync(db, open, settles: true, now, ct);
        return mine;
    }, ct);

    /// <summary>Written with the start of the confirm that it allows, once for each turn that an order takes.</summary>
    public static async Task WriteAsync(ShopDbContext db, Locked mine, DateTimeOffset now, CancellationToken ct)
    {
        var (job, order, _, other, _) = mine;
        var isAt = await db.Failovers.Where(f => f.OrderId == order.Id).OrderByDescending(f => f.Id).Select(f => (PaymentProvider?)f.ToProvider)
            .FirstOrDefaultAsync(ct);
        if (isAt == job.Provider)
            return;

        var from = other?.Provider ?? Enum.GetValues<PaymentProvider>().First(p => p != job.Provider); // without an intent its create never succeeded
        var kind = other is null ? ProofKinds.NeverConfirmed
            : other.Proof ?? throw new InvalidOperationException($"{from} may still take the money for order {order.Number}.");
        var failover = new Failover
        {
            Id = Guid.CreateVersion7(now), OrderId = order.Id, FromProvider = from, ToProvider = job.Provider, Proof = ProofKinds.Words(kind), ProofKind = kind,
            AttemptId = kind is ProofKinds.NeverConfirmed ? null : other?.ProofAttemptId, FromGatewayId = other?.GatewayId, Confirm = other?.Confirm ?? 0,
            AskedBy = job.Automatic ? "automatic" : "shopper", At = now,
        };
        db.Failovers.Add(failover);
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.FailedOver,
            job.Provider is PaymentProvider.PayPal ? "We go on with PayPal. Nothing was taken by card before." : "We go on with your card. Nothing was taken at PayPal before.",
            facts: new
            {
                failover = failover.Id, from, to = job.Provider, failover.Proof, failover.ProofKind, failover.AttemptId, failover.FromGatewayId,
                failover.Confirm, failover.AskedBy,
            }));
    }
}
