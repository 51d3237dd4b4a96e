using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Shop.Tests.Unit;

public sealed class HostingModelTests
{
    private readonly IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
    {
        Args = ["--Parameters:password=p@ss word", "--Parameters:with_underscore=found"],
        AssemblyName = "Shop.AppHost",
        DisableDashboard = true,
    });

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("under_score")]
    [InlineData("double--hyphen")]
    [InlineData("trailing-")]
    public void A_name_that_no_host_could_carry_is_refused_when_the_resource_is_added(string name)
    {
        Assert.Throws<ArgumentException>(() => builder.AddExecutable(name, "sh", "."));
    }

    [Fact]
    public void Two_resources_cannot_differ_in_case_only()
    {
        builder.AddExecutable("web", "sh", ".");

        Assert.Throws<DistributedApplicationException>(() => builder.AddExecutable("Web", "sh", "."));
    }

    [Fact]
    public async Task An_expression_keeps_its_braces_and_encodes_where_asked()
    {
        var password = builder.AddParameter("password", secret: true).Resource;

        var expression = ReferenceExpression.Create($"{{json}} {password} {password:uri}");

        Assert.Equal("{json} p@ss word p%40ss%20word", await expression.GetValueAsync(CancellationToken.None));
        Assert.Equal("{json} {password.value} {password.value}", expression.ValueExpression);
    }

    [Fact]
    public async Task An_address_is_awaited_until_its_port_is_known()
    {
        var server = builder.AddExecutable("server", "sh", ".").WithHttpEndpoint();
        var address = ReferenceExpression.Create($"{server.GetEndpoint("http")}/path").GetValueAsync(CancellationToken.None).AsTask();
        Assert.False(address.IsCompleted);

        var endpoint = server.GetEndpoint("http").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", 8123);

        Assert.Equal("http://localhost:8123/path", await address);
    }

    [Fact]
    public async Task A_parameter_with_a_dash_is_found_under_its_name_for_environment_variables()
    {
        Assert.Equal("found", await builder.AddParameter("with-underscore").Resource.GetValueAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_missing_parameter_names_the_key_to_set()
    {
        var missing = await Assert.ThrowsAsync<MissingParameterValueException>(
            async () => await builder.AddParameter("absent").Resource.GetValueAsync(CancellationToken.None));

        Assert.Contains("'Parameters:absent'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_cannot_be_published_as_a_default()
    {
        Assert.Throws<ArgumentException>(() => builder.AddParameter("key", "value", publishValueAsDefault: true, secret: true));
    }

    [Fact]
    public void A_generated_password_can_be_read_aloud()
    {
        var passwords = Enumerable.Range(0, 200).Select(_ => new GenerateParameterDefault { Special = false, MinNumeric = 2 }.GetDefaultValue()).ToArray();

        Assert.All(passwords, p => Assert.Matches("^[a-hjkmnp-zA-HJKMNP-Z0-9]{22}$", p));
        Assert.All(passwords, p => Assert.True(p.Count(char.IsAsciiDigit) >= 2));
        Assert.Equal(passwords.Length, passwords.Distinct().Count());
    }

    [Fact]
    public async Task A_postgres_database_speaks_of_its_server()
    {
        var server = builder.AddPostgres("postgres", password: builder.AddParameter("password", secret: true));
        var database = server.AddDatabase("shopdb");
        var endpoint = server.GetEndpoint("tcp").EndpointAnnotation;
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", 54321);

        Assert.Equal("Host=localhost;Port=54321;Username=postgres;Password=p@ss word;Database=shopdb",
            await database.Resource.ConnectionStringExpression.GetValueAsync(CancellationToken.None));
        Assert.Equal("postgresql://postgres:p%40ss%20word@localhost:54321/shopdb",
            await database.Resource.UriExpression.GetValueAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Endpoints_in_a_projects_own_settings_come_before_its_launch_profile_and_are_overridden_where_they_are_read()
    {
        var folder = Directory.CreateTempSubdirectory("shop-kestrel").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "appsettings.json"),
            """{ "Kestrel": { "Endpoints": { "Api": { "Url": "http://*:5601" }, "Internal": { "Url": "http://localhost:5602", "Protocols": "Http2" } } } }""");
        Directory.CreateDirectory(Path.Combine(folder, "Properties"));
        await File.WriteAllTextAsync(Path.Combine(folder, "Properties", "launchSettings.json"),
            """{ "profiles": { "http": { "commandName": "Project", "applicationUrl": "http://localhost:5700", "environmentVariables": { "MODE": "fast" } } } }""");
        await File.WriteAllTextAsync(Path.Combine(folder, "api.csproj"), "<Project />");

        var api = builder.AddProject("api", Path.Combine(folder, "api.csproj")).Resource;
        var context = new EnvironmentCallbackContext(builder.ExecutionContext, api);
        foreach (var annotation in api.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(context);

        Assert.Equal(["Api http 5601", "Internal http2 5602"], api.GetEndpoints().Select(e => e.EndpointAnnotation).Select(e => $"{e.Name} {e.Transport} {e.Port}"));
        Assert.Equal("http://*:{api.bindings.Api.targetPort}", TextOf("Kestrel__Endpoints__Api__Url"));
        Assert.Equal("http://localhost:{api.bindings.Internal.targetPort}", TextOf("Kestrel__Endpoints__Internal__Url"));
        Assert.Equal("fast", context.EnvironmentVariables["MODE"]);
        Assert.False(context.EnvironmentVariables.ContainsKey("ASPNETCORE_URLS"));
        Directory.Delete(folder, recursive: true);

        string TextOf(string variable) => ((IManifestExpressionProvider)context.EnvironmentVariables[variable]).ValueExpression;
    }

    [Fact]
    public void A_second_endpoint_of_one_name_is_refused()
    {
        var server = builder.AddExecutable("server", "sh", ".").WithHttpEndpoint();

        Assert.Throws<DistributedApplicationException>(() => server.WithHttpEndpoint());
    }
}
