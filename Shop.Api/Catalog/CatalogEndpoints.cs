using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Shop.ServiceDefaults;

namespace Shop.Api.Catalog;

using PageResult = Results<FileContentHttpResult, ProblemHttpResult>;

internal static class CatalogEndpoints
{
    public static void AddCatalog(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<CatalogOptions>().BindConfiguration(CatalogOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<CatalogReads>().AddSingleton<CatalogCache>().AddSingleton<RedisPages>();
        builder.AddQuickRedis();
    }

    public static void MapCatalog(this IEndpointRouteBuilder app)
    {
        var catalog = app.MapGroup("/catalog").WithTags("Catalogue").ProducesProblem(404).AllowAnonymous();
        catalog.MapGet("/home", GetHome).WithName(nameof(GetHome)).WithSummary("What the shop window shows.").Produces<HomeView>();
        catalog.MapGet("/categories/{slug}", GetCategory).WithName(nameof(GetCategory)).WithSummary("A page of a category.")
            .Produces<CategoryView>().ProducesProblem(400);
        catalog.MapGet("/products/{slug}", GetProduct).WithName(nameof(GetProduct)).WithSummary("A product with its variants.").Produces<ProductView>();
        catalog.MapGet("/products/{slug}/availability", GetAvailability).WithName(nameof(GetAvailability))
            .WithSummary("How many there are now: a hint, never cached.");
        catalog.MapGet("/pictures/{id}", GetPicture).WithName(nameof(GetPicture))
            .WithSummary("A picture; its id is of its content, so it never changes.").Produces<byte[]>(contentType: "image/svg+xml");
    }

    internal static async Task<PageResult> GetHome(
        CatalogCache cache, CatalogReads reads, IOptions<CatalogOptions> options, HttpContext http, CancellationToken ct) =>
        Answer(http, options.Value, (await cache.GetJsonAsync("home", reads.HomeAsync, ct))!);

    internal static async Task<PageResult> GetCategory(
        string slug, CatalogCache cache, CatalogReads reads, IOptions<CatalogOptions> options, HttpContext http, CancellationToken ct,
        string? page = null, string sort = CatalogReads.DefaultSort)
    {
        if (!CatalogReads.Sorts.Contains(sort))
            return Problems.Refuse(400, "invalid_sort", $"Sort by one of {string.Join(", ", CatalogReads.Sorts)}.");
        if (!int.TryParse(page ?? "1", out var number) || number is < 1 or > CatalogReads.MaxPage)
            return PageNotFound();

        // A category without that page is not worth remembering: there is no end of such pages.
        var found = true;
        var json = await cache.GetJsonAsync<CategoryView>($"category:{slug}:{sort}:{number}", async stop =>
        {
            var view = await reads.CategoryAsync(slug, sort, number, stop);
            return view is { Items: [] } && number > 1 ? null : view;
        }, ct);
        if (json is null && number > 1)
            found = await cache.GetJsonAsync($"category:{slug}:{sort}:1", stop => reads.CategoryAsync(slug, sort, 1, stop), ct) is not null;

        return json is not null ? Answer(http, options.Value, json)
            : found && number > 1 ? PageNotFound()
            : Problems.Refuse(404, "category_not_found", "There is no such category.");

        static ProblemHttpResult PageNotFound() => Problems.Refuse(404, "page_not_found", "This category has no such page.");
    }

    internal static async Task<PageResult> GetProduct(
        string slug, CatalogCache cache, CatalogReads reads, IOptions<CatalogOptions> options, HttpContext http, CancellationToken ct) =>
        await cache.GetJsonAsync($"product:{slug}", stop => reads.ProductAsync(slug, stop), ct) is { } page
            ? Answer(http, options.Value, page)
            : ProductNotFound();

    internal static async Task<Results<Ok<AvailabilityView>, ProblemHttpResult>> GetAvailability(
        string slug, CatalogReads reads, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        return await reads.AvailabilityAsync(slug, ct) is { } view ? TypedResults.Ok(view) : ProductNotFound();
    }

    internal static async Task<PageResult> GetPicture(string id, CatalogCache cache, CatalogReads reads, HttpContext http, CancellationToken ct)
    {
        var picture = await cache.GetAsync($"picture:{id}", shared: false, async (readAt, stop) =>
            await reads.PictureAsync(id, stop) is var (mediaType, content) ? CachedPage.Of(content, mediaType, readAt) : null, ct);
        if (picture is null)
            return Problems.Refuse(404, "picture_not_found", "There is no such picture.");

        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'"; // an SVG opened by itself is a document
        return TypedResults.Bytes(picture.Content, picture.ContentType, entityTag: EntityTagHeaderValue.Parse(picture.ETag));
    }

    private static ProblemHttpResult ProductNotFound() => Problems.Refuse(404, "product_not_found", "There is no such product.");

    // Answers 304 by itself when the client's If-None-Match names this tag.
    private static FileContentHttpResult Answer(HttpContext http, CatalogOptions options, CachedPage page)
    {
        http.Response.Headers.CacheControl = $"public, max-age={options.Lifetime.TotalSeconds:0}";
        return TypedResults.Bytes(page.Content, page.ContentType, entityTag: EntityTagHeaderValue.Parse(page.ETag));
    }
}
