using System.Collections.Immutable;
using System.Diagnostics;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The ids under which a resource runs, <c>web-abcdefgh</c>, one per replica.</summary>
[DebuggerDisplay("Instances = {Instances.Length}")]
internal sealed class DcpInstancesAnnotation(ImmutableArray<DcpInstance> instances) : IResourceAnnotation
{
    internal ImmutableArray<DcpInstance> Instances { get; } = instances;
}

/// <param name="Suffix">Also the service.instance.id of its telemetry.</param>
internal sealed record DcpInstance(string Name, string Suffix, int Index);

internal static class DcpInstances
{
    /// <summary>The ids in notifications and logs: one per replica, or the plain name where DCP is not involved.</summary>
    internal static IReadOnlyList<string> GetResolvedResourceNames(this IResource resource) =>
        resource.TryGetLastAnnotation<DcpInstancesAnnotation>(out var annotation) && !annotation.Instances.IsEmpty
            ? [.. annotation.Instances.Select(i => i.Name)]
            : [resource.Name];
}
