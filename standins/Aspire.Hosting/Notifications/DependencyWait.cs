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
            .SelectMany(wait => wait.Resource.GetResolvedResourceNames().Select(id => (Wait: wait, Id: id)))
            .ToArray();
        if (waits.Length == 0)
            return;

        _pending.AddRange(waits.Select(w => w.Id));
        await notifications.PublishUpdateAsync(resource, s => WithPending(s) with { State = KnownResourceStates.Waiting });

        // The first failure decides, and the remaining waits must not go on logging for a resource that is already given up.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = waits.Select(w => WaitAsync(w.Wait, w.Id, stop.Token)).ToList();
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

    private async Task WaitAsync(WaitAnnotation wait, string id, CancellationToken cancellationToken)
    {
        switch (wait.WaitType)
        {
            case WaitType.WaitForCompletion:
                await WaitForCompletionAsync(wait, id, cancellationToken);
                break;
            case WaitType.WaitUntilStarted:
                await WaitUntilRunningAsync(wait, id, cancellationToken);
                break;
            default:
                await WaitUntilRunningAsync(wait, id, cancellationToken);
                await WaitUntilReadyAsync(wait, id, cancellationToken);
                break;
        }

        console.LogInformation("Finished waiting for resource '{ResourceName}'.", id);
        await ArrivedAsync(id);
    }

    private async Task WaitUntilRunningAsync(WaitAnnotation wait, string id, CancellationToken cancellationToken)
    {
        console.LogInformation("Waiting for resource '{ResourceName}' to enter the '{State}' state.", id, KnownResourceStates.Running);
        var behavior = wait.WaitBehavior ?? notifications.DefaultWaitBehavior;
        var reached = await ForAsync(
            wait, id,
            s => s.State?.Text == KnownResourceStates.Running
                || (behavior is WaitBehavior.StopOnResourceUnavailable && ResourceNotificationService.IsUnavailable(s)),
            cancellationToken);
        if (reached.State?.Text != KnownResourceStates.Running)
            throw Unavailable(id, reached);
    }

    private async Task WaitUntilReadyAsync(WaitAnnotation wait, string id, CancellationToken cancellationToken)
    {
        var behavior = wait.WaitBehavior ?? notifications.DefaultWaitBehavior;
        bool Gone(CustomResourceSnapshot s) =>
            behavior is WaitBehavior.StopOnResourceUnavailable && ResourceNotificationService.IsUnavailable(s);

        if (HealthCheckAnnotation.KeysOf(wait.Resource).Count > 0)
        {
            console.LogInformation("Waiting for resource '{ResourceName}' to become healthy.", id);
            var healthy = await ForAsync(wait, id, s => s.HealthStatus is HealthStatus.Healthy || Gone(s), cancellationToken);
            if (healthy.HealthStatus is not HealthStatus.Healthy)
                throw Unavailable(id, healthy);
        }

        console.LogInformation("Waiting for resource ready to execute for '{ResourceName}'.", id);
        var ready = await ForAsync(wait, id, s => s.ResourceReady is not null || Gone(s), cancellationToken);
        if (ready.ResourceReady is null)
            throw Unavailable(id, ready);

        await ready.ResourceReady.WaitAsync(cancellationToken);
    }

    private async Task WaitForCompletionAsync(WaitAnnotation wait, string id, CancellationToken cancellationToken)
    {
        console.LogInformation("Waiting for resource '{ResourceName}' to complete.", id);
        var ended = await ForAsync(wait, id, s => ResourceNotificationService.IsTerminal(s), cancellationToken);
        if (ended.State?.Text == KnownResourceStates.FailedToStart)
            throw Unavailable(id, ended);

        if (ended.ExitCode is { } exitCode && exitCode != wait.ExitCode)
        {
            console.LogError(
                "Resource '{ResourceName}' has entered the '{State}' state with exit code '{ExitCode}', expected '{ExpectedExitCode}'.",
                id, ended.State?.Text, exitCode, wait.ExitCode);
            throw new DistributedApplicationException(
                $"Resource '{id}' has entered the '{ended.State?.Text}' state with exit code '{exitCode}', expected '{wait.ExitCode}'.");
        }
    }

    private async Task<CustomResourceSnapshot> ForAsync(
        WaitAnnotation wait, string id, Func<CustomResourceSnapshot, bool> condition, CancellationToken cancellationToken)
    {
        var reached = await notifications.WaitForResourceAsync(
            wait.Resource.Name, e => e.ResourceId == id && condition(e.Snapshot), cancellationToken);
        return reached.Snapshot;
    }

    private DistributedApplicationException Unavailable(string id, CustomResourceSnapshot snapshot)
    {
        if (snapshot.State?.Text == KnownResourceStates.FailedToStart)
        {
            console.LogError("Dependency resource '{ResourceName}' failed to start.", id);
            return new DistributedApplicationException($"Dependency resource '{id}' failed to start.");
        }

        console.LogError("Resource '{ResourceName}' has entered the '{State}' state prematurely.", id, snapshot.State?.Text);
        return new DistributedApplicationException($"Resource '{id}' has entered the '{snapshot.State?.Text}' state prematurely.");
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
}
