using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

internal static class LifecycleCommands
{
    internal static void AddTo(IResource resource)
    {
        if (resource is ProjectRebuilderResource)
            return; // it is started by the command of its project alone

        Add(resource, "start", "Start", "Start resource", "Play", IconVariant.Filled, isHighlighted: true, StartState, async (orchestrator, id, ct) =>
        {
            await orchestrator.StartAsync(id, ct);
            return CommandResults.Success($"Successfully started '{NameOf(resource, id)}'.");
        });
        Add(resource, "stop", "Stop", "Stop resource", "Stop", IconVariant.Filled, isHighlighted: true, StopState, async (orchestrator, id, ct) =>
            await orchestrator.StopAsync(id, ct)
                ? CommandResults.Success($"Successfully stopped '{NameOf(resource, id)}'.")
                : CommandResults.Failure($"Failed to stop resource '{NameOf(resource, id)}'."));
        Add(resource, "restart", "Restart", resource is ProjectResource ? "Restart resource. Source code is not recompiled." : "Restart resource",
            "ArrowCounterclockwise", IconVariant.Regular, isHighlighted: false, RestartState, async (orchestrator, id, ct) =>
            await orchestrator.RestartAsync(id, ct)
                ? CommandResults.Success($"Successfully restarted '{NameOf(resource, id)}'.")
                : CommandResults.Failure($"Failed to stop resource '{NameOf(resource, id)}'."));
        if (resource is ProjectResource project && !ExecutableSpecs.Metadata(project).IsFileBasedApp)
            resource.Annotations.Add(new RebuildCommand(project).Annotation);
    }

    private static ResourceCommandState StartState(string? state) => state switch
    {
        "Starting" or "Building" or "RuntimeUnhealthy" or "" or null => ResourceCommandState.Disabled,
        "Waiting" => ResourceCommandState.Enabled,
        _ => IsStopped(state) ? ResourceCommandState.Enabled : ResourceCommandState.Hidden,
    };

    private static ResourceCommandState StopState(string? state) => state switch
    {
        "Stopping" => ResourceCommandState.Disabled,
        "Starting" or "Waiting" or "Building" or "RuntimeUnhealthy" or "" or null => ResourceCommandState.Hidden,
        _ => IsStopped(state) ? ResourceCommandState.Hidden : ResourceCommandState.Enabled,
    };

    private static ResourceCommandState RestartState(string? state) => state switch
    {
        "Starting" or "Stopping" or "Waiting" or "Building" or "RuntimeUnhealthy" or "" or null => ResourceCommandState.Disabled,
        _ => IsStopped(state) ? ResourceCommandState.Disabled : ResourceCommandState.Enabled,
    };

    // "Unknown" is what outlived its stop, and may be started again.
    private static bool IsStopped(string state) => state is "Finished" or "Exited" or "FailedToStart" or "NotStarted" or "Unknown";

    /// <summary>As people call it; the instance only where there are several.</summary>
    private static string NameOf(IResource resource, string id) => resource.GetResolvedResourceNames().Count > 1 ? id : resource.Name;

    private static void Add(
        IResource resource, string name, string displayName, string description, string icon, IconVariant variant, bool isHighlighted,
        Func<string?, ResourceCommandState> state, Func<ApplicationOrchestrator, string, CancellationToken, Task<ExecuteCommandResult>> run) =>
        resource.Annotations.Add(new ResourceCommandAnnotation(
            name, displayName,
            context => state(context.ResourceSnapshot.State?.Text),
            context => run(context.Services.GetRequiredService<ApplicationOrchestrator>(), context.ResourceName, context.CancellationToken),
            description, arguments: null, confirmationMessage: null, icon, variant, isHighlighted));
}
