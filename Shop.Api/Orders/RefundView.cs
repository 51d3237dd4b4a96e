using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Orders;

/// <summary>Money on its way back, as its owner may see it.</summary>
/// <param name="State">pending, succeeded (the gateway has sent it) or failed (it came back to us, and is owed).</param>
/// <param name="At">When it came to that.</param>
/// <param name="Text">A sentence that says so.</param>
/// <param name="Lines">What it is for; none when it is an amount and no goods.</param>
internal sealed record RefundView(long AmountMinor, RefundState State, DateTimeOffset At, string Text, IReadOnlyList<RefundLineView> Lines)
{
    public static RefundView Of(Refund refund, Order order) => new(
        refund.AmountMinor, refund.State, refund.SettledAt ?? refund.CreatedAt,
        refund.State switch
        {
            RefundState.Succeeded => "We have sent it back. It can take some days to show.",
            RefundState.Failed => Reasons.Of(Reasons.RefundFailed).Shopper,
            _ => "We are sending it back.",
        },
        [
            .. refund.Lines.Join(order.Lines, r => r.Sku, l => l.Sku, (r, l) => (Refunded: r, Line: l)).OrderBy(p => p.Line.Position)
                .Select(p => new RefundLineView(p.Line.Sku, p.Line.ProductName, p.Line.VariantName, p.Refunded.Quantity, p.Refunded.AmountMinor)),
        ]);
}

internal sealed record RefundLineView(string Sku, string ProductName, string VariantName, int Quantity, long AmountMinor);

internal static class RefundReads
{
    /// <summary>Not those that were replaced: their money is in another one.</summary>
    public static async Task<IReadOnlyList<Refund>> RefundsForShopperAsync(this ShopDbContext db, Guid orderId, CancellationToken ct) =>
        await db.Refunds.AsNoTracking().Include(r => r.Lines).Where(r => r.OrderId == orderId && r.State != RefundState.Replaced)
            .OrderBy(r => r.CreatedAt).ToListAsync(ct);
}
