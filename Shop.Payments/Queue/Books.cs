using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <summary>What an answer means: for the order, for the job that asked, and for the confirm that may have been open.</summary>
/// <param name="News">Null when the answer changes nothing for the order.</param>
/// <param name="AskAgain">When the job falls due again; null when it is done.</param>
/// <param name="SettlesConfirm">The answer is the confirm's own, or the intent cannot charge any more.</param>
/// <param name="Proof">What proves that nothing was charged, in words.</param>
/// <param name="Heard">False for an answer that brought us no further although the gateway is well: too many of those park the job.</param>
/// <param name="MayFailOver">The gateway is in trouble, nothing was charged, and another one is well: if its shopper has agreed to that, the order goes on there.</param>
internal sealed record Verdict(
    PaymentNews? News, DateTimeOffset? AskAgain, string? Reason, bool SettlesConfirm, string? Proof = null, bool Heard = true, bool MayFailOver = false);

/// <summary>What proves that an operation did not charge. A person reads these words beside the attempt.</summary>
internal static class Proofs
{
    public const string NeverConfirmed = "no confirm was ever sent";
    public const string NotConfirmedNow = "no confirm was sent in this try";
    public const string NeverLeft = "the confirm never left";
    public const string NotExecuted = "the confirm was refused before it was executed";
    public const string Refused = "the confirm was refused";
    public const string Ended = "the confirm ended in a failure of the gateway, and its intent took nothing";
    public const string WaitsForShopper = "the bank waits for the shopper";
    public const string WaitsForApproval = "the gateway waits for the shopper, and only another confirm could take money";
    public const string Canceled = "the intent is canceled at the gateway";

    /// <summary>
    /// What that says about the confirm that was open, a word of <see cref="ProofKinds"/>; null when the intent may still take money by itself.
    /// One that ended in a failure of the gateway may yet: its intent takes money once, so it may be confirmed again, but nothing else may be tried.
    /// </summary>
    public static string? KindOf(string? proof) => proof switch
    {
        NeverLeft => ProofKinds.NeverLeft,
        NotExecuted or WaitsForApproval => ProofKinds.NotExecuted,
        Refused => ProofKinds.Refused,
        Canceled => ProofKinds.Canceled,
        _ => null,
    };
}

/// <summary>Writes down what a worker learned, in one transaction: the attempts, the order's news, the job's next step.</summary>
internal sealed class Books(
    IDbContextFactory<ShopDbContext> contexts, CrashPoints crash, PaymentTelemetry telemetry, TimeProvider clock, ILogger<Books> logger)
{
    /// <param name="asked">The calls of this lease, the deciding one last.</param>
    public async Task WriteAsync(PaymentJob leased, IReadOnlyList<Asked> asked, Verdict verdict, CancellationToken ct)
    {
        try
        {
            await ApplyAsync(leased, asked, verdict, ct);
        }
        catch (AmountMismatchException e)
        {
            logger.AmountMismatch(e, leased.OrderId);
            await ParkAsync(leased, asked, Reasons.AmountMismatch, ct);
        }
    }

    private async Task ApplyAsync(PaymentJob leased, IReadOnlyList<Asked> asked, Verdict verdict, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (mine, order, changed) = await contexts.TransactAsync(async db =>
        {
            var locked = await PaymentQueue.LockWithOrderAsync(db, leased, ct);
            var attemptId = File(db, leased, asked, verdict.Proof);

            // Money that was taken is a fact whoever holds the lease by now. Everything else is left to the one who does: it asks
            // again, and gets the same answer to the same key.
            if (locked is null && verdict.News is not PaymentNews.Captured)
                return (false, null, false);

            var order = locked?.Order ?? await db.LockOrderAsync(leased.OrderId, ct);
            var news = verdict.News;
            if (locked is { Job: var job })
            {
                job.Attempts++;
                if (verdict.MayFailOver && await TakeFallbackAsync(db, job, order, now, ct))
                {
                    job.Done(now, verdict.Reason);
                    news = news is PaymentNews.Postponed postponed ? postponed with { Until = now } : news; // it is tried at once
                }
                else if (verdict.AskAgain is { } at)
                    job.Again(at, verdict.Reason ?? Reasons.OutcomeUnknown, verdict.Heard);
                else
                    job.Done(now, verdict.Reason);
            }

            var about = asked is [.., var deciding] ? deciding.Provider : leased.Provider; // a close may ask another gateway than its job's
            var intent = verdict.SettlesConfirm ? await IntentOfAsync(db, locked, leased.OrderId, about, ct) : null;
            if (intent?.GatewayId is { } current && asked is [.., { GatewayId: { } seen }] && seen != current)
            {
                if (news is not PaymentNews.Captured)
                    news = null; // another intent has taken its place meanwhile, and this is no news about that one
            }
            else if (intent is not null)
            {
                if (verdict.Proof is Proofs.Canceled)
                    intent.Cancel(now, attemptId);
                else if (verdict is { Proof: Proofs.Refused, Reason: Reasons.PaymentMethodUnusable })
                    intent.Settle(ProofKinds.NotExecuted, attemptId);
                else
                    intent.Settle(Proofs.KindOf(verdict.Proof), attemptId);
            }

            if (news is PaymentNews.Postponed || verdict is { News: PaymentNews.Refused, Proof: Proofs.NotConfirmedNow })
                order.TryApply(PaymentEvent.Started, now); // a try that ended before its confirm is begun and ended in one
            if (news is PaymentNews.Captured && asked is [.., { Answer.Facts.Saved: { } saved }])
                await KeepAsync(db, order, about, saved, now, ct);
            return (locked is not null, (Order?)order,
                news is not null && await db.ApplyPaymentOutcomeAsync(order, news, now, ct, asked is [.., var last] ? last.ToFacts() : null));
        }, ct);

        if (!mine)
            logger.LeaseLost(leased.Id, leased.OrderId);
        Activity.Current?.SetTag("shop.payment.outcome", asked is [.., var last] ? last.Answer.Class : "not_asked").SetTag("shop.reason", verdict.Reason);
        if (changed)
            Report(leased, verdict, order!);
        await TellAsync(changed ? leased.OrderId : null, ct);
    }

    private static async Task<PaymentIntent?> IntentOfAsync(ShopDbContext db, Locked? locked, Guid orderId, PaymentProvider provider, CancellationToken ct) =>
        locked is null ? await db.PaymentIntents.FindAsync([orderId, provider], ct)
        : locked.Job.Provider == provider ? locked.Intent : locked.Other;

    /// <summary>The shopper has agreed beforehand: the order goes on with what they had kept, and its first charge ends.</summary>
    private static async Task<bool> TakeFallbackAsync(ShopDbContext db, PaymentJob job, Order order, DateTimeOffset now, CancellationToken ct)
    {
        if (order.FallbackMethodId is not { } id || order.PaysAt != job.Provider
            || await db.SavedMethods.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id && m.RemovedAt == null, ct) is not { } method)
            return false;

        job.State = JobState.Done; // before the next one is written: an order has one open charge
        await db.SaveChangesAsync(ct);
        order.Provider = method.Provider;
        var next = PaymentJob.Of(PaymentJobKind.Charge, order.Id, method.Provider, now, savedMethodId: id, automatic: true);
        db.PaymentJobs.Add(next);
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.PaymentAsked, $"Cards can't be charged right now. As you chose, we take the payment with {method.Label} instead.",
            facts: new { job = next.Id, gateway = method.Provider, inPlaceOf = job.Id, automatic = true }));
        return true;
    }

    /// <summary>
    /// The shopper asked for it in the charge that went through, which is the last one at that gateway, and the gateway has kept what they paid
    /// with. What they ticked in an earlier try and not in this one is not asked for.
    /// </summary>
    public static async Task KeepAsync(
        ShopDbContext db, Order order, PaymentProvider provider, SavedMethodFacts saved, DateTimeOffset now, CancellationToken ct)
    {
        if (order.UserId is not { } user || await LastChargeAsync(db, order.Id, provider, ct) is not { SavesMethod: true } charge
            || await db.SavedMethods.AnyAsync(m => m.Provider == provider && m.Token == saved.Token, ct))
            return;
        db.SavedMethods.Add(SavedMethod.Of(user, provider, saved.Token, saved.CustomerId, saved.Label, charge.CreatedAt, now, charge.ConsentText));
    }

    public static Task<PaymentJob?> LastChargeAsync(ShopDbContext db, Guid orderId, PaymentProvider provider, CancellationToken ct) =>
        db.PaymentJobs.AsNoTracking().Where(j => j.OrderId == orderId && j.Kind == PaymentJobKind.Charge && j.Provider == provider)
            .OrderByDescending(j => j.CreatedAt).FirstOrDefaultAsync(ct);

    /// <summary>
    /// A charge that goes on with the intent that is there, at a gateway where only our confirm takes money: no try of its own, and it wants
    /// kept what the one before it did.
    /// </summary>
    /// <param name="settles">A confirm is open, and comes first: after it the charge is what the one before it was. Otherwise the shopper has just agreed, and that pays.</param>
    public static async Task<PaymentJob> GoOnAsync(ShopDbContext db, PaymentIntent intent, bool settles, DateTimeOffset now, CancellationToken ct)
    {
        var before = await LastChargeAsync(db, intent.OrderId, intent.Provider, ct);
        var job = PaymentJob.Of(
            PaymentJobKind.Charge, intent.OrderId, intent.Provider, now, paymentToken: intent.GatewayId, wary: before?.Wary ?? false,
            savesMethod: before?.SavesMethod ?? false, savedMethodId: settles ? before?.SavedMethodId : null,
            automatic: settles && before is { Automatic: true }, consentText: before?.ConsentText,
            synthetic: before?.IsSynthetic ?? false);
        db.PaymentJobs.Add(job);
        return job;
    }

    /// <summary>Files the calls and hands the job to a person.</summary>
    public async Task ParkAsync(PaymentJob leased, IReadOnlyList<Asked> asked, string reason, CancellationToken ct)
    {
        await contexts.TransactAsync(async db =>
        {
            File(db, leased, asked, proof: null);
            if (await PaymentQueue.LockAsync(db, leased, ct) is { } job)
                PaymentQueue.Park(db, job, reason, clock.GetUtcNow());
            return true;
        }, ct);
        logger.Parked(leased.Kind, leased.Id, leased.OrderId, reason);
    }

    /// <summary>Files calls that lead to nothing else: their lease was lost meanwhile.</summary>
    public Task FileAsync(PaymentJob leased, IReadOnlyList<Asked> asked, CancellationToken ct)
    {
        logger.LeaseLost(leased.Id, leased.OrderId);
        return contexts.TransactAsync(db =>
        {
            File(db, leased, asked, proof: null);
            return Task.FromResult(true);
        }, ct);
    }

    /// <returns>The id of the last one, which holds the proof; null without a call.</returns>
    public static Guid? File(ShopDbContext db, PaymentJob leased, IReadOnlyList<Asked> asked, string? proof)
    {
        Guid? id = null;
        foreach (var call in asked)
            id = db.PaymentAttempts.Add(call.ToAttempt(leased, call == asked[^1] ? proof : null)).Entity.Id;
        return id;
    }

    public Task TellClosedAsync(PaymentJob leased, string reason, string proof, CancellationToken ct)
    {
        telemetry.Finished(leased.Provider, nameof(PaymentState.Abandoned), clock.GetUtcNow() - leased.CreatedAt);
        logger.Closed(leased.OrderId, reason, proof);
        return TellAsync(leased.OrderId, ct);
    }

    /// <summary>The shopper has to agree before anything is taken.</summary>
    public Task TellAskedAsync(PaymentJob leased, CancellationToken ct)
    {
        telemetry.Finished(leased.Provider, nameof(PaymentState.ActionNeeded), clock.GetUtcNow() - leased.CreatedAt);
        logger.ActionAsked(leased.OrderId, leased.Provider);
        return TellAsync(leased.OrderId, ct);
    }

    /// <summary>After the commit, and only to save time: whoever waits for it polls as well.</summary>
    /// <param name="orderId">Null when nothing changed that anybody waits for.</param>
    public async Task TellAsync(Guid? orderId, CancellationToken ct)
    {
        crash.Reach(CrashPoints.AfterOutcomeCommit);
        if (orderId is not { } order)
            return;

        try
        {
            await using var db = await contexts.CreateDbContextAsync(ct);
            await db.NotifyAsync(Notices.Orders, order.ToString(), ct);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
        {
            logger.NoticeNotSent(e, order);
        }

        crash.Reach(CrashPoints.AfterNotice);
    }

    private void Report(PaymentJob leased, Verdict verdict, Order order)
    {
        if (order.Payment is PaymentState.Paid or PaymentState.Declined or PaymentState.ActionNeeded or PaymentState.Abandoned)
            telemetry.Finished(leased.Provider, order.Payment.ToString(), clock.GetUtcNow() - leased.CreatedAt);

        switch (verdict.News)
        {
            case PaymentNews.Captured:
                logger.Captured(order.Id, order.CapturedMinor, leased.Provider);
                break;
            case PaymentNews.Refused refused:
                logger.Declined(order.Id, leased.Provider, refused.Reason);
                break;
            case PaymentNews.ActionAsked:
                logger.ActionAsked(order.Id, leased.Provider);
                break;
            case PaymentNews.Closed closed:
                logger.Closed(order.Id, closed.Reason, verdict.Proof);
                break;
            case PaymentNews.Postponed postponed:
                logger.Postponed(order.Id, leased.Provider, postponed.Reason, postponed.Until);
                break;
            case PaymentNews.AnswerLost lost:
                logger.AnswerLost(order.Id, leased.Provider, lost.Reason);
                break;
        }
    }
}
