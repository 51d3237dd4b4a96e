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
internal sealed record Verdict(PaymentNews? News, DateTimeOffset? AskAgain, string? Reason, bool SettlesConfirm, string? Proof = null, bool Heard = true);

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
    public const string Canceled = "the intent is canceled at the gateway";
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
            File(db, leased, asked, verdict.Proof);

            // Money that was taken is a fact whoever holds the lease by now. Everything else is left to the one who does: it asks
            // again, and gets the same answer to the same key.
            if (locked is null && verdict.News is not PaymentNews.Captured)
                return (false, null, false);

            if (locked is { Job: var job })
            {
                job.Attempts++;
                if (verdict.AskAgain is { } at)
                    job.Again(at, verdict.Reason ?? Reasons.OutcomeUnknown, verdict.Heard);
                else
                    job.Done(now, verdict.Reason);
            }

            var order = locked?.Order ?? await db.LockOrderAsync(leased.OrderId, ct);
            var intent = locked is null ? await db.PaymentIntents.FindAsync([leased.OrderId, leased.Provider], ct) : locked.Intent;
            if (verdict.SettlesConfirm && intent is not null)
                intent.ConfirmOpen = false;
            if (verdict is { News: PaymentNews.Postponed } or { News: PaymentNews.Refused, Proof: Proofs.NotConfirmedNow })
                order.TryApply(PaymentEvent.Started, now); // a try that ended before its confirm is begun and ended in one
            return (locked is not null, (Order?)order,
                verdict.News is not null && await db.ApplyPaymentOutcomeAsync(order, verdict.News, now, ct, asked is [.., var last] ? last.ToFacts() : null));
        }, ct);

        if (!mine)
            logger.LeaseLost(leased.Id, leased.OrderId);
        Activity.Current?.SetTag("shop.payment.outcome", asked is [.., var last] ? last.Answer.Class : "not_asked").SetTag("shop.reason", verdict.Reason);
        if (changed)
            Report(leased, verdict, order!);
        await TellAsync(changed ? leased.OrderId : null, ct);
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

    public static void File(ShopDbContext db, PaymentJob leased, IReadOnlyList<Asked> asked, string? proof)
    {
        foreach (var call in asked)
            db.PaymentAttempts.Add(call.ToAttempt(leased.OrderId, leased.Id, call == asked[^1] ? proof : null));
    }

    public Task TellClosedAsync(PaymentJob leased, string reason, string proof, CancellationToken ct)
    {
        telemetry.Finished(leased.Provider, nameof(PaymentState.Abandoned), clock.GetUtcNow() - leased.CreatedAt);
        logger.Closed(leased.OrderId, reason, proof);
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
