using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Shop.Tests.Integration;

/// <summary>What a test gets when it asks for an AppHost.</summary>
public sealed class HostingTestingTests
{
    private static readonly string[] NoContainers = ["--Shop:Containers=never"];

    [Fact]
    public async Task A_test_has_the_builder_of_the_application_host_before_anything_is_built()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(NoContainers, limit.Token);

        Assert.Contains(builder.Resources, r => r.Name == "web");
        Assert.Contains(builder.Resources, r => r.Name == "web-rebuilder");
        Assert.Equal(Projects.Shop_AppHost.ProjectPath, builder.AppHostDirectory);
        Assert.True(builder.Environment.IsDevelopment());
        Assert.Equal("true", builder.Configuration["DcpPublisher:RandomizePorts"]);
        Assert.Equal("http://localhost:4317", builder.Configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]);
        Assert.Equal("Development", builder.Configuration["DOTNET_ENVIRONMENT"]); // of the launch profile, as configuration only
    }

    [Fact]
    public async Task The_application_host_goes_on_after_its_build_when_the_test_starts_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(NoContainers, limit.Token);
        builder.Resources.Clear();
        var server = builder.AddExecutable("server", "sleep", ".", "1000").WithHttpEndpoint(env: "PORT");
        var log = new Log();
        builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(log));
        await using var app = await builder.BuildAsync(limit.Token);
        Assert.Throws<InvalidOperationException>(() => app.GetEndpoint("server"));

        await app.StartAsync(limit.Token);
        await app.ResourceNotifications.WaitForResourceAsync("server", KnownResourceStates.Running, limit.Token);
        Assert.Equal(server.GetEndpoint("http").Url, app.GetEndpoint("server").ToString().TrimEnd('/'));
        Assert.Equal("resourceName", Assert.Throws<ArgumentException>(() => app.GetEndpoint("nobody")).ParamName);
        Assert.Equal("endpointName", Assert.Throws<ArgumentException>(() => app.GetEndpoint("server", "https")).ParamName);
        using var client = app.CreateHttpClient("server");
        Assert.Equal(app.GetEndpoint("server"), client.BaseAddress);
        Assert.Contains(log.Categories, c => c.EndsWith(".Resources.server", StringComparison.Ordinal));

        // Run() in the AppHost is what waits for this.
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        var stopped = new TaskCompletionSource();
        using var noted = lifetime.ApplicationStopped.Register(stopped.SetResult);
        lifetime.StopApplication();

        await stopped.Task.WaitAsync(limit.Token);
        Assert.NotNull(app.Services.GetRequiredService<DistributedApplicationModel>()); // and does not dispose it under the test's hands
    }

    [Fact]
    public async Task What_keeps_the_application_from_starting_is_thrown_at_the_test()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(NoContainers, limit.Token);
        builder.Resources.Clear();
        builder.OnBeforeStart((_, _) => throw new InvalidOperationException("Not today."));
        await using var app = await builder.BuildAsync(limit.Token);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync(limit.Token));

        Assert.Equal("Not today.", refused.Message);
    }

    [Fact]
    public async Task A_builder_that_is_given_back_leaves_nothing_waiting()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(NoContainers, limit.Token);
        var app = await builder.BuildAsync(limit.Token);

        await app.DisposeAsync();
        await builder.DisposeAsync();

        Assert.Throws<ObjectDisposedException>(() => app.Services.GetRequiredService<DistributedApplicationModel>());
    }

    private sealed class Log : ILoggerProvider
    {
        public System.Collections.Concurrent.ConcurrentBag<string> Categories { get; } = [];

        public ILogger CreateLogger(string categoryName)
        {
            Categories.Add(categoryName);
            return Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        }

        public void Dispose()
        {
        }
    }
}
