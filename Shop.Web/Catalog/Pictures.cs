using System.Net;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;
using Shop.Web.Api;

namespace Shop.Web.Catalog;

/// <summary>Pictures under our own address, so that pages load from one origin. A picture never changes under its id.</summary>
internal sealed class Pictures(IOptions<Timeouts> timeouts) : IDisposable
{
    private const int CacheLimit = 16 * 1024 * 1024;
    private const int CachedPicture = 256 * 1024; // a bigger one is passed on as it comes

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = CacheLimit });

    public async Task SendAsync(string id, CatalogClient catalog, HttpContext context)
    {
        if (_cache.Get<byte[]>(id) is { } known)
        {
            Describe(context.Response, known.Length);
            await context.Response.Body.WriteAsync(known, context.RequestAborted);
            return;
        }

        // The client's own limits end with the headers; this one covers the body.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        limit.CancelAfter(timeouts.Value.Total);
        try
        {
            using var response = await catalog.GetPictureAsync(id, limit.Token);
            if (!response.IsSuccessStatusCode)
                context.Response.StatusCode = response.StatusCode is HttpStatusCode.NotFound ? 404 : 503;
            else if (response.Content.Headers.ContentLength is <= CachedPicture and var length)
            {
                var bytes = await response.Content.ReadAsByteArrayAsync(limit.Token);
                _cache.Set(id, bytes, new MemoryCacheEntryOptions { Size = bytes.Length + id.Length, SlidingExpiration = TimeSpan.FromHours(6) });
                Describe(context.Response, length);
                await context.Response.Body.WriteAsync(bytes, limit.Token);
            }
            else
            {
                Describe(context.Response, response.Content.Headers.ContentLength);
                await response.Content.CopyToAsync(context.Response.Body, limit.Token);
            }
        }
        catch (Exception e) when (ApiHttp.IsUnreachable(e) && !context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && context.Response.HasStarted)
        {
            context.Abort(); // half a picture must not look like a whole one, least of all to a cache that keeps it for a year
        }
    }

    public void Dispose() => _cache.Dispose();

    private static void Describe(HttpResponse response, long? length)
    {
        response.ContentType = "image/svg+xml";
        response.ContentLength = length;
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        // A drawing opened as a page of our origin must not run anything.
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    }
}

internal static class PictureEndpoints
{
    public static void MapPictures(this IEndpointRouteBuilder app) => app.MapGet("/pictures/{id:regex(^[A-Za-z0-9_-]{{1,100}}$)}.svg",
        (string id, Pictures pictures, CatalogClient catalog, HttpContext context) => pictures.SendAsync(id, catalog, context));
}
