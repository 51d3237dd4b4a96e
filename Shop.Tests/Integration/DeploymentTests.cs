using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The shop's own manifest, written by the command that azd uses: what a deployment gets, and all that it gets.</summary>
public sealed partial class DeploymentTests(DeploymentTests.ShopManifest published) : IClassFixture<DeploymentTests.ShopManifest>
{
    private JsonObject Resources => published.Resources;

    [Fact]
    public void Everything_that_is_deployed_is_named_and_nothing_that_simulates()
    {
        var types = Resources.Where(r => !IsParameter(r.Value!)).ToDictionary(r => r.Key, r => (string)r.Value!["type"]!);

        Assert.Equal("container.v0", types["postgres"]);
        Assert.Equal("value.v0", types["shopdb"]);
        Assert.Equal("container.v0", types["cache"]);
        foreach (var project in (string[])["migrate", "api", "payments", "web"])
            Assert.Equal("project.v0", types[project]);
        Assert.DoesNotContain("simulator", published.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("localhost", published.Text, StringComparison.OrdinalIgnoreCase);
        Assert.All(types.Keys.Where(t => types[t] == "project.v0"), p => Assert.True(
            File.Exists(Path.Combine(published.Folder, (string)Resources[p]!["path"]!)), $"{p} is not at {Resources[p]!["path"]}."));
    }

    [Fact]
    public void Shoppers_and_gateways_get_in_and_nobody_else()
    {
        var external = Resources.Where(r => r.Value!["bindings"] is JsonObject b && b.Any(binding => (bool?)binding.Value!["external"] is true)).Select(r => r.Key);

        Assert.Equal(["payments", "web"], external.Order());
        Assert.Null(Resources["migrate"]!["bindings"]);
        Assert.Equal(["migrate"], Resources["migrate"]!["args"]!.AsArray().Select(a => (string)a!));
        Assert.Equal("{web.bindings.https.url}", (string?)Resources["payments"]!["env"]!["Payments__StorefrontUrl"]);
    }

    [Fact]
    public void Passwords_are_generated_and_what_only_a_person_can_know_is_asked_for()
    {
        var parameters = Resources.Where(r => (string)r.Value!["type"]! == "parameter.v0")
            .ToDictionary(r => r.Key, r => r.Value!["inputs"]!["value"]!);

        Assert.All(["postgres-password", "cache-password", "link-secret"], p => Assert.NotNull(parameters[p]["default"]!["generate"]));
        Assert.All(["stripe-secret-key", "stripe-publishable-key", "stripe-webhook-secret", "paypal-client-id", "paypal-client-secret", "paypal-webhook-id", "smtp-host", "smtp-user", "smtp-password", "smtp-from", "admin-email", "admin-password"],
            p => Assert.Null(parameters[p]["default"]));
        Assert.All(["stripe-secret-key", "stripe-webhook-secret", "paypal-client-secret", "smtp-password", "postgres-password", "cache-password", "link-secret", "admin-password"],
            p => Assert.True((bool?)parameters[p]["secret"], $"{p} would be shown."));
        Assert.Equal("587", (string?)parameters["smtp-port"]["default"]!["value"]);
        Assert.Equal(("true", "true"), ((string?)parameters["paypal-offered"]["default"]!["value"], (string?)parameters["paypal-live"]["default"]!["value"]));
    }

    [Fact]
    public void Every_reference_leads_to_something_that_is_in_the_manifest()
    {
        var broken = Reference().Matches(published.Text).Select(m => m.Groups[1].Value).Distinct()
            .Where(path => Resources[path.Split('.')[0]] is not { } target
                || path.Split('.') is [_, "bindings", var binding, ..] && target["bindings"]?[binding] is null);

        Assert.Empty(broken);
    }

    /// <summary>
    /// As containers would run: no environment but the manifest's, references filled in as azd fills them in, and nobody waits for the schema.
    /// The server has no database of the shop's yet.
    /// </summary>
    [Fact]
    public async Task The_services_are_ready_with_nothing_but_what_the_manifest_gives_them()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        using var redis = new RedisProcess("cache-secret");
        redis.Start();
        var values = new Dictionary<string, string>
        {
            ["shopdb.connectionString"] = await PostgresServer.NameDatabaseAsync(),
            ["cache.connectionString"] = $"127.0.0.1:{redis.Port},password=cache-secret",
            ["admin-email.value"] = "first@shop.example",
            ["admin-password.value"] = "chosen by whoever deploys",
            ["link-secret.value"] = "generated, and as long as it has to be",
            ["stripe-secret-key.value"] = "sk_test_of_a_deployment",
            ["stripe-publishable-key.value"] = "pk_test_of_a_deployment",
            ["stripe-webhook-secret.value"] = "whsec_of_a_deployment",
            ["paypal-client-id.value"] = "client-of-a-deployment",
            ["paypal-client-secret.value"] = "secret-of-a-deployment",
            ["paypal-webhook-id.value"] = "webhook-of-a-deployment",
            ["paypal-offered.value"] = "true",
            ["paypal-live.value"] = "true",
            ["smtp-host.value"] = "mail.example",
            ["smtp-port.value"] = "587",
            ["smtp-user.value"] = "shop",
            ["smtp-password.value"] = "letters",
            ["smtp-from.value"] = "orders@shop.example",
        };
        foreach (var service in (string[])["api", "payments", "web"])
        {
            var port = PostgresServer.FreePort();
            values[$"{service}.bindings.http.targetPort"] = $"{port}";
            // Nothing stands in front of the processes here.
            values[$"{service}.bindings.http.url"] = values[$"{service}.bindings.https.url"] = $"http://127.0.0.1:{port}";
        }

        using var api = Start("api", values);
        using var payments = Start("payments", values);
        using var web = Start("web", values);
        foreach (var (service, process) in new[] { ("api", api), ("payments", payments), ("web", web) })
            await process.AnswersAsync(new Uri($"{values[$"{service}.bindings.http.url"]}/alive"), limit.Token);
        using var migrate = Start("migrate", values);
        Assert.True(await migrate.EndAsync() == 0, migrate.Output);

        foreach (var (service, process) in new[] { ("api", api), ("payments", payments), ("web", web) })
            await process.AnswersAsync(new Uri($"{values[$"{service}.bindings.http.url"]}/ready"), limit.Token);
        await web.AnswersAsync(new Uri(values["web.bindings.http.url"]), limit.Token); // the catalogue, by way of the api
    }

    private ServiceProcess Start(string name, Dictionary<string, string> values)
    {
        var resource = Resources[name]!;
        var environment = resource["env"]!.AsObject().Select(v => KeyValuePair.Create(v.Key, Filled((string)v.Value!)));
        return ServiceProcess.StartAlone(
            Path.ChangeExtension(Path.GetFileName((string)resource["path"]!), ".dll"),
            resource["args"]?.AsArray().Select(a => Filled((string)a!)) ?? [], environment);

        // Whatever else there is: an address, long enough for a secret. The parts of connection strings are for clients in other languages.
        string Filled(string text) => Reference().Replace(
            text, m => values.GetValueOrDefault(m.Groups[1].Value, "somebody.entered.this.when.asked@shop.example"));
    }

    private static bool IsParameter(JsonNode resource) => (string?)resource["type"] is "parameter.v0" or "annotated.string";

    [GeneratedRegex(@"\{([a-z][\w.-]+)\}")]
    private static partial Regex Reference();

    public sealed class ShopManifest : IAsyncLifetime
    {
        public string Folder { get; } = Directory.CreateTempSubdirectory("shop-manifest").FullName;
        public string Text { get; private set; } = "";
        public JsonObject Resources { get; private set; } = [];

        public async Task InitializeAsync()
        {
            using var appHost = ServiceProcess.StartAlone(
                "Shop.AppHost.dll", ["--operation", "publish", "--publisher", "manifest", "--output-path", Folder], []);
            Assert.Equal(0, await appHost.EndAsync());
            var file = Path.Combine(Folder, "aspire-manifest.json");
            Assert.True(File.Exists(file), appHost.Output); // the exit code says nothing
            Text = await File.ReadAllTextAsync(file);
            Resources = JsonNode.Parse(Text)!["resources"]!.AsObject();
        }

        public Task DisposeAsync()
        {
            Directory.Delete(Folder, recursive: true);
            return Task.CompletedTask;
        }
    }
}
