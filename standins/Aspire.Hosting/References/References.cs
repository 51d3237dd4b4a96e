using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

internal static class References
{
    /// <summary>The resources a value names. What a resource is made of itself is not followed.</summary>
    internal static IEnumerable<IResource> ResourcesIn(object value) => value switch
    {
        IResource resource => [resource],
        IValueWithReferences references => references.References.SelectMany(ResourcesIn).Distinct(),
        _ => [],
    };

    internal static bool IsSecret(object value) => IsSecret(value, []);

    private static bool IsSecret(object value, HashSet<object> seen) => value switch
    {
        ParameterResource parameter => parameter.Secret,
        IValueWithReferences references when seen.Add(value) => references.References.Any(r => IsSecret(r, seen)),
        _ => false,
    };
}
