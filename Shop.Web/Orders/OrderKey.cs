using Shop.Web.Edge;

namespace Shop.Web.Orders;

/// <summary>
/// Opens a guest's order. It is in the address of the order's page, for bookmarks, and in a cookie, for the addresses that must not hold it:
/// those which a bank or the card form sends the shopper back to.
/// </summary>
internal static class OrderKey
{
    private const string Cookie = "order";

    public static string? Of(HttpContext context) =>
        Tokens.Clean(context.Request.Query["key"]) ?? Tokens.Clean(context.Request.Cookies[Cookie]);

    public static HttpRequestMessage WithOrderKey(this HttpRequestMessage request, string key)
    {
        request.Headers.Add("X-Order-Key", key);
        return request;
    }

    public static void Remember(HttpContext context, long number, string key)
    {
        if (context.Request.Cookies[Cookie] != key)
        {
            context.Response.Cookies.Append(Cookie, key, new()
            {
                HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, IsEssential = true,
                Path = $"/orders/{number}", MaxAge = TimeSpan.FromDays(30),
            });
        }
    }
}
