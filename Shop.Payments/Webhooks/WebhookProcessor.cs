using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Disputes;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;
using Shop.ServiceDefaults;

namespace Shop.Payments.Webhooks;

internal sealed class WebhookOptions
{
    public const string Section = "Payments:Webhooks";

    [Range(1, 32)] public int Parallel { get; init; } = 2;
    [Range(1, 100)] public int MaxAttempts { get; init; } = 8;
}

/// <summary>
/// Finds out what a stored event means. Its snapshot is old, and events come late, twice and in any order: it only says which intent to ask
/// the gateway about.
/// </summary>
internal sealed class WebhookProcessor(
    IDbContextFactory<ShopDbContext> contexts, GatewayCalls gateways, Books books, WorkLoop loop, WorkSignal signal, IOptions<WebhookOptions> options,
    IOptions<Timeouts> timeouts, Pace pace, WatchTelemetry telemetry, TimeProvider clock, ILogger<WebhookProcessor> logger) : BackgroundService
{
    private enum Step { Done, Later, Park }

    /// <param name="Why">What a person reads who wonders why the event changed nothing, or not yet.</param>
    /// <param name="What">What it changed, in words.</param>
    /// <param name="IntentId">Learned from our books where the event does not name it.</param>
    private sealed record Result(Step Step, string? Why, Guid? Changed = null, string? What = null, string? IntentId = null);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Parallel).Select(_ => loop.RunAsync(OneAsync, logger, stoppingToken)));

    private async Task<bool> OneAsync(CancellationToken stopping)
    {
        if (await LeaseAsync(stopping) is not { } receipt)
            return false;

        using var activity = PaymentTelemetry.Start(receipt);
        using var budget = new CancellationTokenSource(timeouts.Value.Job, clock); // not linked to the host's stop
        var result = receipt.Attempts - receipt.Forgiven > options.Value.MaxAttempts
            ? new Result(Step.Park, receipt.LastError ?? "it was taken up too often without an end")
            : await ProcessAsync(receipt, budget.Token);

        if (result.Changed is { } orderId)
        {
            logger.WebhookApplied(receipt.EventId, receipt.Type, orderId);
            await books.TellAsync(orderId, budget.Token);
            signal.Raise(); // a mail, a refund
            return true;
        }

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await contexts.TransactAsync(async db => await LockAsync(db, receipt, recording.Token) is { } mine && End(mine, result), recording.Token);
        if (result.Step is Step.Park)
            logger.WebhookParked(receipt.EventId, receipt.Type, result.Why ?? "");
        else
            logger.WebhookIgnored(receipt.EventId, receipt.Type, result.Why ?? "");
        return true;
    }

    /// <summary>Due again when the lease is over; the number of attempts is its token, so it only rises.</summary>
    private async Task<WebhookReceipt?> LeaseAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var leased = await db.WebhookReceipts.FromSql($"""
            WITH next AS MATERIALIZED (
                SELECT provider, event_id FROM payments.webhook_receipts
                WHERE state = 'Waiting' AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            UPDATE payments.webhook_receipts r SET due_at = now() + {timeouts.Value.Lease}, attempts = attempts + 1
            FROM next WHERE r.provider = next.provider AND r.event_id = next.event_id RETURNING r.*
            """).AsNoTracking().ToListAsync(ct);
        return leased is [var receipt] ? receipt : null;
    }

    private static async Task<WebhookReceipt?> LockAsync(ShopDbContext db, WebhookReceipt leased, CancellationToken ct) =>
        await db.WebhookReceipts.FromSql($"""
            SELECT * FROM payments.webhook_receipts
            WHERE provider = {leased.Provider.ToString()} AND event_id = {leased.EventId} AND attempts = {leased.Attempts} AND state = 'Waiting' FOR UPDATE
            """).ToListAsync(ct) is [var receipt] ? receipt : null;

    private bool End(WebhookReceipt receipt, Result result)
    {
        var now = clock.GetUtcNow();
        receipt.LastError = result.Why;
        receipt.IntentId ??= result.IntentId;
        receipt.Changed = result.What ?? receipt.Changed; // a replay that changes nothing does not unsay what it once did
        receipt.State = result.Step switch { Step.Done => JobState.Done, Step.Park => JobState.Parked, _ => JobState.Waiting };
        if (result.Step is Step.Done)
        {
            receipt.ProcessedAt = now;
            telemetry.WebhookProcessed(receipt.Type, now - receipt.ReceivedAt);
        }
        else if (result.Step is Step.Later) // the gateway is ill, not the event: news must not be lost to an outage
            receipt.DueAt = now + pace.Of(Backoff.AfterFailure(++receipt.Forgiven, Random.Shared.NextDouble()));
        return true;
    }

    private async Task<Result> ProcessAsync(WebhookReceipt receipt, CancellationToken ct)
    {
        var about = EventSubject.Of(receipt);
        if (about == EventSubject.None)
            return new(Step.Done, "not a kind of event we act on");
        if (about.DisputeId is { } disputed)
            return await ProcessDisputeAsync(receipt, disputed, ct); // also about a payment that is not ours: its deadline may be
        if (about.OurRefundId is { } id && await MismatchAsync(id, ct) is { } mismatch)
        {
            return (about.IntentId ?? mismatch.IntentId) is { } of
                ? await ProcessRepairAsync(receipt, mismatch, of, ct) : new(Step.Done, "not an intent of ours"); // also of an intent that is not ours
        }

        Reading? before;
        await using (var db = await contexts.CreateDbContextAsync(ct))
            before = await Reading.OfAsync(db, IntentsOf(db, receipt.Provider, about), ct);
        if (before is not { Intent.GatewayId: { } intentId })
            return new(Step.Done, about.IntentId is null ? "not a refund of ours" : "not an intent of ours");
        if (about.RefundId is { } refundId)
            return await ProcessRefundAsync(receipt, before.Intent, refundId, about.OurRefundId, ct);
        if (before.Order.Payment is PaymentState.Paid && before.Order.PaysAt == before.Intent.Provider) // what another gateway took too goes back
            return new(Step.Done, "the order is paid already", IntentId: intentId);

        var asked = await gateways.AskAsync(receipt.Provider, GatewayOperation.Read, null, intentId, (g, token) => g.ReadAsync(intentId, token), ct);
        if (asked.Answer.IsFault)
            return new(Step.Later, $"the gateway could not be asked: {asked.Reason}");

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        try
        {
            var result = await contexts.TransactAsync(db => ApplyAsync(db, receipt, before, asked, recording.Token), recording.Token);
            signal.Raise(); // what was only approved, or set aside, has a job now
            return result;
        }
        catch (AmountMismatchException e)
        {
            logger.AmountMismatch(e, before.Order.Id);
            return new(Step.Park, e.Message);
        }
    }

    /// <summary>By the intent's id where the event has it, and by an id of ours that the gateway repeats where it has not.</summary>
    private static IQueryable<PaymentIntent> IntentsOf(ShopDbContext db, PaymentProvider provider, EventSubject about)
    {
        var intents = db.PaymentIntents.Where(i => i.Provider == provider);
        return about switch
        {
            { IntentId: { } id } => intents.Where(i => i.GatewayId == id),
            { OrderId: { } order } => intents.Where(i => i.OrderId == order),
            _ => intents.Where(i => db.Refunds.Any(r => r.Id == about.OurRefundId && r.Provider == provider && r.OrderId == i.OrderId)),
        };
    }

    private async Task<Result> ApplyAsync(ShopDbContext db, WebhookReceipt receipt, Reading before, Asked asked, CancellationToken ct)
    {
        if (await LockAsync(db, receipt, ct) is not { } mine)
            return new(Step.Done, "somebody else took it up");

        var now = clock.GetUtcNow();
        db.Timeline.Add(TimelineEntry.Of(before.Order.Id, now, TimelineKinds.Webhook,
            $"{receipt.Provider} reported {receipt.Type}; asked, it said {asked.Answer.Class}.", forShopper: false,
            facts: new { @event = receipt.EventId, receipt.Type, receipt.ReceivedAt, receipt.Attempts, requestId = asked.Answer.Facts.RequestId }));
        var (order, changed) = await before.ApplyAsync(db, asked, jobId: null, now, ct);
        var result = changed
            ? new Result(Step.Done, null, order.Id, $"the payment is {order.Payment} now", before.Intent.GatewayId)
            : new Result(Step.Done, $"the gateway says {asked.Answer.Class}, which changes nothing while the order is {order.Payment}", IntentId: before.Intent.GatewayId);
        End(mine, result);
        return result;
    }

    private async Task<Result> ProcessRefundAsync(WebhookReceipt receipt, PaymentIntent intent, string gatewayRefundId, Guid? named, CancellationToken ct)
    {
        // By our own id as well: of a refund whose answer was lost we know no other.
        Guid known;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            known = await db.Refunds.Where(r => r.OrderId == intent.OrderId && (r.GatewayId == gatewayRefundId || r.Id == named))
                .Select(r => r.Id).SingleOrDefaultAsync(ct);
        }

        if (known == Guid.Empty)
            return new(Step.Done, "not a refund of ours");

        var asked = await gateways.AskAsync(
            receipt.Provider, GatewayOperation.Read, null, gatewayRefundId, (g, token) => g.ReadRefundAsync(gatewayRefundId, token), ct);
        if (asked.Answer.IsFault)
            return new(Step.Later, $"the gateway could not be asked: {asked.Reason}");

        if (asked.Answer is GatewayAnswer.RefundFailed failed)
            logger.RefundFailed(intent.OrderId, known, failed.Why);
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            if (await LockAsync(db, receipt, recording.Token) is not { } mine)
                return new Result(Step.Done, "somebody else took it up");

            db.PaymentAttempts.Add(asked.ToAttempt(intent.OrderId, jobId: null));
            var before = await db.Refunds.Where(r => r.Id == known).Select(r => r.State).SingleAsync(recording.Token);
            var after = await RefundSettlement.ApplyAsync(db, known, asked.Answer, clock.GetUtcNow(), recording.Token);
            var result = after == before
                ? new Result(Step.Done, $"the refund is {after}, as before", IntentId: intent.GatewayId)
                : new Result(Step.Done, null, intent.OrderId, $"the refund is {after} now", intent.GatewayId);
            End(mine, result);
            return result;
        }, recording.Token);
    }

    /// <summary>Whatever is said to have happened to it: how it stands is read.</summary>
    private async Task<Result> ProcessDisputeAsync(WebhookReceipt receipt, string disputeId, CancellationToken ct)
    {
        var asked = await gateways.AskAsync(receipt.Provider, GatewayOperation.Read, null, disputeId, (g, token) => g.ReadDisputeAsync(disputeId, token), ct);
        if (asked.Answer is not GatewayAnswer.DisputeRead read)
        {
            return asked.Answer.IsFault
                ? new(Step.Later, $"the gateway could not be asked: {asked.Reason}")
                : new(Step.Park, $"the gateway does not say how {disputeId} stands: {asked.Reason}");
        }

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        var result = await contexts.TransactAsync(async db =>
        {
            if (await LockAsync(db, receipt, recording.Token) is not { } mine)
                return new Result(Step.Done, "somebody else took it up");

            var (dispute, what) = await DisputeBooks.ApplyAsync(db, asked, read.Dispute, clock.GetUtcNow(), recording.Token);
            var ended = what is null
                ? new Result(Step.Done, $"it is {dispute.Status}, as before")
                : new Result(Step.Done, dispute.OrderId is null ? "it is about no payment that we know" : null, dispute.OrderId, what);
            End(mine, ended);
            return ended;
        }, recording.Token);
        if (result.What is not null)
        {
            logger.DisputeChanged(
                receipt.Provider, read.Dispute.Kind, disputeId, result.Changed, read.Dispute.Status, read.Dispute.Reason, read.Dispute.AmountMinor, read.Dispute.Currency,
                read.Dispute.RespondBy);
        }

        return result;
    }

    private async Task<Mismatch?> MismatchAsync(Guid id, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.Mismatches.AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, ct);
    }

    /// <summary>A refund that a repair sent: it has no row among the order's, its mismatch answers for it.</summary>
    private async Task<Result> ProcessRepairAsync(WebhookReceipt receipt, Mismatch mismatch, string intentId, CancellationToken ct)
    {
        // Not the one that was reported: an earlier one that failed says nothing about its successor.
        var asked = await gateways.AskAsync(
            receipt.Provider, GatewayOperation.Read, null, intentId, (g, token) => g.FindRefundAsync(intentId, mismatch.Id, token), ct);
        if (asked.Answer.IsFault)
            return new(Step.Later, $"the gateway could not be asked: {asked.Reason}");

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            if (await LockAsync(db, receipt, recording.Token) is not { } mine)
                return new Result(Step.Done, "somebody else took it up");

            var now = clock.GetUtcNow();
            var current = await db.Mismatches.FromSql($"SELECT * FROM payments.mismatches WHERE id = {mismatch.Id} FOR UPDATE").SingleAsync(recording.Token);
            if (current.OrderId is { } order)
                db.PaymentAttempts.Add(asked.ToAttempt(order, jobId: null));
            var result = new Result(Step.Done, $"the gateway says {asked.Answer.Class}, which changes nothing while its mismatch is {current.State}");
            if (current.State is MismatchState.Closed && asked.Answer is GatewayAnswer.RefundFailed failed)
            {
                await MismatchRepairs.ReopenAsync(db, current, failed, now, recording.Token);
                logger.MismatchFound(current.Id, current.Kind, current.Subject, current.OrderId);
                result = new(Step.Done, null, current.OrderId, "the refund of a repair came back: its mismatch is open again");
            }
            else if (current.State is MismatchState.Repairing)
            {
                current.DueAt = now; // the repair asks for itself; one that has its answer already, from before this one, has not heard
                result = new(asked.Answer is GatewayAnswer.RefundFailed ? Step.Later : Step.Done, "a repair is at it, and looks now");
            }

            End(mine, result);
            return result;
        }, recording.Token);
    }
}

internal static class WebhookExtensions
{
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WebhookIntake>();
        services.AddHostedService<WebhookProcessor>();
        services.AddOptions<ReceiptPurgeOptions>().BindConfiguration(ReceiptPurgeOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ReceiptPurge>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.ReceiptPurge, sp.GetRequiredService<IOptions<ReceiptPurgeOptions>>().Value.Every, TimeSpan.FromMinutes(2),
            async (_, ct) => $"{await sp.GetRequiredService<ReceiptPurge>().PurgeAsync(ct)} events deleted"));
    }
}
