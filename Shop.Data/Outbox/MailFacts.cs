using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Data.Outbox;

/// <summary>
/// All that a mail is written from, as it is when the mail is sent, which may be long after it was promised: an erased person gets nothing, and
/// nobody is told what is not so any more.
/// </summary>
/// <param name="Charges">How many charges of the order were asked for so far.</param>
/// <param name="LastRefund">How the last refund stands, one that failed before the others; null without one.</param>
/// <param name="Refund">The one that the mail is about, with what it is for; null when it is about none, or about all of them.</param>
/// <param name="IsOvertaken">A later mail tells how the payment went on.</param>
/// <param name="IsAtBank">See <see cref="BankQuestions.AtBank"/>.</param>
/// <param name="HeldUntil">When its goods go back on sale, and the order is closed with that; null when none are held.</param>
public sealed record MailFacts(
    OutboxMessage Message, Person Person, Order? Order = null, ShopUser? Account = null, int Charges = 0, RefundState? LastRefund = null,
    Refund? Refund = null, bool IsOvertaken = false, bool IsAtBank = false, DateTimeOffset? HeldUntil = null)
{
    private static readonly OutboxKind[] OfPayments =
        [OutboxKind.OrderConfirmedMail, OutboxKind.PaymentFailedMail, OutboxKind.ActionNeededMail, OutboxKind.CancelledMail, OutboxKind.RefundedMail];

    internal OrderTexts Words => OrderWords.Of(Order!, Charges, refund: LastRefund, isAtBank: IsAtBank);

    /// <summary>Nobody is promised more time than the order has.</summary>
    internal DateTimeOffset OpenUntil => HeldUntil < Order!.DeadlineAt ? HeldUntil.Value : Order.DeadlineAt;

    public bool IsPayable => OrderWords.CanPayAgain(Order!, Charges);

    /// <summary>
    /// Who may have confirmed at the bank by now is not asked to: the page says that we wait for the bank's answer. PayPal takes nothing by itself.
    /// </summary>
    public bool IsTooEarly => Message.Kind is OutboxKind.ActionNeededMail && IsAtBank && Order!.PaysAt is PaymentProvider.Stripe;

    /// <summary>Why it is not to be sent any more; null while it is.</summary>
    public string? WhyNot(DateTimeOffset now) => Message.Kind switch
    {
        _ when Person.Email is "" => "the recipient was erased",
        var kind when Mails.CanWait(kind) && IsOvertaken => "no longer true: a later mail tells how it went on",
        OutboxKind.OrderConfirmedMail when Order!.Fulfilment is FulfilmentState.Cancelled || Order.Status is OrderStatus.Refunded => OrderIs(Order.Status),
        OutboxKind.PaymentFailedMail when Order!.Payment is not PaymentState.Declined => PaymentIs(),
        OutboxKind.ActionNeededMail when Order!.Payment is not PaymentState.ActionNeeded => PaymentIs(),
        OutboxKind.PaymentFailedMail or OutboxKind.ActionNeededMail when now >= OpenUntil => "no longer true: the order's time is up",
        // Closed, or cancelled with the money still here.
        OutboxKind.CancelledMail when Order is not ({ Payment: PaymentState.Abandoned } or { Status: OrderStatus.RefundDue }) => OrderIs(Order!.Status),
        OutboxKind.RefundedMail when Order!.RefundedMinor is 0 || Refund is { State: not RefundState.Succeeded } => "no longer true: the money came back to us",
        _ => null,
    };

    private string PaymentIs() => $"no longer true: the payment is {Order!.Payment}";

    private static string OrderIs(OrderStatus status) => $"no longer true: the order is {status}";

    public static async Task<MailFacts> ReadAsync(ShopDbContext db, OutboxMessage message, CancellationToken ct)
    {
        if (message.OrderId is null)
        {
            var account = await db.Users.AsNoTracking().Include(u => u.Person).SingleAsync(u => u.Id == message.PersonId, ct);
            return new(message, account.Person, Account: account);
        }

        var (atBank, tries, refunds) = (db.AtBank(), db.Tries(), db.RefundsToTell());
        var found = await db.Orders.AsNoTracking().AsSingleQuery().Where(o => o.Id == message.OrderId).Include(o => o.Lines)
            .Select(o => new
            {
                Order = o, Person = o.Person!,
                Charges = tries.Count(j => j.OrderId == o.Id),
                LastRefund = refunds.Where(r => r.OrderId == o.Id).Select(r => (RefundState?)r.State).FirstOrDefault(),
                IsOvertaken = db.Outbox.Any(m => m.OrderId == o.Id && m.CreatedAt > message.CreatedAt && OfPayments.Contains(m.Kind)),
                IsAtBank = atBank.Any(b => b.Id == o.Id), HeldUntil = db.Holds.Where(h => h.OrderId == o.Id).Max(h => (DateTimeOffset?)h.ExpiresAt),
            })
            .SingleAsync(ct);
        var refund = message.RefundId is null ? null
            : await db.Refunds.AsNoTracking().Include(r => r.Lines).SingleAsync(r => r.Id == message.RefundId, ct);
        return new(message, found.Person, found.Order, null, found.Charges, found.LastRefund, refund, found.IsOvertaken, found.IsAtBank, found.HeldUntil);
    }
}
