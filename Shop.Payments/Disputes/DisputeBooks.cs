using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Disputes;

/// <summary>
/// What the gateway says about a dispute becomes a row, amounts of its order and lines of its timeline, in the caller's transaction.
/// Idempotent: the same again changes nothing. Whatever event made us ask, it is the answer that counts, and of two answers the one that
/// was asked for later.
/// </summary>
internal static class DisputeBooks
{
    /// <param name="What">What changed, in words; null when nothing did.</param>
    internal sealed record Change(Dispute Dispute, string? What);

    /// <summary>What of it people are told when it changes.</summary>
    private readonly record struct Stand(string? Status, DisputeOutcome? Outcome, bool TakesMoney, Guid? OrderId, long AmountMinor, DateTimeOffset? RespondBy)
    {
        public static Stand Of(Dispute d) => new(d.Status, d.Outcome, d.TakesMoney, d.OrderId, d.AmountMinor, d.RespondBy);
    }

    public static async Task<Change> ApplyAsync(ShopDbContext db, Asked asked, DisputeFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        // Two events about one that we have not heard of: the second waits here for the first one's row.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({facts.GatewayId}, 0))", ct);
        var dispute = await db.Disputes.SingleOrDefaultAsync(d => d.GatewayId == facts.GatewayId, ct);
        var intents = db.PaymentIntents.Where(i => i.Provider == asked.Provider);
        intents = facts.IntentId is { } intent ? intents.Where(i => i.GatewayId == intent) : intents.Where(i => i.OrderId == facts.OrderId);
        var orderId = dispute?.OrderId ?? await intents.Select(i => (Guid?)i.OrderId).SingleOrDefaultAsync(ct);
        var order = orderId is { } id ? await db.LockOrderAsync(id, ct) : null;
        if (order is not null)
            db.PaymentAttempts.Add(asked.ToAttempt(order.Id, jobId: null));
        if (dispute is not null && dispute.UpdatedAt > asked.At)
            return new(dispute, null);

        var before = dispute is null ? default : Stand.Of(dispute);
        var isNew = dispute?.OrderId is null && (dispute is null || order is not null);
        if (dispute is null)
        {
            dispute = new Dispute
            {
                Id = Guid.CreateVersion7(now), Provider = asked.Provider, GatewayId = facts.GatewayId, Kind = facts.Kind, AmountMinor = facts.AmountMinor,
                Currency = facts.Currency, Reason = facts.Reason, Status = facts.Status, TakesMoney = facts.TakesMoney, IsLive = facts.IsLive,
                OpenedAt = facts.OpenedAt, UpdatedAt = asked.At,
            };
            db.Disputes.Add(dispute);
        }

        (dispute.OrderId, dispute.IntentId, dispute.ChargeId) = (orderId, facts.IntentId, facts.ChargeId);
        (dispute.AmountMinor, dispute.Reason, dispute.Status, dispute.TakesMoney) = (facts.AmountMinor, facts.Reason, facts.Status, facts.TakesMoney);
        (dispute.RespondBy, dispute.UpdatedAt, dispute.Outcome) = (facts.RespondBy, asked.At, facts.Outcome);
        dispute.ClosedAt = facts.Outcome is null ? null : dispute.ClosedAt ?? now;

        if (order is not null)
        {
            await db.SaveChangesAsync(ct);
            await BookAsync(db, order, ct);
        }

        if (Stand.Of(dispute) == before)
            return new(dispute, null);

        if (order is not null)
            db.Timeline.AddRange(Story(dispute, order.Id, isNew, isNew ? default : before, now));
        return new(dispute, $"{Word(dispute)} {dispute.GatewayId} is {dispute.Status}");
    }

    /// <summary>What is open or lost, all disputes of the order together.</summary>
    private static async Task BookAsync(ShopDbContext db, Order order, CancellationToken ct)
    {
        var taken = await db.Disputes.Where(d => d.OrderId == order.Id && d.TakesMoney && (d.Outcome == null || d.Outcome == DisputeOutcome.Lost))
            .Select(d => new { d.AmountMinor, d.Outcome }).ToListAsync(ct);
        order.SetDisputed(taken.Sum(d => d.AmountMinor), taken switch
        {
            [] => null,
            _ when taken.Exists(d => d.Outcome is null) => Reasons.PaymentDisputed,
            _ => Reasons.DisputeLost,
        });
    }

    private static IEnumerable<TimelineEntry> Story(Dispute dispute, Guid orderId, bool isNew, Stand before, DateTimeOffset now)
    {
        var facts = new
        {
            dispute = dispute.GatewayId, gateway = dispute.Provider, dispute.Reason, dispute.Status, dispute.AmountMinor, dispute.Currency, dispute.RespondBy, dispute.Outcome,
        };
        var decides = dispute.Provider is PaymentProvider.PayPal ? "PayPal" : "your bank";
        var isTaken = dispute.TakesMoney && !before.TakesMoney; // from the start, or an inquiry that became a dispute
        if (isNew && dispute.Kind is DisputeKind.FraudWarning)
            yield return Staff(TimelineKinds.FraudWarned, $"The card's bank warns of this payment ({dispute.Reason}). A refund now can save a dispute.");
        else if (isTaken)
            yield return Of(TimelineKinds.DisputeOpened, $"This payment is disputed at {decides}.", Reasons.PaymentDisputed);
        else if (isNew)
            yield return Staff(TimelineKinds.DisputeOpened, $"{(dispute.Provider is PaymentProvider.PayPal ? "PayPal" : "The customer's bank")} asks about this payment ({dispute.Reason}).");

        if (dispute.Outcome is { } outcome && before.Outcome is null)
        {
            yield return outcome switch
            {
                DisputeOutcome.Won => Of(TimelineKinds.DisputeClosed, $"It was decided at {decides} that this payment stands.", null),
                DisputeOutcome.Lost => Of(TimelineKinds.DisputeClosed, $"It was decided at {decides} in your favour, and this payment was returned to you.", Reasons.DisputeLost),
                _ => Staff(TimelineKinds.DisputeClosed, $"{Word(dispute)} is over: {dispute.Status}."),
            };
        }
        else if (!isNew && !isTaken)
        {
            yield return Staff(TimelineKinds.DisputeChanged, $"{Word(dispute)} is {dispute.Status} now.");
        }

        TimelineEntry Of(string kind, string words, string? reason) => TimelineEntry.Of(orderId, now, kind, words, reason, facts: facts);

        TimelineEntry Staff(string kind, string words) => TimelineEntry.Of(orderId, now, kind, words, forShopper: false, facts: facts);
    }

    private static string Word(Dispute dispute) => dispute switch
    {
        { Kind: DisputeKind.FraudWarning } => "The bank's warning",
        { TakesMoney: true } => "The dispute",
        { Provider: PaymentProvider.PayPal } => "PayPal's inquiry",
        _ => "The bank's inquiry",
    };
}
