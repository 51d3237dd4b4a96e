using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Where endpoints come from; asked in the order of registration until one knows the service.</summary>
internal interface IServiceEndpointSource
{
    ServiceEndpoint? Next(Uri uri, ServiceAddress address);
}

/// <summary>
/// <c>Services:{service}:{endpoint}:{index}</c>. Read again when the configuration says that it has changed; several endpoints take turns.
/// </summary>
internal sealed class ConfigurationEndpoints(
    IConfiguration configuration, IOptions<ConfigurationServiceEndpointProviderOptions> options, IOptions<ServiceDiscoveryOptions> discovery)
    : IServiceEndpointSource
{
    // Only services that are configured get an entry, or a client of arbitrary hosts would fill the memory.
    private readonly ConcurrentDictionary<string, Rotation> _services = new(StringComparer.OrdinalIgnoreCase);

    public ServiceEndpoint? Next(Uri uri, ServiceAddress address)
    {
        var key = uri.GetLeftPart(UriPartial.Authority);
        if (_services.TryGetValue(key, out var known) && !known.Changed.HasChanged)
            return known.Next();

        var changed = configuration.GetReloadToken(); // before reading, or a change in between is missed
        if (Read(address) is not [_, ..] endpoints)
        {
            _services.TryRemove(key, out _);
            return null;
        }

        return (_services[key] = new(endpoints, changed)).Next();
    }

    private ServiceEndpoint[] Read(ServiceAddress address)
    {
        var settings = discovery.Value;
        var schemes = settings.ApplyAllowedSchemes(address.Schemes);
        var service = configuration.GetSection(options.Value.SectionName).GetSection(address.Service);
        string[] candidates = address.Endpoint is { } named ? [named] : ["default", .. schemes];
        if (candidates.Select(service.GetSection).FirstOrDefault(section => section.Exists()) is not { } section)
            return [];

        var endpoints = (string.IsNullOrWhiteSpace(section.Value) ? section.GetChildren() : [section])
            .Select(entry => Endpoint(entry, section, address.Service)).ToArray();

        // Of the schemes asked for, only the best that there is: https+http does not mix the two.
        var best = endpoints.Select(Rank).Where(rank => rank >= 0).DefaultIfEmpty(schemes.Count).Min();
        return [.. endpoints.Where(e => e.EndPoint is not UriEndPoint || (Rank(e) is >= 0 and var rank && rank <= best))];

        int Rank(ServiceEndpoint endpoint) =>
            endpoint.EndPoint is UriEndPoint { Uri.Scheme: var scheme } ? schemes.ToList().FindIndex(s => s.Equals(scheme, StringComparison.OrdinalIgnoreCase)) : -1;
    }

    private ServiceEndpoint Endpoint(IConfigurationSection entry, IConfigurationSection parent, string service)
    {
        if (entry != parent && !int.TryParse(entry.Key, out _))
            throw new KeyNotFoundException($"The endpoint configuration section for service '{service}' endpoint '{parent.Key}' has non-numeric keys.");
        if (string.IsNullOrWhiteSpace(entry.Value) || Parse(entry.Value) is not { } address)
            throw new KeyNotFoundException($"The endpoint configuration section for service '{service}' endpoint '{parent.Key}' has an invalid value with key '{entry.Key}'.");

        var endpoint = ServiceEndpoint.Create(address);
        if (options.Value.ShouldApplyHostNameMetadata(endpoint))
            endpoint.Features.Set(new HostName(service));
        return endpoint;
    }

    private static EndPoint? Parse(string value)
    {
        if (value.Contains("://", StringComparison.Ordinal))
            return Uri.TryCreate(value, UriKind.Absolute, out var full) ? new UriEndPoint(full) : null;
        if (!Uri.TryCreate($"tcp://{value}", UriKind.Absolute, out var uri))
            return null;
        var port = Math.Max(uri.Port, 0);
        return IPAddress.TryParse(uri.Host, out var ip) ? new IPEndPoint(ip, port) : new DnsEndPoint(uri.Host, port);
    }

    private sealed class Rotation(ServiceEndpoint[] endpoints, IChangeToken changed)
    {
        private uint _next = uint.MaxValue;

        public IChangeToken Changed { get; } = changed;

        public ServiceEndpoint Next() => endpoints[Interlocked.Increment(ref _next) % endpoints.Length];
    }
}

/// <summary>A name that nobody configured is a host name: DNS, or an address.</summary>
internal sealed class PassThroughEndpoints : IServiceEndpointSource
{
    public ServiceEndpoint? Next(Uri uri, ServiceAddress address)
    {
        var port = Math.Max(uri.Port, 0);
        return ServiceEndpoint.Create(
            IPAddress.TryParse(address.Service, out var ip) ? new IPEndPoint(ip, port) : new DnsEndPoint(address.Service, port));
    }
}

/// <summary>The feature of an endpoint whose Host header shall carry the service's name.</summary>
internal sealed record HostName(string Value);
