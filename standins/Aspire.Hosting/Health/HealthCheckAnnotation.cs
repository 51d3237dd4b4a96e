namespace Aspire.Hosting.ApplicationModel;

/// <summary>A resource is healthy when the health check registered under this key says so.</summary>
public class HealthCheckAnnotation(string key) : IResourceAnnotation
{
    public string Key { get; } = key;

    /// <summary>The checks of a resource: its own, and those of what it is a part of.</summary>
    internal static IReadOnlyList<string> KeysOf(IResource resource)
    {
        var keys = new List<string>();
        for (var current = resource; current is not null; current = (current as IResourceWithParent)?.Parent)
            keys.AddRange(current.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key));

        return [.. keys.Distinct(StringComparer.Ordinal)];
    }
}
