using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data.Orders;

namespace Shop.Api.Operations;

/// <param name="Said">The first reason that was given for a failure, and the one that holds now where there was none; null for none.</param>
/// <param name="Reason">The one that holds now.</param>
internal sealed record SyntheticOrder(
    Guid Id, long Number, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, MoneyTaken MoneyTaken, string? Said, Side? Side, string? Reason);

internal sealed record SyntheticOrderList(IReadOnlyList<SyntheticOrder> Items);

/// <summary>What drills ordered, and how each failure was explained: to be compared with what the drill knows it has done.</summary>
internal static class SyntheticOrders
{
    /// <summary>Only in the answer to a drill's own checkout: the id under which the gateways know the order.</summary>
    public const string IdHeader = "X-Order-Id";

    private const int MaxRows = 500;

    public static void MapSyntheticOrders(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/synthetic-orders", GetSyntheticOrders).WithName(nameof(GetSyntheticOrders)).RequireAuthorization(Policies.Agent)
            .WithSummary("The newest orders of drills and probes, and how their failures were explained.");

    internal static async Task<Ok<SyntheticOrderList>> GetSyntheticOrders(ReportsDatabase reports, CancellationToken ct, int limit = 200)
    {
        await using var db = reports.Open();
        var orders = await db.Orders.AsNoTracking().Where(o => o.IsSynthetic).OrderByDescending(o => o.PlacedAt).Take(Math.Clamp(limit, 1, MaxRows)).ToListAsync(ct);
        Guid[] ids = [.. orders.Select(o => o.Id)];
        var told = await db.Timeline.AsNoTracking().Where(t => ids.Contains(t.OrderId) && t.Reason != null).OrderBy(t => t.At).ThenBy(t => t.Id)
            .Select(t => new { t.OrderId, t.Reason }).ToListAsync(ct);
        var reasons = told.ToLookup(t => t.OrderId, t => t.Reason!);
        var atBank = await db.AtBank().Where(o => ids.Contains(o.Id)).Select(o => o.Id).ToListAsync(ct);
        return TypedResults.Ok(new SyntheticOrderList(
        [
            .. orders.Select(o => (Order: o, Said: SaidOf(o, reasons[o.Id]))).Select(o => new SyntheticOrder(
                o.Order.Id, o.Order.Number, o.Order.PlacedAt, o.Order.Status, o.Order.Payment, OrderWords.MoneyTakenBy(o.Order, atBank.Contains(o.Order.Id)),
                o.Said, o.Said is null ? null : Reasons.SideOf(o.Said), o.Order.Reason)),
        ]));
    }

    internal static string? SaidOf(Order order, IEnumerable<string> reasons)
    {
        string[] failures = [.. reasons.Where(r => r is not (Reasons.AuthenticationNeeded or Reasons.ApprovalNeeded or Reasons.PaymentProcessing))];
        return failures is [var first, ..] ? first : order.Reason; // to be asked and to answer is no failure
    }
}
