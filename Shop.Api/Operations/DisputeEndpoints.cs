using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Payments;

namespace Shop.Api.Operations;

/// <param name="RespondBy">Until when the bank waits for our answer; null while it waits for none.</param>
/// <param name="DaysLeft">Whole days until then; below zero when it has passed.</param>
/// <param name="Page">Where it is answered, at the gateway.</param>
internal sealed record DisputeRow(
    Guid Id, DisputeKind Kind, PaymentProvider Provider, string GatewayId, long? OrderNumber, long AmountMinor, string Currency, string Reason, string Status,
    bool TakesMoney, DateTimeOffset? RespondBy, int? DaysLeft, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, DisputeOutcome? Outcome, string Page);

/// <param name="Open">The one that has to be answered first, first.</param>
/// <param name="Closed">The newest.</param>
internal sealed record DisputeRows(IReadOnlyList<DisputeRow> Open, IReadOnlyList<DisputeRow> Closed);

/// <param name="RespondBy">The next answer that is due; null when none is.</param>
internal sealed record OpenDisputes(int Count, DateTimeOffset? RespondBy, int? DaysLeft);

/// <summary>What banks take back, ask about or warn of. It is answered at the gateway; here nobody misses the day.</summary>
internal static class DisputeEndpoints
{
    private const int MaxOpen = 500;
    private const int MaxClosed = 100;

    public static void MapDisputes(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/disputes", GetDisputes).WithName(nameof(GetDisputes)).RequireAuthorization(Policies.Agent)
            .WithSummary("Disputes, inquiries and fraud warnings, by the day on which they have to be answered.");
        operations.MapGet("/disputes/count", CountDisputes).WithName(nameof(CountDisputes)).RequireAuthorization(Policies.Agent)
            .WithSummary("How many are open, and when the next answer is due.");
    }

    internal static async Task<Ok<DisputeRows>> GetDisputes(ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new DisputeRows(
            // Nulls come last in Postgres: what waits for nobody is behind what waits for us.
            await RowsAsync(db, db.Disputes.Where(d => d.ClosedAt == null).OrderBy(d => d.RespondBy).ThenBy(d => d.OpenedAt).Take(MaxOpen), now, ct),
            await RowsAsync(db, db.Disputes.Where(d => d.ClosedAt != null).OrderByDescending(d => d.ClosedAt).Take(MaxClosed), now, ct)));
    }

    internal static async Task<Ok<OpenDisputes>> CountDisputes(ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        var open = await db.Disputes.Where(d => d.ClosedAt == null).GroupBy(_ => 1)
            .Select(all => new { Count = all.Count(), Next = all.Min(d => d.RespondBy) }).SingleOrDefaultAsync(ct);
        return TypedResults.Ok(new OpenDisputes(open?.Count ?? 0, open?.Next, DaysLeft(open?.Next, clock.GetUtcNow())));
    }

    internal static async Task<IReadOnlyList<DisputeRow>> RowsAsync(
        ShopDbContext db, IQueryable<Dispute> disputes, DateTimeOffset now, CancellationToken ct)
    {
        var found = await disputes.AsNoTracking().Select(d => new
        {
            Dispute = d, Number = db.Orders.Where(o => o.Id == d.OrderId).Select(o => (long?)o.Number).FirstOrDefault(),
        }).ToListAsync(ct);
        return
        [
            .. found.Select(f => new DisputeRow(
                f.Dispute.Id, f.Dispute.Kind, f.Dispute.Provider, f.Dispute.GatewayId, f.Number, f.Dispute.AmountMinor, f.Dispute.Currency, f.Dispute.Reason,
                f.Dispute.Status, f.Dispute.TakesMoney, f.Dispute.RespondBy,
                DaysLeft(f.Dispute.RespondBy, now), f.Dispute.OpenedAt, f.Dispute.ClosedAt, f.Dispute.Outcome,
                PageOf(f.Dispute))),
        ];
    }

    private static int? DaysLeft(DateTimeOffset? respondBy, DateTimeOffset now) => respondBy is { } by ? (int)Math.Floor((by - now).TotalDays) : null;

    internal static string PageOf(Dispute dispute) => dispute switch
    {
        { Provider: PaymentProvider.PayPal } =>
            $"https://www.{(dispute.IsLive ? "" : "sandbox.")}paypal.com/resolutioncenter/view/{Uri.EscapeDataString(dispute.GatewayId)}",
        { Kind: DisputeKind.Dispute } => $"https://dashboard.stripe.com/{(dispute.IsLive ? "" : "test/")}disputes/{Uri.EscapeDataString(dispute.GatewayId)}",
        // A warning has no page of its own: it stands on the payment's.
        _ => $"https://dashboard.stripe.com/{(dispute.IsLive ? "" : "test/")}payments/{Uri.EscapeDataString(dispute.IntentId ?? dispute.ChargeId ?? "")}",
    };
}
