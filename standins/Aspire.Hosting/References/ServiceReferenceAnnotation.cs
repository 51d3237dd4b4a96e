using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>Which endpoints of a resource this one is told of; one per (resource, service name), however often it is referenced.</summary>
internal sealed class ServiceReferenceAnnotation(IResourceWithEndpoints source, string serviceName) : IResourceAnnotation
{
    internal IResourceWithEndpoints Source { get; } = source;
    internal string ServiceName { get; } = serviceName;
    internal bool AllEndpoints { get; set; }
    internal HashSet<string> EndpointNames { get; } = new(StringComparer.OrdinalIgnoreCase);

    internal void SetVariables(EnvironmentCallbackContext context)
    {
        var flags = ReferenceEnvironmentInjectionAnnotation.Of(context.Resource);
        foreach (var endpoint in Source.GetEndpoints().Where(Wanted))
        {
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.Endpoints))
                context.EnvironmentVariables[EnvironmentNames.Of($"{ServiceName}_{endpoint.EndpointName}")] = endpoint;
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.ServiceDiscovery))
                context.EnvironmentVariables[FreeKey(context, endpoint)] = endpoint;
        }
    }

    private bool Wanted(EndpointReference endpoint) =>
        (AllEndpoints && !endpoint.ExcludeReferenceEndpoint) || EndpointNames.Contains(endpoint.EndpointName);

    private string FreeKey(EnvironmentCallbackContext context, EndpointReference endpoint)
    {
        var part = endpoint.IsHttpSchemeNamedEndpoint ? endpoint.Scheme : endpoint.EndpointName;
        for (var index = 0; ; index++)
        {
            var key = $"services__{ServiceName}__{part}__{index}";
            if (!context.EnvironmentVariables.ContainsKey(key))
                return key;
        }
    }
}

internal static class EnvironmentNames
{
    internal static string Of(string name)
    {
        var text = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToUpperInvariant(c) : '_'));
        return char.IsAsciiDigit(text[0]) ? "_" + text : text;
    }
}
