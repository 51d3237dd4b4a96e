using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The one place that knows the state of every resource instance. What it publishes, everybody sees in the same order.</summary>
public class ResourceNotificationService : IDisposable
{
    private readonly ILogger<ResourceNotificationService> _logger;
    private readonly IServiceProvider _services;
    private readonly ResourceLoggerService _consoles;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenRegistration _onHostStopping;

    // _gate guards the dictionary and the subscribers, and orders what they see. It is never held while foreign code runs; that is what
    // each instance's own lock is for, always taken before _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Instance> _instances = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> _subscribers = [];

    public ResourceNotificationService(
        ILogger<ResourceNotificationService> logger,
        IHostApplicationLifetime hostApplicationLifetime,
        IServiceProvider serviceProvider,
        ResourceLoggerService resourceLoggerService)
    {
        ArgumentNullException.ThrowIfNull(hostApplicationLifetime);
        _logger = logger;
        _services = serviceProvider;
        _consoles = resourceLoggerService;
        _onHostStopping = hostApplicationLifetime.ApplicationStopping.Register(_stopping.Cancel);
    }

    /// <summary>A failed dependency can be started again from the dashboard; without one, waiting on would be waiting for ever.</summary>
    internal WaitBehavior DefaultWaitBehavior =>
        _services.GetService<DistributedApplicationOptions>() is { DisableDashboard: true }
            ? WaitBehavior.StopOnResourceUnavailable
            : WaitBehavior.WaitOnResourceUnavailable;

    /// <summary>Waits until an instance of the resource is in the state, Running unless told otherwise.</summary>
    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    public async Task<string> WaitForResourceAsync(
        string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var states = targetStates.ToArray();
        var reached = await WaitForResourceAsync(
            resourceName, e => states.Contains(e.Snapshot.State?.Text, StringComparer.OrdinalIgnoreCase), cancellationToken);
        return reached.Snapshot.State!.Text;
    }

    public async Task<ResourceEvent> WaitForResourceAsync(
        string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resourceName);
        ArgumentNullException.ThrowIfNull(predicate);
        await foreach (var e in WatchAsync(cancellationToken))
        {
            if (string.Equals(e.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(e))
                return e;
        }

        throw new OperationCanceledException($"The wait for resource '{resourceName}' ended before its condition was met.");
    }

    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, DefaultWaitBehavior, cancellationToken);

    /// <summary>Healthy, and the handlers of its ResourceReadyEvent have run.</summary>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(
        string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        bool Gone(ResourceEvent e) => waitBehavior is WaitBehavior.StopOnResourceUnavailable && IsUnavailable(e.Snapshot);

        // ResourceReady is set with the first healthy reports of a run and cleared at its end; both in one look, or a restart in between
        // would be waited for without end.
        var ready = await WaitForResourceAsync(
            resourceName, e => e.Snapshot is { HealthStatus: HealthStatus.Healthy, ResourceReady: not null } || Gone(e), cancellationToken);
        if (ready.Snapshot.ResourceReady is not { } handlers)
        {
            throw new DistributedApplicationException(
                $"Stopped waiting for resource '{resourceName}' to become healthy because it failed to start.");
        }

        await handlers.WaitAsync(cancellationToken);
        return ready;
    }

    /// <summary>Blocks until everything the resource waits for is there; throws when one of them can no longer come.</summary>
    public Task WaitForDependenciesAsync(IResource resource, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return new DependencyWait(this, _consoles.GetLogger(resource), resource).RunAsync(cancellationToken);
    }

    /// <summary>Finds an instance by its id, or by the plain name of a resource that has only one.</summary>
    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        ArgumentNullException.ThrowIfNull(resourceId);
        lock (_gate)
        {
            resourceEvent = _instances.TryGetValue(resourceId, out var known) ? known.Current : null;
            if (resourceEvent is null)
            {
                var named = _instances.Values
                    .Where(i => i.Current is not null && string.Equals(i.Resource.Name, resourceId, StringComparison.OrdinalIgnoreCase))
                    .Take(2).ToArray();
                resourceEvent = named is [var only] ? only.Current : null;
            }
        }

        return resourceEvent is not null;
    }

    /// <summary>The present state of every instance, then every change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var subscription = Subscribe();
        foreach (var e in subscription.Current)
            yield return e;

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        await foreach (var e in subscription.Changes.ReadAllAsync(either.Token))
            yield return e;
    }

    public async Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        ArgumentNullException.ThrowIfNull(resource);
        foreach (var name in resource.GetResolvedResourceNames())
            await PublishUpdateAsync(resource, name, stateFactory);
    }

    public Task PublishUpdateAsync(IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        ArgumentNullException.ThrowIfNull(resource);
        ArgumentNullException.ThrowIfNull(resourceId);
        ArgumentNullException.ThrowIfNull(stateFactory);

        Instance? instance;
        lock (_gate)
        {
            if (!_instances.TryGetValue(resourceId, out instance))
                _instances[resourceId] = instance = new Instance(resource);
        }

        lock (instance.Gate)
        {
            var before = instance.Current?.Snapshot;
            var after = Complete(resource, before, stateFactory(before ?? Initial(resource)));
            var e = new ResourceEvent(resource, resourceId, after);
            lock (_gate)
            {
                instance.Current = e;
                foreach (var subscriber in _subscribers)
                    subscriber.Writer.TryWrite(e);
            }

            if (before?.State?.Text != after.State?.Text)
                _logger.LogDebug("Resource {ResourceId} changed state: {Before} -> {After}", resourceId, before?.State?.Text, after.State?.Text);
        }

        return Task.CompletedTask;
    }

    public void Dispose()
    {
        // Not disposing the source: a watcher may still be about to link its token to it.
        _onHostStopping.Dispose();
        _stopping.Cancel();
        GC.SuppressFinalize(this);
    }

    /// <summary>The present states and a queue of all later ones, with nothing missed and nothing doubled between them.</summary>
    internal Subscription Subscribe()
    {
        var changes = Channel.CreateUnbounded<ResourceEvent>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            _subscribers.Add(changes);
            return new Subscription(this, changes, [.. _instances.Values.Select(i => i.Current).OfType<ResourceEvent>()]);
        }
    }

    /// <summary>It will not become healthy by itself any more.</summary>
    internal static bool IsUnavailable(CustomResourceSnapshot snapshot) =>
        IsTerminal(snapshot) || snapshot.State?.Text == KnownResourceStates.RuntimeUnhealthy;

    internal static bool IsTerminal(CustomResourceSnapshot snapshot) =>
        snapshot.State is { } state && KnownResourceStates.TerminalStates.Contains(state.Text);

    private static CustomResourceSnapshot Initial(IResource resource) =>
        resource.TryGetLastAnnotation<ResourceSnapshotAnnotation>(out var initial)
            ? initial.InitialSnapshot
            : new CustomResourceSnapshot { ResourceType = resource.GetType().Name, Properties = [] };

    /// <summary>Adds what follows from the resource itself, so that no publisher has to think of it.</summary>
    private CustomResourceSnapshot Complete(IResource resource, CustomResourceSnapshot? before, CustomResourceSnapshot after)
    {
        after = after with
        {
            CreationTimeStamp = after.CreationTimeStamp ?? before?.CreationTimeStamp ?? DateTime.UtcNow,
            Relationships = before is null ? WithAnnotated(resource, after.Relationships) : after.Relationships,
        };

        if (resource.TryGetLastAnnotation<ResourceIconAnnotation>(out var icon))
            after = after with { IconName = icon.IconName, IconVariant = icon.IconVariant };

        // The health of a former run says nothing about the next one: a waiter must not see it at the moment the state turns Running.
        if (before is null || (before.State?.Text == KnownResourceStates.Running && after.State?.Text != KnownResourceStates.Running))
        {
            after = after with
            {
                HealthReports = [.. HealthCheckAnnotation.KeysOf(resource).Select(key => new HealthReportSnapshot(key, null, null, null))],
                ResourceReady = null,
            };
        }

        if (before?.State?.Text != KnownResourceStates.Running && after.State?.Text == KnownResourceStates.Running)
            after = after with { Run = (before?.Run ?? 0) + 1 };

        return after with { Commands = CommandsOf(resource, after) };
    }

    private static ImmutableArray<RelationshipSnapshot> WithAnnotated(IResource resource, ImmutableArray<RelationshipSnapshot> published)
    {
        var annotated = resource.Annotations.OfType<ResourceRelationshipAnnotation>()
            .Select(r => new RelationshipSnapshot(r.Resource.Name, r.Type));
        var parent = resource is IResourceWithParent child
            ? [new RelationshipSnapshot(child.Parent.Name, KnownRelationshipTypes.Parent)]
            : Array.Empty<RelationshipSnapshot>();
        return [.. published.Concat(parent).Concat(annotated).Distinct()];
    }

    private ImmutableArray<ResourceCommandSnapshot> CommandsOf(IResource resource, CustomResourceSnapshot snapshot) =>
        [.. resource.Annotations.OfType<ResourceCommandAnnotation>().Select(command => command.ToSnapshot(StateOf(command, snapshot)))];

    private ResourceCommandState StateOf(ResourceCommandAnnotation command, CustomResourceSnapshot snapshot)
    {
        try
        {
            return command.UpdateState(new UpdateCommandStateContext { ResourceSnapshot = snapshot, Services = _services });
        }
#pragma warning disable CA1031 // A foreign callback must not keep the state of its resource from being published.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.LogError(e, "The state of command '{Command}' could not be determined; it is disabled", command.Name);
            return ResourceCommandState.Disabled;
        }
    }

    private void Unsubscribe(Channel<ResourceEvent> changes)
    {
        lock (_gate)
            _subscribers.Remove(changes);
    }

    internal readonly struct Subscription(ResourceNotificationService service, Channel<ResourceEvent> changes, IReadOnlyList<ResourceEvent> current)
        : IDisposable
    {
        public IReadOnlyList<ResourceEvent> Current { get; } = current;
        public ChannelReader<ResourceEvent> Changes => changes.Reader;

        public void Dispose() => service.Unsubscribe(changes);
    }

    private sealed class Instance(IResource resource)
    {
        public Lock Gate { get; } = new();
        public IResource Resource { get; } = resource;
        public ResourceEvent? Current { get; set; }
    }
}
