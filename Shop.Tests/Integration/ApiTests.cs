using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class ApiTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task The_document_names_every_endpoint_and_the_reference_page_shows_it()
    {
        var document = await api.GetAsync("/openapi/v1.json");
        var page = await api.GetAsync("/reference");

        foreach (var path in document.Json.GetProperty("paths").EnumerateObject())
            Assert.Contains($"<code>{path.Name}</code>", page.Text, StringComparison.Ordinal);
        Assert.Contains("/checkout", document.Json.GetProperty("paths").EnumerateObject().Select(p => p.Name));
        Assert.StartsWith("text/html", page.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page.Text, StringComparison.Ordinal); // nothing from elsewhere
        Assert.DoesNotContain("<script", page.Text, StringComparison.Ordinal);
        Assert.Contains("OrderView", page.Text, StringComparison.Ordinal);
        Assert.Contains("X-Order-Key", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("caller", page.Text, StringComparison.OrdinalIgnoreCase); // who asks is no parameter
    }

    [Fact]
    public async Task It_is_ready_when_its_database_is_there()
    {
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/alive")).Status);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/ready")).Status);

        await using var host = await ApiHost.StartAsync(("ConnectionStrings:cache", $"127.0.0.1:{PostgresServer.FreePort()}"));
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/ready")).Status); // without its Redis it is slower, not unhealthy
        host.Wire.IsDown = true;
        host.Wire.CutAll();
        await ApiHost.UntilAsync(async () => (await host.GetAsync("/ready")).Status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/alive")).Status);
    }

    [Theory]
    [InlineData("Database:LockTimeout", "00:00:05")]
    [InlineData("Database:StatementTimeout", "00:00:03")]
    [InlineData("Database:CommandTimeoutSeconds", "9")]
    [InlineData("Checkout:Wait", "00:00:10")]
    [InlineData("Checkout:RequestDeadline", "00:00:05")]
    [InlineData("Shop:TimeScale", "0")]
    [InlineData("Catalog:RedisBudget", "00:00:05")]
    [InlineData("Accounts:StaffIdle", "13:00:00")]
    [InlineData("Links:Secret", "too short")]
    [InlineData("Links:PreviousSecret", "too short")]
    public async Task Limits_that_contradict_each_other_stop_the_start(string key, string value)
    {
        var (code, output) = await RunAsync("--urls=http://127.0.0.1:0", "--ConnectionStrings:shopdb=Host=127.0.0.1;Port=1", $"--Links:Secret={Any.LinkSecret}", $"--{key}={value}");

        Assert.NotEqual(0, code);
        Assert.Contains(nameof(OptionsValidationException), output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Migrate_brings_an_empty_database_up_to_date_and_can_be_repeated()
    {
        var database = await PostgresServer.CreateEmptyDatabaseAsync();

        var (first, output) = await MigrateAsync(database);
        await using var db = PostgresServer.Open(database);
        Assert.False(await db.Products.AnyAsync()); // the catalogue is the shop's, unless it is asked for
        var (second, seeded) = await MigrateAsync(database, "--Seed:Catalogue=true");

        Assert.Equal((0, 0), (first, second));
        Assert.Contains("The database is at", output, StringComparison.Ordinal);
        Assert.Contains($"{await db.Products.CountAsync()} products seeded", seeded, StringComparison.Ordinal);
        Assert.True(await db.Products.AnyAsync());
    }

    [Fact]
    public async Task Migrate_gives_up_on_a_server_that_is_not_there_and_says_so_in_one_line()
    {
        var nowhere = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = PostgresServer.FreePort(), Database = "shopdb", Username = "nobody" };

        var (code, output) = await MigrateAsync(nowhere.ConnectionString, "--Database:MigrationPatience=00:00:01");

        Assert.Equal(1, code);
        Assert.Contains("The database was not migrated", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal); // no stack
    }

    /// <summary>The real binary, as the AppHost starts it.</summary>
    private static Task<(int Code, string Output)> MigrateAsync(string database, params string[] args) =>
        RunAsync(["migrate", $"--ConnectionStrings:shopdb={database}", .. args]);

    /// <summary>The Api as a process of its own, to its end.</summary>
    private static async Task<(int Code, string Output)> RunAsync(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ShopApi).Assembly.Location, .. args])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(ApiHost.Ct);
            var output = await process.StandardOutput.ReadToEndAsync(ApiHost.Ct);
            await process.WaitForExitAsync(ApiHost.Ct);
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true); // one that runs although it should not
        }
    }
}
