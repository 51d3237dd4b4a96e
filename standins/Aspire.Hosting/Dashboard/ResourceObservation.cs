using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting;

internal static class ResourceObservation
{
    /// <summary>
    /// Notifications, consoles, commands, health and prompts. Call it before anything that starts resources is registered: hosted services
    /// start in that order, and health must not miss the first one that runs. Expects the model, the eventing and
    /// the options among the services.
    /// </summary>
    public static IServiceCollection AddResourceObservation(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ResourceLoggerService>();
        services.TryAddSingleton<ResourceNotificationService>();
        services.TryAddSingleton(sp => new ResourceCommandService(
            sp.GetRequiredService<ResourceNotificationService>(), sp.GetRequiredService<ResourceLoggerService>(), sp));
        services.TryAddSingleton<InteractionService>();
        services.TryAddSingleton<IInteractionService>(sp => sp.GetRequiredService<InteractionService>());
        services.TryAddSingleton<DashboardService>();
        services.TryAddSingleton<ResourceServiceServer>();
        services.AddHealthChecks();
        services.AddSingleton<IValidateOptions<HealthCheckServiceOptions>, HealthCheckRegistrations>();
        services.AddHostedService<ResourceHealthMonitor>();
        services.AddHostedService<ResourceLogForwarder>();
        return services;
    }
}
