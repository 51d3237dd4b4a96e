using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>The refunds of one order, read and written under its lock.</summary>
public static class RefundBooks
{
    /// <summary>
    /// Locks an order with the refund jobs of it that are parked, these first, as everybody who needs both. A job that is parked meanwhile is
    /// not among them; who parks one holds the order's lock.
    /// </summary>
    public static async Task<Order> LockOrderForRefundAsync(this ShopDbContext db, Guid orderId, CancellationToken ct)
    {
        await db.Database.ExecuteSqlAsync($"""
            SELECT FROM payments.payment_jobs WHERE order_id = {orderId} AND kind = 'Refund' AND state = 'Parked' ORDER BY id FOR UPDATE
            """, ct);
        return await db.LockOrderAsync(orderId, ct);
    }

    /// <summary>What can still go back.</summary>
    /// <param name="order">Locked in this transaction, or only to be shown.</param>
    public static async Task<(Refundable Left, IReadOnlyList<Refund> Refunds)> RefundsOfAsync(this ShopDbContext db, Order order, CancellationToken ct)
    {
        var lines = await db.OrderLines.AsNoTracking().Where(l => l.OrderId == order.Id).OrderBy(l => l.Position).ToListAsync(ct);
        var refunds = await db.Refunds.Include(r => r.Lines).Where(r => r.OrderId == order.Id).OrderBy(r => r.CreatedAt).ThenBy(r => r.Id).ToListAsync(ct);
        var again = refunds.Exists(r => r.State is RefundState.Failed)
            ? await db.PaymentJobs.Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Refund && j.State == JobState.Waiting)
                .Select(j => j.RefundId).ToListAsync(ct)
            : [];
        return (new(order, lines, refunds.Where(r => r.State is RefundState.Pending or RefundState.Succeeded
            || (r.State is RefundState.Failed && again.Contains(r.Id)))), refunds);
    }

    /// <summary>Refunds that failed, and for which no room is left: nobody may send them again, or too much would go back.</summary>
    /// <param name="order">Locked in this transaction.</param>
    public static async Task ReplaceFailedAsync(this ShopDbContext db, Order order, DateTimeOffset now, CancellationToken ct)
    {
        await db.SaveChangesAsync(ct);
        var (left, refunds) = await db.RefundsOfAsync(order, ct);
        foreach (var failed in refunds.Where(r => r.State is RefundState.Failed && !left.HasRoomFor(r)))
        {
            // Of one that is being sent again there is always room: it counts.
            if (await db.PaymentJobs.SingleOrDefaultAsync(j => j.OrderId == order.Id && j.RefundId == failed.Id && j.State != JobState.Done, ct) is { } job)
            {
                if (job.State is JobState.Waiting)
                    continue;
                (job.State, job.DoneAt) = (JobState.Done, now);
            }

            failed.State = RefundState.Replaced;
            db.Timeline.Add(TimelineEntry.Of(
                order.Id, now, TimelineKinds.RefundReplaced, $"The refund of {Money.Text(failed.AmountMinor, failed.Currency)} that failed is not sent again: its money goes back another way.",
                forShopper: false, facts: new { refund = failed.Id }));
        }
    }
}
