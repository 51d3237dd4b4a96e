using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

internal static class LifecycleCommands
{
    internal static void AddTo(IResource resource)
    {
        Add(resource, "start", "Start", "Start resource", "Play", IconVariant.Filled, StartState, async (orchestrator, id, ct) =>
        {
            await orchestrator.StartAsync(id, ct);
            return CommandResults.Success($"Successfully started '{id}'.");
        });
        Add(resource, "stop", "Stop", "Stop resource", "Stop", IconVariant.Filled, StopState, async (orchestrator, id, ct) =>
            await orchestrator.StopAsync(id, ct)
                ? CommandResults.Success($"Successfully stopped '{id}'.")
                : CommandResults.Failure($"Failed to stop resource '{id}'."));
        Add(resource, "restart", "Restart", "Restart resource", "ArrowCounterclockwise", IconVariant.Regular, RestartState, async (orchestrator, id, ct) =>
            await orchestrator.RestartAsync(id, ct)
                ? CommandResults.Success($"Successfully restarted '{id}'.")
                : CommandResults.Failure($"Failed to stop resource '{id}'."));
    }

    private static ResourceCommandState StartState(string? state) => state switch
    {
        "Waiting" or "Finished" or "Exited" or "FailedToStart" or "NotStarted" or "Unknown" => ResourceCommandState.Enabled,
        "Running" or "Stopping" => ResourceCommandState.Hidden,
        _ => ResourceCommandState.Disabled,
    };

    private static ResourceCommandState StopState(string? state) => state switch
    {
        "Running" => ResourceCommandState.Enabled,
        "Stopping" => ResourceCommandState.Disabled,
        _ => ResourceCommandState.Hidden,
    };

    private static ResourceCommandState RestartState(string? state) =>
        state == "Running" ? ResourceCommandState.Enabled : ResourceCommandState.Disabled;

    private static void Add(
        IResource resource, string name, string displayName, string description, string icon, IconVariant variant,
        Func<string?, ResourceCommandState> state, Func<ApplicationOrchestrator, string, CancellationToken, Task<ExecuteCommandResult>> run) =>
        resource.Annotations.Add(new ResourceCommandAnnotation(
            name, displayName,
            context => state(context.ResourceSnapshot.State?.Text),
            context => run(context.Services.GetRequiredService<ApplicationOrchestrator>(), context.ResourceName, context.CancellationToken),
            description, arguments: null, confirmationMessage: null, icon, variant, isHighlighted: true));
}
