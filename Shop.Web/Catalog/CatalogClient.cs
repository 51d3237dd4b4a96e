using System.Globalization;
using Shop.Web.Api;

namespace Shop.Web.Catalog;

internal sealed class CatalogClient(HttpClient http)
{
    public Task<Fetched<Home>> GetHomeAsync(CancellationToken ct) => http.FetchAsync<Home>("/catalog/home", ct);

    public Task<Fetched<CategoryView>> GetCategoryAsync(string slug, int page, string sort, CancellationToken ct) =>
        http.FetchAsync<CategoryView>(string.Create(CultureInfo.InvariantCulture,
            $"/catalog/categories/{Uri.EscapeDataString(slug)}?page={page}&sort={Uri.EscapeDataString(sort)}"), ct);

    public Task<Fetched<ProductView>> GetProductAsync(string slug, CancellationToken ct) =>
        http.FetchAsync<ProductView>($"/catalog/products/{Uri.EscapeDataString(slug)}", ct);

    public Task<Fetched<Availability>> GetAvailabilityAsync(string slug, CancellationToken ct) =>
        http.FetchAsync<Availability>($"/catalog/products/{Uri.EscapeDataString(slug)}/availability", ct);

    /// <summary>The caller reads the body as it comes, and disposes.</summary>
    public Task<HttpResponseMessage> GetPictureAsync(string id, CancellationToken ct) =>
        http.GetAsync($"/catalog/pictures/{Uri.EscapeDataString(id)}", HttpCompletionOption.ResponseHeadersRead, ct);
}

public sealed record Home(IReadOnlyList<CategoryCard> Categories, IReadOnlyList<Card> Featured, IReadOnlyList<Card> Newest);

public sealed record CategoryCard(string Slug, string Name, string Description, int ProductCount, string PictureId);

public sealed record Card(
    string Slug, string Name, string Summary, string PictureId, string Currency, long FromPriceMinor, bool HasSeveralPrices, int VariantCount);

public sealed record CategoryView(
    CategoryHead Category, string Sort, int Page, int PageSize, int TotalItems, int TotalPages, IReadOnlyList<Card> Items);

public sealed record CategoryHead(string Slug, string Name, string Description);

public sealed record ProductView(
    string Slug, string Name, string Summary, string Description, string CategorySlug, string CategoryName, string PictureId,
    string Currency, int TaxRateBp, IReadOnlyList<Variant> Variants, IReadOnlyList<Card> Related);

public sealed record Variant(string Sku, string Name, long PriceMinor);

public sealed record Availability(IReadOnlyList<AvailableVariant> Items);

public sealed record AvailableVariant(string Sku, int Available);
