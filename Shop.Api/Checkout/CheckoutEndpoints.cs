using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.CardTesting;
using Shop.Api.Carts;
using Shop.Api.Gateways;
using Shop.Api.Operations;
using Shop.Api.Orders;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Checkout;

using OrderResult = Results<Ok<OrderView>, Accepted<OrderView>, ProblemHttpResult>;

internal static class CheckoutEndpoints
{
    public static void AddCheckout(this IServiceCollection services) =>
        services.AddOptions<CheckoutOptions>().BindConfiguration(CheckoutOptions.Section).ValidateDataAnnotations()
            .Validate<IOptions<Timeouts>, IOptions<ShopTime>>(
                (_, timeouts, time) => timeouts.Value.Transaction + time.Value.Of(timeouts.Value.Outcome) < timeouts.Value.LongRequest,
                "Timeouts: Transaction + Outcome, stretched by Shop:TimeScale, must be shorter than LongRequest.")
            .Validate(o => o.Hold < o.Deadline, "Checkout: Hold must be shorter than Deadline.")
            .ValidateOnStart();

    public static void MapCheckout(this IEndpointRouteBuilder app) => // guests are the normal case
        app.MapPost("/checkout", PlaceOrder).WithName(nameof(PlaceOrder)).WithTags("Checkout")
            .WithSummary("Orders a cart: 200 when the payment is settled, 202 while it is being confirmed. The same key is the same order.")
            .ProducesProblem(400).ProducesProblem(409).ProducesProblem(422).ProducesProblem(429).ProducesProblem(503)
            .AddEndpointFilter<OnceMore>().WithRequestTimeout(CheckoutOptions.DeadlinePolicy).AllowAnonymous();

    internal static async Task<OrderResult> PlaceOrder(
        CheckoutRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey,
        [FromHeader(Name = CartToken.Header)] string? cartToken, Caller? caller, ShopDbContext db, NpgsqlDataSource database,
        OrderWaiters waiters, OrderAnswers answers, VelocityLimits velocities, HttpContext http, IOptions<CheckoutOptions> options,
        IOptions<PaymentMethodsOptions> methods, IOptions<Timeouts> timeouts, IOptions<ShopTime> time,
        TimeProvider clock, ShopTelemetry telemetry, ILogger<CheckoutRequest> logger, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();

        var request = form.Trimmed();
        if (request.Errors() is { Count: > 0 } errors)
            return Refuse(422, "validation_failed", "Please check what you have entered.", ("errors", errors));

        var cartHash = CartToken.HashOf(cartToken) ?? [];
        var digest = request.Digest();
        var choice = request.Choice();
        var userId = caller?.SignedInUserId;
        var sources = velocities.SourcesOf(http, request.Email, userId);
        var (known, cart, counts, own) = await ReadAsync(database, key, cartHash, sources, velocities.Since, choice, userId, ct);
        if (known is not null)
            return await AnswerAsync(known);
        if (cart is { OrderId: { } winner })
            return await ShowAsync(winner); // another tab was faster: one cart, one order
        if (choice.Refuses(methods.Value, userId, own) is { } notSo)
            return notSo;
        if (cart is not { Lines: [_, ..] })
            return Refuse(422, "cart_empty", "Your cart is empty.");
        if (cart.Version != request.CartVersion)
            return CartChanged();
        if (cart.TotalMinor != request.TotalMinor)
            return Refuse(409, "price_changed", "A price has changed. Please look at the new total before you order.", ("totalMinor", cart.TotalMinor));
        if (cart.Lines.Where(l => l.Available < l.Quantity).Select(l => l.Sku).ToArray() is [_, ..] missing)
            return OutOfStock(missing);

        var velocity = velocities.Judge(counts);
        await velocities.KeepAsync(velocity, ct);
        if (velocity.Tier is VelocityTier.Refused)
        {
            Told(VelocityLimits.Reason);
            return VelocityLimits.Refuse(http, velocity);
        }

        var now = clock.GetUtcNow();
        var person = new Person
        {
            Id = Guid.CreateVersion7(now), Email = request.Email!, Name = request.Name!, Line1 = request.Line1!, Line2 = request.Line2,
            PostalCode = request.PostalCode!, City = request.City!, Country = request.Country!, Phone = request.Phone, CreatedAt = now,
        };
        var order = OrderOf(
            cart, person, userId, key, digest, now, time.Value.Of(options.Value.Deadline), choice, cart.IsSynthetic || Synthetic.IsRequest(http));
        var job = PaymentJob.Of(
            PaymentJobKind.Charge, order.Id, choice.Provider, now, now + time.Value.Of(Slow(velocity)), request.PaymentToken,
            wary: velocity.Tier is not VelocityTier.None, savesMethod: choice.Saves, savedMethodId: choice.Saved,
            synthetic: Synthetic.IsRequest(http));

        var hold = time.Value.Of(options.Value.Hold);
        using var waiter = waiters.Register(order.Id); // before the commit
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(timeouts.Value.Transaction); // or nothing would be left of the request to wait for the outcome
        Placement placement;
        try
        {
            placement = await db.PlaceAsync(
                order, person, cart.Version, job, TimelineEntry.Of(
                    order.Id, now, TimelineKinds.Placed, "We have received your order.",
                    facts: new
                    {
                        job = job.Id, job.Provider, lines = order.Lines.Count, order.TotalMinor, heldUntil = now + hold, order.DeadlineAt,
                        slowedUntil = job.DueAt > now ? job.DueAt : (DateTimeOffset?)null,
                    }),
                hold, limit.Token, sources);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable && IsTwin(e))
        {
            return Refuse(409, "checkout_running", "This order is being placed right now. Please wait a moment.");
        }

        switch (placement.Outcome)
        {
            case PlacementOutcome.OutOfStock:
                return OutOfStock(placement.ShortSkus);
            case PlacementOutcome.KeyUsed or PlacementOutcome.CartTaken:
                (known, cart, _, _) = await ReadAsync(database, key, cartHash, sources, velocities.Since, choice, userId, ct);
                return known is not null ? await AnswerAsync(known)
                    : cart is { OrderId: { } other } ? await ShowAsync(other)
                    : CartChanged();
        }

        ShopTelemetry.Tag(order.Id, placement.Number);
        if (Synthetic.IsRequest(http))
            http.Response.Headers[SyntheticOrders.IdHeader] = $"{order.Id}"; // by which a drill finds it in the gateways' books
        logger.OrderPlaced(placement.Number, order.Id, order.Lines.Count);
        await answers.NotifyWorkerAsync(ct);
        return answers.Answer(await answers.OutcomeAsync(waiter, ct), withKey: true);

        // A cart that is still open is another cart than the one that was ordered; without its cookie, the same form is the same order.
        async Task<OrderResult> AnswerAsync(KnownOrder ordered) => ordered.Digest == digest && cart is not { OrderId: null, Lines: [_, ..] }
            ? await ShowAsync(ordered.Id)
            : Refuse(422, "key_reused", $"You already placed order {ordered.Number}.", ("orderNumber", ordered.Number));

        async Task<OrderResult> ShowAsync(Guid orderId)
        {
            using var waiter = waiters.Register(orderId);
            waiter.Wake(); // look first: it may be settled since long
            return answers.Answer(await answers.OutcomeAsync(waiter, ct), withKey: true);
        }

        ProblemHttpResult OutOfStock(string[] skus) =>
            Refuse(409, "out_of_stock", "Not enough of an item is left. Please change your cart.", ("skus", skus));

        ProblemHttpResult CartChanged() => Refuse(409, "cart_changed", "Your cart has changed in the meantime. Please look at it again.");

        ProblemHttpResult Refuse(int status, string reason, string detail, params ReadOnlySpan<(string Name, object Value)> extensions)
        {
            Told(reason);
            Dictionary<string, object?> members = [];
            foreach (var (name, value) in extensions)
                members[name] = value;
            return Problems.Refuse(status, reason, detail, members);
        }

        void Told(string reason)
        {
            ShopTelemetry.Tag(reason);
            telemetry.CheckoutAnswered(reason);
            logger.CheckoutRefused(reason);
        }
    }

    private sealed record KnownOrder(Guid Id, long Number, string Digest);

    internal static TimeSpan Slow(Velocity velocity) => velocity.Tier is VelocityTier.Slowed ? velocity.Wait : TimeSpan.Zero;

    /// <summary>All that decides how to go on, in one round trip: the order of this key if there is one, the cart, and what came from here before.</summary>
    private static async Task<(KnownOrder? Order, PricedCart? Cart, IReadOnlyList<SourceCount> Counts, IReadOnlyDictionary<Guid, PaymentProvider> Own)>
        ReadAsync(
            NpgsqlDataSource database, Guid key, byte[] cartHash, IReadOnlyList<(SourceKind Kind, byte[] Hash)> sources, DateTimeOffset since,
            PaymentChoice choice, Guid? userId, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT id, number, checkout_digest FROM shop.orders WHERE checkout_key = $1", key);
        batch.Add(CartReads.Sql, cartHash);
        batch.BatchCommands.Add(ChargeSources.CountOf([.. sources.Select(s => s.Hash)], since));
        if (choice.NeedsMethods && userId is { } user)
            batch.BatchCommands.Add(choice.OwnMethods(user));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var order = await reader.ReadAsync(ct) ? new KnownOrder(reader.GetGuid(0), reader.GetInt64(1), reader.GetString(2)) : null;
        await reader.NextResultAsync(ct);
        var cart = await reader.ReadCartAsync(ct);
        await reader.NextResultAsync(ct);
        var counts = await ChargeSources.ReadAsync(reader, ct);
        await reader.NextResultAsync(ct); // empty unless there was a question
        return (order, cart, counts, await PaymentChoice.ReadOwnAsync(reader, ct));
    }

    private static Order OrderOf(PricedCart cart, Person person, Guid? userId, Guid key, string digest, DateTimeOffset now, TimeSpan deadline,
        PaymentChoice choice, bool isSynthetic)
    {
        var id = Guid.CreateVersion7(now);
        OrderLine[] lines =
        [
            .. cart.Lines.Select((line, i) => new OrderLine
            {
                OrderId = id, Sku = line.Sku, Position = i + 1, ProductSlug = line.ProductSlug, ProductName = line.ProductName,
                VariantName = line.VariantName, PictureId = line.PictureId, Quantity = line.Quantity, UnitPriceMinor = line.UnitPriceMinor,
                TaxRateBp = line.TaxRateBp, TotalMinor = line.TotalMinor, TaxMinor = OrderLine.TaxIn(line.TotalMinor, line.TaxRateBp),
            }),
        ];
        var traceId = Activity.Current?.TraceId ?? ActivityTraceId.CreateRandom(); // without a trace there is still a reference
        return new Order
        {
            Id = id, CheckoutKey = key, CheckoutDigest = digest, CartId = cart.Id, PersonId = person.Id, UserId = userId, Reference = Reference.Of(traceId), TraceId = traceId.ToHexString(), Currency = cart.Currency,
            TotalMinor = lines.Sum(l => l.TotalMinor), TaxMinor = lines.Sum(l => l.TaxMinor), PlacedAt = now, DeadlineAt = now + deadline,
            Lines = [.. lines], Provider = choice.Provider, FallbackMethodId = choice.Fallback, IsSynthetic = isSynthetic,
        };
    }

    // Postgres says on which index it waited: only there it is the same checkout, or the same cart, that somebody else is placing.
    private static bool IsTwin(PostgresException e) =>
        e.Where is { } where
        && (where.Contains("ix_orders_checkout_key", StringComparison.Ordinal) || where.Contains("ix_orders_cart_id", StringComparison.Ordinal));
}
