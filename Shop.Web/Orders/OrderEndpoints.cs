using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Shop.Web.Checkout;
using Shop.Web.Edge;

namespace Shop.Web.Orders;

internal static class OrderEndpoints
{
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapGet("/orders/{number:long}/status", GetStatus);
        app.MapPost("/orders/{number:long}/payments", PayAgain).DisableAntiforgery().TakesFormsOnly();
        app.MapPost("/orders/{number:long}/events", Report).DisableAntiforgery().TakesFormsOnly();
    }

    /// <summary>The part of an order's page that changes while a payment is on its way.</summary>
    internal static async Task<Results<RazorComponentResult<OrderProgress>, StatusCodeHttpResult>> GetStatus(
        long number, HttpContext context, OrderClient orders, CancellationToken ct)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!OrderKey.MayHelp(context))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);

        var found = await orders.GetAsync(number, OrderKey.Of(context), ct);
        return found.Value is { } order
            ? new RazorComponentResult<OrderProgress>(new Dictionary<string, object?> { [nameof(OrderProgress.Order)] = order })
            : TypedResults.StatusCode(found.IsUnreachable ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status404NotFound);
    }

    /// <summary>A browser's beacon, which waits for no answer and reads none.</summary>
    internal static async Task<Results<NoContent, StatusCodeHttpResult>> Report(
        long number, HttpContext context, OrderClient orders, CancellationToken ct)
    {
        if (!OrderKey.MayHelp(context))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);
        var form = await context.Request.ReadFormAsync(ct);
        var said = await orders.ReportAsync(number, OrderKey.Of(context), form["kind"].ToString(), form["detail"], ct);
        return said.Problem?.Status is StatusCodes.Status404NotFound ? TypedResults.StatusCode(StatusCodes.Status404NotFound) : TypedResults.NoContent();
    }

    /// <summary>Whatever comes of it, the order's page tells it: paid, refused again, or meanwhile paid in another window.</summary>
    internal static async Task<Results<RedirectHttpResult, StatusCodeHttpResult>> PayAgain(
        long number, HttpContext context, CheckoutClient checkout, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        if (!OrderKey.MayHelp(context))
            return TypedResults.StatusCode(StatusCodes.Status404NotFound);
        if (!Guid.TryParse(form["Key"], out var idempotencyKey))
            return TypedResults.StatusCode(StatusCodes.Status400BadRequest);

        var key = OrderKey.Of(context);
        string? notice = null;
        var goesOn = false;
        var way = PaymentWay.Read(form["Way"]) ?? PaymentWay.Card;
        var card = CheckoutForm.ReadCard(form, way);
        if (way.IsCardEntered && card is null)
        {
            notice = "card_missing";
        }
        else
        {
            var paid = await checkout.PayAgainAsync(number, key, way, card, CheckoutForm.ReadSaves(form, way), idempotencyKey, ct);
            if (paid.Problem?.Status is StatusCodes.Status404NotFound)
                return TypedResults.StatusCode(StatusCodes.Status404NotFound);
            if (paid.Value is { } order)
                goesOn = order.IsAtPayPal;
            else
                notice = paid.IsRefused ? paid.Problem?.Reason ?? "refused" : "answer_lost";
        }

        return TypedResults.LocalRedirect(QueryHelpers.AddQueryString($"/orders/{number}", new Dictionary<string, string?>
        {
            ["key"] = key, ["notice"] = notice, ["go"] = goesOn ? "paypal" : null, ["way"] = notice is OrderView.SignInNeeded ? $"{way}" : null,
        }));
    }
}
