using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

/// <summary>Starts, stops and restarts resources through DCP, and publishes what becomes of them.</summary>
internal sealed class ResourceRunner(
    DcpClient dcp,
    EndpointServices endpoints,
    IReadOnlyDictionary<IResource, ImmutableArray<UrlSnapshot>> urls,
    DistributedApplicationModel model,
    AppHostIdentity appHost,
    DistributedApplicationExecutionContext execution,
    IDistributedApplicationEventing eventing,
    ResourceNotificationService notifications,
    ResourceLoggerService consoles,
    IServiceProvider services,
    ILogger logger,
    bool randomizePorts) : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReopenAfter = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan UnnoticedWait = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, ResourceInstance> instances = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConsoleFollower consoleFollower = new(dcp, consoles, logger);
    private readonly CancellationTokenSource ending = new();

    internal void Add(IResource resource)
    {
        foreach (var identity in resource.Annotations.OfType<DcpInstancesAnnotation>().Last().Instances)
            instances[identity.Name] = new ResourceInstance(resource, identity);
    }

    /// <summary>All replicas together: one wait for dependencies, one run of the callbacks.</summary>
    internal Task StartAsync(IResource resource, CancellationToken ct) =>
        StartAsync(resource, [.. instances.Values.Where(i => i.Resource == resource).OrderBy(i => i.Identity.Index)], waits: true, ct);

    internal async Task StartAsync(string id, CancellationToken ct)
    {
        var instance = Get(id);
        if (instance.Wait is { } wait)
        {
            await wait.CancelAsync();
            return;
        }
        // A wait is a state of the resource, and its other replicas are running.
        await StartAsync(instance.Resource, [instance], waits: instance.Resource.GetReplicaCount() == 1, ct);
    }

    /// <returns>False when the process has outlived its limit.</returns>
    internal async Task<bool> StopAsync(string id, CancellationToken ct)
    {
        var instance = Get(id);
        await instance.Turn.WaitAsync(ct);
        try
        {
            if (!instance.Exists || instance.HasEnded)
                return true;
            await dcp.StopAsync(instance.Kind, id, ct);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(StopLimit);
            try
            {
                while (await dcp.FindAsync(instance.Kind, id, limit.Token) is { } seen)
                {
                    if (ResourceSnapshots.HasEnded(seen))
                    {
                        Apply(seen);
                        break;
                    }
                    await Task.Delay(50, limit.Token);
                }
                return true;
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                await PublishAsync([instance], s => s with { State = "Unknown" }); // and may be started again
                return false;
            }
        }
        finally
        {
            instance.Turn.Release();
        }
    }

    /// <summary>DCP cannot start an object twice: the new process is a new object behind the same service and port.</summary>
    internal async Task<bool> RestartAsync(string id, CancellationToken ct)
    {
        if (!await StopAsync(id, ct))
            return false;
        await StartAsync(id, ct);
        return true;
    }

    /// <summary>The processes first, while the collector they send their last telemetry to is still there.</summary>
    internal async Task StopAllAsync(Func<IResource, bool> which, CancellationToken ct)
    {
        var stopped = instances.Values.Where(i => i.Exists && which(i.Resource) && !ContainerSpecs.IsPersistent(i.Resource));
        await Task.WhenAll(stopped.Select(i => dcp.DeleteAsync(i.Kind, i.Id, ct)));
    }

    /// <summary>Until cancelled. The server ends a watch at any time; <paramref name="lost"/> is called when it does not come back.</summary>
    internal async Task WatchAsync(DcpKind kind, TimeSpan patience, Action lost, CancellationToken ct)
    {
        var since = TimeProvider.System.GetTimestamp();
        try
        {
            while (!ct.IsCancellationRequested)
            {
                try
                {
                    await foreach (var change in dcp.WatchAsync(kind, ct))
                    {
                        since = TimeProvider.System.GetTimestamp();
                        if (change.Type != "DELETED")
                            Apply(change.Object);
                    }
                    since = TimeProvider.System.GetTimestamp();
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    logger.LogDebug("Watching {Kind} broke off: {Reason}", kind.Plural, e.Message);
                    if (!await dcp.IsHealthyAsync(ct) && TimeProvider.System.GetElapsedTime(since) > patience)
                    {
                        lost();
                        return;
                    }
                }
                await Task.Delay(ReopenAfter, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
    }

    public void Dispose()
    {
        ending.Cancel();
        foreach (var instance in instances.Values)
            instance.Dispose();
        ending.Dispose();
    }

    private ResourceInstance Get(string id) => instances.TryGetValue(id, out var instance)
        ? instance
        : throw new DistributedApplicationException($"Resource '{id}' not found.");

    private async Task StartAsync(IResource resource, IReadOnlyList<ResourceInstance> started, bool waits, CancellationToken ct)
    {
        foreach (var instance in started)
            await instance.Turn.WaitAsync(ct);
        try
        {
            foreach (var instance in started.Where(i => i.Exists))
            {
                await dcp.DeleteAsync(instance.Kind, instance.Id, ct);
                instance.Forget();
            }
            await PublishAsync(started, ResourceSnapshots.Starting);
            ThrowIfUnreachable(resource);
            await ResourceValues.RaiseConnectionStringAvailableAsync(resource, model, eventing, notifications, services, ct);
            await eventing.PublishAsync(new BeforeResourceStartedEvent(resource, services), ct);
            if (waits)
                await WaitForDependenciesAsync(resource, started, ct);

            var configuration = await ConfigureAsync(resource, started, ct);
            foreach (var instance in started)
                await CreateAsync(instance, configuration, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            await FailAsync(started, e);
        }
        finally
        {
            foreach (var instance in started)
                instance.Turn.Release();
        }
    }

    private async Task WaitForDependenciesAsync(IResource resource, IReadOnlyList<ResourceInstance> started, CancellationToken ct)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(ct);
        foreach (var instance in started)
            instance.Wait = wait;
        try
        {
            await notifications.WaitForDependenciesAsync(resource, wait.Token);
        }
        catch (OperationCanceledException) when (wait.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            consoles.GetLogger(resource).LogInformation("Starting without waiting any longer.");
        }
        finally
        {
            foreach (var instance in started)
                instance.Wait = null;
        }
        await PublishAsync(started, s => s with { State = KnownResourceStates.Starting });
    }

    private async Task<ResourceConfiguration> ConfigureAsync(IResource resource, IReadOnlyList<ResourceInstance> started, CancellationToken ct)
    {
        var resolving = ResourceConfiguration.ResolveAsync(resource, execution, consoles.GetLogger(resource), ct);
        // A value may have to be entered by a person first.
        if (await Task.WhenAny(resolving, Task.Delay(UnnoticedWait, ct)) != resolving)
        {
            await PublishAsync(started, s => s with { State = KnownResourceStates.Waiting });
            await resolving;
            await PublishAsync(started, s => s with { State = KnownResourceStates.Starting });
        }
        return await resolving;
    }

    private async Task CreateAsync(ResourceInstance instance, ResourceConfiguration configuration, CancellationToken ct)
    {
        var spec = instance.Resource is ContainerResource container
            ? ContainerSpecs.Create(container, instance.Id, configuration, randomizePorts)
            : ExecutableSpecs.Create(instance.Resource, configuration, appHost);
        var annotations = new Dictionary<string, string>
        {
            [DcpAnnotations.ResourceName] = instance.Resource.Name,
            [DcpAnnotations.OtelServiceName] = instance.Resource.Name,
            [DcpAnnotations.OtelInstanceId] = instance.Identity.Suffix,
            [DcpAnnotations.ReplicaCount] = instance.Resource.GetReplicaCount().ToString(CultureInfo.InvariantCulture),
            [DcpAnnotations.ReplicaIndex] = instance.Identity.Index.ToString(CultureInfo.InvariantCulture),
        };
        if (endpoints.ProducerAnnotation(instance.Resource) is { } producer)
            annotations[DcpAnnotations.ServiceProducer] = producer;

        instance.OwnVariables = configuration.Environment.Keys.ToHashSet();
        await PublishAsync([instance], s => ResourceSnapshots.Configured(instance.Resource, configuration, s));
        var created = await dcp.CreateAsync(instance.Kind, instance.Id, annotations, spec, ct);
        instance.Follow(created);
        _ = consoleFollower.FollowSystemAsync(instance.Kind, instance.Id, () => IsRunning(instance, created), ending.Token);
        if (instance.Kind == DcpKind.Container)
            _ = consoleFollower.FollowStartupAsync(instance.Id, () => IsRunning(instance, created), ending.Token);

        // The watch may have told the first news before this object was known to be ours.
        if (await dcp.FindAsync(instance.Kind, instance.Id, ct) is { } seen)
            Apply(seen);
    }

    private void Apply(DcpObject seen)
    {
        if (seen.Status is null || !instances.TryGetValue(seen.Name, out var instance))
            return;
        lock (instance)
        {
            if (!instance.IsNews(seen))
                return;
            var resourceUrls = urls.GetValueOrDefault(instance.Resource, []);
            Publish(instance, s => ResourceSnapshots.Apply(seen, instance.OwnVariables, resourceUrls, s));
            if (instance.Resource is ContainerResource)
                CopyToChildren(instance);
            if (seen.Status.State is "Running" or "Stopping" or "Finished" or "Exited" && instance.ShouldFollowOutput())
                _ = consoleFollower.FollowAsync(instance.Kind, instance.Id, () => IsRunning(instance, seen), ending.Token);
            if (ResourceSnapshots.HasEnded(seen) && !instance.HasEnded)
            {
                instance.HasEnded = true;
                if (seen.Status.State == "FailedToStart")
                    logger.LogError("Resource {Resource} failed to start. {Reason}", instance.Resource.Name, seen.Status.Message ?? "Its console says why.");
                RaiseStopped(instance);
            }
        }
    }

    private static bool IsRunning(ResourceInstance instance, DcpObject seen) => instance.Is(seen.Metadata.Uid) && !instance.HasEnded;

    /// <summary>A child of a container, such as a database, is what its parent is.</summary>
    private void CopyToChildren(ResourceInstance instance)
    {
        if (!notifications.TryGetCurrentState(instance.Id, out var parent))
            return;
        foreach (var child in ResourceValues.ChildrenOf(instance.Resource, model).Where(c => !c.HasAnnotationOfType<DcpInstancesAnnotation>()))
        {
            _ = notifications.PublishUpdateAsync(child, s => s with
            {
                State = parent.Snapshot.State,
                StartTimeStamp = parent.Snapshot.StartTimeStamp,
                StopTimeStamp = parent.Snapshot.StopTimeStamp,
            });
        }
    }

    private async Task FailAsync(IReadOnlyList<ResourceInstance> failed, Exception reason)
    {
        var resource = failed[0].Resource;
        consoles.GetLogger(resource).LogError(reason, "Failed to start resource '{Resource}': {Reason}", resource.Name, reason.Message);
        logger.LogError("Resource {Resource} failed to start: {Reason}", resource.Name, reason.Message);
        await PublishAsync(failed, s => s with
        {
            State = new ResourceStateSnapshot(KnownResourceStates.FailedToStart, KnownResourceStateStyles.Error),
        });
        foreach (var instance in failed)
        {
            if (resource is ContainerResource)
                CopyToChildren(instance);
            RaiseStopped(instance);
        }
    }

    private void RaiseStopped(ResourceInstance instance)
    {
        if (notifications.TryGetCurrentState(instance.Id, out var last))
        {
            _ = eventing.PublishAsync(
                new ResourceStoppedEvent(instance.Resource, services, last), EventDispatchBehavior.NonBlockingConcurrent, CancellationToken.None);
        }
    }

    private static void ThrowIfUnreachable(IResource resource)
    {
        if (resource.Annotations.OfType<EndpointAnnotation>().Select(e => e.AllocationFailure).FirstOrDefault(f => f is not null) is { } failure)
            throw failure;
    }

    private Task PublishAsync(IReadOnlyList<ResourceInstance> changed, Func<CustomResourceSnapshot, CustomResourceSnapshot> change) =>
        Task.WhenAll(changed.Select(i => notifications.PublishUpdateAsync(i.Resource, i.Id, change)));

    private void Publish(ResourceInstance changed, Func<CustomResourceSnapshot, CustomResourceSnapshot> change) =>
        _ = notifications.PublishUpdateAsync(changed.Resource, changed.Id, change);
}
