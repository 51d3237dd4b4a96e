using Microsoft.AspNetCore.Http.HttpResults;

namespace Shop.Web.Accounts;

/// <summary>Where to go after a sign-in. It comes from the address, so only a place of our own is believed.</summary>
internal static class ReturnUrl
{
    private const string Parameter = "returnUrl";

    public static string? Local(string? url) => url is { Length: > 0 and <= 2000 } && RedirectHttpResult.IsLocalUrl(url) && url[0] is '/' ? url : null;

    /// <summary>For a link or redirect to a page that goes there later; empty when there is nowhere to go.</summary>
    public static string Query(string? url) => Local(url) is { } local ? $"?{Parameter}={Uri.EscapeDataString(local)}" : "";

    /// <summary>What somebody wanted to see who has to sign in first.</summary>
    public static string? Of(HttpRequest request)
    {
        if (Local(request.Query[Parameter]) is { } further)
            return further; // the pages of signing in itself
        if (HttpMethods.IsGet(request.Method))
            return Local($"{request.PathBase}{request.Path}{request.QueryString}");

        // A button cannot be pressed again by a redirect: back to the page that holds it.
        return Uri.TryCreate(request.Headers.Referer, UriKind.Absolute, out var page)
            && string.Equals(page.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase) ? Local(page.PathAndQuery) : null;
    }
}
