using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

internal static class Orchestration
{
    internal static IServiceCollection AddOrchestration(this IServiceCollection services)
    {
        services.AddSingleton<ParameterValues>();
        services.AddSingleton<ApplicationOrchestrator>();
        services.AddHostedService(sp => sp.GetRequiredService<ApplicationOrchestrator>());
        return services;
    }
}
