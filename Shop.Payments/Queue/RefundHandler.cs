using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>Sends money back, once: the refund's own id names the operation, so that every repetition is the same refund.</summary>
internal sealed class RefundHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayKeys keys, GatewayCalls gateways, Books books, IOptions<Timeouts> timeouts,
    Pace pace, TimeProvider clock, ILogger<RefundHandler> logger)
{
    private const int MaxAttempts = 8;

    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        Refund refund;
        string intentId;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            refund = await db.Refunds.AsNoTracking().SingleAsync(r => r.Id == job.RefundId, ct);
            var intent = await db.PaymentIntents.Where(i => i.OrderId == job.OrderId && i.Provider == job.Provider)
                .Select(i => new { i.GatewayId, db.Orders.First(o => o.Id == i.OrderId).IsSynthetic }).SingleAsync(ct);
            PaymentTelemetry.WorksFor(intent.IsSynthetic);
            intentId = intent.GatewayId
                ?? throw new InvalidOperationException($"Refund {job.RefundId} belongs to an intent without an id.");
        }

        if (refund.State is RefundState.Succeeded or RefundState.Replaced)
        {
            await queue.FinishAsync(job, ct);
            return;
        }

        var asked = await AskAsync(job, refund, intentId, ct);
        if (asked is [])
            return;

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        var settled = await queue.WriteAsync(job, (db, mine) => WriteAsync(db, mine, refund.Id, asked, recording.Token), recording.Token);
        if (settled is null)
            await books.FileAsync(job, asked, recording.Token); // whoever holds the lease gets the same answer to the same key
        else
            await books.TellAsync(job.OrderId, recording.Token);
        if (asked[^1].Answer is GatewayAnswer.RefundFailed failed)
            logger.RefundFailed(job.OrderId, refund.Id, failed.Why);
    }

    /// <returns>The calls that were made, the deciding one last; none when the lease is lost.</returns>
    private async Task<IReadOnlyList<Asked>> AskAsync(PaymentJob job, Refund refund, string intentId, CancellationToken ct)
    {
        if (refund is { State: RefundState.Pending, GatewayId: { } known })
            return [await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, known, (g, token) => g.ReadRefundAsync(known, token), ct)];

        var wanted = new NewRefund(refund.Id, intentId, refund.AmountMinor);
        if (await keys.WriteAsync(job, refund, JsonSerializer.Serialize(wanted), ct) is not { } key)
            return [];

        List<Asked> asked = [];
        if (key.Existed || refund.Send > 1)
        {
            // It may have been executed although we heard nothing, or a frozen 500, and the gateway forgets its keys after a day: look first.
            asked.Add(await gateways.AskAsync(
                job.Provider, GatewayOperation.Read, null, intentId, (g, token) => g.FindRefundAsync(intentId, refund.Id, token), ct));
            var isNone = asked[0].Answer is GatewayAnswer.NoRefund
                || (asked[0].Answer is GatewayAnswer.RefundFailed { Id: { } failed } && failed == refund.GatewayId); // the one we know of
            if (!isNone)
                return asked;
        }

        asked.Add(await gateways.AskAsync(job.Provider, GatewayOperation.Refund, key.Key, intentId, (g, token) => g.RefundAsync(key.Key, wanted, token), ct));
        return asked;
    }

    private async Task<string> WriteAsync(ShopDbContext db, PaymentJob job, Guid refundId, IReadOnlyList<Asked> asked, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var last = asked[^1];
        Books.File(db, job, asked, proof: null);
        job.Attempts++;
        var state = await RefundSettlement.ApplyAsync(db, refundId, last.Answer, now, ct);
        if (job.State is JobState.Parked)
            return last.Answer.Class; // it failed: a person sends it again, or another way
        // Frozen: that send has ended without a refund, and its key will say nothing else for a day. The next try looks whether it left one
        // behind after all, and only if there is none sends another one.
        if (last is { Operation: GatewayOperation.Refund, Answer: GatewayAnswer.Unknown { Facts.IsReplayed: true } })
            (await db.Refunds.SingleAsync(r => r.Id == refundId, ct)).Send++;

        if (state is RefundState.Succeeded)
            job.Done(now);
        else if (last.Answer is GatewayAnswer.RefundFailed || (job.Attempts >= MaxAttempts && last.Answer is not GatewayAnswer.RefundPending && !last.Answer.IsFault))
            PaymentQueue.Park(db, job, Reasons.OurError, now);
        else // a bank may take days, and a gateway that is ill is asked until it is well: parked, nobody would find a refund whose answer was lost
            job.Again(now + pace.Of(Backoff.AfterFailure(job.Attempts, Random.Shared.NextDouble())), last.Reason ?? Reasons.OutcomeUnknown);

        return last.Answer.Class;
    }
}

/// <summary>What an answer about a refund does to the books; also for webhooks. Idempotent.</summary>
internal static class RefundSettlement
{
    /// <returns>How the refund stands now.</returns>
    public static async Task<RefundState> ApplyAsync(ShopDbContext db, Guid refundId, GatewayAnswer answer, DateTimeOffset now, CancellationToken ct)
    {
        var orderId = await db.Refunds.Where(r => r.Id == refundId).Select(r => r.OrderId).SingleAsync(ct);
        // The job before the order, as the worker locks them.
        var job = (await db.PaymentJobs.FromSql($"""
            SELECT * FROM payments.payment_jobs WHERE order_id = {orderId} AND refund_id = {refundId} AND state <> 'Done' FOR UPDATE
            """).ToListAsync(ct)).FirstOrDefault();
        var order = await db.LockOrderAsync(orderId, ct);
        var refund = await db.Refunds.SingleAsync(r => r.Id == refundId, ct); // read under the order's lock
        switch (answer)
        {
            case GatewayAnswer.Refunded done when MayArrive(refund, done.Id):
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Succeeded, done.Id, now);
                order.AddRefund(refund.AmountMinor);
                db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.Refunded, Sent(refund), refund.Reason,
                    facts: new { refund = refundId, gatewayId = done.Id, refund.AmountMinor, refund.Send }));
                db.Outbox.Add(OutboxMessage.Of(OutboxKind.RefundedMail, orderId, now, refundId));
                if (job is { State: JobState.Parked })
                    job.Done(now); // nothing is left for a person to do
                break;
            case GatewayAnswer.RefundPending pending when MayArrive(refund, pending.Id):
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Pending, pending.Id, null);
                break;
            case GatewayAnswer.RefundFailed failed when IsNews(refund, failed):
                if (refund.State is RefundState.Succeeded)
                    order.TakeBackRefund(refund.AmountMinor);
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Failed, failed.Id ?? refund.GatewayId, now);
                refund.Send++;
                db.Timeline.Add(TimelineEntry.Of(
                    orderId, now, TimelineKinds.RefundFailed, Reasons.Of(Reasons.RefundFailed).Shopper, Reasons.RefundFailed,
                    facts: new { refund = refundId, gatewayId = refund.GatewayId, failed.Why, refund.AmountMinor }));
                if (job is null)
                    db.PaymentJobs.Add(job = PaymentJob.Of(PaymentJobKind.Refund, orderId, refund.Provider, now, refundId: refundId));
                PaymentQueue.Park(db, job, Reasons.RefundFailed, now); // the money is owed: a person sends it again, or another way
                break;
        }

        return refund.State;
    }

    public static string Sent(Refund refund) => $"The refund of {Money.Text(refund.AmountMinor, refund.Currency)} is on its way to your account.";

    /// <summary>A refund that failed stays failed: an answer that says otherwise about the same one is older.</summary>
    private static bool MayArrive(Refund refund, string gatewayId) =>
        refund.State is RefundState.Pending || (refund.State is RefundState.Failed or RefundState.Replaced && refund.GatewayId != gatewayId);

    /// <summary>About the refund we know of, or about one we did not. An earlier one that failed says nothing about its successor.</summary>
    private static bool IsNews(Refund refund, GatewayAnswer.RefundFailed failed) => refund.State switch
    {
        RefundState.Replaced => false, // nobody sends it again
        RefundState.Failed => failed.Id is not null && failed.Id != refund.GatewayId,
        _ => refund.GatewayId is null || failed.Id is null || failed.Id == refund.GatewayId,
    };
}
