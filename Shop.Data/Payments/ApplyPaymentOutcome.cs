using Microsoft.EntityFrameworkCore;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Outbox;

namespace Shop.Data.Payments;

/// <summary>News about a payment, from whoever learned it: the worker, a webhook, the return from 3-D Secure, the reconciler.</summary>
public abstract record PaymentNews
{
    /// <summary>The gateway says the money was taken.</summary>
    /// <param name="By">Who has it.</param>
    public sealed record Captured(long AmountMinor, string Currency, PaymentProvider By = PaymentProvider.Stripe) : PaymentNews;

    /// <summary>A definitive no to the confirm that was sent.</summary>
    public sealed record Refused(string Reason) : PaymentNews;

    public sealed record AnswerLost(string Reason) : PaymentNews;

    /// <param name="Reason">Who waits for the shopper: the bank, or a gateway that asks them on a page of its own.</param>
    public sealed record ActionAsked(string? Url, string Reason = Reasons.AuthenticationNeeded) : PaymentNews;

    /// <summary>Proven not charged, tried again at <paramref name="Until"/>; the hold is moved past it.</summary>
    public sealed record Postponed(string Reason, DateTimeOffset Until) : PaymentNews;

    /// <summary>Given up, with proof: the intent is canceled at the gateway, or no confirm was ever sent.</summary>
    public sealed record Closed(string Reason, string? Proof = null) : PaymentNews;
}

/// <summary>What an engineer asks about the answer that brought the news, for the timeline; no card, no secret.</summary>
public sealed record OutcomeFacts
{
    public PaymentProvider? Gateway { get; init; }
    public string? Operation { get; init; }

    /// <summary>Our key, which tells the number of the confirm.</summary>
    public string? Key { get; init; }

    public string? GatewayId { get; init; }
    public string? RequestId { get; init; }
    public int? HttpStatus { get; init; }
    public string? Code { get; init; }
    public string? DeclineCode { get; init; }
    public string? AdviceCode { get; init; }
    public double? LatencyMs { get; init; }

    /// <summary>How the order stood with its payment before.</summary>
    public PaymentState? Was { get; init; }

    public string? Proof { get; init; }
    public DateTimeOffset? NextTry { get; init; }
    public DateTimeOffset? HeldUntil { get; init; }
}

/// <summary>
/// The one place that changes an order on payment news. Idempotent: the same news again, or news that come too late to matter, change
/// nothing and say so. Runs inside the caller's transaction, locks the order first and stock last: what was changed by then is written
/// before, because every buyer shares those rows.
/// </summary>
public static class PaymentOutcome
{
    /// <summary>How long a hold outlives the next attempt it waits for.</summary>
    public static readonly TimeSpan HoldSlack = TimeSpan.FromMinutes(3);

    /// <returns>The locked order as it is now, and whether the news changed it.</returns>
    public static async Task<(Order Order, bool Changed)> ApplyPaymentOutcomeAsync(
        this ShopDbContext db, Guid orderId, PaymentNews news, DateTimeOffset now, CancellationToken ct, OutcomeFacts? facts = null)
    {
        var order = await db.LockOrderAsync(orderId, ct);
        return (order, await db.ApplyPaymentOutcomeAsync(order, news, now, ct, facts));
    }

    /// <param name="order">Locked in this transaction.</param>
    /// <param name="facts">Of the answer that brought the news; null where nobody was asked.</param>
    /// <returns>Whether the news changed it.</returns>
    public static async Task<bool> ApplyPaymentOutcomeAsync(
        this ShopDbContext db, Order order, PaymentNews news, DateTimeOffset now, CancellationToken ct, OutcomeFacts? facts = null)
    {
        facts = (facts ?? new()) with { Was = order.Payment };
        var changed = news switch
        {
            PaymentNews.Captured captured => await CaptureAsync(db, order, captured, facts, now, ct),
            PaymentNews.Refused refused => Tell(db, order, now, PaymentEvent.Refused, TimelineKinds.Declined, refused.Reason, facts),
            PaymentNews.AnswerLost lost => Tell(db, order, now, PaymentEvent.AnswerLost, TimelineKinds.Unknown, lost.Reason, facts),
            PaymentNews.ActionAsked asked =>
                Tell(db, order, now, PaymentEvent.ActionAsked, TimelineKinds.ActionNeeded, asked.Reason, facts, asked.Url),
            PaymentNews.Postponed postponed => await PostponeAsync(db, order, postponed, facts, now, ct),
            PaymentNews.Closed closed => await CloseAsync(db, order, closed, facts, now, ct),
            _ => throw new ArgumentOutOfRangeException(nameof(news), news.GetType().Name, "Not a kind of payment news."),
        };
        await db.SaveChangesAsync(ct);
        return changed;
    }

    /// <summary>Loads and locks an order (never its key columns: new rows may still refer to it).</summary>
    public static async Task<Order> LockOrderAsync(this ShopDbContext db, Guid orderId, CancellationToken ct)
    {
        var seen = db.Orders.Local.FindEntry(orderId) is not null;
        var order = await db.Orders.FromSql($"SELECT * FROM shop.orders WHERE id = {orderId} FOR NO KEY UPDATE").SingleAsync(ct);
        if (seen)
            await db.Entry(order).ReloadAsync(ct); // tracked from before the lock, it would still read as it was then
        return order;
    }

    private static bool Tell(
        ShopDbContext db, Order order, DateTimeOffset now, PaymentEvent on, string kind, string reason, OutcomeFacts facts, string? url = null)
    {
        if (!order.TryApply(on, now, reason, url))
            return false;

        db.Timeline.Add(TimelineEntry.Of(order.Id, now, kind, Reasons.Of(reason).Shopper, reason, facts: facts));
        if (Mails.About(on) is { } mail)
            db.Outbox.Add(OutboxMessage.Of(mail, order.Id, now));
        return true;
    }

    private static async Task<bool> CaptureAsync(
        ShopDbContext db, Order order, PaymentNews.Captured news, OutcomeFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        if (news.AmountMinor != order.TotalMinor || !string.Equals(news.Currency, order.Currency, StringComparison.OrdinalIgnoreCase))
            throw new AmountMismatchException(order.Number, order.TotalMinor, order.Currency, news.AmountMinor, news.Currency);

        if (!order.TryApply(PaymentEvent.Captured, now))
            return order.PaysAt != news.By && await OweTwiceAsync(db, order, news, facts, now, ct);

        order.Provider = news.By;
        db.Timeline.Add(TimelineEntry.Of(order.Id, now, TimelineKinds.Paid, "The payment went through.", facts: facts));
        var mail = db.Outbox.Add(OutboxMessage.Of(OutboxKind.OrderConfirmedMail, order.Id, now));
        await db.SaveChangesAsync(ct);
        if (order.CancelAskedAt is not null) // the payment was faster than the cancel; nobody wants the goods any more
        {
            GiveBack(Reasons.RefundOnRequest);
            await db.SaveChangesAsync(ct);
            await db.ReleaseHoldAsync(order.Id, ct);
            return true;
        }

        if (await db.SellHeldAsync(order.Id, ct) > 0 || await RetakeAsync(db, order, ct))
            return true;

        // The money came after the goods were given back and sold to somebody else. It returns by itself.
        GiveBack(Reasons.PaidAfterClosing);
        return true;

        void GiveBack(string because)
        {
            mail.State = EntityState.Deleted;
            order.CancelForRefund(because);
            db.Outbox.Add(OutboxMessage.Of(OutboxKind.CancelledMail, order.Id, now));
            Owe(db, order, news.By, because, now);
        }
    }

    /// <summary>Another gateway took the money too. Law 8 leaves no way to it; should there be one all the same, the second payment returns by itself.</summary>
    private static async Task<bool> OweTwiceAsync(
        ShopDbContext db, Order order, PaymentNews.Captured news, OutcomeFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        if (await db.Refunds.AnyAsync(r => r.OrderId == order.Id && r.Provider == news.By && r.Reason == Reasons.PaidTwice, ct))
            return false;

        order.AddCapture(news.AmountMinor);
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.PaidTwice, $"{news.By} has taken the money too, after {order.PaysAt}.", Reasons.PaidTwice, forShopper: false, facts: facts));
        Owe(db, order, news.By, Reasons.PaidTwice, now);
        return true;
    }

    /// <summary>The whole amount goes back to where it came from.</summary>
    private static void Owe(ShopDbContext db, Order order, PaymentProvider provider, string reason, DateTimeOffset now)
    {
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(now), OrderId = order.Id, Provider = provider, AmountMinor = order.TotalMinor, Currency = order.Currency,
            Reason = reason, CreatedAt = now,
        };
        db.Refunds.Add(refund);
        db.PaymentJobs.Add(PaymentJob.Of(PaymentJobKind.Refund, order.Id, provider, now, refundId: refund.Id));
        db.Timeline.Add(TimelineEntry.Of(order.Id, now, TimelineKinds.RefundOwed, Reasons.Of(reason).Shopper, reason,
            facts: new { refund = refund.Id, refund.AmountMinor, refund.Currency, gateway = provider }));
    }

    private static async Task<bool> RetakeAsync(ShopDbContext db, Order order, CancellationToken ct)
    {
        if (await db.HoldStockAsync(order.Id, HoldSlack, ct) is [])
            return await db.SellHeldAsync(order.Id, ct) > 0;

        await db.ReleaseHoldAsync(order.Id, ct); // the lines that were not short
        return false;
    }

    private static async Task<bool> PostponeAsync(
        ShopDbContext db, Order order, PaymentNews.Postponed news, OutcomeFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        facts = facts with { NextTry = news.Until, HeldUntil = news.Until + HoldSlack };
        if (!Tell(db, order, now, PaymentEvent.Postponed, TimelineKinds.Deferred, news.Reason, facts))
            return false;

        await db.SaveChangesAsync(ct);
        await db.ExtendHoldAsync(order.Id, news.Until - now + HoldSlack, ct);
        return true;
    }

    private static async Task<bool> CloseAsync(
        ShopDbContext db, Order order, PaymentNews.Closed news, OutcomeFacts facts, DateTimeOffset now, CancellationToken ct)
    {
        // What one gateway proves says nothing about a confirm that is open at another one.
        await db.SaveChangesAsync(ct);
        var by = facts.Gateway ?? order.PaysAt;
        if (await db.PaymentIntents.AnyAsync(i => i.OrderId == order.Id && i.Provider != by && i.ConfirmOpen, ct))
            return false;

        var reason = news.Reason is not Reasons.NotConfirmedInTime ? news.Reason
            : order.CancelAskedAt is not null ? Reasons.CancelledOnRequest
            : Reasons.OutOfTime(order.Payment, order.Reason);
        if (!Tell(db, order, now, PaymentEvent.Closed, TimelineKinds.Closed, reason, facts with { Proof = news.Proof }))
            return false;

        await db.SaveChangesAsync(ct);
        await db.ReleaseHoldAsync(order.Id, ct);
        return true;
    }
}

/// <summary>The gateway charged something else than we asked for. Nothing is booked; a person looks at it.</summary>
public sealed class AmountMismatchException(long orderNumber, long expectedMinor, string expectedCurrency, long actualMinor, string actualCurrency)
    : InvalidOperationException($"Order {orderNumber} is {expectedMinor} {expectedCurrency}, but the gateway charged {actualMinor} {actualCurrency}.");
