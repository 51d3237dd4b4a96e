using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;

namespace Shop.Payments.Reconciliation;

/// <summary>
/// Does what a person asked for about a mismatch. Each repair asks the gateway first and books its answer, never what somebody believes; and
/// each may be repeated: what was done already is found done.
/// </summary>
internal sealed class MismatchRepairs(
    IDbContextFactory<ShopDbContext> contexts, GatewayCalls gateways, IServiceProvider services, Books books, WorkLoop loop, WorkSignal signal,
    IOptions<Timeouts> timeouts, Pace pace, TimeProvider clock, ILogger<MismatchRepairs> logger) : BackgroundService
{
    private const int MaxAttempts = 8;
    private const string AllWentBack = "all that was charged went back"; // a proof, beside those of the queue
    private static readonly TimeSpan PendingEvery = TimeSpan.FromHours(1); // a bank takes days; an event makes it due at once

    /// <param name="Again">When to look again although nothing is wrong: that counts as no attempt.</param>
    private sealed record Outcome(MismatchState State, string Result, TimeSpan? Again = null)
    {
        public static Outcome Later { get; } = new(MismatchState.Repairing, "The gateway could not be asked; it is tried again.");
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(OneAsync, logger, stoppingToken);

    private async Task<bool> OneAsync(CancellationToken stopping)
    {
        if (await LeaseAsync(stopping) is not { } mismatch)
            return false;

        using var budget = new CancellationTokenSource(timeouts.Value.Job, clock); // not linked to the host's stop: it may be moving money
        Outcome outcome;
        try
        {
            outcome = await RepairAsync(mismatch, budget.Token);
        }
        catch (Exception e)
        {
            logger.RepairFailed(e, mismatch.Id, mismatch.Repair ?? "");
            outcome = Outcome.Later;
        }

        if (outcome is { State: MismatchState.Repairing, Again: null } && mismatch.Attempts >= MaxAttempts)
            outcome = new(MismatchState.Parked, "The gateway could not be asked. Ask for the repair again when it is well.");
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await contexts.TransactAsync(async db => await LockAsync(db, mismatch, recording.Token) is { } mine && End(mine, outcome), recording.Token);
        logger.Repaired(mismatch.Id, mismatch.Repair ?? "", outcome.State, outcome.Result);
        signal.Raise(); // a refund, a mail
        if (mismatch.OrderId is { } order)
            await books.TellAsync(order, recording.Token);
        return true;
    }

    private async Task<Mismatch?> LeaseAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var leased = await db.Mismatches.FromSql($"""
            WITH next AS MATERIALIZED (
                SELECT id FROM payments.mismatches
                WHERE state = 'Repairing' AND due_at <= now() AND leased_until <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            UPDATE payments.mismatches m SET leased_until = now() + {timeouts.Value.Lease}, lease_token = lease_token + 1, attempts = attempts + 1
            FROM next WHERE m.id = next.id RETURNING m.*
            """).AsNoTracking().ToListAsync(ct);
        return leased is [var mismatch] ? mismatch : null;
    }

    private static async Task<Mismatch?> LockAsync(ShopDbContext db, Mismatch leased, CancellationToken ct) =>
        await db.Mismatches.FromSql($"""
            SELECT * FROM payments.mismatches
            WHERE id = {leased.Id} AND lease_token = {leased.LeaseToken} AND leased_until > now() AND state = 'Repairing' FOR UPDATE
            """).ToListAsync(ct) is [var mismatch] ? mismatch : null;

    private bool End(Mismatch mismatch, Outcome outcome)
    {
        var now = clock.GetUtcNow();
        (mismatch.State, mismatch.Result, mismatch.LeasedUntil) = (outcome.State, outcome.Result, DateTimeOffset.UnixEpoch);
        if (outcome.State is MismatchState.Closed)
            mismatch.ClosedAt = now;
        else if (outcome.Again is { } wait)
            (mismatch.DueAt, mismatch.Attempts) = (now + pace.Of(wait), 1); // not none: what fails now has failed since it was sent
        else if (outcome.State is MismatchState.Repairing)
            mismatch.DueAt = now + pace.Of(Backoff.AfterFailure(mismatch.Attempts, Random.Shared.NextDouble()));
        return true;
    }

    private Task<Outcome> RepairAsync(Mismatch mismatch, CancellationToken ct) => (mismatch.Repair, mismatch.Kind) switch
    {
        (Repairs.MarkPaid, _) => LookAsync(mismatch, cancels: false, ct),
        (Repairs.Release, _) => LookAsync(mismatch, cancels: true, ct),
        (Repairs.Refund, Mismatches.RefundBookedNotDone) => SendAgainAsync(mismatch, ct),
        (Repairs.Refund, _) => GiveBackAsync(mismatch, ct),
        (Repairs.BookRefund, _) => BookRefundAsync(mismatch, ct),
        _ => throw new InvalidOperationException($"Nobody repairs {mismatch.Kind} by {mismatch.Repair}."),
    };

    /// <summary>Asks how the intent stands, perhaps after canceling it, and applies the answer as any other news about the order.</summary>
    private async Task<Outcome> LookAsync(Mismatch mismatch, bool cancels, CancellationToken ct)
    {
        Reading? before;
        await using (var db = await contexts.CreateDbContextAsync(ct))
            before = await Reading.OfAsync(db, db.PaymentIntents.Where(i => i.GatewayId == mismatch.IntentId), ct);
        if (before is null || mismatch.IntentId is not { } id)
            return new(MismatchState.Open, "We have no intent to ask about.");

        Asked? canceled = null;
        if (cancels)
        {
            var key = $"mismatch:{mismatch.Id}:cancel:{mismatch.LeaseToken}";
            canceled = await gateways.AskAsync(mismatch.Provider, GatewayOperation.Cancel, key, id, (g, token) => g.CancelAsync(key, id, token), ct);
        }

        var asked = await gateways.AskAsync(mismatch.Provider, GatewayOperation.Read, null, id, (g, token) => g.ReadAsync(id, token), ct);
        if (asked.Answer.IsFault)
            return Outcome.Later;

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        try
        {
            return await contexts.TransactAsync(async db =>
            {
                if (await LockAsync(db, mismatch, recording.Token) is null)
                    return Outcome.Later;
                if (canceled is not null)
                    db.PaymentAttempts.Add(canceled.ToAttempt(before.Order.Id, jobId: null));
                var now = clock.GetUtcNow();
                var (order, changed) = await before.ApplyAsync(db, asked, jobId: null, now, recording.Token);
                var says = $"The gateway says {asked.Answer.Class}; the payment is {order.Payment}{(changed ? " now" : ", as before")}.";
                Tell(db, mismatch, now, says);
                var isDone = cancels ? asked.Answer is GatewayAnswer.Charged or GatewayAnswer.NotCharged { By: Refusal.Canceled } : asked.Answer is GatewayAnswer.Charged;
                return new Outcome(isDone ? MismatchState.Closed : MismatchState.Open, says);
            }, recording.Token);
        }
        catch (AmountMismatchException e)
        {
            logger.AmountMismatch(e, before.Order.Id);
            return new(MismatchState.Open, e.Message);
        }
    }

    /// <summary>
    /// Sends back what is left of a charge that no order has. All that is left, each time: so it cannot go back twice, whatever became of an
    /// earlier try. Not by a refund of the order's, which would send back the charge that the order has.
    /// </summary>
    private async Task<Outcome> GiveBackAsync(Mismatch mismatch, CancellationToken ct)
    {
        if (mismatch.IntentId is not { } intent)
            return new(MismatchState.Open, "The charge has no intent. Refund it at the gateway.");
        var asked = await gateways.AskAsync(
            mismatch.Provider, GatewayOperation.Read, null, intent, (g, token) => g.FindRefundAsync(intent, mismatch.Id, token), ct);
        if (asked.Answer is GatewayAnswer.Unknown)
            return Outcome.Later;

        // One that is on its way settles first. One that has failed since we sent it is a person's, who may ask for another.
        var left = 0L;
        var hasFailed = asked.Answer is GatewayAnswer.RefundFailed && mismatch.Attempts > 1;
        if (!hasFailed && asked.Answer is not GatewayAnswer.RefundPending)
        {
            var charge = await services.GetRequiredKeyedService<IGatewayBooks>(mismatch.Provider).ReadChargeAsync(mismatch.Subject, intent, ct);
            left = charge.AmountMinor - charge.RefundedMinor;
        }

        if (left > 0)
        {
            var key = $"mismatch:{mismatch.Id}:refund:{mismatch.LeaseToken}";
            asked = await gateways.AskAsync(mismatch.Provider, GatewayOperation.Refund, key, intent,
                (g, token) => g.RefundAsync(key, new NewRefund(mismatch.Id, intent, left), token), ct);
        }

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            if (mismatch.OrderId is { } order)
                db.PaymentAttempts.Add(asked.ToAttempt(order, jobId: null));
            if (await LockAsync(db, mismatch, recording.Token) is null)
                return Outcome.Later;

            var outcome = asked.Answer switch
            {
                GatewayAnswer.RefundPending pending => new Outcome(MismatchState.Repairing, $"It is on its way back ({pending.Id}).", Again: PendingEvery),
                GatewayAnswer.RefundFailed failed when left > 0 || hasFailed => new(MismatchState.Parked, $"The gateway could not send it back: {failed.Why}."),
                _ when left == 0 => new(MismatchState.Closed, "Nothing is left of the charge: it went back."),
                GatewayAnswer.Refunded done => new(MismatchState.Closed, $"{left} minor units went back ({done.Id})."),
                _ => Outcome.Later, // it may have gone back: the next try looks for it first
            };
            if (outcome.State is MismatchState.Closed)
            {
                var now = clock.GetUtcNow();
                if (asked.Answer is GatewayAnswer.Refunded)
                    Tell(db, mismatch, now, "We sent back a charge that did not belong to this order's payment.");
                await EndOrderAsync(db, mismatch, asked, now, recording.Token);
            }

            return outcome;
        }, recording.Token);
    }

    /// <summary>An order whose own charge was of another amount was never paid. With all of that back it is over, and its goods are free.</summary>
    private static async Task EndOrderAsync(ShopDbContext db, Mismatch mismatch, Asked asked, DateTimeOffset now, CancellationToken ct)
    {
        if (mismatch is not { Kind: Mismatches.AmountDiffers, OrderId: { } id })
            return;
        var order = await db.LockOrderAsync(id, ct);
        if (order is { Payment: PaymentState.Abandoned, Reason: Reasons.AmountMismatch })
            order.ExplainEnd(Reasons.WrongAmountReturned); // it had come back
        else
            await db.ApplyPaymentOutcomeAsync(order, new PaymentNews.Closed(Reasons.WrongAmountReturned, AllWentBack), now, ct, asked.ToFacts());
    }

    /// <summary>
    /// What a repair sent back has come back, perhaps days later: the mismatch is there again, and an order that it ended must not say any
    /// longer that the money is on its way.
    /// </summary>
    /// <param name="mismatch">Locked in this transaction.</param>
    public static async Task ReopenAsync(
        ShopDbContext db, Mismatch mismatch, GatewayAnswer.RefundFailed failed, DateTimeOffset now, CancellationToken ct)
    {
        (mismatch.State, mismatch.ClosedAt) = (MismatchState.Open, null);
        mismatch.Result = $"It was sent back, and came back to us ({failed.Id}): {failed.Why}.";
        if (mismatch.OrderId is not { } id)
            return;

        var order = await db.LockOrderAsync(id, ct);
        var isTold = order.Reason is Reasons.WrongAmountReturned;
        if (isTold)
            order.ExplainEnd(Reasons.AmountMismatch);
        db.Timeline.Add(TimelineEntry.Of(id, now, TimelineKinds.RefundFailed, Reasons.Of(Reasons.RefundFailed).Shopper, Reasons.RefundFailed,
            forShopper: isTold, facts: new { mismatch = mismatch.Id, gatewayId = failed.Id, failed.Why }));
    }

    private async Task<Outcome> SendAgainAsync(Mismatch mismatch, CancellationToken ct)
    {
        if (mismatch.IntentId is not { } intent)
            return new(MismatchState.Open, "We have no intent to ask about.");
        var refundId = Guid.Parse(mismatch.Subject);
        var asked = await gateways.AskAsync(mismatch.Provider, GatewayOperation.Read, null, intent, (g, token) => g.FindRefundAsync(intent, refundId, token), ct);
        if (asked.Answer is GatewayAnswer.Unknown)
            return Outcome.Later;

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            if (await LockAsync(db, mismatch, recording.Token) is null)
                return Outcome.Later;
            var now = clock.GetUtcNow();
            db.PaymentAttempts.Add(asked.ToAttempt(mismatch.OrderId!.Value, jobId: null));
            var answer = asked.Answer is GatewayAnswer.NoRefund ? new GatewayAnswer.RefundFailed(null, "the gateway has no such refund") : asked.Answer;
            var state = await RefundSettlement.ApplyAsync(db, refundId, answer, now, recording.Token);
            if (state is not RefundState.Failed)
                return new Outcome(MismatchState.Closed, $"The gateway has the refund: it is {state}.");

            // Taken back in our books, its job parked for a person: who has just said what to do.
            await db.SaveChangesAsync(recording.Token);
            var job = await db.PaymentJobs.SingleAsync(j => j.RefundId == refundId && j.State == JobState.Parked, recording.Token);
            (job.State, job.Leases, job.Attempts, job.DueAt) = (JobState.Waiting, 0, 0, now);
            Tell(db, mismatch, now, "The refund is sent again.");
            return new Outcome(MismatchState.Closed, "The gateway had no such refund. It is sent again.");
        }, recording.Token);
    }

    private async Task<Outcome> BookRefundAsync(Mismatch mismatch, CancellationToken ct)
    {
        var id = mismatch.Subject;
        var asked = await gateways.AskAsync(mismatch.Provider, GatewayOperation.Read, null, id, (g, token) => g.ReadRefundAsync(id, token), ct);
        if (asked.Answer.IsFault)
            return Outcome.Later;

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            if (await LockAsync(db, mismatch, recording.Token) is null)
                return Outcome.Later;
            var now = clock.GetUtcNow();
            var order = await db.LockOrderForRefundAsync(mismatch.OrderId!.Value, recording.Token);
            db.PaymentAttempts.Add(asked.ToAttempt(order.Id, jobId: null));
            if (asked.Answer is not GatewayAnswer.Refunded done)
                return new Outcome(MismatchState.Open, $"The gateway says {asked.Answer.Class}: nothing was booked.");
            if (await db.Refunds.AnyAsync(r => r.OrderId == order.Id && r.GatewayId == id, recording.Token))
                return new Outcome(MismatchState.Closed, "It was booked meanwhile.");
            if (done.AmountMinor > order.CapturedMinor - order.RefundedMinor)
                return new Outcome(MismatchState.Open, "It is more than what is left of the order: nothing was booked.");

            var refund = new Refund
            {
                Id = Guid.CreateVersion7(now), OrderId = order.Id, Provider = mismatch.Provider, AmountMinor = done.AmountMinor, Currency = order.Currency,
                Reason = Reasons.RefundedAtGateway, State = RefundState.Succeeded, GatewayId = id, CreatedAt = mismatch.At, SettledAt = now,
            };
            db.Refunds.Add(refund);
            order.AddRefund(done.AmountMinor);
            db.Timeline.Add(TimelineEntry.Of(order.Id, now, TimelineKinds.Refunded, RefundSettlement.Sent(refund)));
            db.Outbox.Add(OutboxMessage.Of(OutboxKind.RefundedMail, order.Id, now, refund.Id));
            await db.ReplaceFailedAsync(order, now, recording.Token);
            return new Outcome(MismatchState.Closed, "The refund is booked.");
        }, recording.Token);
    }

    private static void Tell(ShopDbContext db, Mismatch mismatch, DateTimeOffset now, string words)
    {
        if (mismatch.OrderId is { } order)
            db.Timeline.Add(TimelineEntry.Of(order, now, TimelineKinds.Repaired, words, forShopper: false));
    }
}
