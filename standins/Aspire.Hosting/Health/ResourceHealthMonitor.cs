using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Health;

/// <summary>Starts a <see cref="ResourceHealth"/> for each resource that runs, and tells it which of its instances do.</summary>
internal sealed class ResourceHealthMonitor(
    ResourceNotificationService notifications,
    IDistributedApplicationEventing eventing,
    HealthCheckService checks,
    IServiceProvider services,
    TimeProvider clock,
    ILogger<ResourceHealthMonitor> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var watched = new Dictionary<IResource, (ResourceHealth Health, Task Loop)>();
        try
        {
            await foreach (var e in notifications.WatchAsync(stoppingToken))
            {
                if (!watched.TryGetValue(e.Resource, out var watch))
                {
                    if (e.Snapshot.State?.Text != KnownResourceStates.Running)
                        continue;

                    var health = new ResourceHealth(e.Resource, notifications, eventing, checks, services, clock, logger);
                    watched[e.Resource] = watch = (health, health.RunAsync(stoppingToken));
                }

                watch.Health.Observe(e);
            }
        }
        catch (OperationCanceledException)
        {
            // The application host stops, and so does the watching.
        }

        await Task.WhenAll(watched.Values.Select(w => w.Loop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
