using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public enum EndpointProperty
{
    Url = 0,
    Host = 1,
    IPV4Host = 2,
    Port = 3,
    Scheme = 4,
    TargetPort = 5,
    HostAndPort = 6,
    TlsEnabled = 7,
}

public class EndpointReferenceExpression(EndpointReference endpointReference, EndpointProperty property)
    : IExpressionValue, IValueWithReferences
{
    public EndpointReference Endpoint { get; } = endpointReference;
    public EndpointProperty Property { get; } = property;

    public string ValueExpression
    {
        get
        {
            var binding = $"{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}";
            return Property switch
            {
                EndpointProperty.Url => $"{{{binding}.url}}",
                EndpointProperty.Host or EndpointProperty.IPV4Host => $"{{{binding}.host}}",
                EndpointProperty.Port => $"{{{binding}.port}}",
                EndpointProperty.Scheme => $"{{{binding}.scheme}}",
                EndpointProperty.TargetPort => $"{{{binding}.targetPort}}",
                EndpointProperty.HostAndPort => $"{{{binding}.host}}:{{{binding}.port}}",
                EndpointProperty.TlsEnabled => $"{{{binding}.tlsEnabled}}",
                _ => throw new InvalidOperationException($"The property '{Property}' is not supported for the endpoint '{Endpoint.EndpointName}'."),
            };
        }
    }

    IEnumerable<object> IValueWithReferences.References => [Endpoint];

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) =>
        GetValueAsync(new ValueProviderContext(), cancellationToken);

    /// <summary>Waits until the endpoint has its port.</summary>
    public async ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken = default)
    {
        var endpoint = Endpoint.EndpointAnnotation;
        switch (Property)
        {
            case EndpointProperty.Scheme:
                return endpoint.UriScheme;
            case EndpointProperty.TlsEnabled:
                return endpoint.TlsEnabled ? bool.TrueString : bool.FalseString;
            case EndpointProperty.TargetPort when endpoint.TargetPort is { } port:
                return Text(port);
        }

        var allocated = await endpoint.WhenAllocated(cancellationToken);
        var (host, publicPort) = Seen(allocated, Endpoint.ContextNetworkID ?? context.Network ?? KnownNetworkIdentifiers.LocalhostNetwork);
        return Property switch
        {
            EndpointProperty.Url => $"{endpoint.UriScheme}://{host}:{publicPort}",
            EndpointProperty.Host => host,
            EndpointProperty.IPV4Host => host is "localhost" ? "127.0.0.1" : host,
            EndpointProperty.Port => Text(publicPort),
            EndpointProperty.HostAndPort => $"{host}:{publicPort}",
            EndpointProperty.TargetPort => allocated.TargetPortExpression ?? Text(allocated.Port),
            _ => throw new InvalidOperationException($"The property '{Property}' is not supported for the endpoint '{Endpoint.EndpointName}'."),
        };
    }

    /// <summary>Containers reach each other by name, on the port inside.</summary>
    private (string Host, int Port) Seen(AllocatedEndpoint allocated, NetworkIdentifier from)
    {
        if (from == KnownNetworkIdentifiers.LocalhostNetwork)
            return (allocated.Address, allocated.Port);
        if (Endpoint.Resource is ContainerResource container)
            return (container.Name, allocated.Endpoint.TargetPort ?? allocated.Port);
        throw new NotSupportedException(
            $"This stand-in has no tunnel by which a container could reach '{Endpoint.Resource.Name}', a process on this machine.");
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
