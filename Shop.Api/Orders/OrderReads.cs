using System.Linq.Expressions;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Orders;

internal static class OrderReads
{
    private static readonly string Left = JsonSerializer.Serialize(new { what = BrowserReports.LeftForBank });
    private static readonly string Back = JsonSerializer.Serialize(new { what = BrowserReports.BackWithoutAnswer });

    /// <summary>
    /// Orders whose shopper may have answered the bank's question by now: they left for it and nobody has asked since, or it is being asked.
    /// </summary>
    public static IQueryable<Order> AtBank(this ShopDbContext db) => db.Orders.Where(o => o.Payment == PaymentState.ActionNeeded
        && (db.PaymentJobs.Any(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Look && j.State == JobState.Waiting)
            || db.Timeline.Any(t => t.OrderId == o.Id && t.Kind == TimelineKinds.Browser && EF.Functions.JsonContains(t.Data!, Left)
                && !db.PaymentAttempts.Any(a => a.OrderId == o.Id && a.At > t.At)
                && !db.Timeline.Any(b => b.OrderId == o.Id && b.Kind == TimelineKinds.Browser && b.At > t.At && EF.Functions.JsonContains(b.Data!, Back)))));

    /// <summary>One statement, so one round trip. An order has few lines times few entries; splitting would cost a second trip each time.</summary>
    public static async Task<OrderFacts?> ReadOrderAsync(this ShopDbContext db, Expression<Func<Order, bool>> which, CancellationToken ct)
    {
        var atBank = db.AtBank();
        var facts = await db.Orders.AsNoTracking().AsSingleQuery().Where(which)
            .Include(o => o.Lines)
            .Select(o => new OrderFacts(
                o, o.Person!, db.Timeline.Where(t => t.OrderId == o.Id && t.ForShopper).OrderBy(t => t.At).ThenBy(t => t.Id).ToList(),
                db.PaymentJobs.Count(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Charge && (j.Provider == PaymentProvider.Stripe || j.PaymentToken == null)),
                db.PaymentJobs.Where(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done) // at most one
                    .Max(j => (DateTimeOffset?)j.DueAt),
                db.PaymentJobs.Where(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Charge && j.State != JobState.Done)
                    .Select(j => (JobState?)j.State).FirstOrDefault(),
                db.Refunds.Where(r => r.OrderId == o.Id && r.State != RefundState.Replaced)
                    .OrderByDescending(r => r.State == RefundState.Failed).ThenByDescending(r => r.CreatedAt).Select(r => (RefundState?)r.State).FirstOrDefault(),
                atBank.Any(b => b.Id == o.Id)))
            .SingleOrDefaultAsync(ct);
        return facts is { Refund: not null } ? facts with { Refunds = await db.RefundsForShopperAsync(facts.Order.Id, ct) } : facts; // few have any
    }
}
