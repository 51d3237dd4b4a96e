using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Web.Api;
using Shop.Web.Edge;

namespace Shop.Web.Carts;

internal static class CartEndpoints
{
    public static void MapCart(this IEndpointRouteBuilder app)
    {
        // No token in the form: SameOriginGuard stands before every unsafe request.
        app.MapPost("/cart/lines", AddLine).DisableAntiforgery().TakesFormsOnly();
        app.MapPost("/cart/lines/{sku}", ChangeLine).DisableAntiforgery().TakesFormsOnly();
        app.MapPost("/checkout/events", Report).DisableAntiforgery().TakesFormsOnly();
        app.MapGet("/fragments/cart-count", GetCount);
    }

    internal static async Task<Results<RedirectHttpResult, StatusCodeHttpResult>> AddLine(
        HttpContext context, CartClient carts, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        var added = await carts.AddAsync(CartCookie.Read(context.Request), form["Sku"].ToString(), Quantity(form), ct);
        if (added.Value?.Token is { } token)
            CartCookie.Write(context, token);
        return Next(added, done: "/cart");
    }

    internal static async Task<Results<RedirectHttpResult, StatusCodeHttpResult>> ChangeLine(
        string sku, HttpContext context, CartClient carts, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        var quantity = form.ContainsKey("Remove") ? 0 : Quantity(form);
        var version = long.TryParse(form["Version"], CultureInfo.InvariantCulture, out var seen) ? seen : 0;
        return Next(await carts.SetQuantityAsync(CartCookie.Read(context.Request), sku, quantity, version, ct), done: "/cart");
    }

    /// <summary>A browser's beacon, which waits for no answer and reads none.</summary>
    internal static async Task<NoContent> Report(HttpContext context, CartClient carts, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        if (CartCookie.Read(context.Request) is { } token)
            await carts.ReportAsync(token, form["kind"].ToString(), form["detail"], ct);
        return TypedResults.NoContent();
    }

    /// <summary>The personal part of every page's header. Without a cart it costs the Api nothing, and most visitors have none.</summary>
    internal static async Task<ContentHttpResult> GetCount(HttpContext context, CartClient carts, CancellationToken ct)
    {
        context.Response.Headers.CacheControl = "no-store";
        var count = CartCookie.Read(context.Request) is { } token && (await carts.GetAsync(token, ct)).Value is { } cart ? cart.ItemCount : 0;
        return TypedResults.Content(count is 0 ? "" : $"<span class=\"count\">{count}</span>", "text/html");
    }

    private static Results<RedirectHttpResult, StatusCodeHttpResult> Next(Written<CartView> written, string done) => written switch
    {
        { Value: not null } => SeeOther(done),
        { IsRefused: true, Problem.Reason: { } reason } => SeeOther($"/cart?notice={Uri.EscapeDataString(reason)}"),
        _ => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
    };

    private static RedirectHttpResult SeeOther(string address) => TypedResults.LocalRedirect(address);

    // Nonsense becomes a number the Api refuses with words.
    private static int Quantity(IFormCollection form) =>
        int.TryParse(form["Quantity"], NumberStyles.Integer, CultureInfo.InvariantCulture, out var quantity) ? quantity : -1;
}
