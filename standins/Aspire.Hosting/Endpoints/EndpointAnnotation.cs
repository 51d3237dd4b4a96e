using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

public sealed class EndpointAnnotation : IResourceAnnotation
{
    private readonly TaskCompletionSource<AllocatedEndpoint> allocated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool? proxied;

    public EndpointAnnotation(
        ProtocolType protocol, string? uriScheme = null, string? transport = null, string? name = null,
        int? port = null, int? targetPort = null, bool? isExternal = null, bool? isProxied = null)
        : this(protocol, null, uriScheme, transport, name, port, targetPort, isExternal, isProxied)
    {
    }

    public EndpointAnnotation(
        ProtocolType protocol, NetworkIdentifier? networkId, string? uriScheme = null, string? transport = null, string? name = null,
        int? port = null, int? targetPort = null, bool? isExternal = null, bool? isProxied = null)
    {
#pragma warning disable CA1308 // URI schemes are written in lower case.
        var protocolName = protocol.ToString().ToLowerInvariant();
#pragma warning restore CA1308
        Protocol = protocol;
        UriScheme = uriScheme ?? protocolName;
        Name = name ?? UriScheme;
        Transport = transport ?? (UriScheme is "http" or "https" ? "http" : protocolName);
        Port = port;
        TargetPort = targetPort;
        IsExternal = isExternal ?? false;
        proxied = isProxied;
        DefaultNetworkID = networkId ?? KnownNetworkIdentifiers.LocalhostNetwork;
        TlsEnabled = UriScheme == "https";
    }

    public string Name { get; set; }
    public ProtocolType Protocol { get; set; }
    public int? Port { get; set; }
    public int? TargetPort { get; set; }
    public string UriScheme { get; set; }
    public string TargetHost { get; set; } = "localhost";
    public string Transport { get; set; }
    public bool IsExternal { get; set; }
    public bool IsProxied { get => proxied ?? true; set => proxied = value; }
    public bool? IsExplicitlyProxied { get => proxied; set => proxied = value; }
    public bool ExcludeReferenceEndpoint { get; set; }
    public bool TlsEnabled { get; set; }
    public NetworkIdentifier DefaultNetworkID { get; }

    /// <summary>The address clients use; set once, when DCP has given the service its port.</summary>
    public AllocatedEndpoint? AllocatedEndpoint
    {
        get => allocated.Task.IsCompletedSuccessfully ? allocated.Task.Result : null;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            allocated.TrySetResult(value);
        }
    }

    internal bool FromLaunchProfile { get; set; }

    /// <summary>Served by whatever stands before the process in a deployment, not by the process.</summary>
    internal bool EndsInFront { get; init; }

    /// <summary>Whoever asks for the address learns why there is none.</summary>
    internal void FailAllocation(DistributedApplicationException reason)
    {
        AllocationFailure = reason;
        allocated.TrySetException(reason);
        _ = allocated.Task.Exception; // Nobody may ever ask.
    }

    internal DistributedApplicationException? AllocationFailure { get; private set; }

    internal Task<AllocatedEndpoint> WhenAllocated(CancellationToken cancellationToken) => allocated.Task.WaitAsync(cancellationToken);
}
