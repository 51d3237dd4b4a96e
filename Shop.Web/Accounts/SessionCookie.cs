using Shop.Web.Edge;

namespace Shop.Web.Accounts;

/// <summary>Holds the token of a session; the Api knows its hash alone, and can end it at any time.</summary>
internal static class SessionCookie
{
    public const string Name = "session";

    public static string? Read(HttpRequest request) => Tokens.Clean(request.Cookies[Name]);

    public static void Write(HttpContext context, string token, DateTimeOffset expiresAt) =>
        context.Response.Cookies.Append(Name, token, With(context, expiresAt));

    public static void Remove(HttpContext context) => context.Response.Cookies.Delete(Name, With(context));

    // Lax and not Strict: a link in a mail to an order is followed by somebody who is signed in.
    private static CookieOptions With(HttpContext context, DateTimeOffset? expiresAt = null) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps, Path = "/", IsEssential = true, Expires = expiresAt,
    };
}
