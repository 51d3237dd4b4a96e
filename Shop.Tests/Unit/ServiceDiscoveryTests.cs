using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class ServiceDiscoveryTests
{
    [Theory]
    [InlineData("http://api/things?n=1", "http://localhost:5301/things?n=1")]
    [InlineData("https+http://api/things", "https://localhost:5302/things")] // the first scheme that is configured
    [InlineData("http+https://api/", "http://localhost:5301/")]
    [InlineData("https+http://plain/", "http://localhost:5303/")]
    [InlineData("http://_admin.api/", "http://localhost:5304/")]
    [InlineData("https+http://_admin.api/", "http://localhost:5304/")]
    [InlineData("http://based/things", "http://localhost:5305/base/things")]
    [InlineData("http://bare/", "http://10.1.2.3:5306/")]
    [InlineData("http://fallback/", "http://localhost:5307/")] // an endpoint named default has no scheme of its own
    public async Task A_service_is_called_where_the_configuration_says(string asked, string called) =>
        Assert.Equal(called, (await CallAsync(asked)).ToString());

    [Theory]
    [InlineData("http://nobody/x", "http://nobody/x")]
    [InlineData("http://localhost:1234/x", "http://localhost:1234/x")]
    [InlineData("https+http://nobody/x", "https://nobody/x")]
    [InlineData("http://127.0.0.1:81/x", "http://127.0.0.1:81/x")]
    public async Task A_name_that_is_not_configured_is_a_host(string asked, string called) =>
        Assert.Equal(called, (await CallAsync(asked)).ToString());

    [Fact]
    public async Task Several_endpoints_take_turns()
    {
        await using var services = Services(new() { ["Services:api:http:0"] = "http://a:1", ["Services:api:http:1"] = "http://b:2", ["Services:api:http:2"] = "http://c:3" });
        var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("any");
        var called = new List<string>();

        for (var i = 0; i < 6; i++)
            called.Add((await client.GetAsync("http://api/")).Headers.Location!.Authority);

        Assert.Equal(["a:1", "b:2", "c:3", "a:1", "b:2", "c:3"], called);
    }

    [Fact]
    public async Task A_changed_configuration_is_followed()
    {
        await using var services = Services(new() { ["Services:api:http:0"] = "http://a:1" });
        var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("any");
        Assert.Equal("a:1", (await client.GetAsync("http://api/")).Headers.Location!.Authority);

        var configuration = (IConfigurationRoot)services.GetRequiredService<IConfiguration>();
        configuration["Services:api:http:0"] = "http://b:2";
        configuration.Reload();

        for (var i = 0; i < 100; i++)
        {
            if ((await client.GetAsync("http://api/")).Headers.Location!.Authority == "b:2")
                return;
            await Task.Delay(20);
        }

        Assert.Fail("The old endpoint was still called.");
    }

    [Fact]
    public async Task The_address_that_was_asked_for_is_given_back_to_the_caller()
    {
        await using var services = Services(Endpoints);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://api/things");

        using var response = await services.GetRequiredService<IHttpClientFactory>().CreateClient("any").SendAsync(request);

        Assert.Equal("http://api/things", request.RequestUri!.ToString()); // a retry has to resolve it again
    }

    [Fact]
    public async Task A_scheme_that_is_not_allowed_is_not_used()
    {
        await using var services = Services(Endpoints, options =>
        {
            options.AllowAllSchemes = false;
            options.AllowedSchemes = ["http"];
        });
        var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

        Assert.Equal("http://localhost:5301/", (await client.GetAsync("https+http://api/")).Headers.Location!.ToString());
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync("https+http://nobody/"));
    }

    [Fact]
    public async Task A_dead_endpoint_costs_its_callers_a_retry_and_not_the_call()
    {
        var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        var address = dead.LocalEndpoint;
        dead.Stop();
        await using var alive = new ScriptedServer(Reply.Json(200, "1"), Reply.Json(200, "2"));
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["services:api:http:0"] = $"http://{address}", ["services:api:http:1"] = alive.Address,
        }).Build());
        services.AddServiceDiscovery();
        services.AddHttpClient("any").AddStandardResilienceHandler(options => options.Retry.Delay = TimeSpan.FromMilliseconds(1));
        services.AddHttpClient("any").AddServiceDiscovery(); // inside: every attempt asks for an endpoint anew
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("any");

        Assert.Equal("1", await client.GetStringAsync("http://api/things"));
        Assert.Equal("2", await client.GetStringAsync("http://api/things"));
        Assert.All(alive.Calls, call => Assert.StartsWith("GET /stripe/things ", call, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("services:api:http:0", "http://")]
    [InlineData("services:api:http:0", " ")]
    [InlineData("services:api:http:0", "not a host:at all")]
    [InlineData("services:api:http:first", "http://localhost:1")]
    public async Task An_endpoint_that_is_none_is_said_to_be_the_configurations_fault(string key, string value)
    {
        await using var services = Services(new() { [key] = value });
        var client = services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

        var wrong = await Assert.ThrowsAsync<KeyNotFoundException>(() => client.GetAsync("http://api/"));

        Assert.Contains("'api'", wrong.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string?> Endpoints => new()
    {
        ["services:api:http:0"] = "http://localhost:5301",
        ["services:api:https:0"] = "https://localhost:5302",
        ["services:api:admin:0"] = "http://localhost:5304",
        ["services:plain:http:0"] = "http://localhost:5303",
        ["services:based:http:0"] = "http://localhost:5305/base",
        ["services:bare:http"] = "10.1.2.3:5306",
        ["services:fallback:default:0"] = "http://localhost:5307",
    };

    private static async Task<Uri> CallAsync(string address)
    {
        await using var services = Services(Endpoints);
        using var response = await services.GetRequiredService<IHttpClientFactory>().CreateClient("any").GetAsync(address);
        return response.Headers.Location!;
    }

    private static ServiceProvider Services(
        Dictionary<string, string?> endpoints, Action<Microsoft.Extensions.ServiceDiscovery.ServiceDiscoveryOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(endpoints).Build());
        services.AddServiceDiscovery(configure ?? (_ => { }));
        services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => new Echo()).AddServiceDiscovery());
        return services.BuildServiceProvider();
    }

    /// <summary>Answers with the address at which it was called.</summary>
    private sealed class Echo : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Headers = { Location = request.RequestUri } });
    }
}
