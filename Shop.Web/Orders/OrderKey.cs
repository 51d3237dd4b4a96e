using Shop.Web.Accounts;
using Shop.Web.Edge;

namespace Shop.Web.Orders;

/// <summary>
/// Opens an order for whoever is not signed in as its owner. It is in the address of the order's page, for bookmarks, and in a cookie, for the addresses that must not hold it:
/// those which a bank or the card form sends the shopper back to.
/// </summary>
internal static class OrderKey
{
    private const string Cookie = "order";

    public static string? Of(HttpContext context) =>
        Tokens.Clean(context.Request.Query["key"]) ?? Tokens.Clean(context.Request.Cookies[Cookie]);

    /// <summary>False: neither a key nor a session, so there is no such order. Numbers can be guessed, and are not asked for.</summary>
    public static bool MayHelp(HttpContext context) => Of(context) is not null || SessionCookie.Read(context.Request) is not null;

    public static HttpRequestMessage WithOrderKey(this HttpRequestMessage request, string? key)
    {
        if (key is not null)
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
