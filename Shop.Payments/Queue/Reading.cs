using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <summary>
/// What reading an intent proves, for those who only look: a webhook, the shopper who is back from the bank. It never confirms and never
/// cancels.
/// </summary>
/// <param name="Order">As it was before the gateway was asked.</param>
/// <param name="Intent">As it was before the gateway was asked.</param>
internal sealed record Reading(Order Order, PaymentIntent Intent)
{
    public static async Task<Reading?> OfAsync(ShopDbContext db, IQueryable<PaymentIntent> intents, CancellationToken ct)
    {
        if (await intents.AsNoTracking().SingleOrDefaultAsync(ct) is not { } intent)
            return null;
        var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == intent.OrderId, ct);
        PaymentTelemetry.WorksFor(order.IsSynthetic);
        return new(order, intent);
    }

    /// <summary>Files the call and applies what its answer proves, in the caller's transaction.</summary>
    public async Task<(Order Order, bool Changed)> ApplyAsync(ShopDbContext db, Asked asked, Guid? jobId, DateTimeOffset now, CancellationToken ct)
    {
        var order = await db.LockOrderAsync(Order.Id, ct);
        var intent = await db.PaymentIntents.SingleAsync(i => i.OrderId == Intent.OrderId && i.Provider == Intent.Provider, ct);
        var news = NewsOf(asked.Answer, order, intent);
        var isCanceled = asked.Answer is GatewayAnswer.NotCharged { By: Refusal.Canceled };
        var attempt = db.PaymentAttempts.Add(asked.ToAttempt(order.Id, jobId, isCanceled ? Proofs.Canceled : null)).Entity;
        if (news is not PaymentNews.Captured && (intent.GatewayId != Intent.GatewayId || (isCanceled && await IsChargedAsync(db, order, ct))))
            return (order, false); // another intent has taken its place, or whoever is at the charge has canceled it, or sees it for himself

        var isWaitedFor = order.Payment is PaymentState.ActionNeeded && order.PaysAt == intent.Provider && !intent.ConfirmOpen;
        if (isCanceled)
            intent.Cancel(now, attempt.Id);
        else if (news is PaymentNews.Captured)
        {
            if (intent.GatewayId == Intent.GatewayId)
                intent.Settle(proof: null, attempt.Id);
        }
        else if (asked.Answer is GatewayAnswer.Authorized && isWaitedFor && intent.Confirm > 0)
            await AskToCaptureAsync(db, order, intent, now, ct);
        else if (asked.Answer is GatewayAnswer.Approved && isWaitedFor && now < order.DeadlineAt)
            await AskToChargeAsync(db, order, intent, now, ct);
        if (news is PaymentNews.Captured && asked.Answer.Facts.Saved is { } saved)
            await Books.KeepAsync(db, order, intent.Provider, saved, now, ct);
        return news is null ? (order, false) : await db.ApplyPaymentOutcomeAsync(order.Id, news, now, ct, asked.ToFacts());
    }

    private static Task<bool> IsChargedAsync(ShopDbContext db, Order order, CancellationToken ct) =>
        db.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge && j.State == JobState.Waiting, ct);

    /// <summary>The shopper agreed at the bank, and the money is set aside. Whoever settles the confirm that is open again takes it.</summary>
    private static async Task AskToCaptureAsync(ShopDbContext db, Order order, PaymentIntent intent, DateTimeOffset now, CancellationToken ct)
    {
        if (await db.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done, ct))
            return;

        var asked = await Books.LastChargeAsync(db, order.Id, intent.Provider, ct);
        order.TryApply(PaymentEvent.Started, now); // in our hands again: should the capture's answer be lost, it is unknown and in the ledger
        intent.ConfirmOpen = true;
        db.PaymentJobs.Add(PaymentJob.Of(
            PaymentJobKind.Charge, order.Id, intent.Provider, now, savesMethod: asked?.SavesMethod ?? false, consentText: asked?.ConsentText));
    }

    /// <summary>The shopper agreed on the gateway's page, which takes nothing by itself: the charge goes on.</summary>
    private static async Task AskToChargeAsync(ShopDbContext db, Order order, PaymentIntent intent, DateTimeOffset now, CancellationToken ct)
    {
        if (await db.PaymentJobs.AnyAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done, ct))
            return;

        order.TryApply(PaymentEvent.Started, now); // in our hands again: a second click finds nothing to pay
        var job = await Books.GoOnAsync(db, intent, settles: false, now, ct);
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.PaymentAsked, $"You agreed to the payment at {intent.Provider}.", facts: new { job = job.Id, intent = intent.GatewayId }));
    }

    /// <param name="order">As it is now, locked.</param>
    /// <param name="intent">As it is now.</param>
    internal PaymentNews? NewsOf(GatewayAnswer answer, Order order, PaymentIntent intent) => answer switch
    {
        GatewayAnswer.Charged charged => new PaymentNews.Captured(charged.AmountMinor, charged.Currency, intent.Provider),
        _ when order.PaysAt != intent.Provider => null, // it went to another gateway: what this one did not take is no news
        GatewayAnswer.NotCharged { By: Refusal.Canceled } when intent.CanceledAt is not null => null, // we called it off ourselves
        GatewayAnswer.NotCharged { By: Refusal.Canceled } => new PaymentNews.Closed(Reasons.NotConfirmedInTime, Proofs.Canceled),
        // The shopper failed at the bank. It says so only when the bank waited already before we asked, and nothing was sent since: an
        // answer from before the confirm reads the same.
        GatewayAnswer.AwaitsCard waits when Order.Payment is PaymentState.ActionNeeded && !Intent.ConfirmOpen
            && order.Payment is PaymentState.ActionNeeded && !intent.ConfirmOpen && intent.Confirm == Intent.Confirm
            => new PaymentNews.Refused(waits.Reason),
        _ => null,
    };
}
