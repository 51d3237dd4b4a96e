using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Shop.Tests.Unit;

/// <summary>Containers as DCP is asked for them: it accepts a wrong property in silence, and the container is another one then.</summary>
public sealed class StandInContainerTests
{
    private readonly IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
    {
        Args = ["--applicationName", "Shop.AppHost", "--Parameters:cache-password=se cret"], AssemblyName = "Shop.AppHost", DisableDashboard = true,
    });

    [Fact]
    public async Task Redis_is_one_shell_line_with_its_password_as_a_variable()
    {
        var cache = builder.AddRedis("cache").WithDataVolume("cache-data");

        Assert.Equal(
            """{"image":"docker.io/library/redis:8.6","containerName":"cache-abc","args":["-c","redis-server --requirepass $REDIS_PASSWORD --save 60 1"],"env":[{"name":"REDIS_PASSWORD","value":"se cret"}],"ports":[{"containerPort":6379,"hostIP":"127.0.0.1","protocol":"TCP"}],"volumeMounts":[{"type":"volume","source":"cache-data","target":"/data","readOnly":false}],"networks":[{"name":"aspire-container-network","aliases":["cache"]}],"command":"/bin/sh"}""",
            await SpecAsync(cache.Resource));
    }

    [Fact]
    public async Task What_is_given_by_hand_is_asked_for_and_what_is_kept_says_so()
    {
        var proxy = builder.AddContainer("proxy", "registry.example/nginx:1.29").WithContainerName("front").WithLifetime(ContainerLifetime.Persistent)
            .WithBindMount("/etc/conf", "/conf", isReadOnly: true).WithEndpoint(port: 8443, targetPort: 443, isProxied: false).WithArgs("-g", "daemon off;");

        Assert.Equal(
            """{"image":"registry.example/nginx:1.29","containerName":"front","args":["-g","daemon off;"],"env":[],"ports":[{"containerPort":443,"hostIP":"127.0.0.1","protocol":"TCP","hostPort":8443}],"volumeMounts":[{"type":"bind","source":"/etc/conf","target":"/conf","readOnly":true}],"networks":[{"name":"aspire-container-network","aliases":["proxy"]}],"persistent":true}""",
            await SpecAsync(proxy.Resource));
    }

    [Fact]
    public async Task One_container_calls_another_by_its_name_on_the_port_inside()
    {
        var cache = builder.AddRedis("cache");
        var endpoint = cache.GetEndpoint("tcp").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", 54321);
        var worker = builder.AddContainer("worker", "worker").WithReference(cache);

        var spec = await SpecAsync(worker.Resource);

        Assert.Contains("""{"name":"ConnectionStrings__cache","value":"cache:6379,password=se cret"}""", spec, StringComparison.Ordinal);
        Assert.Equal("localhost:54321,password=se cret", await cache.Resource.GetConnectionStringAsync());
    }

    private async Task<string> SpecAsync(ContainerResource container)
    {
        var configuration = await ResourceConfiguration.ResolveAsync(
            container, builder.ExecutionContext, NullLogger.Instance, CancellationToken.None);
        var spec = ContainerSpecs.Create(container, $"{container.Name}-abc", configuration, randomizePorts: false);
        return spec.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
