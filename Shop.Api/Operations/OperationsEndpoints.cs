using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.CardTesting;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Api.Dashboard;
using Shop.Api.Gateways;
using Shop.Api.Operations.Story;
using Shop.Api.Orders;
using Shop.Api.Search;
using Shop.Api.Telemetry;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using RetryResult = Results<NoContent, ProblemHttpResult>;

internal sealed record OrderRow(
    long Number, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, string? Reason, long TotalMinor, string Currency, string Reference,
    string TraceId, PaymentProvider? Gateway, bool IsSynthetic);

/// <param name="Next">What <c>before</c> is to be for the older ones; null when these are the last.</param>
internal sealed record OrderRows(IReadOnlyList<OrderRow> Items, long? Next);

/// <summary>Which orders. By when they were placed: from included, to excluded.</summary>
/// <param name="Before">The number of an order: those that were placed before it.</param>
/// <param name="Synthetic">False without those of drills and probes, true these alone.</param>
internal sealed record OrderFilter(
    string? Payment = null, string? Reason = null, string? Gateway = null, DateTimeOffset? From = null, DateTimeOffset? To = null,
    long? Before = null, bool? Synthetic = null);

/// <summary>An order as operators see it: everything but whose it is.</summary>
internal sealed record OrderFile(
    long Number, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, string? Reason, MoneyTaken MoneyTaken, string Reference,
    string Currency, long TotalMinor, long TaxMinor, long CapturedMinor, long RefundedMinor, DateTimeOffset DeadlineAt, bool Retryable,
    IReadOnlyList<OrderLineView> Lines, OrderTexts Texts, ReasonView? Why);

/// <summary>A reason in the words for each of the three who ask.</summary>
internal sealed record ReasonView(string Code, Side Side, RetryAdvice Retry, string Shopper, string Agent, string Engineer)
{
    public static ReasonView? Of(string? code) =>
        code is not null && Reasons.Of(code) is var reason ? new(reason.Code, reason.Side, reason.Retry, reason.Shopper, reason.Agent, reason.Engineer) : null;
}

internal sealed record JobView(
    Guid Id, PaymentJobKind Kind, PaymentProvider Provider, JobState State, DateTimeOffset DueAt, int Leases, int Attempts, string? LastReason);

internal sealed record ParkedJob(
    Guid Id, long OrderNumber, PaymentJobKind Kind, string? LastReason, int Leases, int Attempts, DateTimeOffset CreatedAt);

/// <summary>A gateway's event that could not be made use of; which order it is about is not known before it is.</summary>
internal sealed record ParkedWebhook(PaymentProvider Provider, string EventId, string Type, string? LastError, int Attempts, DateTimeOffset ReceivedAt);

/// <param name="OrderNumber">Null for a mail about an account.</param>
internal sealed record ParkedMessage(Guid Id, long? OrderNumber, OutboxKind Kind, string? LastError, int Attempts, DateTimeOffset CreatedAt);

internal sealed record Backlog(int Waiting, int Parked);

internal sealed record QueueView(
    int Waiting, int Leased, int Parked, DateTimeOffset? OldestDueAt, IReadOnlyList<ParkedJob> ParkedJobs, Backlog Webhooks,
    IReadOnlyList<ParkedWebhook> ParkedWebhooks, Backlog Outbox, IReadOnlyList<ParkedMessage> ParkedMessages);

/// <summary>What staff ask and do, on a pool of its own.</summary>
internal static class OperationsEndpoints
{
    private const int MaxRows = 200;

    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        var operations = app.MapGroup("/operations").WithTags("Operations");
        operations.WithRequestTimeout(Deadlines.Report);
        operations.MapStaff();
        operations.MapAudit();
        operations.MapGateways();
        operations.MapCardTesting();
        operations.MapWebhookOperations();
        operations.MapUnknown();
        operations.MapBackgroundJobs();
        operations.MapReconciliation();
        operations.MapShortfalls();
        operations.MapMails();
        operations.MapRefunds();
        operations.MapSearch();
        operations.MapStory();
        operations.MapOrderActs();
        operations.MapScenarios();
        operations.MapDisputes();
        operations.MapAgreement();
        operations.MapLogs();
        operations.MapErrors();
        operations.MapDashboard();
        operations.MapPatterns();
        operations.MapSyntheticOrders();
        operations.MapGet("/orders", GetOrders).WithName(nameof(GetOrders)).WithSummary("The newest orders; of one payment state, reason, gateway or time.")
            .ProducesProblem(422).RequireAuthorization(Policies.Agent);
        operations.MapGet("/queue", GetQueue).WithName(nameof(GetQueue)).WithSummary("How jobs, webhooks and outbox stand, and what waits for a person.")
            .RequireAuthorization(Policies.Agent);
        Post("/jobs/{id:guid}/retry", RetryJob, "Makes a parked job due now.");
        Post("/webhooks/{provider}/{eventId}/retry", RetryWebhook, "Makes a parked webhook due now.");
        Post("/outbox/{id:guid}/retry", RetryMessage, "Makes a parked mail due now.");

        void Post(string path, Delegate handler, string summary) => operations.MapPost(path, handler).WithName(handler.Method.Name).WithSummary(summary)
            .RequireAuthorization(Policies.Operator).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Results<Ok<OrderRows>, ProblemHttpResult>> GetOrders(
        ReportsDatabase reports, [AsParameters] OrderFilter filter, CancellationToken ct, int limit = 50)
    {
        if (!TryName(filter.Payment, out PaymentState? payment) || !TryName(filter.Gateway, out PaymentProvider? gateway))
            return Problems.Refuse(422, "filter_invalid", "There is no such payment state, or no such gateway.");

        await using var db = reports.Open();
        var rows = Math.Clamp(limit, 1, MaxRows);
        var found = db.Orders.AsNoTracking();
        if (payment is not null)
            found = found.Where(o => o.Payment == payment);
        if (filter.Reason is { Length: > 0 } reason)
            found = found.Where(o => o.Reason == reason);
        if (gateway is not null)
            found = found.Where(o => o.Provider == gateway);
        if (filter.From?.ToUniversalTime() is { } from)
            found = found.Where(o => o.PlacedAt >= from);
        if (filter.To?.ToUniversalTime() is { } to)
            found = found.Where(o => o.PlacedAt < to);
        if (filter.Synthetic is { } synthetic)
            found = found.Where(o => o.IsSynthetic == synthetic);
        if (filter.Before is { } last)
        {
            // Two may be placed in the same moment: the number tells them apart.
            var at = db.Orders.Where(o => o.Number == last).Select(o => o.PlacedAt);
            found = found.Where(o => o.PlacedAt < at.First() || (o.PlacedAt == at.First() && o.Number < last));
        }

        var orders = await found.OrderByDescending(o => o.PlacedAt).ThenByDescending(o => o.Number).Take(rows + 1).ToListAsync(ct);
        return TypedResults.Ok(new OrderRows(
            [
                .. orders.Take(rows).Select(o => new OrderRow(
                    o.Number, o.PlacedAt, o.Status, o.Payment, o.Reason, o.TotalMinor, o.Currency, o.Reference, o.TraceId, o.Provider, o.IsSynthetic)),
            ],
            orders.Count > rows ? orders[rows - 1].Number : null));
    }

    /// <summary>In any spelling of its case; nothing said is nothing asked for.</summary>
    private static bool TryName<T>(string? text, out T? name) where T : struct, Enum
    {
        name = null;
        if (string.IsNullOrEmpty(text))
            return true;
        if (!Enum.TryParse<T>(text, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed) || char.IsDigit(text[0]))
            return false;
        name = parsed;
        return true;
    }

    internal static async Task<Ok<QueueView>> GetQueue(ReportsDatabase reports, CancellationToken ct)
    {
        await using var db = reports.Open();
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        batch.Add("""
            SELECT count(*) FILTER (WHERE state = 'Waiting' AND leased_until <= now())::int,
                count(*) FILTER (WHERE state = 'Waiting' AND leased_until > now())::int,
                count(*) FILTER (WHERE state = 'Parked')::int,
                min(due_at) FILTER (WHERE state = 'Waiting')
            FROM payments.payment_jobs WHERE state IN ('Waiting', 'Parked')
            """);
        batch.Add("""
            SELECT count(*) FILTER (WHERE state = 'Waiting')::int, count(*) FILTER (WHERE state = 'Parked')::int
            FROM shop.outbox WHERE state IN ('Waiting', 'Parked')
            """);
        batch.Add("""
            SELECT j.id, o.number, j.kind, j.last_reason, j.leases, j.attempts, j.created_at
            FROM payments.payment_jobs j JOIN shop.orders o ON o.id = j.order_id
            WHERE j.state = 'Parked' ORDER BY j.created_at LIMIT 100
            """);
        batch.Add("""
            SELECT count(*) FILTER (WHERE state = 'Waiting')::int, count(*) FILTER (WHERE state = 'Parked')::int
            FROM payments.webhook_receipts WHERE state IN ('Waiting', 'Parked')
            """);
        batch.Add("""
            SELECT provider, event_id, type, last_error, attempts, received_at
            FROM payments.webhook_receipts WHERE state = 'Parked' ORDER BY received_at LIMIT 100
            """);
        batch.Add("""
            SELECT m.id, o.number, m.kind, m.last_error, m.attempts, m.created_at
            FROM shop.outbox m LEFT JOIN shop.orders o ON o.id = m.order_id
            WHERE m.state = 'Parked' ORDER BY m.created_at LIMIT 100
            """);
        await db.Database.OpenConnectionAsync(ct);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        var (waiting, leased, parked) = (reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2));
        var oldest = reader.IsDBNull(3) ? (DateTimeOffset?)null : reader.GetFieldValue<DateTimeOffset>(3);
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var outbox = new Backlog(reader.GetInt32(0), reader.GetInt32(1));
        await reader.NextResultAsync(ct);
        List<ParkedJob> parkedJobs = [];
        while (await reader.ReadAsync(ct))
        {
            parkedJobs.Add(new ParkedJob(
                reader.GetGuid(0), reader.GetInt64(1), Enum.Parse<PaymentJobKind>(reader.GetString(2)),
                reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetInt32(4), reader.GetInt32(5), reader.GetFieldValue<DateTimeOffset>(6)));
        }

        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var webhooks = new Backlog(reader.GetInt32(0), reader.GetInt32(1));
        await reader.NextResultAsync(ct);
        List<ParkedWebhook> parkedWebhooks = [];
        while (await reader.ReadAsync(ct))
        {
            parkedWebhooks.Add(new ParkedWebhook(
                Enum.Parse<PaymentProvider>(reader.GetString(0)), reader.GetString(1), reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetInt32(4), reader.GetFieldValue<DateTimeOffset>(5)));
        }

        await reader.NextResultAsync(ct);
        List<ParkedMessage> parkedMessages = [];
        while (await reader.ReadAsync(ct))
        {
            parkedMessages.Add(new ParkedMessage(
                reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), Enum.Parse<OutboxKind>(reader.GetString(2)),
                reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetInt32(4), reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return TypedResults.Ok(new QueueView(waiting, leased, parked, oldest, parkedJobs, webhooks, parkedWebhooks, outbox, parkedMessages));
    }

    internal static Task<RetryResult> RetryJob(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<QueueView> logger, CancellationToken ct) =>
        RetryAsync(
            "job", $"{id}", form.Why, idempotencyKey, reports, clock, logger,
            db => db.PaymentJobs.FromSql($"SELECT * FROM payments.payment_jobs WHERE id = {id} FOR UPDATE"), job => job.State,
            async (db, job, now, why) =>
            {
                var before = new { Job = id, job.Kind, job.State, job.Leases };
                (job.State, job.Leases, job.DueAt) = (JobState.Waiting, 0, now);
                if (job.Kind is PaymentJobKind.Refund)
                {
                    job.Attempts = 0; // or its first answer that is no end would park it again
                    await db.ReplaceFailedAsync(await db.LockOrderAsync(job.OrderId, ct), now, ct); // it counts again, and takes the room of others
                }

                db.Timeline.Add(TimelineEntry.Of(job.OrderId, now, TimelineKinds.Unparked, "A person has restarted the payment job.", job.LastReason, forShopper: false,
                    facts: new { job = id, job.Kind, before.Leases, job.Attempts }));
                var number = await db.Orders.Where(o => o.Id == job.OrderId).Select(o => o.Number).SingleAsync(ct);
                db.Record(
                    caller, now, AuditActions.JobRetried, AuditSubjects.Order, $"{number}", before, new { Job = id, job.Kind, job.State, job.Leases }, why);
            },
            ct);

    internal static Task<RetryResult> RetryWebhook(
        string provider, string eventId, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller,
        ReportsDatabase reports, TimeProvider clock, ILogger<QueueView> logger, CancellationToken ct)
    {
        var from = $"{CheckoutRequest.ProviderOf(provider)}";
        return RetryAsync(
            "webhook", $"{from}/{eventId}", form.Why, idempotencyKey, reports, clock, logger,
            db => db.WebhookReceipts.FromSql($"""
                SELECT * FROM payments.webhook_receipts WHERE provider = {from} AND event_id = {eventId} FOR UPDATE
                """),
            receipt => receipt.State,
            (db, receipt, now, why) =>
            {
                var before = new { receipt.Type, receipt.State, receipt.Forgiven };
                (receipt.State, receipt.Forgiven, receipt.DueAt) = (JobState.Waiting, receipt.Attempts, now);
                db.Record(
                    caller, now, AuditActions.WebhookRetried, AuditSubjects.Webhook, $"{from}/{eventId}", before,
                    new { receipt.Type, receipt.State, receipt.Forgiven }, why);
                return Task.CompletedTask;
            },
            ct);
    }

    internal static Task<RetryResult> RetryMessage(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<QueueView> logger, CancellationToken ct) =>
        RetryAsync(
            "message", $"{id}", form.Why, idempotencyKey, reports, clock, logger,
            db => db.Outbox.FromSql($"SELECT * FROM shop.outbox WHERE id = {id} FOR UPDATE"), message => message.State,
            async (db, message, now, why) =>
            {
                var before = new { Message = id, message.Kind, message.State, message.Attempts };
                message.AskAgain(now);
                var (kind, subject) = (AuditSubjects.Message, $"{id}");
                if (message.OrderId is { } orderId)
                {
                    db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.Unparked, $"A person has restarted {message.Kind}.", forShopper: false));
                    (kind, subject) = (AuditSubjects.Order, $"{await db.Orders.Where(o => o.Id == orderId).Select(o => o.Number).SingleAsync(ct)}");
                }

                db.Record(
                    caller, now, AuditActions.MessageRetried, kind, subject, before, new { Message = id, message.Kind, message.State, message.Attempts }, why);
            },
            ct);

    /// <summary>A person has looked: what was parked is due now, with its tries counted anew. Once, however often the key comes.</summary>
    private static async Task<RetryResult> RetryAsync<T>(
        string thing, string id, string? why, string? idempotencyKey, ReportsDatabase reports, TimeProvider clock, ILogger logger,
        Func<ShopDbContext, IQueryable<T>> locked, Func<T, JobState> stateOf, Func<ShopDbContext, T, DateTimeOffset, string, Task> restart,
        CancellationToken ct) where T : class
    {
        var restarted = false;
        var answer = await Acts.OnceAsync(
            reports, idempotencyKey, why, IdempotencyKey.DigestOf($"retry {thing}", id), clock, logger, async (db, now, reason) =>
            {
                if (await locked(db).SingleOrDefaultAsync(ct) is not { } parked)
                    return Problems.Refuse(404, $"{thing}_not_found", $"There is no such {thing}.");
                if (stateOf(parked) is not JobState.Parked)
                    return Problems.Refuse(409, $"{thing}_not_parked", $"This {thing} is not parked: it is done, or it is being worked on.");

                await restart(db, parked, now, reason);
                restarted = true;
                return null;
            }, ct);
        if (restarted)
            logger.Unparked(thing, id);
        return answer;
    }
}
