using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations.Story;

using ActResult = Results<NoContent, ProblemHttpResult>;

internal sealed record HoldRequest(int? Minutes, string? Why);

internal sealed record NoteRequest(string? Note);

/// <summary>Bound from <c>OrderActs</c>.</summary>
internal sealed class OrderActsOptions
{
    public const string Section = "OrderActs";

    /// <summary>
    /// How long after it was placed an order's goods may be kept. PayPal keeps an order, and what was agreed to there, for three hours: one that is
    /// kept for longer could not be paid with it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:15:00", "03:00:00")] public TimeSpan LongestHold { get; init; } = TimeSpan.FromHours(3);
}

/// <summary>
/// What an agent can do about an order. None of it sends money or gives goods back by itself: each only writes what the worker does on the
/// ways it always goes.
/// </summary>
internal static class OrderActs
{
    public static readonly int[] HoldMinutes = [15, 30, 60, 120];

    public static void AddOrderActs(this IServiceCollection services) =>
        services.AddOptions<OrderActsOptions>().BindConfiguration(OrderActsOptions.Section).ValidateDataAnnotations().ValidateOnStart();

    public static void MapOrderActs(this IEndpointRouteBuilder operations)
    {
        Post("ask", AskNow, "Tries the payment, or asks the gateway how it stands, now and not when it is due.");
        Post("cancel", CancelOrder, "Cancels an order: calls the payment off at the gateway, or sends the money back.");
        Post("hold", ExtendHold, "Keeps the goods of an unpaid order, and its time to be paid, for longer.");
        Post("notes", AddNote, "Writes something down about an order, for the staff.");

        void Post(string path, Delegate handler, string summary) => operations.MapPost($"/orders/{{number:long}}/{path}", handler).WithName(handler.Method.Name).WithSummary(summary)
            .RequireAuthorization(Policies.Agent).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    /// <summary>As things stand on the page; each is checked again, under the order's lock, when it is done.</summary>
    public static IReadOnlyList<StoryAct> Of(Order order, StoryRows rows, TimeSpan longestHold, DateTimeOffset now) =>
    [
        new("ask", order.Payment is PaymentState.Deferred ? "Try the payment now" : "Ask the gateway now", WhyNotAsked(
            order, rows.Jobs.Where(j => j.Kind is PaymentJobKind.Charge).Select(j => new OpenJob(j.Id, j.State, j.LeasedUntil > now, j.DueAt <= now)).LastOrDefault(j => j.State is not JobState.Done),
            rows.Jobs.Any(j => j is { Kind: PaymentJobKind.Look, State: JobState.Waiting }))),
        new("cancel", order.Payment is PaymentState.Paid ? "Cancel and send the money back" : "Cancel the order", WhyNotCancelled(order)),
        new("hold", "Keep the goods for longer", WhyNotHeld(order, rows.Jobs.Any(j => j is { Kind: PaymentJobKind.Close, State: not JobState.Done }), longestHold, now)),
        new("note", "Write a note", null),
    ];

    private sealed record OpenJob(Guid Id, JobState State, bool IsLeased, bool IsDue);

    private static string? WhyNotAsked(Order order, OpenJob? charge, bool isLooking) => (order.Payment, charge) switch
    {
        (PaymentState.Paid, _) => "It is paid.",
        (PaymentState.Abandoned, _) => "It is closed.",
        (_, { State: JobState.Parked }) => "Its payment waits for an operator, who restarts it in the queue.",
        (_, { IsLeased: true }) => "Somebody is at it right now.",
        (_, { IsDue: true }) => "It is due already.",
        (_, { State: JobState.Waiting }) => null,
        (PaymentState.ActionNeeded, null) => isLooking ? "The gateway is being asked already." : null,
        (PaymentState.Declined, null) => "The bank has said no: only the customer can try again, on the order's page.",
        _ => "Nothing is waiting to be asked.",
    };

    private static string? WhyNotCancelled(Order order) => order switch
    {
        { Payment: PaymentState.Abandoned } => "It is closed already.",
        { DisputedMinor: > 0 } => "Its payment is under dispute, and its end decides about the money.",
        { Fulfilment: FulfilmentState.Cancelled } => "It is cancelled already.",
        { Payment: PaymentState.Paid, Fulfilment: not FulfilmentState.Open } => "Its goods are on their way. Refund it when they are back.",
        { Payment: PaymentState.Paid } when order.RefundedMinor == order.CapturedMinor => "All of its money went back already.",
        { CancelAskedAt: not null, Payment: not PaymentState.Paid } => "It is being cancelled.",
        _ => null,
    };

    private static string? WhyNotHeld(Order order, bool isClosing, TimeSpan longest, DateTimeOffset now) => order switch
    {
        { Payment: PaymentState.Paid } => "It is paid, and its goods are its own.",
        { Payment: PaymentState.Abandoned } => "It is closed, and its goods are back on sale.",
        { CancelAskedAt: not null } => "It is being cancelled.",
        _ when isClosing || now >= order.DeadlineAt => "Its time is up, and it is being closed.",
        _ when now + TimeSpan.FromMinutes(HoldMinutes[0]) > order.PlacedAt + longest => $"It has been kept for as long as it may: {Words(longest)} after it was placed.",
        _ => null,
    };

    internal static Task<ActResult> AskNow(
        long number, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<OrderStory> logger, CancellationToken ct) =>
        OnOrderAsync("ask", number, [], idempotencyKey, form.Why, reports, clock, logger, async (db, id, now, why) =>
        {
            // The jobs before the order, as the worker locks them: from here on nobody takes them up.
            var jobs = await db.Database.SqlQuery<LockedJob>($"""
                SELECT id AS "Id", kind AS "Kind", state AS "State", leased_until > now() AS "IsLeased", due_at <= now() AS "IsDue" FROM payments.payment_jobs
                WHERE order_id = {id} AND kind IN ('Charge', 'Look') AND state <> 'Done' ORDER BY id FOR UPDATE
                """).ToListAsync(ct);
            var order = await db.LockOrderAsync(id, ct);
            var charge = jobs.Find(j => j.Kind is nameof(PaymentJobKind.Charge)) is { } c ? new OpenJob(c.Id, Enum.Parse<JobState>(c.State), c.IsLeased, c.IsDue) : null;
            if (WhyNotAsked(order, charge, jobs.Exists(j => j is { Kind: nameof(PaymentJobKind.Look), State: nameof(JobState.Waiting) })) is { } no)
                return Refuse("order_not_askable", no);

            Guid job;
            if (charge is not null)
            {
                job = charge.Id;
                await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE id = {job} AND state = 'Waiting'", ct);
            }
            else
            {
                var look = PaymentJob.Of(PaymentJobKind.Look, id, order.PaysAt, now);
                db.PaymentJobs.Add(look);
                job = look.Id;
            }

            db.Timeline.Add(TimelineEntry.Of(
                id, now, TimelineKinds.AskedNow, order.Payment is PaymentState.Deferred ? "Somebody of ours has the payment tried now." : "Somebody of ours has the gateway asked now.",
                forShopper: false, facts: new { job }));
            db.Record(caller, now, AuditActions.OrderAskedNow, AuditSubjects.Order, $"{number}", after: new { job, order.Payment }, why: why);
            return null;
        }, ct);

    private sealed record LockedJob(Guid Id, string Kind, string State, bool IsLeased, bool IsDue);

    internal static Task<ActResult> CancelOrder(
        long number, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<OrderStory> logger, CancellationToken ct) =>
        OnOrderAsync("cancel", number, [], idempotencyKey, form.Why, reports, clock, logger, async (db, id, now, why) =>
        {
            // Its parked refunds first, and then the order, as everybody locks them.
            var order = await db.LockOrderForRefundAsync(id, ct);
            if (WhyNotCancelled(order) is { } no)
                return Refuse("order_not_cancellable", no);

            return order.Payment is PaymentState.Paid
                ? await SendBackAsync(db, order, caller, why, now, ct)
                : await CallOffAsync(db, order, caller, why, now, ct);
        }, ct);

    /// <summary>
    /// Moves its deadline to now and asks for its closing, as the sweep does for those whose time ran out: no new confirm starts, and the goods
    /// go back on sale when the gateway has canceled. Should a payment that is under way be faster, its money goes back.
    /// </summary>
    private static async Task<ProblemHttpResult?> CallOffAsync(ShopDbContext db, Order order, Caller caller, string why, DateTimeOffset now, CancellationToken ct)
    {
        var before = new { order.Payment, order.DeadlineAt };
        order.AskToCancel(now);
        var closing = await db.PaymentJobs.Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Close && j.State != JobState.Done).ToListAsync(ct);
        if (closing.Exists(j => j.State is JobState.Parked))
            return Refuse("order_not_cancellable", "Its closing waits for an operator, who restarts it in the queue.");
        if (closing is [])
            db.PaymentJobs.Add(PaymentJob.Of(PaymentJobKind.Close, order.Id, order.PaysAt, now));
        db.Timeline.Add(TimelineEntry.Of(order.Id, now, TimelineKinds.CancelAsked, "This order is being cancelled.", facts: new { was = order.Payment }));
        db.Record(caller, now, AuditActions.OrderCancelled, AuditSubjects.Order, $"{order.Number}", before, new { order.Payment, order.DeadlineAt }, why);
        return null;
    }

    private static async Task<ProblemHttpResult?> SendBackAsync(ShopDbContext db, Order order, Caller caller, string why, DateTimeOffset now, CancellationToken ct)
    {
        var (left, _) = await db.RefundsOfAsync(order, ct);
        if (left.LeftMinor == 0)
            return Refuse("order_not_cancellable", "All of its money is on its way back already.");

        var plan = (RefundPlan.Fits)left.All();
        var refund = RefundEndpoints.Write(db, order, plan, caller, why, now);
        order.CancelForRefund(Reasons.RefundOnRequest);
        await db.ReplaceFailedAsync(order, now, ct);
        db.Record(caller, now, AuditActions.OrderCancelled, AuditSubjects.Order, $"{order.Number}",
            new { left.LeftMinor }, new { Refund = refund.Id, refund.AmountMinor, refund.Currency, refund.Provider, plan.Lines }, why);
        await db.SaveChangesAsync(ct);
        await db.RestockAllAsync(order.Id, ct); // last: every buyer shares these rows
        return null;
    }

    internal static Task<ActResult> ExtendHold(
        long number, HoldRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        IOptions<OrderActsOptions> options, TimeProvider clock, ILogger<OrderStory> logger, CancellationToken ct)
    {
        var longest = options.Value.LongestHold;
        Dictionary<string, string[]> errors = [];
        if (form.Minutes is not { } minutes || !HoldMinutes.Contains(minutes))
            errors["minutes"] = [$"Please choose {string.Join(", ", HoldMinutes)} minutes."];
        return OnOrderAsync("hold", number, [$"{form.Minutes}"], idempotencyKey, form.Why, reports, clock, logger, async (db, id, now, why) =>
        {
            var order = await db.LockOrderAsync(id, ct);
            var isClosing = await db.PaymentJobs.AnyAsync(j => j.OrderId == id && j.Kind == PaymentJobKind.Close && j.State != JobState.Done, ct);
            var until = now.AddMinutes(form.Minutes!.Value);
            var no = WhyNotHeld(order, isClosing, longest, now) ?? (until > order.PlacedAt + longest ? $"That is longer than {Words(longest)} after it was placed." : null);
            if (no is not null)
                return Refuse("hold_not_extendable", no);

            var before = new { order.DeadlineAt };
            order.KeepUntil(until);
            db.Timeline.Add(TimelineEntry.Of(
                id, now, TimelineKinds.HoldExtended, "We keep your items for longer.", facts: new { heldUntil = until, order.DeadlineAt }));
            db.Record(caller, now, AuditActions.HoldExtended, AuditSubjects.Order, $"{number}", before, new { order.DeadlineAt, HeldUntil = until }, why);
            await db.SaveChangesAsync(ct);
            // A hold is never made here: without one the goods are others' by now.
            return await db.ExtendHoldAsync(id, until - now, ct) ? null : Refuse("hold_not_extendable", "Its goods are not held any more.");
        }, ct, errors);
    }

    /// <summary>The note is its own reason, and kept with the order's story as with the audit.</summary>
    internal static Task<ActResult> AddNote(
        long number, NoteRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<OrderStory> logger, CancellationToken ct) =>
        OnOrderAsync("note", number, [form.Note?.Trim() ?? ""], idempotencyKey, form.Note, reports, clock, logger, async (db, id, now, why) =>
        {
            db.Timeline.Add(TimelineEntry.Of(id, now, TimelineKinds.Note, why, forShopper: false));
            db.Record(caller, now, AuditActions.NoteAdded, AuditSubjects.Order, $"{number}", why: why);
            await Task.CompletedTask;
            return null;
        }, ct);

    private static Task<ActResult> OnOrderAsync(
        string what, long number, string[] more, string? idempotencyKey, string? why, ReportsDatabase reports, TimeProvider clock, ILogger logger,
        Func<ShopDbContext, Guid, DateTimeOffset, string, Task<ProblemHttpResult?>> act, CancellationToken ct, Dictionary<string, string[]>? errors = null) =>
        Acts.OnceAsync(reports, idempotencyKey, why, IdempotencyKey.DigestOf([$"order {what}", $"{number}", .. more]), clock, logger, async (db, now, reason) =>
            await db.Orders.Where(o => o.Number == number).Select(o => (Guid?)o.Id).SingleOrDefaultAsync(ct) is { } id
                ? await act(db, id, now, reason)
                : Problems.Refuse(404, "order_not_found", $"There is no order {number}."), ct, errors);

    private static string Words(TimeSpan longest) => string.Create(CultureInfo.InvariantCulture, $"{longest.TotalHours:0.##} hours");

    private static ProblemHttpResult Refuse(string reason, string detail) => Problems.Refuse(409, reason, detail);
}
