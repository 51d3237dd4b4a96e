using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Orders;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

internal sealed record LedgerEntry(
    string Intent, string? OrderId, string Status, string Currency, long AmountMinor, long ChargedMinor, long RefundedMinor, int Charges, int Attempts,
    string Gateway, long AuthorizedMinor, LedgerCharge[] All)
{
    public PaymentProvider Provider => Enum.Parse<PaymentProvider>(Gateway, ignoreCase: true);
    public IEnumerable<LedgerRefund> Refunds => All.SelectMany(c => c.Refunds);
}

/// <param name="At">To the second, rounded down.</param>
internal sealed record LedgerCharge(string Id, DateTimeOffset At, string Status, long CapturedMinor, LedgerRefund[] Refunds);

internal sealed record LedgerRefund(string Id, DateTimeOffset At, long AmountMinor, string Status)
{
    public bool IsSent => Status is "succeeded" or "COMPLETED";
    public bool HasFailed => Status is "failed" or "canceled" or "FAILED" or "CANCELLED";
}

/// <summary>In which of the ways that must not exist an order is wrong.</summary>
internal enum Wrong { Double, Lost, WithoutHold, Oversold, Stuck, Unexplained, Missing, WithoutProof }

internal sealed record Finding(Wrong Kind, Guid? Order, string What);

/// <summary>
/// Compares the whole of the books with what the simulator knows to have happened to the money. It trusts nothing the shop says about
/// itself but the rows it keeps for people.
/// </summary>
internal sealed class Audit(string database, Uri simulator, IReadOnlyDictionary<string, int> stockAtFirst) : IDisposable
{
    private readonly HttpClient _simulator = new() { BaseAddress = simulator, Timeout = TimeSpan.FromSeconds(60) };
    private readonly List<Finding> _findings = [];

    public void Dispose() => _simulator.Dispose();

    /// <summary>Orders that still move, work that still waits; nothing of either when the dust has settled.</summary>
    public static async Task<(int Orders, int Jobs, int Events, int Mails)> UnsettledAsync(ShopDbContext db, CancellationToken ct) => (
        await db.Orders.CountAsync(o => o.Payment != PaymentState.Paid && o.Payment != PaymentState.Abandoned, ct),
        await db.PaymentJobs.CountAsync(j => j.State == JobState.Waiting, ct),
        await db.WebhookReceipts.CountAsync(w => w.State == JobState.Waiting, ct),
        await db.Outbox.CountAsync(m => m.State == JobState.Waiting, ct));

    /// <summary>Until nothing moves any more, which is some time after the last deadline; what moves longer is a finding.</summary>
    public static async Task SettledAsync(string database, CancellationToken ct)
    {
        await using var db = PostgresServer.Open(database);
        var patience = TimeSpan.FromMinutes(3) + (await db.Orders.MaxAsync(o => o.DeadlineAt, ct) - DateTimeOffset.UtcNow);
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < patience && await UnsettledAsync(db, ct) is not (0, 0, 0, 0))
            await Task.Delay(500, ct);
    }

    public async Task<IReadOnlyList<Finding>> FindAsync(IReadOnlyCollection<Accepted> accepted, CancellationToken ct)
    {
        var entries = await _simulator.GetFromJsonAsync<LedgerEntry[]>(new Uri("/ledger", UriKind.Relative), ct) ?? [];
        var ledger = entries.Where(e => e.OrderId is not null).ToLookup(e => Guid.Parse(e.OrderId!));
        await using var db = PostgresServer.Open(database);
        var orders = await db.Orders.AsNoTracking().Include(o => o.Lines).ToListAsync(ct);
        var timeline = (await db.Timeline.AsNoTracking().ToListAsync(ct)).OrderBy(t => t.At).ToLookup(t => t.OrderId);
        var charged = (await db.PaymentAttempts.Where(a => a.Class == "charged").Select(a => a.OrderId).Distinct().ToListAsync(ct)).ToHashSet();
        var mails = (await db.Outbox.Where(m => m.Kind == OutboxKind.OrderConfirmedMail).Select(m => m.OrderId!.Value).ToListAsync(ct)).ToLookup(id => id);

        var refunds = (await db.Refunds.AsNoTracking().ToListAsync(ct)).ToLookup(r => r.OrderId);
        var failovers = (await db.Failovers.AsNoTracking().OrderBy(f => f.At).ToListAsync(ct)).ToLookup(f => f.OrderId);
        var confirms = await ConfirmsAsync(db, ct);
        var proofs = (await db.PaymentAttempts.Where(a => a.Proof != null).Select(a => new { a.Id, a.OrderId, a.Provider }).ToListAsync(ct)).ToDictionary(a => a.Id, a => (a.OrderId, a.Provider));

        foreach (var order in orders)
        {
            Money(order, [.. ledger[order.Id]]);
            Returned(order, [.. refunds[order.Id]], [.. ledger[order.Id]]);
            Proven(order, [.. failovers[order.Id]], [.. confirms[order.Id]], proofs, [.. ledger[order.Id]]);
            Ends(order, [.. timeline[order.Id]], charged.Contains(order.Id), mails[order.Id].Count(), refunds[order.Id].Any(r => r.State is RefundState.Failed));
        }

        Missing(accepted, orders, ledger);
        await LeftOversAsync(db, ct);
        await StockAsync(db, orders, ct);
        await OwnReconciliationAsync(db, ct);
        foreach (var seen in await Witness.HearAsync(db, ct))
            Found(Enum.Parse<Wrong>(seen.Kind), seen.OrderId, $"{seen.At:HH:mm:ss.fff} {seen.What}");
        return _findings;
    }

    private void Money(Order order, LedgerEntry[] ledger)
    {
        var (charges, charged, refunded) = (ledger.Sum(e => e.Charges), ledger.Sum(e => e.ChargedMinor), ledger.Sum(e => e.RefundedMinor));
        if (charges > 1 || charged > order.TotalMinor)
            Found(Wrong.Double, order.Id, $"charged {charges} times, {charged} of {order.TotalMinor}");
        foreach (var gateway in Enum.GetValues<PaymentProvider>())
        {
            var here = ledger.Where(e => e.Provider == gateway).ToArray();
            var captured = order.PaysAt == gateway ? order.CapturedMinor : 0;
            if (here.Sum(e => e.ChargedMinor) != captured)
                Found(Wrong.Lost, order.Id, $"{gateway} took {here.Sum(e => e.ChargedMinor)}; the books say {captured}");
        }

        if (refunded != order.RefundedMinor)
            Found(Wrong.Lost, order.Id, $"the gateways gave back {refunded}; the books say {order.RefundedMinor}");
        if (charged > 0 != order.Payment is PaymentState.Paid)
            Found(Wrong.Lost, order.Id, $"the gateway took {charged}; the order is {order.Payment}");
        // At PayPal only our own capture takes money: an order there that nobody captured cannot be charged. One that is being looked into can.
        if (order.Payment is PaymentState.Abandoned && ledger.Any(e => e.AuthorizedMinor > 0 || e.All.Any(c => c.Status is "PENDING")
            || (e.Provider is PaymentProvider.Stripe && e.Status is not ("canceled" or "requires_payment_method"))))
            Found(Wrong.Lost, order.Id, $"closed, but its intent is {string.Join(", ", ledger.Select(e => e.Status))}: it may still be charged");
    }

    /// <summary>Every refund is one at the gateway, and there is none besides.</summary>
    private void Returned(Order order, Refund[] refunds, LedgerEntry[] ledger)
    {
        if (refunds.Where(r => r.State is RefundState.Pending or RefundState.Succeeded).Sum(r => r.AmountMinor) is var owed && owed > order.CapturedMinor)
            Found(Wrong.Double, order.Id, $"{owed} of {order.CapturedMinor} go back");
        var sent = ledger.SelectMany(e => e.Refunds.Select(r => (e.Provider, Refund: r))).ToLookup(r => r.Refund.Id);
        foreach (var refund in refunds)
        {
            var there = sent[refund.GatewayId ?? ""].ToArray();
            var isRight = refund.State switch
            {
                RefundState.Succeeded => there is [{ Refund.IsSent: true } it] && it.Provider == refund.Provider && it.Refund.AmountMinor == refund.AmountMinor,
                RefundState.Pending => false,
                _ => there.All(it => it.Refund.HasFailed),
            };
            if (!isRight)
                Found(refund.State is RefundState.Pending ? Wrong.Stuck : Wrong.Lost, order.Id, $"the refund of {refund.AmountMinor} at {refund.Provider} is {refund.State}, {refund.GatewayId}; "
                    + $"there it is {string.Join(", ", there.Select(it => $"{it.Refund.Status} {it.Refund.AmountMinor}"))}");
        }

        var known = refunds.Select(r => r.GatewayId).ToHashSet();
        foreach (var extra in sent.SelectMany(r => r).Where(r => !r.Refund.HasFailed && !known.Contains(r.Refund.Id)))
            Found(Wrong.Lost, order.Id, $"{extra.Provider} has sent back {extra.Refund.AmountMinor} ({extra.Refund.Id}), and we know of no such refund");
    }

    private sealed record Confirmed(Guid OrderId, PaymentProvider Provider, DateTimeOffset At);

    /// <summary>When each confirm was first opened, by the keys that were written with it.</summary>
    private static async Task<ILookup<Guid, Confirmed>> ConfirmsAsync(ShopDbContext db, CancellationToken ct) =>
        (await db.GatewayKeys.AsNoTracking().Where(k => k.Key.Contains(":confirm:")).Select(k => new { k.Key, k.OrderId, k.CreatedAt }).ToListAsync(ct))
        .Select(k => new Confirmed(k.OrderId, k.Key.Contains(":paypal:", StringComparison.Ordinal) ? PaymentProvider.PayPal : PaymentProvider.Stripe, k.CreatedAt))
        .OrderBy(k => k.At).ToLookup(k => k.OrderId);

    /// <summary>Law 8: what was proven when an order went to another gateway is what really was, and stayed so until it came back.</summary>
    private void Proven(
        Order order, Failover[] failovers, Confirmed[] confirms, Dictionary<Guid, (Guid OrderId, PaymentProvider Provider)> proofs, LedgerEntry[] ledger)
    {
        foreach (var (before, after) in confirms.Zip(confirms.Skip(1)).Where(c => c.First.Provider != c.Second.Provider))
        {
            if (!failovers.Any(f => f.ToProvider == after.Provider && f.At > before.At && f.At <= after.At))
                Found(Wrong.WithoutProof, order.Id, $"{after.Provider} was asked at {after.At:HH:mm:ss.fff}, after {before.Provider}, and nothing says why that was safe");
        }

        foreach (var (i, it) in failovers.Index())
        {
            var there = ledger.Where(e => e.Provider == it.FromProvider).ToArray();
            var attempts = there.SelectMany(e => e.All);
            // Until the order comes back to it, that gateway takes nothing. The ledger knows whole seconds.
            var isBack = failovers.Skip(i + 1).FirstOrDefault(f => f.ToProvider == it.FromProvider)?.At ?? DateTimeOffset.MaxValue;
            foreach (var taken in attempts.Where(c => c.CapturedMinor > 0 && c.At < Second(isBack)))
                Contradicted($"{it.FromProvider} took {taken.CapturedMinor} at {taken.At:HH:mm:ss}");
            if (it.ProofKind is ProofKinds.NeverConfirmed && attempts.Any(c => c.At < Second(it.At)))
                Contradicted($"{it.FromProvider} was asked for the money before");
            if (it.ProofKind is ProofKinds.Canceled && there.SingleOrDefault(e => e.Intent == it.FromGatewayId) is not { Status: "canceled" or "VOIDED" })
                Contradicted($"{it.FromGatewayId} is {there.SingleOrDefault(e => e.Intent == it.FromGatewayId)?.Status}");
            if (it.ProofKind is ProofKinds.NeverConfirmed != (it.Confirm == 0)
                || (it.Confirm > 0 && (it.AttemptId is not { } attempt || proofs.GetValueOrDefault(attempt) != (order.Id, it.FromProvider))))
                Contradicted($"confirm {it.Confirm} has no attempt {it.AttemptId} that proves it");

            void Contradicted(string how) =>
                Found(Wrong.WithoutProof, order.Id, $"{it.FromProvider} to {it.ToProvider} at {it.At:HH:mm:ss.fff}, {it.ProofKind}: {how}");
        }

        static DateTimeOffset Second(DateTimeOffset at) => at.AddTicks(-(at.UtcTicks % TimeSpan.TicksPerSecond));
    }

    private void Ends(Order order, TimelineEntry[] timeline, bool hasCharge, int mails, bool hasFailedRefund)
    {
        if (timeline.FirstOrDefault()?.Kind is not TimelineKinds.Placed)
            Found(Wrong.Unexplained, order.Id, "the timeline does not begin with the order");
        if (order.Reference is not { Length: >= 10 } || OrderWords.Of(order, charges: 1) is not { Headline.Length: > 0, Explanation.Length: > 0 })
            Found(Wrong.Unexplained, order.Id, "no reference to quote, or no words");
        string[] bad = [TimelineKinds.Declined, TimelineKinds.Unknown, TimelineKinds.Deferred, TimelineKinds.Closed, TimelineKinds.ActionNeeded];
        foreach (var silent in timeline.Where(t => bad.Contains(t.Kind) && (t.Reason is null || !Reasons.IsKnown(t.Reason) || t.Summary is "")))
            Found(Wrong.Unexplained, order.Id, $"{silent.Kind} without a reason or words");

        switch (order)
        {
            case { Payment: PaymentState.Paid, Fulfilment: FulfilmentState.Open }:
                if (timeline.Count(t => t.Kind == TimelineKinds.Paid) != 1 || !hasCharge)
                    Found(Wrong.Unexplained, order.Id, "paid, but the timeline or the attempts do not say how");
                if (mails != 1)
                    Found(Wrong.Unexplained, order.Id, $"paid and confirmed to the shopper {mails} times");
                break;
            case { Payment: PaymentState.Paid }:
                if (order.Reason is not (Reasons.PaidAfterClosing or Reasons.RefundOnRequest) || timeline.All(t => t.Kind != TimelineKinds.RefundOwed))
                    Found(Wrong.Unexplained, order.Id, $"{order.Fulfilment} after it was paid, reason {order.Reason}");
                if (order.RefundedMinor != order.CapturedMinor && !hasFailedRefund) // then it is a person's
                    Found(Wrong.Stuck, order.Id, $"{order.CapturedMinor - order.RefundedMinor} are owed to the shopper");
                break;
            case { Payment: PaymentState.Abandoned }:
                if (order.Reason is null || !Reasons.IsKnown(order.Reason) || Reasons.Of(order.Reason).Shopper is ""
                    || timeline.LastOrDefault(t => t.Kind == TimelineKinds.Closed)?.Reason != order.Reason)
                    Found(Wrong.Unexplained, order.Id, $"closed, reason {order.Reason}");
                break;
            default:
                Found(Wrong.Stuck, order.Id, $"{order.Payment}, reason {order.Reason}, deadline {order.DeadlineAt:HH:mm:ss}");
                break;
        }
    }

    private void Missing(IReadOnlyCollection<Accepted> accepted, List<Order> orders, ILookup<Guid, LedgerEntry> ledger)
    {
        var numbers = orders.Select(o => o.Number).ToHashSet();
        foreach (var lost in accepted.Where(a => !numbers.Contains(a.Number)))
            Found(Wrong.Missing, null, $"order {lost.Number} of shopper {lost.Shopper} was promised and is not there");
        var ids = orders.Select(o => o.Id).ToHashSet();
        foreach (var unknown in ledger.Where(l => !ids.Contains(l.Key)))
            Found(Wrong.Lost, unknown.Key, "the gateway knows an order that we do not");
    }

    private async Task LeftOversAsync(ShopDbContext db, CancellationToken ct)
    {
        // A refund that the gateway says has failed waits for a person; all else settles itself.
        foreach (var job in await db.PaymentJobs.AsNoTracking().Where(j => j.State == JobState.Waiting || (j.State == JobState.Parked && !db.Refunds.Any(
            r => r.Id == j.RefundId && r.State == RefundState.Failed))).ToListAsync(ct))
            Found(Wrong.Stuck, job.OrderId, $"{job.Kind} job {job.State}, {job.Leases} leases, {job.Attempts} attempts, {job.LastReason}");
        foreach (var intent in await db.PaymentIntents.AsNoTracking().Where(i => i.ConfirmOpen).ToListAsync(ct))
            Found(Wrong.Stuck, intent.OrderId, $"confirm {intent.Confirm} at {intent.Provider} never had an answer");
        foreach (var receipt in await db.WebhookReceipts.AsNoTracking().Where(w => w.State != JobState.Done).ToListAsync(ct))
            Found(Wrong.Stuck, null, $"event {receipt.EventId} {receipt.State} after {receipt.Attempts} attempts: {receipt.LastError}");
        foreach (var mail in await db.Outbox.AsNoTracking().Where(m => m.State != JobState.Done).ToListAsync(ct))
            Found(Wrong.Stuck, mail.OrderId, $"{mail.Kind} {mail.State} after {mail.Attempts} attempts: {mail.LastError}");
    }

    private async Task StockAsync(ShopDbContext db, List<Order> orders, CancellationToken ct)
    {
        var holds = await db.Holds.AsNoTracking().ToListAsync(ct);
        foreach (var hold in holds)
            Found(Wrong.Stuck, hold.OrderId, $"{hold.Quantity} of {hold.Sku} are still held");
        // What is refunded was sold all the same.
        var sold = orders.Where(o => o is { Payment: PaymentState.Paid, Fulfilment: FulfilmentState.Open } or { Reason: Reasons.RefundOnRequest }).SelectMany(o => o.Lines)
            .GroupBy(l => l.Sku).ToDictionary(g => g.Key, g => g.Sum(l => l.Quantity));
        foreach (var item in await db.Stock.AsNoTracking().ToListAsync(ct))
        {
            var left = stockAtFirst[item.Sku] - sold.GetValueOrDefault(item.Sku);
            if (item.OnHand < 0 || item.OnHand != left || item.Held != holds.Where(h => h.Sku == item.Sku).Sum(h => h.Quantity))
                Found(Wrong.Oversold, null, $"{item.Sku}: {item.OnHand} on hand, {left} expected, {item.Held} held");
        }
    }

    /// <summary>The shop's own comparison with each gateway, over everything, must come to the same end.</summary>
    private async Task OwnReconciliationAsync(ShopDbContext db, CancellationToken ct)
    {
        var now = DateTimeOffset.UtcNow;
        ReconciliationRun[] runs = [.. Enum.GetValues<PaymentProvider>().Select(p => ReconciliationRun.Of(now.AddHours(-3), now, null, now, p))];
        db.AddRange(runs.AsEnumerable<object>());
        await db.SaveChangesAsync(ct);
        var waited = Stopwatch.StartNew();
        foreach (var run in runs)
        {
            while (run.State is JobState.Waiting && waited.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(200, ct);
                await db.Entry(run).ReloadAsync(ct);
            }

            if (run.State is not JobState.Done)
                Found(Wrong.Stuck, null, $"the reconciliation of {run.Provider} is {run.State}: {run.LastError}");
            if (run.GatewayMinor != run.OrdersMinor || run.AttemptsMinor != run.OrdersMinor)
                Found(Wrong.Lost, null, $"the reconciliation of {run.Provider} says gateway {run.GatewayMinor}, attempts {run.AttemptsMinor}, orders {run.OrdersMinor}");
        }

        foreach (var it in await db.Mismatches.AsNoTracking().Where(m => m.State != MismatchState.Closed).ToListAsync(ct))
            Found(Wrong.Lost, it.OrderId, $"the reconciliation found {it.Kind} of {it.Subject} at {it.Provider}: ours {it.OursMinor}, the gateway's {it.GatewayMinor}");
    }

    private void Found(Wrong kind, Guid? order, string what) => _findings.Add(new(kind, order, what));

    /// <summary>All that is known about an order, on both sides.</summary>
    public async Task<string> DossierAsync(Guid orderId, CancellationToken ct)
    {
        await using var db = PostgresServer.Open(database);
        var text = new StringBuilder();
        if (await db.Orders.AsNoTracking().Include(o => o.Lines).SingleOrDefaultAsync(o => o.Id == orderId, ct) is not { } order)
            return $"order {orderId} is not there";

        text.AppendLine($"order {order.Number} {order.Id}: {order.Payment} {order.Fulfilment}, reason {order.Reason}, total {order.TotalMinor}, captured "
            + $"{order.CapturedMinor}, refunded {order.RefundedMinor}, placed {order.PlacedAt:HH:mm:ss.fff}, deadline {order.DeadlineAt:HH:mm:ss.fff}, "
            + string.Join(" + ", order.Lines.Select(l => $"{l.Quantity} {l.Sku}")));
        var facts = (await db.Timeline.AsNoTracking().Where(t => t.OrderId == orderId).ToListAsync(ct))
            .Select(t => (t.At, $"timeline  {t.Kind} {t.Reason} {(t.ForShopper ? "" : t.Summary)} {t.Data}"))
            .Concat((await db.PaymentAttempts.AsNoTracking().Where(a => a.OrderId == orderId).ToListAsync(ct)).Select(a => (a.At,
                $"attempt   {a.Provider} {a.Operation} {a.Key} -> {a.Class} {a.HttpStatus} {a.Code} {a.DeclineCode} {a.Reason} ({a.LatencyMs:F0} ms) {a.RequestId} proof: {a.Proof}")));
        foreach (var (at, what) in facts.OrderBy(f => f.Item1))
            text.AppendLine($"  {at:HH:mm:ss.fff} {what}");
        foreach (var intent in await db.PaymentIntents.AsNoTracking().Where(i => i.OrderId == orderId).ToListAsync(ct))
            text.AppendLine($"  intent    {intent.Provider} {intent.GatewayId} round {intent.Round} confirm {intent.Confirm} open {intent.ConfirmOpen} proof {intent.Proof}");
        foreach (var it in await db.Failovers.AsNoTracking().Where(f => f.OrderId == orderId).OrderBy(f => f.At).ToListAsync(ct))
            text.AppendLine($"  failover  {it.At:HH:mm:ss.fff} {it.FromProvider} {it.FromGatewayId} confirm {it.Confirm} to {it.ToProvider}, {it.AskedBy}, {it.ProofKind}, attempt {it.AttemptId}");
        foreach (var job in await db.PaymentJobs.AsNoTracking().Where(j => j.OrderId == orderId).OrderBy(j => j.CreatedAt).ToListAsync(ct))
        {
            text.AppendLine($"  job       {job.Provider} {job.Kind} {job.State}, made {job.CreatedAt:HH:mm:ss.fff}, due {job.DueAt:HH:mm:ss.fff}, leased until "
                + $"{job.LeasedUntil:HH:mm:ss.fff}, {job.Leases} leases, {job.Attempts} attempts, token {job.LeaseToken}, {job.LastReason}, {job.PaymentToken}");
        }

        foreach (var refund in await db.Refunds.AsNoTracking().Where(r => r.OrderId == orderId).ToListAsync(ct))
            text.AppendLine($"  refund    {refund.Provider} {refund.State} {refund.AmountMinor} {refund.GatewayId}, {refund.Reason}");
        foreach (var hold in await db.Holds.AsNoTracking().Where(h => h.OrderId == orderId).ToListAsync(ct))
            text.AppendLine($"  hold      {hold.Quantity} {hold.Sku} until {hold.ExpiresAt:HH:mm:ss.fff}");
        foreach (var entry in await _simulator.GetFromJsonAsync<LedgerEntry[]>(new Uri($"/ledger?order={orderId}", UriKind.Relative), ct) ?? [])
        {
            text.AppendLine($"  ledger    {entry.Gateway} {entry.Intent} {entry.Status}, {entry.Charges} charges, {entry.ChargedMinor} charged, {entry.RefundedMinor} refunded: "
                + string.Join(", ", entry.All.Select(c => $"{c.At:HH:mm:ss} {c.Id} {c.Status} {string.Join(' ', c.Refunds.Select(r => $"refund {r.Id} {r.Status} {r.AmountMinor}"))}")));
        }

        foreach (var request in (await _simulator.GetFromJsonAsync<JsonArray>(new Uri($"/requests?order={orderId}", UriKind.Relative), ct))!.Reverse())
            text.AppendLine($"  simulator {request!["at"]} {request["operation"]} {request["idempotencyKey"]} {request["status"]} {request["fault"]} {request["requestId"]}");
        return text.ToString();
    }
}
