using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using RefundResult = Results<NoContent, ProblemHttpResult>;

/// <param name="Lines">Pieces of lines; or <paramref name="AmountMinor"/>; or neither, for all that is left.</param>
/// <param name="Restock">Puts the pieces back on sale.</param>
internal sealed record RefundRequest(IReadOnlyList<RefundWish?>? Lines, long? AmountMinor, bool? Restock, string? Why);

/// <summary>An order's money, and what of it may still go back.</summary>
/// <param name="Refusal">Why there can be no refund now, a reason code; null when there can.</param>
internal sealed record OrderMoney(
    string Currency, long CapturedMinor, long RefundedMinor, long DisputedMinor, long LeftMinor, string? Refusal, bool MayRestock,
    IReadOnlyList<RefundableLine> Lines, IReadOnlyList<RefundRow> Refunds, IReadOnlyList<DisputeRow> Disputes);

/// <param name="AmountsMinor">What goes back for one piece, for two, and so on up to all that are left.</param>
internal sealed record RefundableLine(string Sku, string ProductName, string VariantName, int Quantity, int QuantityLeft, IReadOnlyList<long> AmountsMinor);

/// <param name="AskedBy">Null for one that the shop owed by itself.</param>
/// <param name="Job">How the job stands that sends it: waiting, parked or done.</param>
internal sealed record RefundRow(
    Guid Id, long AmountMinor, string Currency, RefundState State, JobState? Job, PaymentProvider Provider, string? GatewayId, string Reason, string? AskedBy,
    string? Why, DateTimeOffset AskedAt, DateTimeOffset? SettledAt, IReadOnlyList<RefundShare> Lines);

/// <summary>Money goes back: all of it, an amount, or line by line.</summary>
internal static class RefundEndpoints
{
    public static void MapRefunds(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/orders/{number:long}/money", GetOrderMoney).WithName(nameof(GetOrderMoney)).RequireAuthorization(Policies.Agent)
            .WithSummary("What was taken, what went back, and what still can.").ProducesProblem(404);
        operations.MapPost("/orders/{number:long}/refunds", RefundOrder).WithName(nameof(RefundOrder)).RequireAuthorization(Policies.Agent)
            .WithSummary("Refunds an order: lines, an amount, or all that is left.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Results<Ok<OrderMoney>, ProblemHttpResult>> GetOrderMoney(
        long number, ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        if (await db.Orders.AsNoTracking().Include(o => o.Lines).SingleOrDefaultAsync(o => o.Number == number, ct) is not { } order)
            return NotFound(number);

        var (left, refunds) = await db.RefundsOfAsync(order, ct);
        Guid[] people = [.. refunds.Select(r => r.AskedBy).OfType<Guid>().Distinct()];
        var names = people is [] ? [] : await db.People.Where(p => people.Contains(p.Id)).ToDictionaryAsync(p => p.Id, p => p.Name, ct);
        var jobs = refunds is [] ? [] : await db.PaymentJobs.Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Refund)
            .OrderBy(j => j.CreatedAt).Select(j => new { j.RefundId, j.State }).ToListAsync(ct);
        return TypedResults.Ok(new OrderMoney(
            order.Currency, order.CapturedMinor, order.RefundedMinor, order.DisputedMinor, left.LeftMinor, RefusalOf(order, left), MayRestock(order),
            [
                .. order.Lines.OrderBy(l => l.Position).Select(l => new RefundableLine(
                    l.Sku, l.ProductName, l.VariantName, l.Quantity, left.QuantityLeft(l.Sku),
                    [.. Enumerable.Range(1, left.QuantityLeft(l.Sku)).Select(quantity => left.AmountFor(l.Sku, quantity))])),
            ],
            [
                .. refunds.Select(r => new RefundRow(
                    r.Id, r.AmountMinor, r.Currency, r.State, jobs.FindLast(j => j.RefundId == r.Id)?.State, r.Provider, r.GatewayId, r.Reason,
                    r.AskedBy is { } by ? names.GetValueOrDefault(by) : null, r.Why, r.CreatedAt, r.SettledAt,
                    [.. r.Lines.Select(l => new RefundShare(l.Sku, l.Quantity, l.AmountMinor))])),
            ],
            await DisputeEndpoints.RowsAsync(db, db.Disputes.Where(d => d.OrderId == order.Id).OrderBy(d => d.OpenedAt), clock.GetUtcNow(), ct)));
    }

    internal static Task<RefundResult> RefundOrder(
        long number, RefundRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<OrderMoney> logger, CancellationToken ct)
    {
        RefundWish[] wishes = [.. (form.Lines ?? []).OfType<RefundWish>().OrderBy(l => l.Sku, StringComparer.Ordinal)];
        Dictionary<string, string[]> errors = [];
        if (form.AmountMinor is <= 0)
            errors["amountMinor"] = ["Please give an amount above zero."];
        if (form.Lines is not null && (wishes is [] || wishes.Length != form.Lines.Count || wishes.Any(l => l is not { Sku: not null, Quantity: > 0 })
            || wishes.Select(l => l.Sku).Distinct().Count() != wishes.Length))
            errors["lines"] = ["Please name each line once, with at least one piece."];
        else if (form is { Lines: not null, AmountMinor: not null })
            errors["amountMinor"] = ["Please give lines or an amount, not both."];
        if (form is { Restock: true, AmountMinor: not null })
            errors["restock"] = ["An amount names no goods that could go back on sale."];

        var restock = form.Restock is true;
        var digest = IdempotencyKey.DigestOf(
            ["refund", $"{number}", $"{form.AmountMinor}", $"{restock}", $"{form.Lines is null}", .. wishes.SelectMany(l => new[] { l.Sku ?? "", $"{l.Quantity}" })]);
        return Acts.OnceAsync(reports, idempotencyKey, form.Why, digest, clock, logger, async (db, now, why) =>
        {
            if (await db.Orders.Where(o => o.Number == number).Select(o => (Guid?)o.Id).SingleOrDefaultAsync(ct) is not { } id)
                return NotFound(number);

            var order = await db.LockOrderForRefundAsync(id, ct);
            var (left, _) = await db.RefundsOfAsync(order, ct);
            if (order.DisputedMinor > 0)
                return Refuse("order_disputed", "This payment is under dispute, and its end decides about the money. A refund could pay the customer twice.");
            if (order.CapturedMinor == 0)
                return Refuse("order_not_paid", "Nothing was taken for this order, so nothing can go back.");
            if (restock && !MayRestock(order))
                return Refuse("goods_not_here", "The goods of this order are not here, so they can't go back on sale.");

            var plan = form.AmountMinor is { } amount ? left.Amount(amount) : form.Lines is null ? left.All() : left.Lines(wishes);
            if (plan is RefundPlan.Exceeds no)
                return Problems.Refuse(409, no.Reason, no.Detail, new Dictionary<string, object?> { ["leftMinor"] = left.LeftMinor, ["sku"] = no.Sku });
            var fits = (RefundPlan.Fits)plan;
            if (restock && fits.Lines is [])
                return Refuse("refund_without_lines", "What is left of this order is an amount and no whole lines, so no goods can go back on sale with it.");

            var refund = Write(db, order, fits, caller, why, now, restock);
            if (fits.AmountMinor == left.LeftMinor && order.Fulfilment is FulfilmentState.Open)
                order.CancelForRefund(Reasons.RefundOnRequest); // nobody sends goods whose money is back
            await db.ReplaceFailedAsync(order, now, ct);
            db.Record(caller, now, AuditActions.OrderRefunded, AuditSubjects.Order, $"{number}",
                new { left.LeftMinor }, new { Refund = refund.Id, refund.AmountMinor, refund.Currency, refund.Provider, fits.Lines, restock }, why);
            if (restock)
            {
                await db.SaveChangesAsync(ct);
                await db.RestockAsync(refund.Id, ct); // last: every buyer shares these rows
            }

            return null;
        }, ct, errors);
    }

    internal static Refund Write(ShopDbContext db, Order order, RefundPlan.Fits plan, Caller caller, string why, DateTimeOffset now, bool restock = false)
    {
        var id = Guid.CreateVersion7(now);
        var refund = new Refund
        {
            Id = id, OrderId = order.Id, Provider = order.PaysAt, AmountMinor = plan.AmountMinor, Currency = order.Currency,
            Reason = Reasons.RefundOnRequest, CreatedAt = now, AskedBy = caller.UserId, Why = why, Restocked = restock,
            Lines = [.. plan.Lines.Select(l => new RefundLine { RefundId = id, Sku = l.Sku, Quantity = l.Quantity, AmountMinor = l.AmountMinor })],
        };
        db.Refunds.Add(refund);
        db.PaymentJobs.Add(PaymentJob.Of(PaymentJobKind.Refund, order.Id, refund.Provider, now, refundId: id));
        db.Timeline.Add(TimelineEntry.Of(
            order.Id, now, TimelineKinds.RefundOwed, $"We are sending {Money.Text(refund.AmountMinor, refund.Currency)} back to you.", Reasons.RefundOnRequest,
            facts: new { refund = id, refund.AmountMinor, refund.Currency, plan.Lines }));
        return refund;
    }

    private static string? RefusalOf(Order order, Refundable left) => order switch
    {
        { DisputedMinor: > 0 } => "order_disputed",
        { CapturedMinor: 0 } => "order_not_paid",
        _ when left.LeftMinor == 0 => "refund_nothing_left",
        _ => null,
    };

    /// <summary>Not before they are back; and not of a cancelled order, whose goods may never have left the shelf.</summary>
    private static bool MayRestock(Order order) => order.Fulfilment is FulfilmentState.Open or FulfilmentState.Returned;

    private static ProblemHttpResult Refuse(string reason, string detail) => Problems.Refuse(409, reason, detail);

    private static ProblemHttpResult NotFound(long number) => Problems.Refuse(404, "order_not_found", $"There is no order {number}.");
}
