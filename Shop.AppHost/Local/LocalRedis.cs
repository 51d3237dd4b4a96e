using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Shop.AppHost.Local;

/// <summary>The machine's own redis-server, with the connection string and the properties of the container resource.</summary>
internal sealed class LocalRedisServer(string name, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, "sh", workingDirectory), IResourceWithConnectionString
{
    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Endpoint.Property(EndpointProperty.HostAndPort)},password={password}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties()
    {
        var host = Endpoint.Property(EndpointProperty.Host);
        var port = Endpoint.Property(EndpointProperty.Port);
        yield return new("Host", ReferenceExpression.Create($"{host}"));
        yield return new("Port", ReferenceExpression.Create($"{port}"));
        yield return new("Password", ReferenceExpression.Create($"{password}"));
        yield return new("Uri", ReferenceExpression.Create($"redis://:{password:uri}@{host}:{port}"));
    }
}

internal static class LocalRedis
{
    public static IResourceBuilder<IResourceWithConnectionString> AddLocalRedis(this IDistributedApplicationBuilder builder, string name)
    {
        var password = ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false);
        var resource = new LocalRedisServer(name, builder.AppHostDirectory, password);
        builder.Services.AddHealthChecks().AddAsyncCheck($"{name}_check", ct => ProbeAsync(resource, ct));
        return builder.AddResource(resource)
            .WithIconName("Database")
            .WithEndpoint(name: "tcp", scheme: "redis")
            .WithEnvironment("REDIS_PASSWORD", $"{password}") // not an argument: those show in ps
            .WithArgs(Path.Combine(builder.AppHostDirectory, "Local", "redis.sh"), builder.DataPath("redis"))
            .WithArgs(context => context.Args.Add(resource.Endpoint.Property(EndpointProperty.TargetPort)))
            .WithHealthCheck($"{name}_check");
    }

    private static async Task<HealthCheckResult> ProbeAsync(LocalRedisServer server, CancellationToken ct)
    {
        try
        {
            var options = ConfigurationOptions.Parse((await server.ConnectionStringExpression.GetValueAsync(ct))!);
            options.ConnectTimeout = 2000;
            await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
            await redis.GetDatabase().PingAsync();
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is RedisException or RedisCommandException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }
}
