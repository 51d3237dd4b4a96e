namespace Shop.Simulator.Stripe;

/// <summary>What really happened to the shopper's money, whatever the shop was told. Charges counts those that took money: more than one is a double charge.</summary>
internal sealed record LedgerEntry(
    string Intent, string? OrderId, string Status, string Currency, long AmountMinor, long ChargedMinor, long RefundedMinor, int Charges, int Attempts);

internal static class Ledger
{
    public static LedgerEntry[] Of(Work work, string? orderId = null)
    {
        var charges = work.All<Charge>().ToLookup(c => c.Intent);
        return [.. work.All<PaymentIntent>().Where(i => orderId is null || i.OrderId == orderId).Select(i => new LedgerEntry(
            i.Id, i.OrderId, i.Status, i.Currency, i.Amount,
            charges[i.Id].Sum(c => c.AmountCaptured), charges[i.Id].Sum(c => c.AmountRefunded),
            charges[i.Id].Count(c => c.AmountCaptured > 0), charges[i.Id].Count()))];
    }
}
