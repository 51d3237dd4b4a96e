using System.Net;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>What a request asks for: <c>https+http://_admin.api</c> is service api, endpoint admin, https before http.</summary>
internal sealed record ServiceAddress(string Service, string? Endpoint, string[] Schemes)
{
    public static ServiceAddress Of(Uri uri)
    {
        var dot = uri.Host.IndexOf('.', StringComparison.Ordinal);
        return uri.Host.StartsWith('_') && dot > 1 && !uri.Host.EndsWith('.')
            ? new(uri.Host[(dot + 1)..], uri.Host[1..dot], uri.Scheme.Split('+'))
            : new(uri.Host, null, uri.Scheme.Split('+'));
    }
}

/// <summary>A configured endpoint with a scheme of its own, such as <c>http://localhost:5301</c>.</summary>
internal sealed class UriEndPoint(Uri uri) : EndPoint
{
    public Uri Uri { get; } = uri;

    public override string ToString() => Uri.ToString();
}
