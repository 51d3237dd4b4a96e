using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api;
using Shop.Payments;
using Shop.Tests.Fixtures;
using Shop.Web;

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
    [InlineData("Timeouts:Statement", "00:00:03", "Timeouts: Statement (00:00:03) must be shorter than Command (00:00:03).")]
    [InlineData("Timeouts:Request", "00:00:05", "Timeouts: Request (00:00:05) must be shorter than Attempt (00:00:05).")]
    [InlineData("Shop:TimeScale", "2", "stretched by Shop:TimeScale")]
    [InlineData("Shop:TimeScale", "0", "TimeScale")]
    [InlineData("RateLimits:SignIn:Permits", "0", "RateLimits:SignIn needs")]
    [InlineData("Connections:ApiShoppers", "0", "ApiShoppers")]
    [InlineData("Accounts:StaffIdle", "13:00:00", "StaffIdle <= StaffLongest")]
    [InlineData("Links:Secret", "too short", "Links:Secret must have at least 32 characters.")]
    [InlineData("Links:PreviousSecret", "too short", "Links:PreviousSecret must have at least 32 characters.")]
    public async Task Limits_that_contradict_each_other_stop_the_start(string key, string value, string line)
    {
        using var api = ServiceProcess.Start<ShopApi>(("ConnectionStrings:shopdb", "Host=127.0.0.1;Port=1"), ("Links:Secret", Any.LinkSecret), (key, value));

        Assert.NotEqual(0, await api.EndAsync());
        Assert.Contains(nameof(OptionsValidationException), api.Output, StringComparison.Ordinal);
        Assert.Contains(line, api.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ladder_crosses_processes_so_every_service_refuses_a_broken_one()
    {
        (string, string?) broken = ("Timeouts:Drain", "00:00:20");
        using var web = ServiceProcess.Start<ShopWeb>(("HostedFields:Url", "http://cards.test"), ("HostedFields:PublishableKey", "pk_test"), broken);
        using var payments = ServiceProcess.Start<ShopPayments>(
            [.. PaymentsShop.Settings("Host=127.0.0.1;Port=1", new Uri("http://127.0.0.1:1"), 1).Select(s => (s.Key, (string?)s.Value)), broken]);

        foreach (var service in new[] { web, payments })
        {
            Assert.NotEqual(0, await service.EndAsync());
            Assert.Contains("Timeouts: Drain + LongRequest (00:00:30) must be shorter than Shutdown (00:00:25).", service.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Migrate_brings_an_empty_database_up_to_date_and_can_be_repeated()
    {
        var database = await PostgresServer.CreateEmptyDatabaseAsync();

        var (first, output) = await MigrateAsync(database);
        await using var db = PostgresServer.Open(database);
        Assert.False(await db.Products.AnyAsync()); // the catalogue is the shop's, unless it is asked for
        var (second, seeded) = await MigrateAsync(database, ("Seed:Catalogue", "true"));

        Assert.Equal((0, 0), (first, second));
        Assert.Contains("The database is at", output, StringComparison.Ordinal);
        Assert.Contains($"{await db.Products.CountAsync()} products seeded", seeded, StringComparison.Ordinal);
        Assert.True(await db.Products.AnyAsync());
    }

    [Fact]
    public async Task Migrate_gives_up_on_a_server_that_is_not_there_and_says_so_in_one_line()
    {
        var nowhere = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = PostgresServer.FreePort(), Database = "shopdb", Username = "nobody" };

        var (code, output) = await MigrateAsync(nowhere.ConnectionString, ("Database:MigrationPatience", "00:00:01"));

        Assert.Equal(1, code);
        Assert.Contains("The database was not migrated", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal); // no stack
    }

    /// <summary>The real binary, as the AppHost starts it.</summary>
    private static async Task<(int Code, string Output)> MigrateAsync(string database, params (string, string?)[] settings)
    {
        using var migrate = ServiceProcess.Start<ShopApi>(["migrate"], [("ConnectionStrings:shopdb", database), .. settings]);
        return (await migrate.EndAsync(), migrate.Output);
    }
}
