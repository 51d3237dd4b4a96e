using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Web.Api;

namespace Shop.Web.Catalog;

internal static class CatalogEndpoints
{
    public static void MapCatalog(this IEndpointRouteBuilder app)
    {
        app.MapGet("/fragments/products/{slug}/availability", GetAvailability);
        app.MapPictures();
    }

    /// <summary>The late part of a product page. The names come with the product, which the Api has just been asked for.</summary>
    internal static async Task<Results<RazorComponentResult<StockBadges>, NotFound>> GetAvailability(
        string slug, CatalogClient catalog, CancellationToken ct)
    {
        var stock = catalog.GetAvailabilityAsync(slug, ct);
        var product = await catalog.GetProductAsync(slug, ct);
        return product.IsMissing
            ? TypedResults.NotFound()
            : new RazorComponentResult<StockBadges>(new Dictionary<string, object?>
            {
                [nameof(StockBadges.Variants)] = product.Value?.Variants ?? [],
                [nameof(StockBadges.Found)] = product.Value is null ? null : (await stock).Value,
            });
    }
}
