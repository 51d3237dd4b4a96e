using Shop.Web.Api;

namespace Shop.Web.Carts;

internal sealed class CartClient(HttpClient http)
{
    public Task<Fetched<CartView>> GetAsync(string? token, CancellationToken ct) =>
        http.FetchAsync<CartView>(With(token, new(HttpMethod.Get, "/cart")), ct);

    // The key is made here and not in the form: pages with this form are cached and shared by all visitors.
    public Task<Written<CartView>> AddAsync(string? token, string sku, int quantity, CancellationToken ct) =>
        http.WriteAsync<CartView>(With(token, ApiHttp.Post("/cart/lines", new { sku, quantity }, Guid.CreateVersion7())), ct);

    public Task<Written<CartView>> SetQuantityAsync(string? token, string sku, int quantity, long version, CancellationToken ct) =>
        http.WriteAsync<CartView>(With(token, new(HttpMethod.Put, $"/cart/lines/{Uri.EscapeDataString(sku)}")
        {
            Content = JsonContent.Create(new { quantity, version }, options: ApiHttp.Json),
        }), ct);

    /// <summary>What the shopper's browser saw on the way to an order. Nothing depends on it.</summary>
    public Task<Written<Done>> ReportAsync(string token, string kind, string? detail, CancellationToken ct) =>
        http.WriteAsync(With(token, ApiHttp.Post("/cart/events", new { kind, detail }, Guid.CreateVersion7())), ct, whenEmpty: new Done());

    private static HttpRequestMessage With(string? token, HttpRequestMessage request)
    {
        if (token is not null)
            request.Headers.Add("X-Cart", token);
        return request;
    }
}

/// <summary><see cref="Token"/> is there only in the answer that made the cart.</summary>
public sealed record CartView(
    long Version, int ItemCount, string Currency, long TotalMinor, IReadOnlyList<CartLine> Lines, string? Token = null);

public sealed record CartLine(
    string Sku, string ProductSlug, string ProductName, string VariantName, string PictureId,
    int Quantity, long UnitPriceMinor, long TotalMinor, int Available);
