using System.Net.Sockets;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dcp;

internal static class ContainerSpecs
{
    internal const string Network = "aspire-container-network";

    internal static JsonObject Create(ContainerResource container, string instance, ResourceConfiguration configuration, bool randomizePorts)
    {
        var args = configuration.Arguments.Select(a => a.Value);
#pragma warning disable ASPIRECONTAINERSHELLEXECUTION001 // Experimental for those who set it.
        string[] shown = container.ShellExecution is true ? ["-c", string.Join(' ', args)] : [.. args];
#pragma warning restore ASPIRECONTAINERSHELLEXECUTION001
        var spec = new JsonObject
        {
            ["image"] = Image(container),
            ["containerName"] = container.TryGetLastAnnotation<ContainerNameAnnotation>(out var name) ? name.Name : instance,
            ["args"] = new JsonArray([.. shown.Select(a => JsonValue.Create(a))]),
            ["env"] = ExecutableSpecs.Environment(configuration),
            ["ports"] = new JsonArray([.. container.Annotations.OfType<EndpointAnnotation>().Select(e => Port(e, randomizePorts))]),
            ["volumeMounts"] = new JsonArray([.. container.Annotations.OfType<ContainerMountAnnotation>().Select(Mount)]),
            ["networks"] = new JsonArray(new JsonObject { ["name"] = Network, ["aliases"] = new JsonArray(container.Name) }),
        };
        if (container.Entrypoint is { } entrypoint)
            spec["command"] = entrypoint;
        if (IsPersistent(container))
            spec["persistent"] = true;
        return spec;
    }

    internal static IEnumerable<VolumeSnapshot> Volumes(ContainerResource container) => container.Annotations.OfType<ContainerMountAnnotation>()
        .Select(m => new VolumeSnapshot(m.Source, m.Target, TypeOf(m), m.IsReadOnly));

    internal static JsonObject CreateNetwork(string name, bool persistent) => new() { ["networkName"] = name, ["persistent"] = persistent };

    internal static bool IsPersistent(IResource resource) =>
        resource.TryGetLastAnnotation<ContainerLifetimeAnnotation>(out var annotation) && annotation.Lifetime == ContainerLifetime.Persistent;

    internal static string Image(ContainerResource container)
    {
        var image = container.Annotations.OfType<ContainerImageAnnotation>().LastOrDefault()
            ?? throw new DistributedApplicationException($"The container '{container.Name}' has no image.");
        return (image.Registry is { Length: > 0 } registry ? registry + "/" : "") + image.Image + (image.Tag is { Length: > 0 } tag ? ":" + tag : "");
    }

    private static JsonObject Port(EndpointAnnotation endpoint, bool randomizePorts)
    {
        var port = new JsonObject
        {
            ["containerPort"] = endpoint.TargetPort,
            ["hostIP"] = "127.0.0.1",
            ["protocol"] = endpoint.Protocol == ProtocolType.Udp ? "UDP" : "TCP",
        };
        if (!endpoint.IsProxied && endpoint.Port is { } hostPort && !randomizePorts)
            port["hostPort"] = hostPort;
        return port;
    }

    private static string TypeOf(ContainerMountAnnotation mount) => mount.Type == ContainerMountType.BindMount ? "bind" : "volume";

    private static JsonObject Mount(ContainerMountAnnotation mount) => new()
    {
        ["type"] = TypeOf(mount),
        ["source"] = mount.Source,
        ["target"] = mount.Target,
        ["readOnly"] = mount.IsReadOnly,
    };
}
