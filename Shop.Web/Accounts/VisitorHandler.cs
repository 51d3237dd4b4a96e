using System.Net.Http.Headers;

namespace Shop.Web.Accounts;

/// <summary>
/// Tells the Api for whom a page is made: the session, and the browser by which its owner will know it again. Only clients of personal pages
/// have this; what is fetched for a page that everybody shares is fetched for nobody.
/// </summary>
internal sealed class VisitorHandler(IHttpContextAccessor current) : DelegatingHandler
{
    private const int LongestName = 256;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Null when a call goes on after its page; its first attempt has said all this.
        if (current.HttpContext?.Request is { } visit)
        {
            if (SessionCookie.Read(visit) is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var browser = visit.Headers.UserAgent.ToString();
            request.Headers.Remove("User-Agent"); // a second attempt has the first one's
            request.Headers.TryAddWithoutValidation("User-Agent", browser[..Math.Min(browser.Length, LongestName)]);
        }

        return base.SendAsync(request, cancellationToken);
    }
}
