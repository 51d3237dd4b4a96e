using Microsoft.AspNetCore.Diagnostics;

namespace Shop.Web.Edge;

/// <summary>
/// Stands in for antiforgery tokens, which would make every page with a form personal. Browsers say where an unsafe request comes from and
/// pages cannot forge it; a client which says nothing is no browser and carries nobody's cookies.
/// </summary>
internal static class SameOriginGuard
{
    public static void UseSameOriginGuard(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        // The page that tells of a refusal comes through here again, as the same POST.
        if (IsAllowed(context.Request) || context.Features.Get<IStatusCodeReExecuteFeature>() is not null)
            await next(context);
        else
        {
            context.RequestServices.GetRequiredService<ILogger<ShopWeb>>().CrossSiteRefused(context.Request.Method, context.Request.Path);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
        }
    });

    internal static bool IsAllowed(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return true;
        if (request.Headers["Sec-Fetch-Site"] is [{ Length: > 0 } site])
            return site is "same-origin" or "none"; // "same-site" is a neighbour's subdomain: SameSite=Lax lets that one through
        // Plain http to anything but localhost has no Sec-Fetch-*. "null" (sandboxed, or a hidden origin) equals no host.
        return request.Headers.Origin is not [{ Length: > 0 } origin]
            || (Uri.TryCreate(origin, UriKind.Absolute, out var from)
                && string.Equals(from.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}
