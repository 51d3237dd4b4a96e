using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>Some pieces of a line that are to be refunded.</summary>
public sealed record RefundWish(string Sku, int Quantity);

/// <summary>What a refund would send back, or why there can be none.</summary>
public abstract record RefundPlan
{
    /// <param name="Lines">None when it is an amount and no goods.</param>
    public sealed record Fits(long AmountMinor, IReadOnlyList<RefundShare> Lines) : RefundPlan;

    /// <param name="Sku">The line that is asked too much of; null when it is the whole order.</param>
    public sealed record Exceeds(string Reason, string Detail, string? Sku = null) : RefundPlan;
}

public sealed record RefundShare(string Sku, int Quantity, long AmountMinor);

/// <summary>
/// What of an order may still go back: what was taken, less all that went back, is on its way or waits to be sent. Whoever decides by it
/// holds the order's lock.
/// </summary>
public sealed class Refundable
{
    private readonly Dictionary<string, (OrderLine Line, int Quantity, long AmountMinor)> _left;

    /// <param name="owed">The refunds that count: not those that failed, unless they are being sent again.</param>
    public Refundable(Order order, IEnumerable<OrderLine> lines, IEnumerable<Refund> owed)
    {
        Refund[] counted = [.. owed];
        // What was refunded at the gateway, past the shop, may be more than was left here.
        LeftMinor = Math.Max(0, order.CapturedMinor - counted.Sum(r => r.AmountMinor));
        var back = counted.SelectMany(r => r.Lines).ToLookup(l => l.Sku);
        _left = lines.ToDictionary(
            l => l.Sku, l => (l, l.Quantity - back[l.Sku].Sum(b => b.Quantity), l.TotalMinor - back[l.Sku].Sum(b => b.AmountMinor)));
    }

    public long LeftMinor { get; }

    public int QuantityLeft(string sku) => _left[sku].Quantity;

    /// <summary>What goes back for some pieces of a line. The last one takes what is left of the line, so that a line always adds up.</summary>
    public long AmountFor(string sku, int quantity)
    {
        var (line, left, leftMinor) = _left[sku];
        return quantity == left ? leftMinor : Math.Min(quantity * line.UnitPriceMinor, leftMinor);
    }

    /// <summary>Whether a refund that failed can be sent again beside those that count.</summary>
    public bool HasRoomFor(Refund failed) => failed.AmountMinor <= LeftMinor
        && failed.Lines.All(l => _left.TryGetValue(l.Sku, out var left) && l.Quantity <= left.Quantity && l.AmountMinor <= left.AmountMinor);

    /// <summary>All that is left; by line where the lines are just that.</summary>
    public RefundPlan All()
    {
        if (LeftMinor == 0)
            return Nothing;

        RefundShare[] lines = [.. _left.Values.Where(l => l.Quantity > 0).Select(l => new RefundShare(l.Line.Sku, l.Quantity, l.AmountMinor))];
        return new RefundPlan.Fits(LeftMinor, lines.Sum(l => l.AmountMinor) == LeftMinor ? lines : []);
    }

    public RefundPlan Amount(long amountMinor) => Fits(amountMinor, []);

    /// <param name="wishes">One for each line, of at least one piece.</param>
    public RefundPlan Lines(IReadOnlyCollection<RefundWish> wishes)
    {
        if (LeftMinor == 0)
            return Nothing;

        List<RefundShare> lines = [];
        foreach (var (sku, quantity) in wishes)
        {
            if (!_left.TryGetValue(sku, out var left))
                return new RefundPlan.Exceeds("refund_line_unknown", $"The order has no line {sku}.", sku);
            if (quantity > left.Quantity)
                return new RefundPlan.Exceeds("refund_quantity_exceeds_rest", $"Of {sku}, {left.Quantity} can still be refunded.", sku);
            lines.Add(new(sku, quantity, AmountFor(sku, quantity)));
        }

        return Fits(lines.Sum(l => l.AmountMinor), lines);
    }

    private RefundPlan Fits(long amountMinor, IReadOnlyList<RefundShare> lines)
    {
        if (LeftMinor == 0 || amountMinor == 0)
            return Nothing;
        if (amountMinor <= LeftMinor)
            return new RefundPlan.Fits(amountMinor, lines);
        return new RefundPlan.Exceeds(
            "refund_exceeds_rest", $"That would be {Money.Text(amountMinor)}, and {Money.Text(LeftMinor)} of the order can still be refunded.");
    }

    private static RefundPlan.Exceeds Nothing => new("refund_nothing_left", "All that was taken went back already, or is on its way.");
}
