using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Data;

namespace Shop.Tests.Fixtures;

/// <summary>
/// The whole shop as the AppHost describes it, on the genuine runtime, with random ports and data of its own: nothing of it meets a shop
/// that is running on this machine. Started once for all tests that need it.
/// </summary>
public sealed class RunningShop : IAsyncLifetime
{
    public const string Collection = "the whole shop";
    public const string AdminEmail = "first-admin@example.org";
    public const string AdminPassword = "the first long password of a test run";
    private const string ApiKey = "dashboard-key-of-a-test-run";
    private readonly string _data = Directory.CreateTempSubdirectory("shop-tests-stack-").FullName;
    private DistributedApplication? _app;

    public Uri Web { get; private set; } = null!;
    public Uri Api { get; private set; } = null!;
    public Uri Simulator { get; private set; } = null!;
    public Uri Dashboard { get; private set; } = null!;
    public string ConnectionString { get; private set; } = "";
    public DistributedApplication App => _app ?? throw new InvalidOperationException("The shop was not started.");

    public async Task InitializeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(
            [
                $"--Shop:Data={_data}", "--Shop:Containers=never", $"--Parameters:link-secret={Any.LinkSecret}",
                $"--Parameters:admin-email={AdminEmail}", $"--Parameters:admin-password={AdminPassword}",
                $"--ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://localhost:{PostgresServer.FreePort()}", $"--AppHost:DashboardApiKey={ApiKey}",
                .. ApiHost.PatientDatabase.Select(setting => $"--{setting.Item1}={setting.Item2}"),
                "--Simulator:Stripe:DeclineRate=0", // no test may depend on luck
                // A first request on a loaded machine takes longer than a shopper should wait.
                "--Timeouts:Attempt=00:00:20", "--Timeouts:Total=00:00:45", "--Timeouts:Proxy=00:00:50",
            ],
            (options, _) => options.DisableDashboard = false, limit.Token);
        builder.Services.AddLogging(logging => logging.ClearProviders()); // each process tells its story to the dashboard
        var api = builder.CreateResourceBuilder((ProjectResource)builder.Resources.Single(r => r.Name == "api"));
        api.WithEnvironment("RateLimits__Lifted", "true").WithEnvironment("CardTesting__Lifted", "true"); // all tests come from one address
        var payments = builder.CreateResourceBuilder((ProjectResource)builder.Resources.Single(r => r.Name == "payments"));
        payments.WithEnvironment("CardTesting__ShopDeclines", "1000000"); // and decline more than any shop
        _app = await builder.BuildAsync(limit.Token);
        await _app.StartAsync(limit.Token);
        foreach (var name in (string[])["simulator", "api", "payments", "web"])
            await _app.ResourceNotifications.WaitForResourceHealthyAsync(name, limit.Token);

        Web = _app.GetEndpoint("web", "http");
        Api = _app.GetEndpoint("api", "http");
        Simulator = _app.GetEndpoint("simulator", "http");
        Dashboard = _app.GetEndpoint("aspire-dashboard", "http");
        ConnectionString = await _app.GetConnectionStringAsync("shopdb", limit.Token) ?? throw new InvalidOperationException("shopdb has no connection string.");
    }

    public async Task DisposeAsync()
    {
        if (_app is not null)
            await _app.DisposeAsync();
        // Postgres' own processes may still be writing their last words.
        for (var tries = 0; Directory.Exists(_data); tries++)
        {
            try
            {
                Directory.Delete(_data, recursive: true);
            }
            catch (IOException) when (tries < 50)
            {
                await Task.Delay(100);
            }
        }
    }

    public ShopDbContext OpenDatabase() => PostgresServer.Open(ConnectionString);

    /// <summary>The address in the newest mail to somebody that leads to <paramref name="page"/>, as soon as it has come.</summary>
    public async Task<Uri> LinkMailedAsync(string email, string page)
    {
        using var simulator = new HttpClient { BaseAddress = Simulator };
        var link = new Regex($@"https?://\S*{Regex.Escape(page)}\?\S+");
        var found = await UntilAsync(
            async () => (await simulator.GetFromJsonAsync<JsonArray>($"/mails?to={Uri.EscapeDataString(email)}"))!
                .Select(mail => link.Match((string?)mail!["text"] ?? "")).FirstOrDefault(match => match.Success),
            match => match is not null, TimeSpan.FromSeconds(30));
        return new(found?.Value ?? throw new TimeoutException($"No mail with a link to {page} came."));
    }

    /// <summary>The dashboard's telemetry API, as a developer's tools would ask it.</summary>
    public HttpClient CreateTelemetryClient()
    {
        var key = App.Services.GetRequiredService<IConfiguration>()["AppHost:DashboardApiKey"] ?? ApiKey;
        var client = new HttpClient { BaseAddress = new Uri(Dashboard, "/api/telemetry/") };
        client.DefaultRequestHeaders.Add("x-api-key", key);
        return client;
    }

    /// <summary>Asks until the answer is there, for at most <paramref name="limit"/>; returns the last answer.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> isThere, TimeSpan limit)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (isThere(answer) || waited.Elapsed > limit)
                return answer;
            await Task.Delay(100);
        }
    }
}

[CollectionDefinition(RunningShop.Collection)]
public sealed class RunningShopDefinition : ICollectionFixture<RunningShop>;
