using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <summary>Sends money back, once: the refund's own id names the operation, so that every repetition is the same refund.</summary>
internal sealed class RefundHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayCalls gateways, Books books, IOptions<QueueOptions> options, Pace pace,
    TimeProvider clock, ILogger<RefundHandler> logger)
{
    private const int MaxAttempts = 8;

    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        Refund refund;
        string intentId;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            refund = await db.Refunds.AsNoTracking().SingleAsync(r => r.Id == job.RefundId, ct);
            intentId = await db.PaymentIntents.Where(i => i.OrderId == job.OrderId && i.Provider == job.Provider).Select(i => i.GatewayId).SingleAsync(ct)
                ?? throw new InvalidOperationException($"Refund {job.RefundId} belongs to an intent without an id.");
        }

        if (refund.State is RefundState.Succeeded)
        {
            await queue.FinishAsync(job, ct);
            return;
        }

        var asked = refund is { State: RefundState.Pending, GatewayId: { } known }
            ? await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, known, (g, token) => g.ReadRefundAsync(known, token), ct)
            : await SendAsync(job, new NewRefund(refund.Id, intentId, refund.AmountMinor), ct);
        if (asked is null)
            return;

        using var recording = new CancellationTokenSource(options.Value.Recording, clock);
        var settled = await queue.WriteAsync(job, (db, mine) => WriteAsync(db, mine, refund.Id, asked, recording.Token), recording.Token);
        if (settled is null)
            await books.FileAsync(job, [asked], recording.Token); // whoever holds the lease gets the same answer to the same key
        else
            await books.TellAsync(job.OrderId, recording.Token);
        if (asked.Answer is GatewayAnswer.RefundFailed failed)
            logger.RefundFailed(job.OrderId, refund.Id, failed.Why);
    }

    private async Task<Asked?> SendAsync(PaymentJob job, NewRefund wanted, CancellationToken ct)
    {
        var key = await queue.WriteAsync(job, (db, _) => GatewayKeys.WriteRefundAsync(db, job, wanted, clock.GetUtcNow(), ct), ct);
        return key is null
            ? null
            : await gateways.AskAsync(job.Provider, GatewayOperation.Refund, key, wanted.IntentId, (g, token) => g.RefundAsync(key, wanted, token), ct);
    }

    private async Task<string> WriteAsync(ShopDbContext db, PaymentJob job, Guid refundId, Asked asked, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        Books.File(db, job, [asked], proof: null);
        job.Attempts++;
        var isSettled = await RefundSettlement.ApplyAsync(db, refundId, asked.Answer, now, ct);
        if (asked.Answer is GatewayAnswer.RefundFailed)
            PaymentQueue.Park(db, job, Reasons.OurError, now); // the money is still owed: a person sends it another way
        else if (isSettled)
            job.Done(now);
        else if (job.Attempts >= MaxAttempts)
            PaymentQueue.Park(db, job, Reasons.OurError, now);
        else
            job.Again(now + pace.Of(Backoff.AfterFailure(job.Attempts, Random.Shared.NextDouble())), asked.Reason ?? Reasons.OutcomeUnknown);

        return asked.Answer.Class;
    }
}

/// <summary>What an answer about a refund does to the books; also for webhooks. Idempotent.</summary>
internal static class RefundSettlement
{
    /// <returns>Whether the refund is settled now.</returns>
    public static async Task<bool> ApplyAsync(ShopDbContext db, Guid refundId, GatewayAnswer answer, DateTimeOffset now, CancellationToken ct)
    {
        var orderId = await db.Refunds.Where(r => r.Id == refundId).Select(r => r.OrderId).SingleAsync(ct);
        var order = await db.LockOrderAsync(orderId, ct);
        var refund = await db.Refunds.SingleAsync(r => r.Id == refundId, ct); // read under the order's lock
        switch (answer)
        {
            case GatewayAnswer.Refunded done when refund.State is not RefundState.Succeeded:
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Succeeded, done.Id, now);
                order.AddRefund(refund.AmountMinor);
                db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.Refunded, "The refund is on its way to your account.", refund.Reason));
                db.Outbox.Add(OutboxMessage.Of(OutboxKind.RefundedMail, orderId, now));
                break;
            case GatewayAnswer.RefundPending pending when refund.State is not RefundState.Succeeded:
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Pending, pending.Id, null);
                break;
            case GatewayAnswer.RefundFailed failed when refund.State is RefundState.Pending:
                (refund.State, refund.GatewayId, refund.SettledAt) = (RefundState.Failed, failed.Id ?? refund.GatewayId, now);
                db.Timeline.Add(TimelineEntry.Of(
                    orderId, now, TimelineKinds.RefundFailed, "The refund did not arrive. We are looking into it.", Reasons.OurError));
                break;
        }

        return refund.State is not RefundState.Pending;
    }
}
