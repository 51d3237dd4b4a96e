using System.Net.Http.Headers;

namespace Shop.Web.Accounts;

/// <summary>
/// Tells the Api for whom a page is made: the session, and the browser and address that sign-ins are listed and limited by. Only clients of
/// personal pages have it; what is fetched for a page that everybody shares is fetched for nobody.
/// </summary>
internal sealed class VisitorHandler(IHttpContextAccessor current) : DelegatingHandler
{
    private const int LongestName = 256;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Null when a call goes on after its page; a first try has said it all by then.
        if (current.HttpContext is { } context)
        {
            if (SessionCookie.Read(context.Request) is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            Say(request, "X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
            var browser = context.Request.Headers.UserAgent.ToString();
            Say(request, "User-Agent", browser[..Math.Min(browser.Length, LongestName)]);
        }

        return base.SendAsync(request, cancellationToken);
    }

    // A second try comes with the first one's headers.
    private static void Say(HttpRequestMessage request, string header, string? value)
    {
        request.Headers.Remove(header);
        if (!string.IsNullOrEmpty(value))
            request.Headers.TryAddWithoutValidation(header, value);
    }
}
