using System.Collections.Immutable;
using System.Threading.Channels;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Health;

/// <summary>Checks one resource for as long as any instance of it runs, and raises ResourceReadyEvent once per run.</summary>
internal sealed class ResourceHealth(
    IResource resource,
    ResourceNotificationService notifications,
    IDistributedApplicationEventing eventing,
    HealthCheckService checks,
    IServiceProvider services,
    TimeProvider clock,
    ILogger logger)
{
    internal static readonly TimeSpan WhileHealthy = TimeSpan.FromSeconds(30);
    internal static readonly TimeSpan AtLeast = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    /// <summary>A check that ignores its token must not stop the others for ever.</summary>
    internal static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly IReadOnlyList<string> _keys = HealthCheckAnnotation.KeysOf(resource);

    // Instance id to the number of its run. _stops counts how often none was left: the next one to run begins a new run of the resource.
    private ImmutableDictionary<string, int> _running = ImmutableDictionary<string, int>.Empty;
    private int _stops;

    public void Observe(ResourceEvent e)
    {
        lock (_gate)
        {
            var before = _running;
            _running = e.Snapshot.State?.Text == KnownResourceStates.Running
                ? before.SetItem(e.ResourceId, e.Snapshot.Run)
                : before.Remove(e.ResourceId);
            if (_running == before)
                return;

            if (_running.IsEmpty)
                _stops++;
        }

        _wake.Writer.TryWrite(true);
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        var stops = 0;
        Task? ready = null;
        while (true)
        {
            var (running, stopsNow) = Present();
            if (stopsNow != stops)
                (stops, failures, ready) = (stopsNow, 0, null);

            if (running.IsEmpty)
            {
                await WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken);
                continue;
            }

            var checkedAt = clock.GetTimestamp();
            var reports = _keys.Count == 0 ? [] : await CheckAsync(cancellationToken);
            var healthy = reports.All(r => r.Status is HealthStatus.Healthy);

            // A result that outlived its run would announce a resource that is gone.
            if (healthy && Present().Stops == stops)
                ready ??= Task.Run(() => RaiseReadyAsync(cancellationToken), CancellationToken.None);

            foreach (var (id, run) in running)
                await PublishAsync(id, run, reports, ready);

            failures = healthy ? 0 : failures + 1;
            await WaitAsync(_keys.Count == 0 ? Timeout.InfiniteTimeSpan : DelayAfter(failures), cancellationToken);
            if (_keys.Count > 0 && AtLeast - clock.GetElapsedTime(checkedAt) is { Ticks: > 0 } rest)
                await Task.Delay(rest, clock, cancellationToken);
        }
    }

    internal static TimeSpan DelayAfter(int failures) =>
        failures == 0 ? WhileHealthy : TimeSpan.FromSeconds(Math.Min(failures, LongestRetry.TotalSeconds));

    private (ImmutableDictionary<string, int> Running, int Stops) Present()
    {
        lock (_gate)
            return (_running, _stops);
    }

    private async Task<ImmutableArray<HealthReportSnapshot>> CheckAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var report = await checks.CheckHealthAsync(check => _keys.Contains(check.Name), limit.Token)
                .WaitAsync(CheckLimit, clock, cancellationToken);
            var now = clock.GetUtcNow().UtcDateTime;
            return [.. _keys.Select(key => report.Entries.TryGetValue(key, out var entry)
                ? new HealthReportSnapshot(key, entry.Status, entry.Description, entry.Exception?.ToString()) { LastRunAt = now }
                : Unhealthy(key, "The health check is not registered.", null))];
        }
        catch (TimeoutException)
        {
            await limit.CancelAsync();
            return [.. _keys.Select(key => Unhealthy(key, $"No result within {CheckLimit.TotalSeconds:0} seconds.", null))];
        }
#pragma warning disable CA1031 // Checks are foreign code; a resource whose check breaks is unhealthy, and is checked again.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return [.. _keys.Select(key => Unhealthy(key, e.Message, e))];
        }
    }

    private HealthReportSnapshot Unhealthy(string key, string description, Exception? exception) =>
        new(key, HealthStatus.Unhealthy, description, exception?.ToString()) { LastRunAt = clock.GetUtcNow().UtcDateTime };

    private Task PublishAsync(string id, int run, ImmutableArray<HealthReportSnapshot> reports, Task? ready) =>
        notifications.PublishUpdateAsync(resource, id, snapshot =>
            snapshot.State?.Text == KnownResourceStates.Running && snapshot.Run == run
                ? snapshot with { HealthReports = reports, ResourceReady = snapshot.ResourceReady ?? ready }
                : snapshot);

    private async Task RaiseReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await eventing.PublishAsync(new ResourceReadyEvent(resource, services), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whoever waits for the resource fails with this; if nobody waits, this line is all there is.
            logger.LogError(e, "A handler of the ResourceReadyEvent of '{ResourceName}' failed", resource.Name);
            throw;
        }
    }

    /// <summary>Until the time has passed or the running instances have changed.</summary>
    private async Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_wake.Reader.WaitToReadAsync(stop.Token).AsTask(), Task.Delay(time, clock, stop.Token));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        _wake.Reader.TryRead(out _);
    }
}
