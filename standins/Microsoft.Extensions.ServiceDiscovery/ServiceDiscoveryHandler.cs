using System.Net;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Sends each request to the next endpoint of the service that its address names. Inside a retry, every attempt gets its own.</summary>
internal sealed class ServiceDiscoveryHandler(IEnumerable<IServiceEndpointSource> sources, IOptions<ServiceDiscoveryOptions> options) : DelegatingHandler
{
    private readonly IServiceEndpointSource[] _sources = [.. sources];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var asked = request.RequestUri ?? throw new InvalidOperationException("Cannot resolve an endpoint for a request which has no RequestUri");
        if (_sources is [])
            throw new InvalidOperationException("No service endpoint providers are configured.");

        var address = ServiceAddress.Of(asked);
        var endpoint = _sources.Select(source => source.Next(asked, address)).FirstOrDefault(found => found is not null)
            ?? throw new InvalidOperationException($"Unable to resolve endpoint for service {asked.GetLeftPart(UriPartial.Authority)}");

        request.RequestUri = At(asked, endpoint.EndPoint);
        request.Headers.Host ??= endpoint.Features.Get<HostName>()?.Value;
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.RequestUri = asked;
        }
    }

    private Uri At(Uri asked, EndPoint endpoint)
    {
        var result = new UriBuilder(asked);
        if (endpoint is UriEndPoint { Uri: var own })
        {
            (result.Scheme, result.Host) = (own.Scheme, own.Host);
            if (own.Port > 0)
                result.Port = own.Port;
            if (own.AbsolutePath.Length > 1)
                result.Path = $"{own.AbsolutePath.TrimEnd('/')}/{asked.AbsolutePath.TrimStart('/')}";
            return result.Uri;
        }

        (result.Host, var port) = endpoint switch
        {
            IPEndPoint ip => (ip.Address.ToString(), ip.Port),
            DnsEndPoint dns => (dns.Host, dns.Port),
            _ => throw new InvalidOperationException($"Endpoints of type {endpoint.GetType()} are not supported"),
        };
        if (port > 0)
            result.Port = port;
        if (asked.Scheme.Split('+') is [var scheme, _, ..])
        {
            if (!options.Value.AllowAllSchemes && !options.Value.AllowedSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))
                throw new InvalidOperationException($"The scheme '{scheme}' is not allowed.");
            result.Scheme = scheme;
        }

        return result.Uri;
    }
}
