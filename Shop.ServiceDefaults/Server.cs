using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Shop.ServiceDefaults;

internal static class Server
{
    /// <summary>Forwarded headers are the framework's: it honours them when ASPNETCORE_FORWARDEDHEADERS_ENABLED says so, and only then.</summary>
    public static void AddServerDefaults(this IServiceCollection services)
    {
        services.Configure<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = 1024 * 1024; // an endpoint that takes more says so itself
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });

        // Shorter than the 30 seconds after which platforms kill, so that the last telemetry leaves too.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(25));
    }
}
