using System.Globalization;

namespace Shop.Web.Orders;

/// <summary>
/// Which order this browser has just placed. Whoever goes back from PayPal comes to a checkout with an empty cart, and is shown the way. It opens
/// nothing: <see cref="OrderKey"/> does.
/// </summary>
internal static class PlacedOrder
{
    private const string Cookie = "placed";

    public static long? Of(HttpContext context) =>
        long.TryParse(context.Request.Cookies[Cookie], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    public static void Remember(HttpContext context, long number) =>
        context.Response.Cookies.Append(Cookie, number.ToString(CultureInfo.InvariantCulture), new()
        {
            HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, IsEssential = true, Path = "/checkout",
            MaxAge = TimeSpan.FromHours(1),
        });
}
