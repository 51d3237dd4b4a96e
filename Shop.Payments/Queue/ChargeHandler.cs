using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>
/// Takes the money of one order, once. Create, store the id, commit the start, confirm, commit the outcome: whatever dies between two of
/// these, the next lease finds out what happened by asking about an id and a key that were written down before.
/// </summary>
internal sealed class ChargeHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayCalls gateways, CloseHandler closing, Books books, CrashPoints crash,
    IOptions<Timeouts> timeouts, IOptions<PaymentsOptions> payments, Pace pace, TimeProvider clock)
{
    private enum Way { Go, Over, Late, SoldOut }

    private sealed record Start(Way Way, Order Order, string Key, Confirmation? Confirmation);

    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        var (order, intent) = await LoadAsync(job, ct);
        if (order.Payment is PaymentState.Paid or PaymentState.Abandoned)
            await queue.FinishAsync(job, ct);
        else if (intent is { ConfirmOpen: true })
            await SettleAsync(job, order, intent, ct);
        else if (clock.GetUtcNow() >= order.DeadlineAt)
            await closing.CloseAsync(job, Reasons.NotConfirmedInTime, [], ct);
        else if (intent?.GatewayId is { } known)
            await StartAsync(job, known, ct);
        else if (await CreateAsync(job, order, ct) is { } created)
            await StartAsync(job, created, ct);
    }

    private async Task<(Order, PaymentIntent?)> LoadAsync(PaymentJob job, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return (await db.Orders.AsNoTracking().SingleAsync(o => o.Id == job.OrderId, ct),
            await db.PaymentIntents.AsNoTracking().SingleOrDefaultAsync(i => i.OrderId == job.OrderId && i.Provider == job.Provider, ct));
    }

    /// <returns>The new intent's id, stored; null when there is none and the job waits for its next try.</returns>
    private async Task<string?> CreateAsync(PaymentJob job, Order order, CancellationToken ct)
    {
        var wanted = new NewIntent(order.Id, order.TotalMinor, order.Currency);
        var key = await queue.WriteAsync(job, async (db, _) =>
        {
            if (!await db.PaymentIntents.AnyAsync(i => i.OrderId == job.OrderId && i.Provider == job.Provider, ct))
            {
                db.PaymentIntents.Add(new PaymentIntent
                {
                    OrderId = order.Id, Provider = job.Provider, AmountMinor = order.TotalMinor, Currency = order.Currency, CreatedAt = clock.GetUtcNow(),
                });
            }

            return await GatewayKeys.WriteAsync(db, job, GatewayOperation.Create, JsonSerializer.Serialize(wanted), clock.GetUtcNow(), ct);
        }, ct);
        if (key is null)
            return null;

        var asked = await gateways.AskAsync(job.Provider, GatewayOperation.Create, key, null, (g, token) => g.CreateAsync(key, wanted, token), ct);
        crash.Reach(CrashPoints.AfterCreateAnswer);

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        if (asked.Answer is GatewayAnswer.Created created)
        {
            var stored = await queue.WriteAsync(job, async (db, _) =>
            {
                Books.File(db, job, [asked], proof: null);
                var intent = await db.PaymentIntents.SingleAsync(i => i.OrderId == job.OrderId && i.Provider == job.Provider, recording.Token);
                return intent.GatewayId ??= created.Id;
            }, recording.Token);
            if (stored is null)
                await books.FileAsync(job, [asked], recording.Token);
            return stored;
        }

        // No confirm was ever sent, so nothing was charged, however the create ended.
        var reason = asked.Answer switch
        {
            GatewayAnswer.NotCharged no => no.Reason,
            GatewayAnswer.Unknown { Reason: Reasons.GatewayRateLimited } => Reasons.GatewayRateLimited,
            _ => Reasons.GatewayUnreachable,
        };
        var until = NextTry(job, order);
        await books.WriteAsync(job, [asked], new Verdict(new PaymentNews.Postponed(reason, until), until, reason, SettlesConfirm: false,
            Proofs.NotConfirmedNow), recording.Token);
        return null;
    }

    /// <summary>Writes down that a confirm goes out, commits that, sends it, and writes down what came of it.</summary>
    private async Task StartAsync(PaymentJob job, string intentId, CancellationToken ct)
    {
        var token = job.PaymentToken ?? throw new InvalidOperationException($"Charge job {job.Id} has no payment token.");
        var start = await queue.WriteAsync(job, async (db, mine) =>
        {
            var now = clock.GetUtcNow();
            var order = await db.LockOrderAsync(job.OrderId, ct);
            if (order.Payment is PaymentState.Paid or PaymentState.Abandoned)
            {
                mine.Done(now);
                return new Start(Way.Over, order, "", null);
            }

            if (now >= order.DeadlineAt)
                return new Start(Way.Late, order, "", null);
            if (!await HoldAsync(db))
                return new Start(Way.SoldOut, order, "", null);

            var intent = await db.PaymentIntents.SingleAsync(i => i.OrderId == job.OrderId && i.Provider == job.Provider, ct);
            // The last confirm never ran, so this one may be the same. Not after a refused request: its answer may be kept under its key.
            var mayRepeat = order is { Payment: PaymentState.Deferred, Reason: not Reasons.GatewayRefusedRequest } && intent.Confirm > 0;
            // In flight without an open confirm: the shopper asked again, and the Api has said so already.
            if (order.Payment is not PaymentState.InFlight && !order.TryApply(PaymentEvent.Started, now))
                throw new InvalidOperationException($"Order {order.Number} cannot start a payment while {order.Payment}.");

            var confirmation = new Confirmation(token, payments.Value.OrderPage(order.Number));
            var parameters = JsonSerializer.Serialize(confirmation);
            if (!mayRepeat || await GatewayKeys.ParametersAsync(db, GatewayKeys.Confirm(job.OrderId, intent.Confirm), ct) != parameters)
                intent.Confirm++;
            intent.ConfirmOpen = true;
            var key = GatewayKeys.Confirm(job.OrderId, intent.Confirm);
            await GatewayKeys.EnsureAsync(db, key, job.OrderId, parameters, now, ct);
            db.Timeline.Add(TimelineEntry.Of(job.OrderId, now, TimelineKinds.PaymentStarted, "We asked your bank for the payment."));
            return new Start(Way.Go, order, key, confirmation);
        }, ct);

        switch (start)
        {
            case { Way: Way.Late }:
                await closing.CloseAsync(job, Reasons.NotConfirmedInTime, [], ct);
                break;
            case { Way: Way.SoldOut }:
                await closing.CloseAsync(job, Reasons.SoldOutMeanwhile, [], ct);
                break;
            case { Way: Way.Go, Confirmation: { } confirmation }:
                crash.Reach(CrashPoints.AfterStartCommit);
                var asked = await ConfirmAsync(job, start.Key, intentId, confirmation, ct);
                crash.Reach(CrashPoints.AfterConfirmAnswer);
                using (var recording = new CancellationTokenSource(timeouts.Value.Recording, clock))
                    await books.WriteAsync(job, [asked], Judge(job, start.Order, asked.Answer, mayHaveRunBefore: false), recording.Token);
                break;
        }

        // Nothing is confirmed without a live hold. One that lapsed is taken again, or the order ends here.
        async Task<bool> HoldAsync(ShopDbContext db)
        {
            var lifetime = timeouts.Value.Lease + PaymentOutcome.HoldSlack;
            if (await db.ExtendHoldAsync(job.OrderId, lifetime, ct) || await db.HoldStockAsync(job.OrderId, lifetime, ct) is [])
                return true;

            await db.ReleaseHoldAsync(job.OrderId, ct); // the lines that were not short
            return false;
        }
    }

    /// <summary>A confirm was sent, or may have been, and its answer is not written down: find out, never guess.</summary>
    private async Task SettleAsync(PaymentJob job, Order order, PaymentIntent intent, CancellationToken ct)
    {
        var id = intent.GatewayId ?? throw new InvalidOperationException($"Order {order.Number} has an open confirm on an intent without an id.");
        var read = await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, id, (g, token) => g.ReadAsync(id, token), ct);
        List<Asked> asked = [read];

        var isSettled = read.Answer is GatewayAnswer.Charged or GatewayAnswer.NotCharged { By: Refusal.Canceled }
            || (read.Answer is GatewayAnswer.ActionNeeded && intent.Confirm == 1); // of a later confirm it could be the one before
        if (!isSettled && read.Answer.IsFault is false)
        {
            if (clock.GetUtcNow() >= order.DeadlineAt)
            {
                await closing.CloseAsync(job, Reasons.NotConfirmedInTime, asked, ct);
                return;
            }

            // Anything else it may read proves nothing while the confirm may still be on its way. The same key with the same bytes is
            // the same confirm: it runs at most once, and this is its answer.
            var key = GatewayKeys.Confirm(job.OrderId, intent.Confirm);
            await using var db = await contexts.CreateDbContextAsync(ct);
            var parameters = await GatewayKeys.ParametersAsync(db, key, ct)
                ?? throw new InvalidOperationException($"The parameters of {key} are missing.");
            await db.Database.CloseConnectionAsync();
            asked.Add(await ConfirmAsync(job, key, id, JsonSerializer.Deserialize<Confirmation>(parameters)!, ct));
            crash.Reach(CrashPoints.AfterConfirmAnswer);
        }

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await books.WriteAsync(job, asked, Judge(job, order, asked[^1].Answer, mayHaveRunBefore: true), recording.Token);
    }

    private Task<Asked> ConfirmAsync(PaymentJob job, string key, string intentId, Confirmation confirmation, CancellationToken ct) =>
        gateways.AskAsync(job.Provider, GatewayOperation.Confirm, key, intentId, (g, token) => g.ConfirmAsync(key, intentId, confirmation, token), ct);

    /// <param name="mayHaveRunBefore">An earlier send of this confirm may have been executed, so a refusal to hear it again proves nothing.</param>
    private Verdict Judge(PaymentJob job, Order order, GatewayAnswer answer, bool mayHaveRunBefore)
    {
        switch (answer)
        {
            case GatewayAnswer.Charged charged:
                return new(new PaymentNews.Captured(charged.AmountMinor, charged.Currency), null, null, SettlesConfirm: true);
            case GatewayAnswer.ActionNeeded action:
                return new(new PaymentNews.ActionAsked(action.Url), null, Reasons.AuthenticationNeeded, SettlesConfirm: true, Proofs.WaitsForShopper);
            case GatewayAnswer.NotCharged { By: Refusal.Card } refused:
                return new(new PaymentNews.Refused(refused.Reason), null, refused.Reason, SettlesConfirm: true, Proofs.Refused);
            case GatewayAnswer.NotCharged { By: Refusal.Canceled }:
                return new(new PaymentNews.Closed(Reasons.NotConfirmedInTime, Proofs.Canceled), null, Reasons.NotConfirmedInTime, SettlesConfirm: true,
                    Proofs.Canceled);
            case GatewayAnswer.NotCharged no when !mayHaveRunBefore:
                var until = NextTry(job, order);
                return new(new PaymentNews.Postponed(no.Reason, until), until, no.Reason, SettlesConfirm: true,
                    no.By is Refusal.NotSent ? Proofs.NeverLeft : Proofs.NotExecuted);
            default:
                var reason = answer is GatewayAnswer.Unknown { Reason: Reasons.GatewayRateLimited or Reasons.PaymentProcessing } unknown
                    ? unknown.Reason : Reasons.OutcomeUnknown;
                // Asked again until the deadline, which closes it one way or the other: parked before, nobody would ask.
                return new(new PaymentNews.AnswerLost(reason),
                    clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(job.Attempts + 1, Random.Shared.NextDouble())), reason, SettlesConfirm: false);
        }
    }

    private DateTimeOffset NextTry(PaymentJob job, Order order)
    {
        var at = clock.GetUtcNow() + pace.Of(Backoff.AfterFailure(job.Attempts + 1, Random.Shared.NextDouble()));
        return at < order.DeadlineAt ? at : order.DeadlineAt; // due at the deadline it closes the order
    }
}
