using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Publishing;

/// <summary>The ports of an endpoint in the manifest; null is left to the tool that deploys.</summary>
internal sealed record PublishedPorts(EndpointAnnotation Endpoint, int? Port, int? TargetPort);

/// <summary>Gives numbers to endpoints that need one and were given none, 8000 and up, none twice in a manifest.</summary>
internal sealed class PortAllocator
{
    private readonly HashSet<int> taken = [];
    private int next = 8000;

    internal IEnumerable<PublishedPorts> Resolve(IResource resource)
    {
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        taken.UnionWith(endpoints.SelectMany(e => new[] { e.Port, e.TargetPort }).OfType<int>());

        // The first http and the first https endpoint of a project are the image's own; where it listens is the tool's choice.
        var ownSchemes = new HashSet<string>();
        foreach (var endpoint in endpoints)
        {
            var isOwn = resource is ProjectResource && endpoint.UriScheme is "http" or "https" && ownSchemes.Add(endpoint.UriScheme);
            int? target = endpoint switch
            {
                { TargetPort: { } given } => given,
                { Port: { } published } when resource is ContainerResource => published,
                _ when isOwn => null,
                _ => Allocate(),
            };
            yield return new PublishedPorts(endpoint, endpoint.Port == target ? null : endpoint.Port, target);
        }
    }

    private int Allocate()
    {
        while (!taken.Add(next))
            next++;
        return next++;
    }
}
