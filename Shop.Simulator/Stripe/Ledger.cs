namespace Shop.Simulator.Stripe;

/// <summary>What really happened to the shopper's money, whatever the shop was told. Charges counts those that took money: more than one is a double charge.</summary>
internal sealed record LedgerEntry(
    string Intent, string? OrderId, string Status, DateTimeOffset Created, string Currency, long AmountMinor, long ChargedMinor, long RefundedMinor,
    int Charges, int Attempts, LedgerCharge[] All);

/// <summary>One attempt that reached the bank; one that took nothing has its reason.</summary>
internal sealed record LedgerCharge(
    string Id, DateTimeOffset At, string Status, long AmountMinor, long CapturedMinor, long RefundedMinor, string? Code, string? DeclineCode,
    string? BalanceTransaction, string? Dispute, LedgerRefund[] Refunds);

internal sealed record LedgerRefund(string Id, DateTimeOffset At, long AmountMinor, string Status);

internal static class Ledger
{
    /// <param name="after">The intent that the last page ended with.</param>
    /// <param name="from">Intents created at this time or later, and before <paramref name="to"/>.</param>
    public static LedgerEntry[] Of(
        Work work, string? orderId = null, string? after = null, int? limit = null, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        [.. (orderId is null ? work.OldestFirst<PaymentIntent>(after) : work.With<PaymentIntent>($"order:{orderId}"))
            .Where(i => (from is null || Time(i.Created) >= from) && (to is null || Time(i.Created) < to))
            .Take(limit ?? int.MaxValue)
            .Select(i => Of(work, i))];

    private static LedgerEntry Of(Work work, PaymentIntent intent)
    {
        Charge[] charges = [.. work.With<Charge>($"intent:{intent.Id}")];
        return new(intent.Id, intent.OrderId, intent.Status, Time(intent.Created), intent.Currency, intent.Amount,
            charges.Sum(c => c.AmountCaptured), charges.Sum(c => c.AmountRefunded), charges.Count(c => c.AmountCaptured > 0), charges.Length,
            [.. charges.Select(c => new LedgerCharge(c.Id, Time(c.Created), c.Status, c.Amount, c.AmountCaptured, c.AmountRefunded, c.Failure?.Code,
                c.Failure?.DeclineCode, c.BalanceTransaction, c.Dispute,
                [.. work.With<Refund>($"charge:{c.Id}").Select(r => new LedgerRefund(r.Id, Time(r.Created), r.Amount, r.Status))]))]);
    }

    private static DateTimeOffset Time(long unix) => DateTimeOffset.FromUnixTimeSeconds(unix);
}
