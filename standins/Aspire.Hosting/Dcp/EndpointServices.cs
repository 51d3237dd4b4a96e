using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

/// <summary>One DCP Service per endpoint: the public port, which stays while the processes behind it come and go.</summary>
internal sealed class EndpointServices(bool randomizePorts, ILogger logger)
{
    private static readonly TimeSpan AllocationLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PortPatience = TimeSpan.FromSeconds(10);
    private readonly Dictionary<EndpointAnnotation, string> names = [];

    /// <summary>Refuses what DCP could not serve, before anything is started.</summary>
    internal void Name(IResource resource)
    {
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        foreach (var endpoint in endpoints)
        {
            Check(resource, endpoint);
            var name = endpoints.Length == 1 ? resource.Name : $"{resource.Name}-{endpoint.Name}";
            for (var taken = 2; names.ContainsValue(name); taken++)
                name = $"{resource.Name}-{endpoint.Name}-{taken}";
            names[endpoint] = name;
        }
    }

    /// <summary>Endpoints get their public port, or the reason why they cannot have it.</summary>
    internal async Task AllocateAsync(DcpClient dcp, IResource resource, CancellationToken ct)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            try
            {
                await CreateAsync(dcp, resource, endpoint, ct);
            }
            catch (DistributedApplicationException e)
            {
                endpoint.FailAllocation(e);
            }
        }
    }

    /// <summary>The annotation by which an executable or container says which services it serves.</summary>
    internal string? ProducerAnnotation(IResource resource)
    {
        var producers = new JsonArray();
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>().Where(names.ContainsKey))
        {
            var producer = new JsonObject { ["serviceName"] = names[endpoint] };
            if (resource is not ContainerResource)
                producer["address"] = AddressOf(endpoint.TargetHost);
            if ((endpoint.TargetPort ?? (endpoint.IsProxied ? null : endpoint.Port)) is { } port)
                producer["port"] = port;
            producers.Add(producer);
        }
        return producers.Count > 0 ? producers.ToJsonString() : null;
    }

    /// <summary>A process that listens on all addresses is reached on this machine's own.</summary>
    private static string AddressOf(string host) =>
        host is "*" or "+" || (IPAddress.TryParse(host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any))) ? "localhost" : host;

    private static void Check(IResource resource, EndpointAnnotation endpoint)
    {
        if (resource is ContainerResource)
        {
            if (endpoint.TargetPort is null)
                throw new InvalidOperationException($"The endpoint '{endpoint.Name}' for container resource '{resource.Name}' must specify the TargetPort value");
            return;
        }

        var several = resource.GetReplicaCount() > 1;
        if (several && !endpoint.IsProxied)
        {
            throw new InvalidOperationException(
                $"Resource '{resource.Name}' uses multiple replicas and a proxy-less endpoint '{endpoint.Name}'. These features do not work together.");
        }
        if (several && endpoint.TargetPort is not null)
        {
            throw new InvalidOperationException(
                $"Resource '{resource.Name}' can have multiple replicas, and it uses endpoint '{endpoint.Name}' that has TargetPort property set. Each replica must have a unique port; setting TargetPort is not allowed.");
        }
        if (endpoint.IsProxied && endpoint.Port is { } port && port == endpoint.TargetPort)
        {
            throw new InvalidOperationException(
                $"The endpoint '{endpoint.Name}' for resource '{resource.Name}' requested a proxy (IsProxied is true). Non-container resources cannot be proxied when both TargetPort and Port are specified with the same value.");
        }
        if (!endpoint.IsProxied && (endpoint.Port ?? endpoint.TargetPort) is null)
        {
            throw new InvalidOperationException(
                $"Service '{resource.Name}' needs to specify a port for endpoint '{endpoint.Name}' since it isn't using a proxy.");
        }
    }

    private async Task CreateAsync(DcpClient dcp, IResource resource, EndpointAnnotation endpoint, CancellationToken ct)
    {
        var name = names[endpoint];
        var fixedPort = endpoint.IsProxied && !randomizePorts ? endpoint.Port : null;
        if (fixedPort is { } wanted && endpoint.Protocol == ProtocolType.Tcp)
            await WaitUntilFreeAsync(resource, endpoint, wanted, ct);

        var spec = new JsonObject
        {
            ["protocol"] = endpoint.Protocol == ProtocolType.Udp ? "UDP" : "TCP",
            ["addressAllocationMode"] = endpoint.IsProxied ? "Localhost" : "Proxyless",
        };
        if (fixedPort is not null)
            spec["port"] = fixedPort;
        var annotations = new Dictionary<string, string>
        {
            [DcpAnnotations.ResourceName] = resource.Name,
            [DcpAnnotations.EndpointName] = endpoint.Name,
        };
        await dcp.CreateAsync(DcpKind.Service, name, annotations, spec, ct);

        var port = endpoint.IsProxied
            ? await EffectivePortAsync(dcp, resource, endpoint, ct)
            : endpoint.Port ?? endpoint.TargetPort ?? throw NoPort(resource, endpoint);
        var targetPort = endpoint.IsProxied ? DcpTemplates.PortForServing(name) : null;
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", port, targetPort);
    }

    private async Task<int> EffectivePortAsync(DcpClient dcp, IResource resource, EndpointAnnotation endpoint, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AllocationLimit);
        try
        {
            while (true)
            {
                var service = await dcp.FindAsync(DcpKind.Service, names[endpoint], limit.Token);
                if (service?.Status?.EffectivePort is { } port and > 0)
                    return port;
                await Task.Delay(15, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw NoPort(resource, endpoint);
        }
    }

    /// <summary>DCP would try for ever in silence. What is left of a killed AppHost holds its ports for some seconds, so it is given time.</summary>
    private async Task WaitUntilFreeAsync(IResource resource, EndpointAnnotation endpoint, int port, CancellationToken ct)
    {
        var until = TimeProvider.System.GetTimestamp();
        for (var first = true; !IsFree(port); first = false)
        {
            if (TimeProvider.System.GetElapsedTime(until) > PortPatience)
                throw NoPort(resource, endpoint);
            if (first)
                logger.LogWarning("Port {Port} of {Resource} is in use, perhaps by an earlier run that is still ending. Waiting for it.", port, resource.Name);
            await Task.Delay(200, ct);
        }
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private DistributedApplicationException NoPort(IResource resource, EndpointAnnotation endpoint) =>
        new(endpoint.Port is { } port && !randomizePorts
            ? $"Port {port} for endpoint '{endpoint.Name}' of resource '{resource.Name}' is in use by another process. Is the application running already?"
            : $"No port could be allocated for endpoint '{endpoint.Name}' of resource '{resource.Name}'.");
}
