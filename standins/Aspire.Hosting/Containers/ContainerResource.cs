using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting.ApplicationModel;

public class ContainerResource(string name, string? entrypoint = null)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
{
    public string? Entrypoint { get; set; } = entrypoint;

    /// <summary>The arguments are one command line for the entrypoint's <c>-c</c>.</summary>
    [Experimental("ASPIRECONTAINERSHELLEXECUTION001")]
    public bool? ShellExecution { get; set; }
}

public enum ContainerLifetime
{
    Session = 0,
    Persistent = 1,
}

public sealed class ContainerLifetimeAnnotation : IResourceAnnotation
{
    public required ContainerLifetime Lifetime { get; set; }
}
