using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Orders;

internal static class OrderReads
{
    /// <summary>One statement, so one round trip. An order has few lines times few entries; splitting would cost a second trip each time.</summary>
    public static async Task<OrderFacts?> ReadOrderAsync(this ShopDbContext db, Expression<Func<Order, bool>> which, CancellationToken ct)
    {
        var (atBank, tries, refunds) = (db.AtBank(), db.Tries(), db.RefundsToTell());
        var facts = await db.Orders.AsNoTracking().AsSingleQuery().Where(which)
            .Include(o => o.Lines)
            .Select(o => new OrderFacts(
                o, o.Person!, db.Timeline.Where(t => t.OrderId == o.Id && t.ForShopper).OrderBy(t => t.At).ThenBy(t => t.Id).ToList(),
                tries.Count(j => j.OrderId == o.Id),
                db.PaymentJobs.Where(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done) // at most one
                    .Max(j => (DateTimeOffset?)j.DueAt),
                db.PaymentJobs.Where(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done)
                    .Select(j => (JobState?)j.State).FirstOrDefault(),
                refunds.Where(r => r.OrderId == o.Id).Select(r => (RefundState?)r.State).FirstOrDefault(),
                atBank.Any(b => b.Id == o.Id)))
            .SingleOrDefaultAsync(ct);
        return facts is { Refund: not null } ? facts with { Refunds = await db.RefundsForShopperAsync(facts.Order.Id, ct) } : facts; // few have any
    }
}
