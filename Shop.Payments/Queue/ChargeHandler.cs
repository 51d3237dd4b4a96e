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
/// Takes the money of one order, once. Create, commit its id and the start, confirm, commit the outcome: whatever dies between two of
/// these, the next lease finds out what happened by asking about an id and a key that were written down before. At a gateway that asks the
/// shopper on a page of its own the first charge ends at that page, and a second one, written when they have agreed, confirms.
/// </summary>
internal sealed class ChargeHandler(
    IDbContextFactory<ShopDbContext> contexts, PaymentQueue queue, GatewayKeys keys, GatewayCalls gateways, CloseHandler closing, Failovers failovers,
    GatewayCustomers customers, Books books, Wariness wariness, CrashPoints crash, IOptionsMonitor<GatewayOptions> gatewayOptions,
    IOptions<QueueOptions> options, IOptions<Timeouts> timeouts, IOptions<PaymentsOptions> payments, Pace pace, TimeProvider clock)
{
    /// <summary>Asked: the shopper has to agree first. Unproven: it is not certain any more what the other gateway took.</summary>
    private enum Way { Go, Asked, Over, Late, SoldOut, Unproven }

    private sealed record Start(Way Way, Order Order, string Key = "", Confirmation? Confirmation = null, int Round = 1);

    /// <summary>What a charge starts from.</summary>
    /// <param name="Other">The intent at the other gateway.</param>
    /// <param name="Saved">What the gateway keeps and is to be charged.</param>
    /// <param name="CustomerId">Who the shopper is at the gateway, if anybody.</param>
    private sealed record Plan(Order Order, PaymentIntent? Intent, PaymentIntent? Other, SavedMethod? Saved, string? CustomerId);

    /// <summary>The intent that is to be confirmed.</summary>
    /// <param name="Token">What is charged; null where the shopper has to agree first.</param>
    /// <param name="Made">What it was created with in this lease; null when it was there.</param>
    /// <param name="Round">Number of the create, where it was created.</param>
    private sealed record Target(string Id, string? Token, string? ApprovalUrl, NewIntent? Made = null, int Round = 1)
    {
        /// <summary>Never the token: a record prints its members.</summary>
        public override string ToString() => nameof(Target);
    }

    public async Task HandleAsync(PaymentJob job, CancellationToken ct)
    {
        var plan = await LoadAsync(job, ct);
        var (order, intent, other, saved, _) = plan;
        PaymentTelemetry.WorksFor(order.IsSynthetic);
        var isOver = order.Payment is PaymentState.Paid or PaymentState.Abandoned;
        if (isOver && !(intent is { ConfirmOpen: true } && order.PaysAt != job.Provider))
            await queue.FinishAsync(job, ct);
        else if (intent is { ConfirmOpen: true })
            await SettleAsync(job, order, intent, ct);
        else if (clock.GetUtcNow() >= order.DeadlineAt)
            await closing.CloseAsync(job, Reasons.NotConfirmedInTime, [], ct);
        else if (job.SavedMethodId is not null && saved?.Token is null)
            await RefuseAsync(job, Reasons.SavedMethodRemoved);
        else if (!job.IsSynthetic && await wariness.RefusesAsync(job, saved?.Token ?? job.PaymentToken, ct))
            await RefuseAsync(job, Reasons.TooManyDeclines);
        else if (other is not { Proof: null } || await failovers.EndAsync(job, other, ct))
            await ChargeAsync(job, plan, ct);
    }

    private Task RefuseAsync(PaymentJob job, string reason) => RecordAsync(job, [], new Verdict(
        new PaymentNews.Refused(reason), null, reason, SettlesConfirm: false, Proofs.NotConfirmedNow));

    private async Task<Plan> LoadAsync(PaymentJob job, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await (
            from order in db.Orders.AsNoTracking()
            join intent in db.PaymentIntents.Where(i => i.Provider == job.Provider) on order.Id equals intent.OrderId into intents
            from intent in intents.DefaultIfEmpty()
            join other in db.PaymentIntents.Where(i => i.Provider != job.Provider) on order.Id equals other.OrderId into others // there are two gateways
            from other in others.DefaultIfEmpty()
            where order.Id == job.OrderId
            select new Plan(
                order, intent, other, db.SavedMethods.FirstOrDefault(m => m.Id == job.SavedMethodId),
                db.GatewayCustomers.Where(c => c.UserId == order.UserId && c.Provider == job.Provider).Select(c => c.CustomerId).FirstOrDefault()))
            .SingleAsync(ct);
    }

    private async Task ChargeAsync(PaymentJob job, Plan plan, CancellationToken ct)
    {
        var (order, intent, _, saved, customer) = plan;
        // An approval is worth something for the intent that was approved.
        var token = saved?.Token ?? (intent?.ApprovalUrl is null || job.PaymentToken == intent.GatewayId ? job.PaymentToken : null);
        if (!gateways.CanCancel(job.Provider))
            customer = null; // it keeps methods without one
        else
            customer = saved?.CustomerId ?? (job.SavesMethod ? customer ?? await customers.CreateAsync(job, order, ct) : null);

        if (intent is { GatewayId: { } id, CanceledAt: null } && Fits(intent, job, token, customer))
        {
            var target = new Target(id, token, intent.ApprovalUrl);
            await (token is null ? AskAgainAsync(job, order, intent, target, ct) : StartAsync(job, target, [], ct));
            return;
        }

        // Another one takes its place, once it takes nothing any more.
        if (intent is { GatewayId: not null, Proof: null } && !await failovers.EndAsync(job, intent, ct))
            return;
        if (await CreateAsync(job, order, intent, saved, customer, ct) is { Asked: { Answer: GatewayAnswer.Created created } asked } made)
        {
            var approvalUrl = made.Wanted.HasSavedMethod ? null : created.ApprovalUrl; // nobody is sent there who has agreed already
            var pays = saved?.Token ?? (gateways.CanCancel(job.Provider) ? job.PaymentToken : null); // an approval was worth something for the one before
            await StartAsync(job, new Target(created.Id, pays, approvalUrl, made.Wanted, made.Round), [asked], ct);
        }
    }

    /// <summary>
    /// Whether the intent that there is can be paid with what this charge is about. One made to keep what pays it, for a try before this one,
    /// would keep it without being asked to.
    /// </summary>
    private static bool Fits(PaymentIntent intent, PaymentJob job, string? token, string? customer) => intent.ApprovalUrl is null
        ? token is not null && intent.CustomerId == customer
        : job.SavedMethodId is null
            // What was refused stays approved: only on a new page does the shopper choose something else.
            && (token is not null || (intent.SavesMethod == job.SavesMethod && intent.Proof is not ProofKinds.Refused));

    /// <returns>The call that created the intent, and what it was created with; null when there is none and the job waits for its next try.</returns>
    private async Task<(Asked Asked, NewIntent Wanted, int Round)?> CreateAsync(
        PaymentJob job, Order order, PaymentIntent? before, SavedMethod? saved, string? customer, CancellationToken ct)
    {
        var isCapturedLater = gatewayOptions.Get(job.Provider.ToString()).CaptureMethod is CaptureMethod.Manual;
        var wish = new NewIntent(order.Id, order.TotalMinor, order.Currency, isCapturedLater, CustomerId: customer);
        if (!gateways.CanCancel(job.Provider))
        {
            wish = wish with
            {
                ReturnUrl = ReturnUrl(job, order), CancelUrl = $"{ReturnUrl(job, order)}-canceled", OrderNumber = order.Number,
                SavesMethod = job.SavesMethod, HasSavedMethod = saved is not null,
            };
        }

        var round = before?.GatewayId is null ? 1 : before.Round + 1;
        WrittenKey key;
        NewIntent wanted;
        for (; ; round++) // a create takes nothing: one that was wished for another kind of charge, and may have gone out, is left alone
        {
            if (await keys.WriteAsync(job, job.Provider, GatewayOperation.Create, round, JsonSerializer.Serialize(wish), ct) is not { } written)
                return null;
            (key, wanted) = (written, JsonSerializer.Deserialize<NewIntent>(written.Parameters)!);
            if ((wanted.CustomerId, wanted.SavesMethod, wanted.HasSavedMethod) == (wish.CustomerId, wish.SavesMethod, wish.HasSavedMethod))
                break;
        }

        var asked = await gateways.AskAsync(
            job.Provider, GatewayOperation.Create, key.Key, null, (g, token) => g.CreateAsync(key.Key, wanted, token), ct);
        if (asked.Answer is GatewayAnswer.Created)
            return (asked, wanted, round);

        // No confirm was sent, and none is open: nothing was charged, however the create ended.
        var reason = asked.Answer switch
        {
            GatewayAnswer.NotCharged no => no.Reason,
            GatewayAnswer.Unknown { Reason: Reasons.GatewayRateLimited } => Reasons.GatewayRateLimited,
            _ => Reasons.GatewayUnreachable,
        };
        var until = NextTry(order, job.Attempts + 1);
        await RecordAsync(job, [asked], new Verdict(new PaymentNews.Postponed(reason, until), until, reason, SettlesConfirm: false,
            Proofs.NotConfirmedNow, MayFailOver: failovers.MayFailOver(job, order, asked.Answer)));
        return null;
    }

    /// <summary>They were asked before. Who has agreed since is not asked once more, unless it is what they agreed to that was refused.</summary>
    private async Task AskAgainAsync(PaymentJob job, Order order, PaymentIntent intent, Target target, CancellationToken ct)
    {
        var read = await ReadAsync(job, target.Id, ct);
        switch (read.Answer)
        {
            case GatewayAnswer.Approved when intent.Confirm == 0:
                await StartAsync(job, target with { Token = target.Id }, [read], ct);
                break;
            case GatewayAnswer.Charged:
                await RecordAsync(job, [read], Judge(job, order, read.Answer, mayHaveRunBefore: true));
                break;
            case GatewayAnswer.NotCharged { By: Refusal.Canceled }: // it has lapsed: the next lease makes another one
                using (var recording = new CancellationTokenSource(timeouts.Value.Recording, clock))
                {
                    await queue.WriteWithOrderAsync(job, (db, mine) =>
                    {
                        var now = clock.GetUtcNow();
                        mine.Intent!.Cancel(now, Books.File(db, job, [read], Proofs.Canceled));
                        mine.Job.Again(now, job.Provider.AsksShopper());
                        return Task.FromResult(mine);
                    }, recording.Token);
                }

                break;
            default:
                await StartAsync(job, read.Answer is GatewayAnswer.ActionNeeded { Url: { } url } ? target with { ApprovalUrl = url } : target, [read], ct);
                break;
        }
    }

    /// <summary>
    /// Writes down that a confirm goes out, commits that, sends it, and writes down what came of it. Or that the shopper has to agree first,
    /// which takes nothing.
    /// </summary>
    /// <param name="before">What this lease has asked already: the create, to be filed with the id it gave.</param>
    private async Task StartAsync(PaymentJob job, Target target, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        Start? start;
        using (var recording = new CancellationTokenSource(timeouts.Value.Recording, clock))
        {
            start = await queue.WriteWithOrderAsync(job, (db, mine) => WriteStartAsync(db, mine, target, before, recording.Token), recording.Token);
            if (start is null && before is not [])
                await books.FileAsync(job, before, recording.Token);
        }

        switch (start)
        {
            case { Way: Way.Late }:
                await closing.CloseAsync(job, Reasons.NotConfirmedInTime, [], ct);
                break;
            case { Way: Way.SoldOut }:
                await closing.CloseAsync(job, Reasons.SoldOutMeanwhile, [], ct);
                break;
            case { Way: Way.Asked }:
                await books.TellAskedAsync(job, ct);
                break;
            case { Way: Way.Go, Confirmation: { } confirmation }:
                crash.Reach(CrashPoints.AfterStartCommit);
                List<Asked> asked = [await ConfirmAsync(job, start.Key, target.Id, confirmation, ct)];
                if (asked[0].Answer is not GatewayAnswer.Authorized || await CaptureAsync(job, start.Order, target.Id, start.Round, asked, ct))
                    await RecordAsync(job, asked, Judge(job, start.Order, asked[^1].Answer, mayHaveRunBefore: false));
                break;
        }
    }

    private async Task<Start> WriteStartAsync(ShopDbContext db, Locked mine, Target target, IReadOnlyList<Asked> before, CancellationToken ct)
    {
        var (job, order, intent, other, wasElsewhere) = mine;
        var now = clock.GetUtcNow();
        Books.File(db, job, before, proof: null);
        if (intent is null)
        {
            db.PaymentIntents.Add(intent = new PaymentIntent
            {
                OrderId = order.Id, Provider = job.Provider, AmountMinor = order.TotalMinor, Currency = order.Currency, CreatedAt = now,
            });
        }

        if (target.Made is { } made)
            intent.Made(target.Id, target.Round, target.ApprovalUrl, made.CustomerId, made.SavesMethod);
        if (order.Payment is PaymentState.Paid or PaymentState.Abandoned)
        {
            job.Done(now);
            return new Start(Way.Over, order);
        }

        if (now >= order.DeadlineAt)
            return new Start(Way.Late, order);

        if (other is { Proof: null }) // it was there a moment ago
        {
            job.Again(now, Reasons.OutcomeUnknown);
            return new Start(Way.Unproven, order);
        }

        if (target is { Token: null, ApprovalUrl: null })
            throw new InvalidOperationException($"Charge job {job.Id} has no payment token.");

        // Nothing is confirmed without a live hold. One that lapsed is taken again, or the order ends here.
        var lifetime = timeouts.Value.Lease + PaymentOutcome.HoldSlack;
        if (!await db.ExtendHoldAsync(order.Id, lifetime, ct) && await db.HoldStockAsync(order.Id, lifetime, ct) is not [])
        {
            await db.ReleaseHoldAsync(order.Id, ct); // the lines that were not short
            return new Start(Way.SoldOut, order);
        }

        // The last confirm never ran, so this one may be the same. Not after a refused request or a failure: its answer may be kept under its key.
        var mayRepeat = order is { Payment: PaymentState.Deferred, Reason: not (Reasons.GatewayRefusedRequest or Reasons.GatewayFailed) } && intent.Confirm > 0;
        // In flight without an open confirm: the shopper asked again, and the Api has said so already.
        if (order.Payment is not PaymentState.InFlight && !order.TryApply(PaymentEvent.Started, now))
            throw new InvalidOperationException($"Order {order.Number} cannot start a payment while {order.Payment}.");

        if (target.Token is not { } token)
        {
            var asks = job.Provider.AsksShopper();
            job.Attempts++;
            job.Done(now, asks);
            await db.ApplyPaymentOutcomeAsync(
                order, new PaymentNews.ActionAsked(target.ApprovalUrl, asks), now, ct, before is [.., var last] ? last.ToFacts() : null);
            return new Start(Way.Asked, order);
        }

        var confirmation = new Confirmation(
            token, ReturnUrl(job, order), ShowsCharge: true, SavesMethod: job.SavesMethod && intent.CustomerId is not null, CustomerId: intent.CustomerId);
        var parameters = JsonSerializer.Serialize(confirmation);
        var key = GatewayKeys.Confirm(order.Id, intent.Confirm, job.Provider);
        if (!mayRepeat || !await db.GatewayKeys.AnyAsync(k => k.Key == key && k.Parameters == parameters, ct))
        {
            key = GatewayKeys.Confirm(order.Id, ++intent.Confirm, job.Provider);
            db.GatewayKeys.Add(new GatewayKey { Key = key, OrderId = order.Id, Parameters = parameters, CreatedAt = now });
        }

        if (wasElsewhere)
            await Failovers.WriteAsync(db, mine, now, ct);
        intent.ConfirmOpen = true;
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.PaymentStarted,
            job.Provider is PaymentProvider.PayPal ? "We asked PayPal for the payment." : "We asked your bank for the payment.",
            facts: new
            {
                gateway = job.Provider, breaker = gateways.BreakerOf(job.Provider), intent = target.Id, key, lease = job.Leases, heldUntil = now + lifetime,
            }));
        return new Start(Way.Go, order, key, confirmation, intent.Round);
    }

    /// <summary>Where the shopper comes back to.</summary>
    private string ReturnUrl(PaymentJob job, Order order) =>
        payments.Value.OrderPage(order.Number) + (job.Provider is PaymentProvider.PayPal ? "?from=paypal" : "");

    /// <summary>A confirm was sent, or may have been, and its answer is not written down: find out, never guess.</summary>
    private async Task SettleAsync(PaymentJob job, Order order, PaymentIntent intent, CancellationToken ct)
    {
        var id = intent.GatewayId ?? throw new InvalidOperationException($"Order {order.Number} has an open confirm on an intent without an id.");
        List<Asked> asked = [await ReadAsync(job, id, ct)];
        var answer = asked[0].Answer;
        if (!Proves(answer, intent) && !answer.IsFault)
        {
            if (clock.GetUtcNow() >= order.DeadlineAt && gateways.CanCancel(job.Provider))
            {
                await closing.CloseAsync(job, Reasons.NotConfirmedInTime, asked, ct);
                return;
            }

            // Anything else it may read proves nothing while the confirm may still be on its way. The same key with the same bytes is
            // the same confirm: it runs at most once, and this is its answer.
            var name = GatewayKeys.Confirm(job.OrderId, intent.Confirm, job.Provider);
            var key = await keys.FindAsync(name, ct) ?? throw new InvalidOperationException($"The parameters of {name} are missing.");
            asked.Add(await ConfirmAsync(job, name, id, JsonSerializer.Deserialize<Confirmation>(key.Parameters)!, ct));
            answer = asked[^1].Answer;
            if (answer.Facts.IsReplayed && answer is not (GatewayAnswer.Charged or GatewayAnswer.NotCharged))
            {
                // Frozen: the confirm has ended, and this is how things stood then. How they stand now is read.
                asked.Add(await ReadAsync(job, id, ct));
                if (asked[^1].Answer is GatewayAnswer.AwaitsCard && answer is GatewayAnswer.Unknown { Reason: Reasons.OutcomeUnknown }
                    && clock.GetUtcNow() - await keys.FirstUnknownAsync(job.OrderId, name, ct) >= pace.Of(options.Value.UnknownGrace))
                    answer = Ended(asked[^1].Answer, intent);
                else
                    answer = Together(answer, asked[^1].Answer, intent);
            }
        }

        if (answer is GatewayAnswer.Authorized)
        {
            if (!await CaptureAsync(job, order, id, intent.Round, asked, ct))
                return;
            answer = asked[^1].Answer;
        }

        var verdict = Judge(job, order, answer, mayHaveRunBefore: true);
        // Nothing can call it off, and the gateway is well and will not say: its goods must not wait in silence until somebody happens to look.
        if (clock.GetUtcNow() >= order.DeadlineAt && verdict is { News: PaymentNews.AnswerLost, Reason: not Reasons.PaymentProcessing } && !asked.Any(a => a.Answer.IsFault))
            verdict = verdict with { Heard = false };
        await RecordAsync(job, asked, verdict);
    }

    /// <summary>Whether reading the intent tells how its open confirm ended.</summary>
    private bool Proves(GatewayAnswer read, PaymentIntent intent) =>
        read is GatewayAnswer.Charged or GatewayAnswer.Authorized or GatewayAnswer.NotCharged { By: Refusal.Canceled }
        // Of a later confirm it could be the one before; and where the gateway asks the shopper on its own page, every intent begins like that.
        || (read is GatewayAnswer.ActionNeeded && intent.Confirm == 1 && gateways.CanCancel(intent.Provider));

    /// <summary>What the frozen answer of a confirm that has ended, and the intent as it reads now, say together.</summary>
    private GatewayAnswer Together(GatewayAnswer frozen, GatewayAnswer now, PaymentIntent intent) => (frozen, now) switch
    {
        _ when Proves(now, intent) => now,
        (GatewayAnswer.ActionNeeded, GatewayAnswer.ActionNeeded) => now, // with the address of today
        // It ended in something that has failed since: at the bank, or when what was set aside lapsed.
        (GatewayAnswer.ActionNeeded or GatewayAnswer.Authorized or GatewayAnswer.AwaitsCard or GatewayAnswer.Unknown { Reason: Reasons.PaymentProcessing },
            GatewayAnswer.AwaitsCard waits) => new GatewayAnswer.NotCharged(Refusal.Card, waits.Reason) { Facts = waits.Facts },
        (GatewayAnswer.ActionNeeded, { IsFault: true }) => frozen,
        _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
    };

    /// <summary>
    /// The gateway failed over this confirm and will say nothing else under its key for a day; the intent took nothing since. The next confirm
    /// has a key of its own: it is about the same intent, which takes money once whatever becomes of the first one.
    /// </summary>
    private static GatewayAnswer.NotCharged Ended(GatewayAnswer read, PaymentIntent intent) => read switch
    {
        // A refusal that an earlier confirm cannot have left behind is this one's.
        GatewayAnswer.AwaitsCard { Facts.Code: not null } waits when intent.Confirm == 1 => new GatewayAnswer.NotCharged(Refusal.Card, waits.Reason) { Facts = waits.Facts },
        _ => new GatewayAnswer.NotCharged(Refusal.Ended, Reasons.GatewayFailed) { Facts = read.Facts },
    };

    /// <summary>The bank has set the money aside: takes it.</summary>
    /// <returns>False when nothing is left to judge: the order is past its deadline and closed, or the lease is lost.</returns>
    private async Task<bool> CaptureAsync(PaymentJob job, Order order, string intentId, int round, List<Asked> asked, CancellationToken ct)
    {
        if (clock.GetUtcNow() >= order.DeadlineAt)
        {
            await closing.CloseAsync(job, Reasons.NotConfirmedInTime, asked, ct); // canceled, it is set free: nothing to send back
            return false;
        }

        if (await keys.WriteAsync(job, job.Provider, GatewayOperation.Capture, round, intentId, ct) is not { } key)
        {
            using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
            await books.FileAsync(job, asked, recording.Token);
            return false;
        }

        asked.Add(await gateways.AskAsync(
            job.Provider, GatewayOperation.Capture, key.Key, intentId, (g, token) => g.CaptureAsync(key.Key, intentId, token), ct));
        return true;
    }

    private Task<Asked> ConfirmAsync(PaymentJob job, string key, string intentId, Confirmation confirmation, CancellationToken ct) =>
        gateways.AskAsync(job.Provider, GatewayOperation.Confirm, key, intentId, (g, token) => g.ConfirmAsync(key, intentId, confirmation, token), ct);

    private Task<Asked> ReadAsync(PaymentJob job, string intentId, CancellationToken ct) =>
        gateways.AskAsync(job.Provider, GatewayOperation.Read, null, intentId, (g, token) => g.ReadAsync(intentId, token), ct);

    private async Task RecordAsync(PaymentJob job, IReadOnlyList<Asked> asked, Verdict verdict)
    {
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await books.WriteAsync(job, asked, verdict, recording.Token);
    }

    /// <param name="mayHaveRunBefore">An earlier send of this confirm may have been executed, so a refusal to hear it again proves nothing.</param>
    private Verdict Judge(PaymentJob job, Order order, GatewayAnswer answer, bool mayHaveRunBefore)
    {
        switch (answer)
        {
            case GatewayAnswer.Charged charged:
                return new(new PaymentNews.Captured(charged.AmountMinor, charged.Currency, job.Provider), null, null, SettlesConfirm: true);
            case GatewayAnswer.ActionNeeded action:
                var asks = job.Provider.AsksShopper();
                return new(new PaymentNews.ActionAsked(action.Url, asks), null, asks, SettlesConfirm: true,
                    gateways.CanCancel(job.Provider) ? Proofs.WaitsForShopper : Proofs.WaitsForApproval);
            case GatewayAnswer.NotCharged { By: Refusal.Card } refused when refused.IsKnown || !mayHaveRunBefore:
                return new(new PaymentNews.Refused(refused.Reason), null, refused.Reason, SettlesConfirm: true, Proofs.Refused);
            case GatewayAnswer.NotCharged { By: Refusal.Canceled }:
                return new(new PaymentNews.Closed(Reasons.NotConfirmedInTime, Proofs.Canceled), null, Reasons.NotConfirmedInTime, SettlesConfirm: true,
                    Proofs.Canceled);
            case GatewayAnswer.NotCharged { By: Refusal.Ended } ended:
                var soon = NextTry(order, failures: 1); // the gateway is well enough to say so
                return new(new PaymentNews.Postponed(ended.Reason, soon), soon, ended.Reason, SettlesConfirm: true, Proofs.Ended);
            case GatewayAnswer.NotCharged { By: not Refusal.Card } no when !mayHaveRunBefore || no.Facts.IsReplayed: // replayed, it is what became of the earlier send
                var until = NextTry(order, job.Attempts + 1);
                return new(new PaymentNews.Postponed(no.Reason, until), until, no.Reason, SettlesConfirm: true,
                    no.By is Refusal.NotSent ? Proofs.NeverLeft : Proofs.NotExecuted,
                    MayFailOver: failovers.MayFailOver(job, order, no));
            default:
                var reason = answer is GatewayAnswer.Unknown { Reason: Reasons.GatewayRateLimited or Reasons.PaymentProcessing } unknown
                    ? unknown.Reason : Reasons.OutcomeUnknown;
                // Asked again until the deadline, which closes it one way or the other: parked before, nobody would ask.
                return new(new PaymentNews.AnswerLost(reason),
                    clock.GetUtcNow() + pace.Of(Backoff.AfterSilence(job.Attempts + 1, Random.Shared.NextDouble())), reason, SettlesConfirm: false);
        }
    }

    private DateTimeOffset NextTry(Order order, int failures)
    {
        var at = clock.GetUtcNow() + pace.Of(Backoff.AfterFailure(failures, Random.Shared.NextDouble()));
        return at < order.DeadlineAt ? at : order.DeadlineAt; // due at the deadline it closes the order
    }
}
