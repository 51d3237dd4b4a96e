using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Shop.Tests.Unit;

/// <summary>How AddRedisClient comes to its settings; no server is needed for that.</summary>
public sealed class RedisIntegrationTests
{
    [Fact]
    public void The_connection_string_comes_first_then_the_section_then_the_code_then_whoever_configures_the_options()
    {
        var builder = Builder(
            ("ConnectionStrings:cache", "localhost:6390,connectTimeout=1,syncTimeout=1,asyncTimeout=1,connectRetry=1"),
            ("Aspire:StackExchange:Redis:ConfigurationOptions:SyncTimeout", "2"),
            ("Aspire:StackExchange:Redis:ConfigurationOptions:AsyncTimeout", "2"),
            ("Aspire:StackExchange:Redis:ConfigurationOptions:ConnectRetry", "2"));
        builder.AddRedisClient("cache", configureOptions: options => (options.AsyncTimeout, options.ConnectRetry) = (3, 3));
        builder.Services.Configure<ConfigurationOptions>(options => options.ConnectRetry = 4);
        using var host = builder.Build();

        var options = host.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value;

        Assert.Equal((1, 2, 3, 4), (options.ConnectTimeout, options.SyncTimeout, options.AsyncTimeout, options.ConnectRetry));
        Assert.False(options.AbortOnConnectFail); // a cache that is not there yet does not stop the service
        Assert.Equal("localhost:6390", Assert.Single(options.EndPoints).ToString()?.Replace("Unspecified/", "", StringComparison.Ordinal));
    }

    [Fact]
    public void Keyed_clients_have_settings_of_their_own()
    {
        var builder = Builder(
            ("ConnectionStrings:pages", "localhost:6391"), ("ConnectionStrings:limits", "localhost:6392,abortConnect=true"),
            ("Aspire:StackExchange:Redis:pages:ConfigurationOptions:DefaultDatabase", "7"),
            ("Aspire:StackExchange:Redis:limits:DisableHealthChecks", "true"));
        builder.AddKeyedRedisClient("pages");
        builder.AddKeyedRedisClient("limits");
        using var host = builder.Build();
        var options = host.Services.GetRequiredService<IOptionsMonitor<ConfigurationOptions>>();

        var (pages, limits) = (options.Get("pages"), options.Get("limits"));

        Assert.Equal((7, null), (pages.DefaultDatabase, limits.DefaultDatabase));
        Assert.Equal((false, true), (pages.AbortOnConnectFail, limits.AbortOnConnectFail));
        Assert.Equal(
            ["StackExchange.Redis_pages"],
            host.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name));
    }

    [Fact]
    public void Without_a_server_to_connect_to_the_error_says_where_one_was_looked_for()
    {
        var builder = Builder();
        builder.AddRedisClient("cache", settings => settings.DisableAutoActivation = true);
        using var host = builder.Build();

        var missing = Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<IConnectionMultiplexer>());

        Assert.Contains("ConnectionStrings:cache", missing.Message, StringComparison.Ordinal);
    }

    private static HostApplicationBuilder Builder(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create<string, string?>(setting.Key, setting.Value)));
        return builder;
    }
}
