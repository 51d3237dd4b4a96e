using System.Net;
using System.Net.Http.Json;
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
    public async Task Without_a_secret_nobody_is_a_service()
    {
        await using var api = await ApiHost.StartAsync(("Services:Secret", ""));

        Assert.Equal("service_unknown", (await api.PostAsync("/telemetry", new { }, (RecordsExtensions.SecretHeader, ""))).Reason);
    }

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
