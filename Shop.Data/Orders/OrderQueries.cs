using Shop.Data.Payments;

namespace Shop.Data.Orders;

/// <summary>What page, mail and operations ask about an order in the same way, to be part of a query of theirs.</summary>
public static class OrderQueries
{
    /// <summary>The charges that <see cref="OrderWords.IsTry"/> counts.</summary>
    public static IQueryable<PaymentJob> Tries(this ShopDbContext db) =>
        db.PaymentJobs.Where(j => j.Kind == PaymentJobKind.Charge && (j.Provider == PaymentProvider.Stripe || j.PaymentToken == null));

    /// <summary>The one that is told of comes first: what failed is owed, and then the newest.</summary>
    public static IQueryable<Refund> RefundsToTell(this ShopDbContext db) =>
        db.Refunds.Where(r => r.State != RefundState.Replaced).OrderByDescending(r => r.State == RefundState.Failed).ThenByDescending(r => r.CreatedAt);
}
