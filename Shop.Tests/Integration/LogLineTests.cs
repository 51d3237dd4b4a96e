using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class LogLineTests
{
    private const string Secret = "the service secret of this test";

    [Fact]
    public async Task What_is_logged_is_kept_with_the_ids_it_is_found_by()
    {
        await using var api = await ApiHost.StartAsync();
        var logger = api.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Shop.Test");
        var order = Guid.CreateVersion7();
        using (logger.BeginScope("about {OrderNumber}", 4711L))
            logger.LogWarning(new EventId(9001, "Tested"), new InvalidOperationException("it broke"), "Order {OrderId} was tested", order);
        logger.LogDebug("nothing that is kept");
        api.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Npgsql.Test").LogInformation("chatter");

        var line = Assert.Single(await LinesAsync(api, "event_id = 9001"));
        Assert.Equal(($"Order {order} was tested", order, 4711L, "api", "Tested"), (line.Message, line.OrderId, line.OrderNumber, line.Service, line.Event));
        Assert.Contains("InvalidOperationException: it broke", line.Exception, StringComparison.Ordinal);
        await api.GetAsync("/catalog/home");
        var request = (await LinesAsync(api, "event_id = 100 AND message LIKE 'GET /catalog/home answered 200%'"))[0];
        Assert.Contains(request.Reference!, request.Message, StringComparison.Ordinal);
        await using var database = NpgsqlDataSource.Create(api.Database);
        await using var chatter = database.CreateCommand("SELECT count(*) FROM telemetry.log_lines WHERE message IN ('chatter', 'nothing that is kept')");
        Assert.Equal(0L, await chatter.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_batch_of_another_service_is_kept_once_however_often_it_comes()
    {
        await using var api = await ApiHost.StartAsync(("Services:Secret", Secret));
        var line = new LogLine
        {
            Id = Guid.CreateVersion7(), At = DateTimeOffset.UtcNow, Service = "web", Instance = "one", Release = "1", Level = LogLevel.Information,
            Category = "Shop.Web", EventId = 9002, Message = "from the storefront", OrderNumber = 17,
        };
        var batch = new TelemetryBatch([line], [], [], 0);

        Assert.Equal(HttpStatusCode.Unauthorized, (await api.PostAsync("/telemetry", batch)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.PostAsync("/telemetry", batch, (RecordsExtensions.SecretHeader, "another"))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/telemetry", batch, (RecordsExtensions.SecretHeader, Secret))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/telemetry", batch, (RecordsExtensions.SecretHeader, Secret))).Status);
        Assert.Equal("telemetry_unreadable", (await api.PostAsync("/telemetry", new { }, (RecordsExtensions.SecretHeader, Secret))).Reason);

        Assert.Equal((17L, "web"), Assert.Single((await LinesAsync(api, "event_id = 9002")).Select(l => (l.OrderNumber, l.Service))));
    }

    [Fact]
    public async Task Points_are_kept_once_too_and_have_a_day_even_when_nobody_made_one()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await using (var drop = source.CreateCommand($"DROP TABLE telemetry.minute_series_{DateTime.UtcNow:yyyyMMdd}"))
            await drop.ExecuteNonQueryAsync();
        var batch = new TelemetryBatch([], [new SeriesPoint("http.requests", DateTimeOffset.UtcNow, "api", "one", "GET /", 3, 1, 1, null)], [], 0);

        await TelemetryRows.KeepAsync(source, batch, ApiHost.Ct);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => TelemetryRows.KeepAsync(source, batch, ApiHost.Ct)));

        await using var count = source.CreateCommand("SELECT count(*) FROM telemetry.minute_series");
        Assert.Equal(1L, await count.ExecuteScalarAsync());
    }

    [Fact]
    public async Task What_went_wrong_in_a_request_about_an_order_is_found_by_the_order()
    {
        await using var api = await ApiHost.StartAsync();
        var person = await api.SignedInAsync(Shop.Data.Accounts.Role.Agent);
        await using var db = api.Open();
        var order = await Fixtures.Any.StoredOrderAsync(db);
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        await db.Database.ExecuteSqlRawAsync("ALTER TABLE payments.payment_attempts RENAME TO gone");

        Assert.Equal(HttpStatusCode.InternalServerError, (await api.GetAsync($"/operations/orders/{number}/story", person.Bearer)).Status);

        Assert.Equal(number, Assert.Single(await LinesAsync(api, "event_id = 101")).OrderNumber);
        Assert.Equal(number, Assert.Single(await LinesAsync(api, "event_id = 100 AND message LIKE '%answered 500%'")).OrderNumber);
        await using var database = NpgsqlDataSource.Create(api.Database);
        await using var error = database.CreateCommand($"SELECT count(*) FROM telemetry.error_events WHERE order_number = {number}");
        await ApiHost.UntilAsync(async () => await error.ExecuteScalarAsync() is 1L);
    }

    [Fact]
    public async Task Whoever_asks_for_what_is_not_there_again_and_again_has_one_line_a_second_at_most()
    {
        await using var api = await ApiHost.StartAsync();
        var from = DateTimeOffset.UtcNow;
        for (var i = 0; i < 200; i++)
            Assert.Equal(HttpStatusCode.NotFound, (await api.GetAsync($"/nothing/{i}")).Status);
        var seconds = (DateTimeOffset.UtcNow - from).TotalSeconds;
        await api.GetAsync("/catalog/home");
        await LinesAsync(api, "event_id = 100 AND message LIKE 'GET /catalog/home%'"); // behind all of those

        var lines = (await LinesAsync(api, "event_id = 100 AND message LIKE '%answered 404%'")).Count;
        Assert.InRange(lines, 1, 1 + (int)Math.Ceiling(seconds));
    }

    [Fact]
    public async Task Without_a_secret_nobody_is_a_service()
    {
        await using var api = await ApiHost.StartAsync(("Services:Secret", ""));

        Assert.Equal("service_unknown", (await api.PostAsync("/telemetry", new { }, (RecordsExtensions.SecretHeader, ""))).Reason);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_go_on_without_the_database_and_their_lines_come_after_it_or_are_counted(bool isFrozen)
    {
        const int Requests = 300;
        await using var api = await ApiHost.StartAsync(
            ("Records:Lines", "100"), ("Records:Every", "00:00:00.100"), ("Records:LongestPause", "00:00:01"), ("Records:Limit", "00:00:02"));
        await LinesAsync(api, "event_id = 2004"); // it ships
        (api.Wire.IsDown, api.Wire.IsFrozen) = (!isFrozen, isFrozen);
        if (!isFrozen)
            api.Wire.CutAll();

        for (var i = 0; i < Requests; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/operations/queue")).Status); // asks no database
        (api.Wire.IsDown, api.Wire.IsFrozen) = (false, false);

        await ApiHost.UntilAsync(async () =>
        {
            // Other lines may have been dropped as well, and none is counted twice.
            var dropped = (await LinesAsync(api, $"event_id = {RecordEvents.LinesDropped}")).Sum(l => long.Parse(l.Message.Split(' ')[0], CultureInfo.InvariantCulture));
            var kept = (await LinesAsync(api, "event_id = 100 AND message LIKE 'GET /operations/queue answered 401%'")).Count;
            return dropped > 0 && kept > 0 && kept + dropped >= Requests && kept <= Requests;
        });
    }

    [Fact]
    public async Task What_keeps_lines_makes_none()
    {
        await using var api = await ApiHost.StartAsync(("Records:Every", "00:00:00.050"), ("Records:LongestPause", "00:00:01"), ("Services:Secret", Secret));
        await LinesAsync(api, "event_id = 2004");
        api.Wire.IsDown = true;
        api.Wire.CutAll();
        await ApiHost.UntilAsync(() => Task.FromResult(api.Logged.Any(line => line.Contains("they could not be kept", StringComparison.Ordinal))));
        Assert.Equal("telemetry_unavailable", (await api.PostAsync("/telemetry", new TelemetryBatch([Any()], [], [], 0), (RecordsExtensions.SecretHeader, Secret))).Reason);
        api.Wire.IsDown = false;
        await ApiHost.UntilAsync(() => Task.FromResult(api.Logged.Any(line => line.Contains("are kept again", StringComparison.Ordinal))));
        await api.GetAsync("/alive");
        await api.GetAsync("/catalog/home");
        await LinesAsync(api, "event_id = 100 AND message LIKE 'GET /catalog/home%'");

        await using var database = NpgsqlDataSource.Create(api.Database);
        await using var own = database.CreateCommand("""
            SELECT count(*) FROM telemetry.log_lines
            WHERE category LIKE 'Shop.ServiceDefaults.Records.%' OR message LIKE '%/telemetry %' OR message LIKE '%/alive %' OR message LIKE '%COPY telemetry%'
            """);
        Assert.Equal(0L, await own.ExecuteScalarAsync());
    }

    [Fact]
    public async Task What_was_planted_in_an_exception_or_sent_by_a_browser_is_in_no_table_of_telemetry()
    {
        string[] secrets = ["0170 1234567", "030 12345678", "planted-password", "9f86d081884c7d659a2feaa0c55ad015", "4242 4242 4242 4242", "4000002500003155", "ada.planted@example.org", "sk_live_planted", "whsec_planted", "xK2_9aBcDeFgHiJkLmNoPqRsTuVwXyZ-0123456789ab"];
        var words = $"{string.Join(" and ", secrets.Where(s => s is not "planted-password"))}; password: planted-password";
        await using var api = await ApiHost.StartAsync();
        var logger = api.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Shop.Test");
        try
        {
            throw new InvalidOperationException(words, new HttpRequestException($"GET https://x.example/?email=ada.planted@example.org&key={secrets[^1]} failed"));
        }
        catch (InvalidOperationException e)
        {
            logger.LogError(new EventId(9004), e, "It quoted {Words}", words);
        }

        await api.PostAsync("/script-errors", new { type = "Error", message = words, stack = $"at {secrets[^1]} (/card.js:1:2)", page = $"/{secrets[^1]}/{secrets[6]}" });
        await LinesAsync(api, "event_id = 9004");
        await LinesAsync(api, "event_id = 2044");

        await using var database = NpgsqlDataSource.Create(api.Database);
        await using var all = database.CreateCommand("""
            SELECT t::text FROM telemetry.log_lines t UNION ALL SELECT t::text FROM telemetry.error_groups t UNION ALL SELECT t::text FROM telemetry.error_events t
            UNION ALL SELECT t::text FROM telemetry.error_hits t
            """);
        await using var reader = await all.ExecuteReaderAsync();
        var rows = 0;
        for (; await reader.ReadAsync(); rows++)
        {
            foreach (var secret in secrets)
                Assert.DoesNotContain(secret, reader.GetString(0), StringComparison.OrdinalIgnoreCase);
        }

        Assert.True(rows > 3);
    }

    private static LogLine Any() => new()
    {
        Id = Guid.NewGuid(), At = DateTimeOffset.UtcNow, Service = "web", Instance = "one", Release = "1", Level = LogLevel.Information, Category = "Shop.Web", Message = "any",
    };

    internal sealed record Kept(string Message, Guid? OrderId, long? OrderNumber, string Service, string? Event, string? Exception, string? Reference, string? TraceId);

    /// <summary>As soon as there are some.</summary>
    internal static async Task<List<Kept>> LinesAsync(ApiHost api, string where)
    {
        List<Kept> lines = [];
        await using var database = NpgsqlDataSource.Create(api.Database);
        await ApiHost.UntilAsync(async () =>
        {
            await using var command = database.CreateCommand(
                $"SELECT message, order_id, order_number, service, event, exception, reference, trace_id FROM telemetry.log_lines WHERE {where} ORDER BY at");
            await using var reader = await command.ExecuteReaderAsync();
            lines.Clear();
            while (await reader.ReadAsync())
            {
                lines.Add(new(
                    reader.GetString(0), Get<Guid?>(1), Get<long?>(2), reader.GetString(3), Get<string?>(4), Get<string?>(5), Get<string?>(6), Get<string?>(7)));
            }

            return lines.Count > 0;

            T? Get<T>(int column) => reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);
        });
        return lines;
    }
}
