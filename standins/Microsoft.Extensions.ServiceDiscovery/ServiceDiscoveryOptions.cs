namespace Microsoft.Extensions.ServiceDiscovery;

public sealed class ServiceDiscoveryOptions
{
    public bool AllowAllSchemes { get; set; } = true;

    /// <summary>For providers that must be polled. The two there are here tell of their changes.</summary>
    public TimeSpan RefreshPeriod { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Matters only while <see cref="AllowAllSchemes"/> is off.</summary>
    public IList<string> AllowedSchemes { get; set; } = [];

    public IReadOnlyList<string> ApplyAllowedSchemes(IReadOnlyList<string> requestedSchemes)
    {
        ArgumentNullException.ThrowIfNull(requestedSchemes);
        if (requestedSchemes.Count == 0)
            return AllowedSchemes.AsReadOnly();

        return AllowAllSchemes ? requestedSchemes : [.. requestedSchemes.Where(s => AllowedSchemes.Contains(s, StringComparer.OrdinalIgnoreCase))];
    }
}
