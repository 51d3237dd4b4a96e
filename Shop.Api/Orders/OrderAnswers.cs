using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.Gateways;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.ServiceDefaults;

namespace Shop.Api.Orders;

using OrderResult = Results<Ok<OrderView>, Accepted<OrderView>, ProblemHttpResult>;

/// <summary>How a request that has to do with a payment ends: it waits a moment for the outcome and tells how things stand.</summary>
internal sealed class OrderAnswers(
    ShopDbContext db, IOptions<Timeouts> timeouts, IOptions<ShopTime> time, TimeProvider clock, ShopTelemetry telemetry, SignedLinks links,
    IHttpContextAccessor http, GatewayWatch watch, ILogger<OrderAnswers> logger)
{
    private const int MaxReads = 5;
    private static readonly TimeSpan BetweenReads = TimeSpan.FromMilliseconds(200);

    public Task NotifyWorkerAsync(CancellationToken ct) => db.NotifyWorkerAsync(logger, ct);

    public async Task<OrderFacts> OutcomeAsync(OrderWaiters.Waiter waiter, CancellationToken ct)
    {
        using var activity = ShopTelemetry.StartWait(waiter.OrderId);
        var started = clock.GetTimestamp();
        var limit = time.Value.Of(timeouts.Value.Outcome);
        OrderFacts? order = null;
        while (order is not { IsSettled: true } && await waiter.WaitAsync(limit - clock.GetElapsedTime(started), clock, ct))
            order = await ReadAsync();

        if (order is not { IsSettled: true })
            order = await ReadAsync();
        telemetry.Waited(clock.GetElapsedTime(started), order.IsSettled);
        return order;

        // The order is saved by now. That the database has restarted since must not turn it into an error page.
        async Task<OrderFacts> ReadAsync()
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return await db.ReadOrderAsync(o => o.Id == waiter.OrderId, ct)
                        ?? throw new InvalidOperationException($"Order {waiter.OrderId} is waited for but does not exist.");
                }
                catch (Exception e) when (tries < MaxReads && Busy.IsConnectionLost(e))
                {
                    await Task.Delay(time.Value.Of(BetweenReads), clock, ct);
                }
            }
        }
    }

    /// <summary>200 for a settled order, 202 while it is being confirmed.</summary>
    public OrderResult Answer(OrderFacts order, bool withKey)
    {
        var location = $"/orders/{order.Order.Number}";
        ShopTelemetry.Tag(order.Order.Id, order.Order.Number);
        telemetry.CheckoutAnswered(order.Order.Payment.ToString());
        var context = http.HttpContext!;
        var view = order.View(
            watch.Methods, Caller.Of(context.User)?.SignedInUserId, withKey ? links.Make(LinkPurpose.Order, order.Order.Id, clock.GetUtcNow()) : null);
        if (!order.IsSettled)
            return TypedResults.Accepted(location, view);

        context.Response.Headers.Location = location;
        return TypedResults.Ok(view);
    }
}
