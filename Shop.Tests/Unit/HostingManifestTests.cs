using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class HostingManifestTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("shop-manifest");
    private readonly IDistributedApplicationBuilder builder;

    public HostingManifestTests() => builder = Builder("--output-path", Output("Shop.AppHost/aspire-manifest.json"));

    /// <summary>The file is what Aspire 13.5.4 wrote for this model.</summary>
    [Fact]
    public async Task A_manifest_is_byte_by_byte_the_one_that_azd_knows()
    {
        var adminKey = builder.AddParameter("db-admin-key", secret: true);
        var mode = builder.AddParameter("mode", "fast", publishValueAsDefault: true);
        var stripeKey = builder.AddParameter("stripe-key", secret: true);
        var shopdb = builder.AddPostgres("postgres").WithDataVolume().AddDatabase("shopdb");
        var cache = builder.AddRedis("cache");
        var migrate = AddProject("migrate", "Shop.Migrate", url: null)
            .WithReference(shopdb).WaitFor(shopdb).WithEnvironment("MIGRATE_EXIT", "0");
        var simulator = AddProject("simulator", "Shop.Simulator");
        var api = AddProject("api", "Shop.Api").WithReplicas(2)
            .WithReference(shopdb).WithReference(cache).WithReference(simulator).WaitForCompletion(migrate).WithHttpHealthCheck("/health")
            .WithEnvironment("ADMIN_KEY", adminKey).WithEnvironment("MODE", mode).WithEnvironment("Stripe__ApiKey", stripeKey);
        var payments = AddProject("payments", "Shop.Payments").WithReference(shopdb).WithReference(cache).WithReference(simulator);
        AddProject("web", "Shop.Web").WithReference(api).WithReference(cache).WaitFor(api).WithExternalHttpEndpoints();
        simulator.WithReference(payments);

        await PublishAsync();

        var expected = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Assets", "manifest-of-aspire-13.5.json"));
        Assert.Equal(expected.TrimEnd(), await File.ReadAllTextAsync(Output("Shop.AppHost/aspire-manifest.json")));
    }

    [Fact]
    public async Task Ports_are_written_where_they_were_chosen_and_made_up_where_nobody_else_could()
    {
        builder.AddExecutable("worker", "sh", ".", "-c", "it's \"quoted\"").WithEndpoint(name: "tcp", scheme: "tcp").WithHttpEndpoint(port: 8001, name: "admin");
        builder.AddContainer("proxy", "nginx", "1.29").WithHttpEndpoint(port: 80, targetPort: 8080).WithBindMount("conf", "/etc/conf", isReadOnly: true);
        AddProject("api", "Shop.Api").WithEndpoint(name: "smtp", scheme: "smtp").WithArgs("serve", "now");

        var manifest = await PublishAsync();

        Assert.Equal("""["-c","it\u0027s \u0022quoted\u0022"]""", manifest["worker"]!["args"]!.ToJsonString());
        Assert.Equal(8000, (int)manifest["worker"]!["bindings"]!["tcp"]!["targetPort"]!);
        Assert.Equal("""{"scheme":"http","protocol":"tcp","transport":"http","port":8001,"targetPort":8002}""", Binding("worker", "admin"));
        Assert.Equal("nginx:1.29", (string?)manifest["proxy"]!["image"]);
        Assert.Equal("""{"scheme":"http","protocol":"tcp","transport":"http","port":80,"targetPort":8080}""", Binding("proxy", "http"));
        Assert.EndsWith("/conf", (string?)manifest["proxy"]!["bindMounts"]![0]!["source"], StringComparison.Ordinal);
        Assert.Equal("""{"scheme":"http","protocol":"tcp","transport":"http"}""", Binding("api", "http"));
        Assert.Equal(8003, (int)manifest["api"]!["bindings"]!["smtp"]!["targetPort"]!);
        Assert.Equal(["serve", "now"], manifest["api"]!["args"]!.AsArray().Select(a => (string)a!));

        string Binding(string resource, string name) => manifest[resource]!["bindings"]![name]!.ToJsonString();
    }

    [Fact]
    public async Task A_parameter_is_never_published_with_its_value_unless_that_was_said()
    {
        builder.Configuration["Parameters:key"] = "sk_live_secret";
        builder.Configuration["ConnectionStrings:ledger"] = "Password=secret";
        var key = builder.AddParameter("key", secret: true);
        var greeting = builder.AddParameter("greeting", "secret hello");
        var generated = builder.AddParameter("token", new GenerateParameterDefault { MinLength = 40, Upper = false, MinNumeric = 3 }, secret: true);
        var ledger = builder.AddConnectionString("ledger");
        var derived = builder.AddConnectionString("derived", ReferenceExpression.Create($"Key={key:uri};{greeting}"));
        AddProject("api", "Shop.Api").WithEnvironment("TOKEN", generated).WithReference(ledger).WithReference(derived);

        var manifest = await PublishAsync();

        Assert.DoesNotContain("secret hello", manifest.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sk_live", manifest.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Password=", manifest.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("""{"type":"string","secret":true}""", manifest["key"]!["inputs"]!["value"]!.ToJsonString());
        Assert.Equal("""{"type":"string"}""", manifest["greeting"]!["inputs"]!["value"]!.ToJsonString());
        Assert.Equal("""{"generate":{"minLength":40,"upper":false,"minNumeric":3}}""", manifest["token"]!["inputs"]!["value"]!["default"]!.ToJsonString());
        Assert.Equal("{ledger.connectionString}", (string?)manifest["ledger"]!["connectionString"]);
        Assert.Equal("Key={key-uri-encoded.value};{greeting.value}", (string?)manifest["derived"]!["connectionString"]);
        Assert.Equal("""{"type":"annotated.string","value":"{key.value}","filter":"uri"}""", manifest["key-uri-encoded"]!.ToJsonString());
        Assert.Equal("{derived.connectionString}", (string?)manifest["api"]!["env"]!["ConnectionStrings__derived"]);
    }

    [Fact]
    public async Task A_resource_can_stay_out_of_the_manifest_or_write_itself()
    {
        builder.AddExecutable("left-out", "sh", ".").ExcludeFromManifest();
        builder.AddExecutable("own", "sh", ".").WithManifestPublishingCallback(context => context.Writer.WriteString("type", "bicep.v0"));
        builder.AddResource(new Unknown("unknown"));

        var manifest = await PublishAsync();

        Assert.False(manifest.ContainsKey("left-out"));
        Assert.Equal("""{"type":"bicep.v0"}""", manifest["own"]!.ToJsonString());
        Assert.Equal("This resource does not support generation in the manifest.", (string?)manifest["unknown"]!["error"]);
    }

    [Fact]
    public async Task Endpoints_in_a_projects_own_settings_are_those_that_are_published()
    {
        Directory.CreateDirectory(Output("Shop.Api"));
        await File.WriteAllTextAsync(Output("Shop.Api/appsettings.json"),
            """{ "Kestrel": { "Endpoints": { "Grpc": { "Url": "http://localhost:5601", "Protocols": "Http2" } } } }""");
        AddProject("api", "Shop.Api");

        var api = (await PublishAsync())["api"]!;

        Assert.Equal("""{"scheme":"http","protocol":"tcp","transport":"http2","targetPort":5601}""", api["bindings"]!["http"]!.ToJsonString());
        Assert.Equal("""{"scheme":"https","protocol":"tcp","transport":"http","targetPort":5601}""", api["bindings"]!["https"]!.ToJsonString());
        Assert.Equal("http://*:{api.bindings.http.targetPort}", (string?)api["env"]!["Kestrel__Endpoints__http__Url"]);
        Assert.Null(api["env"]!["HTTP_PORTS"]);
    }

    [Fact]
    public async Task Handlers_run_before_and_after_and_a_folder_is_enough_of_a_path()
    {
        var events = new List<string>();
        var given = Builder("--output-path", Output("out"));
        var file = Output("out/aspire-manifest.json");
        given.OnBeforeStart((_, _) => Noted("start")).OnBeforePublish((_, _) => Noted("before")).OnAfterPublish((_, _) => Noted("after"));

        await given.Build().RunAsync();

        Assert.Equal(["start without", "before without", "after with"], events);

        Task Noted(string what)
        {
            events.Add(what + (File.Exists(file) ? " with" : " without"));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_failure_says_why_ends_the_run_and_leaves_no_file()
    {
        AddProject("api", "Shop.Api").WithEnvironment(_ => throw new InvalidOperationException("The callback broke."));
        var log = new HostLog(builder);

        await builder.Build().RunAsync();

        Assert.Contains("The callback broke.", log.Lines);
        Assert.Empty(folder.GetFiles("*manifest*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Without_an_output_path_the_option_is_named()
    {
        var given = Builder();
        var log = new HostLog(given);

        await given.Build().RunAsync();

        Assert.Contains(log.Lines, l => l.Contains("--output-path [path]", StringComparison.Ordinal));
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static IDistributedApplicationBuilder Builder(params string[] args) =>
        DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--applicationName", "Shop.AppHost", "--publisher", "manifest", .. args], AssemblyName = "Shop.AppHost",
        });

    private string Output(string path) => Path.Combine(folder.FullName, path);

    private async Task<JsonObject> PublishAsync()
    {
        await builder.Build().RunAsync();
        return JsonNode.Parse(await File.ReadAllTextAsync(Output("Shop.AppHost/aspire-manifest.json")))!["resources"]!.AsObject();
    }

    /// <summary>As much of a project as the model reads.</summary>
    private IResourceBuilder<ProjectResource> AddProject(string name, string project, string? url = "http://localhost:5000")
    {
        Directory.CreateDirectory(Output(project));
        Directory.CreateDirectory(Output($"{project}/Properties"));
        File.WriteAllText(Output($"{project}/{project}.csproj"), "<Project />");
        if (url is not null)
        {
            File.WriteAllText(Output($"{project}/Properties/launchSettings.json"),
                $$"""{ "profiles": { "http": { "commandName": "Project", "applicationUrl": "{{url}}", "environmentVariables": { "NOT_FOR": "deployments" } } } }""");
        }
        return builder.AddProject(name, Output($"{project}/{project}.csproj"));
    }

    private sealed class Unknown(string name) : Resource(name);
}
