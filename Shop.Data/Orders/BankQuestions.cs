using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Payments;

namespace Shop.Data.Orders;

public static class BankQuestions
{
    public const string LeftForBank = "left_for_bank";
    public const string BackWithoutAnswer = "back_without_answer";

    private static readonly string Left = JsonSerializer.Serialize(new { what = LeftForBank });
    private static readonly string Back = JsonSerializer.Serialize(new { what = BackWithoutAnswer });

    /// <summary>
    /// Orders whose shopper may have answered the bank's question by now: they left for it and nobody has asked since, or it is being asked.
    /// </summary>
    public static IQueryable<Order> AtBank(this ShopDbContext db) => db.Orders.Where(o => o.Payment == PaymentState.ActionNeeded
        && (db.PaymentJobs.Any(j => j.OrderId == o.Id && j.Kind == PaymentJobKind.Look && j.State == JobState.Waiting)
            || db.Timeline.Any(t => t.OrderId == o.Id && t.Kind == TimelineKinds.Browser && EF.Functions.JsonContains(t.Data!, Left)
                && !db.PaymentAttempts.Any(a => a.OrderId == o.Id && a.At > t.At)
                && !db.Timeline.Any(b => b.OrderId == o.Id && b.Kind == TimelineKinds.Browser && b.At > t.At && EF.Functions.JsonContains(b.Data!, Back)))));
}
