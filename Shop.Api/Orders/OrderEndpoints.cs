using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.CardTesting;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Api.Gateways;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Orders;

using OrderResult = Results<Ok<OrderView>, Accepted<OrderView>, ProblemHttpResult>;

internal sealed record PayRequest(string? PaymentToken, string? Provider, Guid? SavedMethod = null, bool SaveMethod = false)
{
    /// <summary>Never the token: a record prints its members.</summary>
    public override string ToString() => nameof(PayRequest);
}

internal static class OrderEndpoints
{
    public static void AddOrders(this IServiceCollection services)
    {
        services.AddSingleton<OrderWaiters>().AddScoped<OrderAnswers>().AddHttpContextAccessor();
        services.AddHostedService<OrderPoll>();
    }

    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders").AddEndpointFilter<OnceMore>();
        orders.MapGet("/{number:long}", GetOrder).WithName(nameof(GetOrder)).WithSummary("An order, for whoever has its key or placed it signed in.")
            .ProducesProblem(404).ProducesProblem(410).AllowAnonymous();
        orders.MapPost("/{number:long}/payments", PayAgain).WithName(nameof(PayAgain))
            .WithSummary("Pays an order that is not paid, again or another way. The same key is the same payment.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(410).ProducesProblem(422).ProducesProblem(429)
            .ProducesProblem(503).WithRequestTimeout(CheckoutOptions.DeadlinePolicy).AllowAnonymous();
        orders.MapPost("/{number:long}/look", Look).WithName(nameof(Look))
            .WithSummary("Asks the gateway how a payment stands that waits for the shopper's bank: for when they come back from there.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(410).ProducesProblem(503).AllowAnonymous();
        orders.MapPost("/{number:long}/events", BrowserReports.ReportOrder).WithName(nameof(BrowserReports.ReportOrder))
            .WithSummary("What only the shopper's browser could see, of a closed list.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(410).ProducesProblem(422).AllowAnonymous().RequireRateLimiting(RateLimiting.Reports);
        orders.MapPost("/{number:long}/link", AskLink).WithName(nameof(AskLink)).AllowAnonymous().RequireRateLimiting(RateLimiting.Mail)
            .WithSummary("Mails a new link to the order, if that is its address; the answer does not tell.");
    }

    internal static async Task<Results<Ok<OrderView>, ProblemHttpResult>> GetOrder(
        long number, [AsParameters] OrderAccess access, ShopDbContext db, GatewayWatch watch, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (access.OpensNothing || await db.ReadOrderAsync(access.To(number), ct) is not { } order)
            return OrderNotFound();
        if (access.Refuses(order.Order.UserId) is { } expired)
            return expired;

        ShopTelemetry.Tag(order.Order.Id, number);
        return TypedResults.Ok(order.View(watch.Methods, access.UserId));
    }

    /// <summary>
    /// Another try, perhaps at another gateway, for an order whose payment was declined, waits for the shopper or was put off: a new charge job,
    /// in the place of the one that waits, if nobody is at it. Whether the first gateway is out of it is proven by the worker, before it
    /// lets the second one take anything.
    /// </summary>
    internal static async Task<OrderResult> PayAgain(
        long number, PayRequest request, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, [AsParameters] OrderAccess access,
        ShopDbContext db, OrderWaiters waiters, OrderAnswers answers, VelocityLimits velocities, HttpContext http, IOptions<CheckoutOptions> options,
        IOptions<PaymentMethodsOptions> methods, IOptions<Timeouts> timeouts, IOptions<ShopTime> time, TimeProvider clock, ILogger<PayRequest> logger, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();

        if (access.OpensNothing || await db.Orders.Where(access.To(number)).Select(o => new { o.Id, o.UserId }).SingleOrDefaultAsync(ct) is not { } known)
            return OrderNotFound();
        if (access.Refuses(known.UserId) is { } expired)
            return expired;

        Dictionary<string, string[]> errors = [];
        CheckoutRequest.Payment(errors, request.PaymentToken, request.Provider, request.SavedMethod);
        if (errors is { Count: > 0 })
            return Refuse(422, "validation_failed", "Please check what you have entered.", "errors", errors);

        var choice = new PaymentChoice(
            CheckoutRequest.ProviderOf(request.Provider)!.Value, request.SavedMethod, request.SaveMethod && request.SavedMethod is null);
        if (choice.Refuses(methods.Value, access.UserId, await OwnMethodsAsync(db, choice, access.UserId, ct)) is { } notSo)
            return notSo;

        using var waiter = waiters.Register(known.Id);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeouts.Value.Transaction);
        var inTime = limit.Token;
        await using (var transaction = await db.Database.BeginTransactionAsync(inTime))
        {
            // The job before the order, as the worker locks them: from here on nobody takes it up.
            var open = await db.Database.SqlQuery<OpenCharge>($"""
                SELECT id AS "Id", state AS "State", leased_until > now() AS "IsLeased" FROM payments.payment_jobs
                WHERE order_id = {known.Id} AND kind = 'Charge' AND state <> 'Done' FOR UPDATE
                """).ToListAsync(inTime);
            var order = await db.LockOrderAsync(known.Id, inTime);
            var now = clock.GetUtcNow();
            var jobId = IdempotencyKey.IdOf("pay", key, order.Id);
            var charges = await db.PaymentJobs.AsNoTracking().Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge).ToListAsync(inTime);
            if (charges.Find(j => j.Id == jobId) is { } same)
            {
                if (same.PaymentToken != request.PaymentToken || same.Provider != choice.Provider || same.SavedMethodId != choice.Saved)
                    return Refuse(422, "key_reused", $"You already paid order {number} again.", "orderNumber", number);
                waiter.Wake(); // look first: it may be settled since long
            }
            else
            {
                // Whoever has the link may pay. What is kept belongs to the order's owner, and so must the one who agrees to it.
                if ((choice.Saves || choice.NeedsMethods) && order.UserId != access.UserId)
                    return Problems.Refuse(422, "save_needs_own_order", "What you pay with can be saved, or be something saved, only in an order of your own account.");

                var waiting = charges.Find(j => j.State != JobState.Done);
                if (now >= order.DeadlineAt || !(OrderWords.IsPayable(order) || order is { Payment: PaymentState.Deferred, Fulfilment: FulfilmentState.Open }))
                    return NotPayable();
                if (waiting is not null && order.Payment is not PaymentState.Deferred)
                    return NotPayable();
                if (waiting is not null && !open.Exists(o => o.Id == waiting.Id && o.CanBeReplaced))
                    return Problems.Refuse(409, "payment_running", "We are trying this order's payment right now. Please wait a moment.");
                if (charges.Count(OrderWords.IsTry) >= OrderWords.MaxCharges)
                    return TooManyTries();

                var sources = velocities.SourcesOf(http, null, access.UserId);
                var counts = await velocities.CountAsync(db, order.Id, sources, inTime);
                var velocity = velocities.Judge(counts);
                if (velocity.Tier is VelocityTier.Refused)
                {
                    await transaction.RollbackAsync(inTime); // gives its connection back: what is kept below has one of its own
                    await velocities.KeepAsync(velocity, ct);
                    return VelocityLimits.Refuse(http, velocity);
                }

                // From here on it reads as being confirmed: a second click finds no declined order to pay.
                if (!order.TryApply(PaymentEvent.Started, now))
                    return NotPayable();

                if (waiting is not null)
                {
                    await db.PaymentJobs.Where(j => j.Id == waiting.Id)
                        .ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Done).SetProperty(j => j.DoneAt, now), inTime);
                }

                var isOtherWay = order.PaysAt != choice.Provider;
                order.Provider = choice.Provider;
                db.PaymentJobs.Add(new PaymentJob
                {
                    Id = jobId, OrderId = order.Id, Kind = PaymentJobKind.Charge, Provider = choice.Provider, PaymentToken = request.PaymentToken,
                    SavesMethod = choice.Saves, ConsentText = choice.Saves ? SavedMethod.ConsentTo(choice.Provider) : null, SavedMethodId = choice.Saved, DueAt = now + time.Value.Of(CheckoutEndpoints.Slow(velocity)),
                    Wary = velocity.Tier is not VelocityTier.None, IsSynthetic = Synthetic.IsRequest(http), CreatedAt = now, TraceParent = System.Diagnostics.Activity.Current?.Id,
                });
                // Whose e-mail it is was said at the checkout.
                var email = counts.Where(c => c.Kind is SourceKind.Email).Select(c => (c.Kind, c.Hash)).Take(1);
                foreach (var (kind, hash) in sources.Concat(email))
                    db.ChargeSources.Add(new ChargeSource { JobId = jobId, Kind = kind, Hash = hash, OrderId = order.Id, At = now });
                var hold = Shorter(time.Value.Of(options.Value.Hold), order.DeadlineAt - now); // goods are not kept beyond the deadline
                db.Timeline.Add(TimelineEntry.Of(
                    order.Id, now, TimelineKinds.PaymentAsked,
                    !isOtherWay ? "You asked us to try the payment again."
                    : choice.Provider is PaymentProvider.PayPal ? "You chose to pay with PayPal instead." : "You chose to pay by card instead.",
                    facts: new
                    {
                        job = jobId, gateway = choice.Provider, charge = charges.Count(OrderWords.IsTry) + 1, heldUntil = now + hold,
                        inPlaceOf = waiting?.Id,
                    }));
                try
                {
                    await db.SaveChangesAsync(inTime);
                }
                catch (DbUpdateException e) when (PostgresError.Of(e) == PostgresErrorCodes.UniqueViolation)
                {
                    return NotPayable(); // the last guard against two charges at once
                }

                // Stock comes last. Leaving without a commit takes all of it back.
                if (!await db.ExtendHoldAsync(order.Id, hold, inTime) && await db.HoldStockAsync(order.Id, hold, inTime) is [_, ..] missing)
                    return Refuse(409, "out_of_stock", "An item of this order is sold out, so it can't be paid any more.", "skus", missing);

                await transaction.CommitAsync(inTime);
                logger.PaymentAskedAgain(number, order.Id);
                await velocities.KeepAsync(velocity, ct); // not before: it takes a connection of its own
            }
        }

        await answers.NotifyWorkerAsync(ct);
        return answers.Answer(await answers.OutcomeAsync(waiter, ct), withKey: false);

        static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

        static ProblemHttpResult NotPayable() =>
            Problems.Refuse(409, "order_not_payable", "This order can't be paid right now: it is paid, closed, or a payment is running.");

        static ProblemHttpResult TooManyTries() => Problems.Refuse(409, "too_many_tries", OrderWords.NoMoreTries);

        static ProblemHttpResult Refuse(int status, string reason, string detail, string name, object value) =>
            Problems.Refuse(status, reason, detail, new Dictionary<string, object?> { [name] = value });
    }

    /// <param name="State">As the database has it.</param>
    private sealed record OpenCharge(Guid Id, string State, bool IsLeased)
    {
        public bool CanBeReplaced => !IsLeased && State == nameof(JobState.Waiting); // a parked one is a person's
    }

    private static async Task<IReadOnlyDictionary<Guid, PaymentProvider>> OwnMethodsAsync(
        ShopDbContext db, PaymentChoice choice, Guid? userId, CancellationToken ct)
    {
        if (!choice.NeedsMethods || userId is not { } user)
            return new Dictionary<Guid, PaymentProvider>();

        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
            batch.BatchCommands.Add(choice.OwnMethods(user));
            await using var reader = await batch.ExecuteReaderAsync(ct);
            return await PaymentChoice.ReadOwnAsync(reader, ct);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>Its webhook may be late, or lost. Only ever a read: whoever opens this address a second time changes nothing by it.</summary>
    internal static async Task<Results<NoContent, ProblemHttpResult>> Look(
        long number, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, [AsParameters] OrderAccess access,
        ShopDbContext db, OrderAnswers answers, TimeProvider clock, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();

        if (access.OpensNothing || await db.Orders.Where(access.To(number)).Select(o => new { o.Id, o.UserId }).SingleOrDefaultAsync(ct) is not { } known)
            return OrderNotFound();
        if (access.Refuses(known.UserId) is { } expired)
            return expired;

        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            var order = await db.LockOrderAsync(known.Id, ct);
            var jobs = await db.PaymentJobs.AsNoTracking().Where(j => j.OrderId == order.Id).ToListAsync(ct);
            var jobId = IdempotencyKey.IdOf("look", key, order.Id);
            if (order.Payment is not PaymentState.ActionNeeded
                || jobs.Exists(j => j.Id == jobId || j is { Kind: PaymentJobKind.Look, State: JobState.Waiting })
                || !jobs.Exists(j => j.Kind is PaymentJobKind.Charge))
                return TypedResults.NoContent();

            var now = clock.GetUtcNow();
            db.PaymentJobs.Add(new PaymentJob
            {
                Id = jobId, OrderId = order.Id, Kind = PaymentJobKind.Look, Provider = order.PaysAt, DueAt = now, CreatedAt = now,
                TraceParent = System.Diagnostics.Activity.Current?.Id,
            });
            db.Timeline.Add(TimelineEntry.Of(
                order.Id, now, TimelineKinds.BackFromBank,
                $"You came back from {(order.PaysAt is PaymentProvider.PayPal ? "PayPal" : "your bank")}, and we asked how the payment stands.", facts: new { job = jobId }));
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        await answers.NotifyWorkerAsync(ct);
        return TypedResults.NoContent();
    }

    /// <summary>One answer and about one time, whether there is such an order, and whose it is, or not.</summary>
    internal static async Task<Accepted<Nothing>> AskLink(
        long number, EmailRequest form, ShopDbContext db, TimeProvider clock, ILogger<EmailRequest> logger, CancellationToken ct)
    {
        await db.AskOrderLinkAsync(number, form.Email ?? "", clock.GetUtcNow(), ct);
        await db.NotifyWorkerAsync(logger, ct);
        return Nothing.Accepted();
    }

    internal static ProblemHttpResult OrderNotFound() =>
        Problems.Refuse(404, "order_not_found", "There is no such order, or the link to it is not complete.");
}
