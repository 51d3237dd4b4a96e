using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

internal static class ResourceUrls
{
    /// <summary>One per endpoint, then what WithUrl… calls make of them.</summary>
    internal static async Task<ImmutableArray<UrlSnapshot>> OfAsync(
        IResource resource, DistributedApplicationExecutionContext execution, ILogger logger, CancellationToken ct)
    {
        var urls = new List<ResourceUrlAnnotation>();
        if (resource is IResourceWithEndpoints owner)
        {
            urls.AddRange(owner.GetEndpoints().Where(e => e.IsAllocated && e.EndpointAnnotation.Protocol == System.Net.Sockets.ProtocolType.Tcp)
                .Select(e => new ResourceUrlAnnotation { Url = e.Url, Endpoint = e }));
        }
        urls.AddRange(resource.Annotations.OfType<ResourceUrlAnnotation>());

        var context = new ResourceUrlsCallbackContext(execution, resource, urls, ct) { Logger = logger };
        foreach (var annotation in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>().ToArray())
            await annotation.Callback(context);

        return [.. context.Urls.Select(Snapshot).OfType<UrlSnapshot>()];
    }

    private static UrlSnapshot? Snapshot(ResourceUrlAnnotation url)
    {
        var text = url.Url.StartsWith('/') && url.Endpoint is { IsAllocated: true } endpoint ? endpoint.Url + url.Url : url.Url;
        return Uri.TryCreate(text, UriKind.Absolute, out _)
            ? new UrlSnapshot(url.Endpoint?.EndpointName, text, IsInternal: url.DisplayLocation == UrlDisplayLocation.DetailsOnly)
            {
                IsInactive = true,
                DisplayProperties = new UrlDisplayPropertiesSnapshot(url.DisplayText ?? "", url.DisplayOrder ?? 0),
            }
            : null;
    }
}
