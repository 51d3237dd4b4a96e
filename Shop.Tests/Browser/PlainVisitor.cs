using System.Net;
using Microsoft.AspNetCore.Mvc.Testing;
using Shop.Web;

namespace Shop.Tests.Browser;

/// <summary>A visitor with neither scripts nor a cookie jar: each request says all that it sends.</summary>
internal sealed class PlainVisitor(WebApplicationFactory<ShopWeb> shop) : IDisposable
{
    private readonly HttpClient _browser = shop.CreateClient(new() { AllowAutoRedirect = false, HandleCookies = false });

    public Task<Page> GetAsync(string address, string? cookie = null, (string, string)? header = null) =>
        SendAsync(new(HttpMethod.Get, address), cookie, header);

    public Task<Page> PostAsync(string address, (string, string)[] form, string? cookie = null, (string, string)? header = null) =>
        SendAsync(new(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form.ToDictionary(f => f.Item1, f => f.Item2)) }, cookie, header);

    public Task<Page> PostAsync(string address, HttpContent? content, string? cookie = null) =>
        SendAsync(new(HttpMethod.Post, address) { Content = content }, cookie, null);

    private async Task<Page> SendAsync(HttpRequestMessage request, string? cookie, (string Name, string Value)? header)
    {
        using (request)
        {
            if (cookie is not null)
                request.Headers.Add("Cookie", cookie);
            if (header is { } extra)
                request.Headers.Add(extra.Name, extra.Value);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var response = await _browser.SendAsync(request, limit.Token);
            var headers = response.Headers.Concat(response.Content.Headers)
                .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
            return new(response.StatusCode, headers, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(limit.Token)));
        }
    }

    public void Dispose() => _browser.Dispose();
}

internal sealed record Page(HttpStatusCode Status, Dictionary<string, string> Headers, string Html)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
