using Shop.Web.Edge;

namespace Shop.Web.Carts;

/// <summary>Holds the token of a guest's cart. It names a cart and nobody.</summary>
internal static class CartCookie
{
    public const string Name = "cart";

    public static string? Read(HttpRequest request) => Tokens.Clean(request.Cookies[Name]);

    public static void Write(HttpContext context, string token) => context.Response.Cookies.Append(Name, token, new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, Path = "/", IsEssential = true,
        MaxAge = TimeSpan.FromDays(30),
    });
}
