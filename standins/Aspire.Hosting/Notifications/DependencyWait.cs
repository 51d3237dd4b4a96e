using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One resource waiting for the instances of all others that it depends on, and saying so while it waits.</summary>
internal sealed class DependencyWait(ResourceNotificationService notifications, ILogger console, IResource resource)
{
    private readonly Lock _gate = new();
    private readonly List<string> _pending = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>()
            .Where(wait => wait.Resource is not IResourceWithoutLifetime)
            .SelectMany(Instances)
            .ToArray();
        if (waits.Length == 0)
            return;

        _pending.AddRange(waits.Select(on => on.Id));
        await notifications.PublishUpdateAsync(resource, s => WithPending(s) with { State = KnownResourceStates.Waiting });

        // The first failure decides, and the remaining waits must not go on logging for a resource that is already given up.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = waits.Select(on => WaitAsync(on, stop.Token)).ToList();
        try
        {
            while (tasks.Count > 0)
            {
                var done = await Task.WhenAny(tasks);
                tasks.Remove(done);
                await done;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static IEnumerable<Awaited> Instances(WaitAnnotation wait)
    {
        var ids = wait.Resource.GetResolvedResourceNames();
        return ids.Select(id => new Awaited(wait, id, ids.Count > 1 ? id : wait.Resource.Name));
    }

    private async Task WaitAsync(Awaited on, CancellationToken cancellationToken)
    {
        switch (on.Wait.WaitType)
        {
            case WaitType.WaitForCompletion:
                await WaitForCompletionAsync(on, cancellationToken);
                break;
            case WaitType.WaitUntilStarted:
                await WaitUntilRunningAsync(on, cancellationToken);
                break;
            default:
                await WaitUntilRunningAsync(on, cancellationToken);
                await WaitUntilReadyAsync(on, cancellationToken);
                break;
        }

        console.LogInformation("Finished waiting for resource '{ResourceName}'.", on.Name);
        await ArrivedAsync(on.Id);
    }

    private async Task WaitUntilRunningAsync(Awaited on, CancellationToken cancellationToken)
    {
        console.LogInformation("Waiting for resource '{ResourceName}' to enter the '{State}' state.", on.Name, KnownResourceStates.Running);
        var behavior = on.Wait.WaitBehavior ?? notifications.DefaultWaitBehavior;
        var reached = await ForAsync(
            on,
            s => s.State?.Text == KnownResourceStates.Running
                || (behavior is WaitBehavior.StopOnResourceUnavailable && ResourceNotificationService.IsUnavailable(s)),
            cancellationToken);
        if (reached.State?.Text != KnownResourceStates.Running)
            throw Unavailable(on.Name, reached);
    }

    private async Task WaitUntilReadyAsync(Awaited on, CancellationToken cancellationToken)
    {
        var behavior = on.Wait.WaitBehavior ?? notifications.DefaultWaitBehavior;
        bool Gone(CustomResourceSnapshot s) =>
            behavior is WaitBehavior.StopOnResourceUnavailable && ResourceNotificationService.IsUnavailable(s);

        if (HealthCheckAnnotation.KeysOf(on.Wait.Resource).Count > 0)
        {
            console.LogInformation("Waiting for resource '{ResourceName}' to become healthy.", on.Name);
            var healthy = await ForAsync(on, s => s.HealthStatus is HealthStatus.Healthy || Gone(s), cancellationToken);
            if (healthy.HealthStatus is not HealthStatus.Healthy)
                throw Unavailable(on.Name, healthy);
        }

        console.LogInformation("Waiting for resource ready to execute for '{ResourceName}'.", on.Name);
        var ready = await ForAsync(on, s => s.ResourceReady is not null || Gone(s), cancellationToken);
        if (ready.ResourceReady is not { } handlers)
            throw Unavailable(on.Name, ready);

        await handlers.WaitAsync(cancellationToken);
    }

    private async Task WaitForCompletionAsync(Awaited on, CancellationToken cancellationToken)
    {
        console.LogInformation("Waiting for resource '{ResourceName}' to complete.", on.Name);
        var ended = await ForAsync(on, s => ResourceNotificationService.IsTerminal(s), cancellationToken);
        if (ended.State?.Text == KnownResourceStates.FailedToStart)
            throw Unavailable(on.Name, ended);

        if (ended.ExitCode is { } exitCode && exitCode != on.Wait.ExitCode)
        {
            console.LogError(
                "Resource '{ResourceName}' has entered the '{State}' state with exit code '{ExitCode}', expected '{ExpectedExitCode}'.",
                on.Name, ended.State?.Text, exitCode, on.Wait.ExitCode);
            throw new DistributedApplicationException(
                $"Resource '{on.Name}' has entered the '{ended.State?.Text}' state with exit code '{exitCode}', expected '{on.Wait.ExitCode}'.");
        }
    }

    private async Task<CustomResourceSnapshot> ForAsync(
        Awaited on, Func<CustomResourceSnapshot, bool> condition, CancellationToken cancellationToken)
    {
        var reached = await notifications.WaitForResourceAsync(
            on.Wait.Resource.Name, e => e.ResourceId == on.Id && condition(e.Snapshot), cancellationToken);
        return reached.Snapshot;
    }

    private DistributedApplicationException Unavailable(string name, CustomResourceSnapshot snapshot)
    {
        if (snapshot.State?.Text == KnownResourceStates.FailedToStart)
        {
            console.LogError("Dependency resource '{ResourceName}' failed to start.", name);
            return new DistributedApplicationException($"Dependency resource '{name}' failed to start.");
        }

        console.LogError("Resource '{ResourceName}' has entered the '{State}' state prematurely.", name, snapshot.State?.Text);
        return new DistributedApplicationException($"Resource '{name}' has entered the '{snapshot.State?.Text}' state prematurely.");
    }

    private Task ArrivedAsync(string id)
    {
        lock (_gate)
            _pending.Remove(id);

        // Not the state: whoever moved the resource out of Waiting meanwhile (a Start that skips the wait) has the last word.
        return notifications.PublishUpdateAsync(resource, WithPending);
    }

    private CustomResourceSnapshot WithPending(CustomResourceSnapshot snapshot)
    {
        string[] pending;
        lock (_gate)
            pending = [.. _pending.Distinct()];

        var waitingFor = new ResourcePropertySnapshot(KnownProperties.Resource.WaitingFor, pending);
        return snapshot with { Properties = [.. snapshot.Properties.Where(p => p.Name != waitingFor.Name), waitingFor] };
    }

    /// <param name="Name">As people call it; the instance only where there are several.</param>
    private sealed record Awaited(WaitAnnotation Wait, string Id, string Name);
}
