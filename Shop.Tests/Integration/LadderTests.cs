using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data.Accounts;
using Shop.Payments;
using Shop.Tests.Fixtures;
using Shop.Web;

namespace Shop.Tests.Integration;

/// <summary>Something hangs on each floor. The floor above it says so, and nobody further out runs out of patience first.</summary>
public sealed class LadderTests : IAsyncLifetime
{
    private static readonly (string, string?)[] Ladder =
    [
        ("Timeouts:Lock", "00:00:00.200"), ("Timeouts:Statement", "00:00:00.400"), ("Timeouts:Command", "00:00:01"), ("Timeouts:Connect", "00:00:01"),
        ("Timeouts:Request", "00:00:03"), ("Timeouts:Attempt", "00:00:20"), ("Timeouts:Total", "00:00:50"), // outside: as patient as a busy machine needs
        ("Timeouts:Proxy", "00:02:00"),
    ];

    private ApiHost _api = null!;
    private WebApplicationFactory<ShopWeb> _web = null!;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(Ladder);
        _web = new WebApplicationFactory<ShopWeb>().WithWebHostBuilder(web =>
        {
            web.UseEnvironment("Development");
            web.UseSetting("HostedFields:Url", "http://cards.test").UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            web.UseSetting("services:api:http:0", _api.Http.BaseAddress!.ToString());
            foreach (var (key, value) in Ladder)
                web.UseSetting(key, value);
        });
    }

    public async Task DisposeAsync()
    {
        await _web.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_statement_that_sleeps_is_ended_by_the_server(bool isReports)
    {
        await using var host = isReports ? await ApiHost.StartAsync(
            ("Timeouts:BackgroundLock", "00:00:00.100"), ("Timeouts:BackgroundStatement", "00:00:00.300")) : null;
        var services = (host ?? _api).Services;
        var database = isReports ? services.GetRequiredKeyedService<NpgsqlDataSource>("reports") : services.GetRequiredService<NpgsqlDataSource>();

        var cut = await Assert.ThrowsAsync<PostgresException>(async () =>
        {
            await using var command = database.CreateCommand("SELECT pg_sleep(60)");
            await command.ExecuteNonQueryAsync(ApiHost.Ct);
        });

        Assert.Equal((PostgresErrorCodes.QueryCanceled, true), (cut.SqlState, cut.MessageText.Contains("statement timeout", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(false, "1500ms", "1900ms")]
    [InlineData(true, "2s", "3s")]
    public async Task A_pool_keeps_the_connection_strings_own_options_beside_its_limits(bool isReports, string locks, string statements)
    {
        var own = new NpgsqlConnectionStringBuilder(await PostgresServer.CreateDatabaseAsync()) { Options = "-c work_mem=7MB" };
        await using var host = await ApiHost.StartAsync(
            ("ConnectionStrings:shopdb", own.ConnectionString), ("Timeouts:Lock", "00:00:01.500"), ("Timeouts:Statement", "00:00:01.900"),
            ("Timeouts:BackgroundLock", "00:00:02"), ("Timeouts:BackgroundStatement", "00:00:03"));
        var pool = isReports ? host.Services.GetRequiredKeyedService<NpgsqlDataSource>("reports") : host.Services.GetRequiredService<NpgsqlDataSource>();

        await using var command = pool.CreateCommand(
            "SELECT concat_ws(' ', current_setting('work_mem'), current_setting('lock_timeout'), current_setting('statement_timeout'))");

        Assert.Equal($"7MB {locks} {statements}", await command.ExecuteScalarAsync(ApiHost.Ct));
    }

    [Fact]
    public async Task What_waits_for_a_lock_is_told_to_the_storefront_as_busy()
    {
        await using var blocker = _api.Open();
        await using var transaction = await blocker.Database.BeginTransactionAsync();
        await blocker.Database.ExecuteSqlAsync($"LOCK shop.stock_items IN ACCESS EXCLUSIVE MODE");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), await AskAsync("/catalog/products/any/availability"));
    }

    [Fact]
    public async Task A_report_may_take_longer_than_a_shoppers_request()
    {
        await using var host = await ApiHost.StartAsync(
            ("Timeouts:Lock", "00:00:01"), ("Timeouts:Statement", "00:00:01.900"), ("Timeouts:Command", "00:00:02"), ("Timeouts:Connect", "00:00:02"),
            ("Timeouts:Request", "00:00:02.100"), ("Timeouts:BackgroundLock", "00:00:09"));
        var agent = await host.SignedInAsync(Role.Agent);
        await using var blocker = host.Open();
        await using var transaction = await blocker.Database.BeginTransactionAsync();
        await blocker.Database.ExecuteSqlAsync($"LOCK shop.orders IN ACCESS EXCLUSIVE MODE");

        var asked = host.GetAsync("/operations/orders", agent.Bearer);
        await blocker.Database.ExecuteSqlAsync($"SELECT pg_sleep(4)");
        await transaction.CommitAsync();

        Assert.Equal(HttpStatusCode.OK, (await asked).Status);
    }

    [Fact]
    public async Task A_database_that_hangs_is_told_to_the_storefront_as_busy()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync("/catalog/products/any/availability")).Status); // its connection is there
        _api.Wire.IsFrozen = true; // neither an answer nor an end of the connection, as from a machine that is gone

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), await AskAsync("/catalog/products/any/availability"));
    }

    [Fact]
    public async Task A_transaction_that_crawls_is_given_up_while_there_is_time_to_say_so_and_its_key_still_makes_one_order()
    {
        await using var host = await ApiHost.StartAsync(
            ApiHost.ShortWait, ("Timeouts:Lock", "00:00:01"), ("Timeouts:Statement", "00:00:01.900"), ("Timeouts:Command", "00:00:02"),
            ("Timeouts:Transaction", "00:00:02.100"));
        await host.StockAsync(5, "crawling");
        var guest = await host.GuestAsync(("crawling", 1));
        var key = Guid.NewGuid();

        // Neither the insert nor the commit is too slow; the two together are.
        await using var db = host.Open();
        await db.Database.ExecuteSqlAsync($"""
            CREATE FUNCTION shop.crawl() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1.3); RETURN NEW; END';
            CREATE TRIGGER crawl BEFORE INSERT ON shop.people FOR EACH ROW EXECUTE FUNCTION shop.crawl();
            CREATE CONSTRAINT TRIGGER crawl_late AFTER INSERT ON shop.people DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.crawl();
            """);
        var given = await guest.CheckoutAsync(key);
        await db.Database.ExecuteSqlAsync($"DROP TRIGGER crawl ON shop.people; DROP TRIGGER crawl_late ON shop.people");
        var again = await guest.CheckoutAsync(key);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), (given.Status, given.Reason));
        Assert.Equal(HttpStatusCode.Accepted, again.Status);
        Assert.Equal(1, await db.Orders.CountAsync());
    }

    [Fact]
    public async Task A_replica_that_the_server_has_no_connections_for_refuses_to_start()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        using var api = ServiceProcess.Start<Api.ShopApi>(
            ("ConnectionStrings:shopdb", database), ("Links:Secret", Any.LinkSecret), ("Connections:ApiReplicas", "24"));
        using var payments = ServiceProcess.Start<ShopPayments>(
            [.. PaymentsShop.Settings(database, new Uri("http://127.0.0.1:1"), 1).Select(s => (s.Key, (string?)s.Value)), ("Connections:ApiReplicas", "24")]);

        foreach (var service in new[] { api, payments })
        {
            Assert.NotEqual(0, await service.EndAsync());
            Assert.Contains("Connections: the shop may hold 548 connections (24 x Api 15 + 5 + 1 + 1, 1 x Payments 5 + 8 + 1 + 1, others 5), but the server gives 497.",
                service.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_mail_that_could_outlive_its_lease_is_refused_at_the_start()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        using var payments = ServiceProcess.Start<ShopPayments>(
        [
            .. PaymentsShop.Settings(database, new Uri("http://127.0.0.1:1"), 1).Select(s => (s.Key, (string?)s.Value)), ("Smtp:Timeout", "00:01:06"),
        ]);

        Assert.NotEqual(0, await payments.EndAsync());
        Assert.Contains("Smtp: Timeout + 2 * Timeouts:Recording must be shorter than Timeouts:Lease", payments.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_storefront_is_given_as_long_to_stop_as_its_longest_request_takes() =>
        Assert.Equal(27 + 3, _web.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout.TotalSeconds); // no drain in Development

    /// <summary>Through the storefront's own client with its retry.</summary>
    private async Task<(HttpStatusCode Status, string? Reason)> AskAsync(string path)
    {
        using var client = _web.Services.GetRequiredService<IHttpClientFactory>().CreateClient("CatalogClient");
        using var response = await client.GetAsync(path);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
    }
}
