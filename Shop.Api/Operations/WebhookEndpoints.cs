using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using ReplayResult = Results<NoContent, ProblemHttpResult>;

/// <param name="OrderNumber">Null when it is about no order of ours.</param>
/// <param name="FetchedAt">When we went and got it, because it had not come by itself.</param>
/// <param name="Changed">What it changed; null when it changed nothing.</param>
/// <param name="Why">Why it changed nothing, or why it could not be made use of.</param>
internal sealed record WebhookRow(
    PaymentProvider Provider, string EventId, string Type, JobState State, DateTimeOffset ReceivedAt, DateTimeOffset? FetchedAt,
    DateTimeOffset? ProcessedAt, int Attempts, string? Changed, string? Why, long? OrderNumber);

/// <summary>Of the payments of an hour, how many were told to us by the gateway itself. The last five minutes are left out.</summary>
internal sealed record WebhookArrival(int Expected, int Arrived);

/// <param name="Parked">On the first page: what waits for a person comes first.</param>
/// <param name="Next">For <c>before</c>, when there is another page.</param>
internal sealed record WebhookPage(
    WebhookArrival LastHour, IReadOnlyList<string> Types, IReadOnlyList<WebhookRow> Parked, IReadOnlyList<WebhookRow> Items, string? Next);

internal static class WebhookEndpoints
{
    private const int PageSize = 50;

    // As the watch over them has it by default.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static void MapWebhookOperations(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/webhooks", GetWebhooks).WithName(nameof(GetWebhooks)).RequireAuthorization(Policies.Agent)
            .WithSummary("The gateway's events, newest first, and what became of each.");
        operations.MapPost("/webhooks/{provider}/{eventId}/replay", ReplayWebhook).WithName(nameof(ReplayWebhook)).RequireAuthorization(Policies.Operator)
            .WithSummary("Finds out once more what an event means, whatever became of it the first time.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    /// <param name="state">waiting, done or parked.</param>
    /// <param name="order">An order's number.</param>
    /// <param name="id">An event's id.</param>
    internal static async Task<Ok<WebhookPage>> GetWebhooks(
        ReportsDatabase reports, TimeProvider clock, CancellationToken ct, string? state = null, string? type = null, long? order = null, string? id = null,
        string? before = null)
    {
        await using var db = reports.Open();
        var receipts = db.WebhookReceipts.AsNoTracking();
        if (Given(type) is { } ofType)
            receipts = receipts.Where(w => w.Type == ofType);
        if (Given(id) is { } ofId)
            receipts = receipts.Where(w => w.EventId == ofId);
        if (order is { } number)
        {
            // First, although it is a second trip: with the intents at hand their index answers.
            var intents = await db.PaymentIntents.Where(i => db.Orders.Any(o => o.Id == i.OrderId && o.Number == number)).Select(i => i.GatewayId).ToArrayAsync(ct);
            receipts = receipts.Where(w => w.IntentId != null && intents.Contains(w.IntentId));
        }

        JobState? wanted = Enum.TryParse<JobState>(Given(state), ignoreCase: true, out var parsed) ? parsed : null;
        var isFirst = !TryReadCursor(before, out var at, out var last);
        List<WebhookRow> parked = isFirst && wanted is null or JobState.Parked
            ? await Rows(db, receipts.Where(w => w.State == JobState.Parked).OrderByDescending(w => w.ReceivedAt).Take(PageSize)).ToListAsync(ct) : [];
        List<WebhookRow> found = [];
        if (wanted is not JobState.Parked)
        {
            var others = receipts.Where(w => w.State != JobState.Parked);
            if (wanted is { } only)
                others = others.Where(w => w.State == only);
            if (!isFirst)
                others = others.Where(w => w.ReceivedAt < at || (w.ReceivedAt == at && string.Compare(w.EventId, last) < 0));
            found = await Rows(db, others.OrderByDescending(w => w.ReceivedAt).ThenByDescending(w => w.EventId).Take(PageSize + 1)).ToListAsync(ct);
        }

        var items = found.Take(PageSize).OrderByDescending(w => w.ReceivedAt).ToList();
        return TypedResults.Ok(new WebhookPage(
            await ArrivalAsync(db, clock.GetUtcNow(), ct), [.. StripeEvents.Subscribed, .. PayPalEvents.Subscribed], [.. parked.OrderByDescending(w => w.ReceivedAt)], items,
            found.Count > PageSize ? string.Create(CultureInfo.InvariantCulture, $"{items[^1].ReceivedAt.UtcTicks}.{items[^1].EventId}") : null));
    }

    private static IQueryable<WebhookRow> Rows(ShopDbContext db, IQueryable<WebhookReceipt> receipts) =>
        from w in receipts
        join i in db.PaymentIntents on w.IntentId equals i.GatewayId into intents
        from i in intents.DefaultIfEmpty()
        join o in db.Orders on i.OrderId equals o.Id into orders
        from o in orders.DefaultIfEmpty()
        select new WebhookRow(
            w.Provider, w.EventId, w.Type, w.State, w.ReceivedAt, w.FetchedAt, w.ProcessedAt, w.Attempts, w.Changed, w.LastError, o == null ? null : o.Number);

    private static async Task<WebhookArrival> ArrivalAsync(ShopDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        var (start, end) = (now - Patience - TimeSpan.FromHours(1), now - Patience);
        var paid = from o in db.Orders
                   join i in db.PaymentIntents on o.Id equals i.OrderId
                   where o.PaidAt > start && o.PaidAt <= end && i.GatewayId != null
                       // of two gateways that were tried, the one that charged
                       && i.Provider == (db.PaymentAttempts.Where(a => a.OrderId == o.Id && a.Class == "charged").OrderBy(a => a.At)
                           .Select(a => (PaymentProvider?)a.Provider).FirstOrDefault() ?? i.Provider)
                   select i;
        var told = await paid.Select(i => db.WebhookReceipts.Any(w => w.Provider == i.Provider && w.IntentId == i.GatewayId && w.FetchedAt == null
            && w.Type == (i.Provider == PaymentProvider.PayPal ? "PAYMENT.CAPTURE.COMPLETED" : "payment_intent.succeeded")))
            .GroupBy(_ => 1).Select(g => new { Expected = g.Count(), Arrived = g.Count(was => was) }).FirstOrDefaultAsync(ct);
        return new(told?.Expected ?? 0, told?.Arrived ?? 0);
    }

    internal static Task<ReplayResult> ReplayWebhook(
        string provider, string eventId, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller,
        ReportsDatabase reports, TimeProvider clock, ILogger<WebhookPage> logger, CancellationToken ct)
    {
        var from = $"{CheckoutRequest.ProviderOf(provider)}";
        return Acts.OnceAsync(
            reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("replay webhook", $"{from}/{eventId}"), clock, logger, async (db, now, why) =>
            {
                var found = await db.WebhookReceipts.FromSql($"""
                    SELECT * FROM payments.webhook_receipts WHERE provider = {from} AND event_id = {eventId} FOR UPDATE
                    """).SingleOrDefaultAsync(ct);
                if (found is not { } receipt)
                    return Problems.Refuse(404, "webhook_not_found", "There is no such event. They are kept for 30 days.");
                if (receipt.State is JobState.Waiting)
                    return Problems.Refuse(409, "webhook_waiting", "This event is being processed already.");

                var before = new { receipt.Type, receipt.State, receipt.Attempts };
                (receipt.State, receipt.Forgiven, receipt.DueAt) = (JobState.Waiting, receipt.Attempts, now);
                db.Record(caller, now, AuditActions.WebhookReplayed, AuditSubjects.Webhook, $"{from}/{eventId}", before,
                    new { receipt.Type, receipt.State, receipt.Attempts }, why);
                return null;
            }, ct);
    }

    private static bool TryReadCursor(string? cursor, out DateTimeOffset at, out string id)
    {
        (at, id) = (default, "");
        if (cursor?.Split('.', 2) is not [var ticks, { Length: > 0 } last] || !long.TryParse(ticks, CultureInfo.InvariantCulture, out var number)
            || number < 0 || number > DateTimeOffset.MaxValue.UtcTicks)
            return false;
        (at, id) = (new DateTimeOffset(number, TimeSpan.Zero), last);
        return true;
    }

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
