using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Shop.ServiceDefaults;

public static class Server
{
    internal static void AddServerDefaults(this IServiceCollection services)
    {
        services.Configure<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            server.Limits.MaxRequestBodySize = 1024 * 1024; // an endpoint that takes more says so itself
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        });
        services.AddOptions<HostOptions>().Configure<IOptions<Timeouts>>((host, timeouts) => host.ShutdownTimeout = timeouts.Value.Shutdown);
        services.AddSingleton<Drain>();
        services.AddHostedService(sp => sp.GetRequiredService<Drain>());
        services.AddOptions<ForwardedHeadersOptions>().Configure<IConfiguration>((headers, configuration) => Believe(headers, configuration, proxies: 1));
    }

    /// <summary>
    /// Forwarded headers are the framework's: it honours them when ASPNETCORE_FORWARDEDHEADERS_ENABLED says so (a deployment by Aspire does),
    /// and only then. Each proxy writes the address it was called from at the right; <paramref name="proxies"/> of them are believed (one,
    /// unless a service says otherwise), and what stands further left anybody may have written. <c>ForwardedHeaders:Proxies</c> overrides the number;
    /// <c>ForwardedHeaders:Networks</c> (10.0.0.0/8, …) says where proxies are, where others can reach the process as well.
    /// </summary>
    public static void BelievesProxies(this IServiceCollection services, int proxies) =>
        services.AddOptions<ForwardedHeadersOptions>().PostConfigure<IConfiguration>((headers, configuration) => Believe(headers, configuration, proxies));

    private static void Believe(ForwardedHeadersOptions headers, IConfiguration configuration, int proxies)
    {
        var section = configuration.GetSection("ForwardedHeaders");
        headers.ForwardLimit = Math.Max(section.GetValue("Proxies", proxies), 1);
        foreach (var network in (section.GetSection("Networks").Get<string[]>() ?? []).Select(IPNetwork.Parse))
        {
            if (!headers.KnownIPNetworks.Contains(network))
                headers.KnownIPNetworks.Add(network);
        }
    }
}
