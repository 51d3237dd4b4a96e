using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Aspire.Hosting.Dcp;

/// <summary>An object of DCP's Kubernetes-like API. Specs are written once and never read; statuses are read and never written.</summary>
internal sealed class DcpObject
{
    internal const string Group = "usvc-dev.developer.microsoft.com/v1";

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string ApiVersion { get; init; } = Group;
    public required string Kind { get; init; }
    public required DcpMetadata Metadata { get; init; }
    public JsonObject? Spec { get; init; }
    public DcpStatus? Status { get; init; }

    [JsonIgnore]
    internal string Name => Metadata.Name;
}

internal sealed class DcpMetadata
{
    public required string Name { get; init; }
    public string? Uid { get; init; }

    /// <summary>Grows with every change of the object.</summary>
    public string? ResourceVersion { get; init; }
    public Dictionary<string, string>? Annotations { get; init; }
    public DateTimeOffset? CreationTimestamp { get; init; }
    public DateTimeOffset? DeletionTimestamp { get; init; }
}

internal sealed class DcpStatus
{
    public string? State { get; init; }

    // Service
    public string? EffectiveAddress { get; init; }
    public int? EffectivePort { get; init; }

    // Executable and Container
    public int? Pid { get; init; }
    public int? ExitCode { get; init; }
    public DateTimeOffset? StartupTimestamp { get; init; }
    public DateTimeOffset? FinishTimestamp { get; init; }
    public string? ContainerId { get; init; }
    public string? Message { get; init; }
    public string[]? EffectiveArgs { get; init; }
    public DcpVariable[]? EffectiveEnv { get; init; }
}

internal sealed record DcpVariable(string Name, string? Value);

internal sealed record DcpChange(string Type, DcpObject Object);

internal sealed record DcpKind(string Name, string Plural)
{
    internal static readonly DcpKind Service = new("Service", "services");
    internal static readonly DcpKind Executable = new("Executable", "executables");
    internal static readonly DcpKind Container = new("Container", "containers");
    internal static readonly DcpKind ContainerNetwork = new("ContainerNetwork", "containernetworks");
    internal static readonly DcpKind ContainerVolume = new("ContainerVolume", "containervolumes");
}
