using Shop.Simulator.PayPal;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Gateways;

/// <summary>
/// What really happened to the shopper's money at one gateway, whatever the shop was told. Charges counts those that took money: more than one is a
/// double charge, and so is one at each gateway. Intent is at PayPal the order. AuthorizedMinor is set aside and not taken yet.
/// </summary>
internal sealed record LedgerEntry(
    string Intent, string? OrderId, string Status, DateTimeOffset Created, string Currency, long AmountMinor, long ChargedMinor, long RefundedMinor,
    int Charges, int Attempts, LedgerCharge[] All, Gateway Gateway = Gateway.Stripe, long AuthorizedMinor = 0);

/// <summary>One attempt that reached the bank; one that took nothing has its reason.</summary>
internal sealed record LedgerCharge(
    string Id, DateTimeOffset At, string Status, long AmountMinor, long CapturedMinor, long RefundedMinor, string? Code, string? DeclineCode,
    string? BalanceTransaction, string? Dispute, LedgerRefund[] Refunds);

internal sealed record LedgerRefund(string Id, DateTimeOffset At, long AmountMinor, string Status);

internal static class Ledger
{
    /// <param name="after">The intent that the last page ended with. PayPal's orders come after Stripe's intents.</param>
    /// <param name="from">Intents created at this time or later, and before <paramref name="to"/>.</param>
    public static LedgerEntry[] Of(
        Work work, string? orderId = null, string? after = null, int? limit = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        return
        [.. Intents(work, orderId, after).Where(i => IsIn(i.Created)).Select(i => Of(work, i))
            .Concat(Orders(work, orderId, after).Where(o => IsIn(o.Created)).Select(o => Of(work, o)))
            .Take(limit ?? int.MaxValue)];

        bool IsIn(long created) => (from is null || Time(created) >= from) && (to is null || Time(created) < to);
    }

    private static IEnumerable<PaymentIntent> Intents(Work work, string? orderId, string? after) =>
        work.Find<PayPalOrder>(after) is not null ? []
        : orderId is null ? work.OldestFirst<PaymentIntent>(after) : work.With<PaymentIntent>($"order:{orderId}");

    private static IEnumerable<PayPalOrder> Orders(Work work, string? orderId, string? after) =>
        orderId is not null ? work.With<PayPalOrder>($"order:{orderId}") : work.OldestFirst<PayPalOrder>(work.Find<PayPalOrder>(after)?.Id);

    private static LedgerEntry Of(Work work, PayPalOrder order)
    {
        PayPalCapture[] captures = [.. work.With<PayPalCapture>($"order:{order.Id}")];
        var held = work.With<PayPalAuthorization>($"order:{order.Id}").Where(a => a.IsLive(work.Now)).Sum(a => a.Amount - a.Captured);
        LedgerCharge[] refused = [.. order.Refused.Select((r, i) => new LedgerCharge($"{order.Id}#{i + 1}", Time(r.At), "refused", order.Amount, 0, 0, r.Issue, null, null, null, []))];
        return new(order.Id, order.CustomId, order.Status, Time(order.Created), order.Currency.ToLowerInvariant(), order.Amount,
            captures.Where(c => c.HasMoney).Sum(c => c.Amount), captures.Sum(c => c.Refunded), captures.Count(c => c.HasMoney), captures.Length + refused.Length,
            [
                .. refused,
                .. captures.Select(c => new LedgerCharge(c.Id, Time(c.Created), c.ReversedAt is null ? c.Status : "REVERSED", c.Amount, c.HasMoney ? c.Amount : 0, c.Refunded,
                    c.Reason, null, null, c.Dispute, [.. work.With<PayPalRefund>($"capture:{c.Id}").Select(r => new LedgerRefund(r.Id, Time(r.Created), r.Amount, r.Status))])),
            ],
            Gateway.PayPal, held);
    }

    private static LedgerEntry Of(Work work, PaymentIntent intent)
    {
        Charge[] charges = [.. work.With<Charge>($"intent:{intent.Id}")];
        return new(intent.Id, intent.OrderId, intent.Status, Time(intent.Created), intent.Currency, intent.Amount,
            charges.Sum(c => c.AmountCaptured), charges.Sum(c => c.AmountRefunded), charges.Count(c => c.AmountCaptured > 0), charges.Length,
            [.. charges.Select(c => new LedgerCharge(c.Id, Time(c.Created), c.Status, c.Amount, c.AmountCaptured, c.AmountRefunded, c.Failure?.Code,
                c.Failure?.DeclineCode, c.BalanceTransaction, c.Dispute,
                [.. work.With<Refund>($"charge:{c.Id}").Select(r => new LedgerRefund(r.Id, Time(r.Created), r.Amount, r.Status))]))],
            AuthorizedMinor: intent.AmountCapturable);
    }

    private static DateTimeOffset Time(long unix) => DateTimeOffset.FromUnixTimeSeconds(unix);
}
