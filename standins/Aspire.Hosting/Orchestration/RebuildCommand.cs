using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>
/// Stops a project, builds it from its sources, and starts again what ran. The command is called for each replica; all calls share one
/// build, because all replicas run the same files.
/// </summary>
internal sealed class RebuildCommand(ProjectResource project)
{
    private const string Prefix = "[build] ";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>The end of a process is known sooner than its last lines, and those name the errors.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Task<ExecuteCommandResult>? running;

    internal ResourceCommandAnnotation Annotation => new(
        "rebuild", "Rebuild", State, RunSharedAsync,
        "Stop the resource, rebuild the project from source, and restart. Use this to apply source code changes.",
        arguments: null, confirmationMessage: null, "ArrowSync", IconVariant.Regular, isHighlighted: false);

    private static ResourceCommandState State(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.State is { Text: var state } && KnownResourceStates.BuildableStates.Contains(state)
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled;

    private Task<ExecuteCommandResult> RunSharedAsync(ExecuteCommandContext context)
    {
        lock (gate)
        {
            if (running is null or { IsCompleted: true })
                running = RunAsync(context);
            return running;
        }
    }

    private async Task<ExecuteCommandResult> RunAsync(ExecuteCommandContext context)
    {
        var services = context.Services;
        var rebuilder = services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<ProjectRebuilderResource>()
            .FirstOrDefault(r => r.Parent == project);
        if (rebuilder is null)
            return CommandResults.Failure($"Rebuilder resource for '{project.Name}' not found.");

        var orchestrator = services.GetRequiredService<ApplicationOrchestrator>();
        var notifications = services.GetRequiredService<ResourceNotificationService>();
        var console = services.GetRequiredService<ResourceLoggerService>().GetLogger(project);
        var output = new ConcurrentQueue<string>();
        var before = project.GetResolvedResourceNames().ToDictionary(
            id => id, id => notifications.TryGetCurrentState(id, out var e) ? e.Snapshot.State : null);

        // A replica that waits has no process, and its wait goes on: it will start the new files.
        var stopped = before.Where(b => b.Value?.Text != KnownResourceStates.Waiting).ToArray();
        Say("Stopping resource for rebuild...");
        await Task.WhenAll(stopped.Select(b => orchestrator.StopAsync(b.Key, context.CancellationToken)));
        foreach (var (id, _) in stopped)
            await SetAsync(id, new ResourceStateSnapshot(KnownResourceStates.Building, KnownResourceStateStyles.Info));

        string? fault;
        try
        {
            fault = await BuildAsync(rebuilder, services, orchestrator, notifications, Say, context.CancellationToken);
        }
        catch (OperationCanceledException) when (context.CancellationToken.IsCancellationRequested)
        {
            foreach (var (id, _) in stopped)
                await SetAsync(id, new ResourceStateSnapshot(KnownResourceStates.Finished, KnownResourceStateStyles.Info));
            Say("Rebuild was cancelled.");
            return CommandResults.Failure("Rebuild was cancelled.");
        }

        if (fault is not null)
        {
            Say(fault);
            foreach (var (id, _) in stopped)
                await SetAsync(id, new ResourceStateSnapshot(KnownResourceStates.FailedToStart, KnownResourceStateStyles.Error));
            return CommandResults.Failure(fault, string.Join('\n', output));
        }

        Say("Build succeeded. Restarting resource...");
        foreach (var (id, state) in stopped)
        {
            if (state?.Text == KnownResourceStates.Running)
                await orchestrator.StartAsync(id, context.CancellationToken);
            else
                await SetAsync(id, state);
        }
        return CommandResults.Success($"Successfully rebuilt '{project.Name}'.", string.Join('\n', output));

        Task SetAsync(string id, ResourceStateSnapshot? state) => notifications.PublishUpdateAsync(project, id, s => s with { State = state });

        void Say(string line)
        {
            output.Enqueue(Prefix + line);
            console.LogInformation("{Prefix}{Line}", Prefix, line);
        }
    }

    /// <returns>Null when it is built, otherwise why not.</returns>
    private static async Task<string?> BuildAsync(
        ProjectRebuilderResource rebuilder, IServiceProvider services, ApplicationOrchestrator orchestrator,
        ResourceNotificationService notifications, Action<string> say, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        var consoles = services.GetRequiredService<ResourceLoggerService>();
        var id = rebuilder.GetResolvedResourceNames()[0];
        consoles.ClearBacklog(id);
        using var end = new CancellationTokenSource();
        var copying = CopyConsoleAsync(consoles, id, say, end.Token);
        try
        {
            say("Building project...");
            await orchestrator.StartAsync(id, limit.Token);
            var ended = await notifications.WaitForResourceAsync(
                rebuilder.Name, e => KnownResourceStates.TerminalStates.Contains(e.Snapshot.State?.Text), limit.Token);
            return ended.Snapshot.ExitCode is 0 ? null : $"Build failed with exit code {ended.Snapshot.ExitCode}.";
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            await orchestrator.StopAsync(id, CancellationToken.None);
            ct.ThrowIfCancellationRequested();
            return "Build timed out.";
        }
        finally
        {
            end.CancelAfter(LastWords);
            await copying;
        }
    }

    private static async Task CopyConsoleAsync(ResourceLoggerService consoles, string id, Action<string> say, CancellationToken ct)
    {
        try
        {
            await foreach (var batch in consoles.WatchAsync(id).WithCancellation(ct))
            {
                foreach (var line in batch)
                    say(line.Content[(line.Content.IndexOf(' ', StringComparison.Ordinal) + 1)..]); // without its time
            }
        }
        catch (OperationCanceledException)
        {
            // The build has ended.
        }
    }
}
