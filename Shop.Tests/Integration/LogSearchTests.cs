using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Telemetry;
using Shop.Payments.Telemetry;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

public sealed class LogSearchTests(ApiHost api, ITestOutputHelper output) : IClassFixture<ApiHost>
{
    private static readonly DateTimeOffset Noon = new(DateTimeOffset.UtcNow.UtcDateTime.Date.AddDays(-2).AddHours(12), TimeSpan.Zero);

    [Fact]
    public async Task Lines_are_found_by_what_they_are_about_and_by_their_words()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        var word = $"w{Guid.NewGuid():N}";
        await KeepAsync(
            Line($"{word} one 100%", 1) with { OrderId = order.Id, TraceId = "4bf92f3577b34da6a3ce929d0e0e4736", Reference = "4T7QK-9XW2M", PersonId = word },
            Line($"{word} two 100x", 2) with { OrderNumber = number, Level = LogLevel.Error, Exception = $"System.Exception: deep{word}", Service = "payments" },
            Line($"{word} three", 3) with { EventId = 9003 });

        Assert.Equal(["three", "two", "one"], await FindAsync(new { text = word }));
        Assert.Equal(["two", "one"], await FindAsync(new { order = number }));
        Assert.Equal(["one"], await FindAsync(new { reference = "4t7qk 9xw2m", text = word }));
        Assert.Equal(["one"], await FindAsync(new { trace = "4BF92F3577B34DA6A3CE929D0E0E4736", text = word }));
        Assert.Equal(["one"], await FindAsync(new { person = word }));
        Assert.Equal(["two"], await FindAsync(new { text = word, level = "warning" }));
        Assert.Equal(["two"], await FindAsync(new { text = word, service = "payments" }));
        Assert.Equal(["three"], await FindAsync(new { text = word, eventId = 9003 }));
        Assert.Equal(["two"], await FindAsync(new { text = $"DEEP{word}" }));
        Assert.Equal(["one"], await FindAsync(new { text = $"{word} one 100%" }));
        Assert.Equal(["two", "one"], await FindAsync(new { text = $"^{word} (one|TWO)", isRegex = true }));
        Assert.Equal(["two"], await FindAsync(new { text = word, from = Noon.AddSeconds(1.5), to = Noon.AddSeconds(2.5) }));
        Assert.Equal([number, number], (await SearchAsync(new { order = number })).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("orderNumber").GetInt64()));
    }

    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_or_a_line_twice_even_within_one_moment()
    {
        var word = $"w{Guid.NewGuid():N}";
        await KeepAsync([.. Enumerable.Range(0, 130).Select(i => Line($"{word} {i}", i < 100 ? 10 : 20))]);

        List<string> all = [];
        var pages = 0;
        for (string? before = null; pages == 0 || before is not null; pages++)
        {
            var page = await SearchAsync(new { text = word, before });
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("message").GetString()!));
            before = page.GetProperty("next").GetString();
        }

        Assert.Equal((130, 130), (all.Count, all.Distinct().Count()));
        Assert.Equal(3, pages);
    }

    [Theory]
    [InlineData("""{ "text": "(", "isRegex": true }""", "regex_invalid")]
    [InlineData("""{ "reference": "no" }""", "reference_invalid")]
    [InlineData("""{ "level": "loud" }""", "level_invalid")]
    [InlineData("""{ "before": "yesterday" }""", "before_invalid")]
    [InlineData("""{ "text": "a\u0000b" }""", "text_invalid")]
    public async Task What_can_not_be_searched_for_is_refused_with_a_reason(string query, string reason)
    {
        var person = await api.SignedInAsync(Role.Agent);
        var answer = await api.PostAsync("/operations/logs", JsonDocument.Parse(query).RootElement, person.Bearer);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, reason), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_search_whose_time_is_up_says_how_far_it_came_and_goes_on_from_there()
    {
        await using var hurried = await ApiHost.StartAsync(("LogSearch:Budget", "00:00:00.001"));
        var person = await hurried.SignedInAsync(Role.Agent);

        var first = await hurried.PostAsync("/operations/logs", new { text = "never" }, person.Bearer);

        Assert.Equal(HttpStatusCode.OK, first.Status);
        Assert.NotNull(first["searchedBackTo"]);
        Assert.Equal(HttpStatusCode.OK, (await hurried.PostAsync("/operations/logs", new { text = "nowhere", before = first["next"] }, person.Bearer)).Status);
    }

    [Fact]
    public async Task An_expression_that_takes_long_to_understand_is_refused_within_the_time_of_a_search()
    {
        await using var hurried = await ApiHost.StartAsync(("LogSearch:Budget", "00:00:00.050"));
        var person = await hurried.SignedInAsync(Role.Agent);

        var answer = await hurried.PostAsync("/operations/logs", new { text = "((x{1,60}y?){1,60}z?){1,9}w", isRegex = true }, person.Bearer); // most of a second

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "regex_invalid"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_large_past_is_read_by_its_indexes()
    {
        await using var big = await ApiHost.StartAsync();
        await using var source = NpgsqlDataSource.Create(big.Database);
        await ExecuteAsync(source, """
            SELECT telemetry.ensure_day('log_lines', (now() AT TIME ZONE 'UTC')::date - d) FROM generate_series(1, 5) d;
            INSERT INTO telemetry.log_lines (id, at, service, instance, release, level, event_id, event, category, message, reference, trace_id, order_number, is_synthetic)
            SELECT gen_random_uuid(), date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - n * interval '8 seconds', 'api', 'one', '1', CASE WHEN n % 500 = 0 THEN 3 ELSE 2 END,
                CASE WHEN n % 10 = 0 THEN 2001 ELSE 100 END, 'Request', 'Shop', 'GET /products/{slug} answered 200 in ' || n || ' ms ' || md5(n::text),
                'R' || n / 3, md5('t' || n / 3), CASE WHEN n % 10 = 0 THEN n END, false
            FROM generate_series(1, 50000) n
            """);
        var days = new TelemetryDays(
            new Contexts(big.Database), Options.Create(new TelemetryDaysOptions()), new SteppedClock(Noon.AddDays(2))); // yesterday is over, whatever the hour
        output.WriteLine(await days.TendAsync(ApiHost.Ct));
        await ExecuteAsync(source, "ANALYZE telemetry.log_lines");
        var person = await big.SignedInAsync(Role.Agent);

        foreach (var (query, index, count) in new (object, string, int)[]
        {
            (new { order = 30000 }, "order_number", 1), (new { reference = "4T7QK-9XW2M" }, "reference", 0), (new { trace = Md5("t9999") }, "trace_id", 3),
            (new { text = Md5("12345") }, "words", 1), (new { text = $"{Md5("23456")[..20]}[0-9a-f]+$", isRegex = true }, "words", 1), (new { eventId = 9999 }, "event_id", 0),
        })
        {
            await ExecuteAsync(source, "SELECT pg_stat_reset()");
            var answer = await big.PostAsync("/operations/logs", query, person.Bearer);
            Assert.Equal(count, answer.Json.GetProperty("items").GetArrayLength());
            await ApiHost.UntilAsync(async () => await ScalarAsync(source, $"""
                SELECT coalesce(sum(idx_scan), 0)::bigint FROM pg_stat_user_indexes WHERE schemaname = 'telemetry' AND indexrelname LIKE 'log_lines_2%{index}%'
                """) > 0);
            // The days that are over; today has no index for words yet, and few lines here.
            Assert.Equal(0L, await ScalarAsync(source, """
                SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE schemaname = 'telemetry' AND relname LIKE 'log_lines_2%' AND n_live_tup > 2000
                """));
        }
    }

    [Fact]
    public async Task Days_are_made_ahead_indexed_when_over_and_dropped_when_old_and_what_had_no_day_moves()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        await ExecuteAsync(source, "SELECT telemetry.ensure_day('log_lines', DATE '2020-01-01')");
        var late = DateTimeOffset.UtcNow.AddDays(9);
        await TelemetryRows.KeepAsync(source, new TelemetryBatch([Line("too early", 0) with { At = late }], [], [], 0), ApiHost.Ct);
        var days = new TelemetryDays(new Contexts(database), Options.Create(new TelemetryDaysOptions()), TimeProvider.System);

        Assert.Contains("1 dropped", await days.TendAsync(ApiHost.Ct), StringComparison.Ordinal);
        Assert.Equal("0 days made, 0 dropped, 0 indexed; 0 errors forgotten", await days.TendAsync(ApiHost.Ct));
        Assert.Equal(1L, await ScalarAsync(source, "SELECT count(*) FROM telemetry.log_lines_default"));
        await ExecuteAsync(source, $"SELECT telemetry.ensure_day('log_lines', DATE '{late:yyyy-MM-dd}'), telemetry.ensure_day('log_lines', (now() AT TIME ZONE 'UTC')::date - 2)");
        Assert.Equal((0L, 1L), (await ScalarAsync(source, "SELECT count(*) FROM telemetry.log_lines_default"), await ScalarAsync(source, "SELECT count(*) FROM telemetry.log_lines")));
        Assert.Equal("0 days made, 0 dropped, 1 indexed; 0 errors forgotten", await days.TendAsync(ApiHost.Ct));
        Assert.Equal("0 days made, 0 dropped, 0 indexed; 0 errors forgotten", await days.TendAsync(ApiHost.Ct));
    }

    [Fact]
    public async Task Days_that_nobody_made_are_made_while_lines_for_them_are_written()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        await ExecuteAsync(source, """
            DO $$ DECLARE part text; BEGIN
                FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                    WHERE i.inhparent = 'telemetry.log_lines'::regclass AND c.relname <> 'log_lines_default' LOOP
                    EXECUTE format('DROP TABLE telemetry.%I', part);
                END LOOP;
            END $$
            """);
        await TelemetryRows.KeepAsync(source, new TelemetryBatch([Line("of two days ago", 0)], [], [], 0), ApiHost.Ct);
        var (stop, written) = (false, 1L);
        var writers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!Volatile.Read(ref stop))
            {
                await TelemetryRows.KeepAsync(source, new TelemetryBatch(
                    [.. Enumerable.Range(0, 50).Select(_ => Line("now", 0) with { At = DateTimeOffset.UtcNow })], [], [], 0), ApiHost.Ct);
                Interlocked.Add(ref written, 50);
            }
        })).ToArray();
        await ApiHost.UntilAsync(() => Task.FromResult(Interlocked.Read(ref written) > 1000));

        var days = new TelemetryDays(new Contexts(database), Options.Create(new TelemetryDaysOptions()), TimeProvider.System);
        Assert.StartsWith("5 days made", await days.TendAsync(ApiHost.Ct), StringComparison.Ordinal); // today, three ahead, and that of the old line
        var after = Interlocked.Read(ref written);
        await ApiHost.UntilAsync(() => Task.FromResult(Interlocked.Read(ref written) > after + 500));
        Volatile.Write(ref stop, true);
        await Task.WhenAll(writers);

        Assert.Equal(0L, await ScalarAsync(source, $"SELECT count(*) FROM telemetry.log_lines_default WHERE at < '{today.AddDays(1):yyyy-MM-dd}T00:00Z'"));
        Assert.Equal(written, await ScalarAsync(source, "SELECT count(*) FROM telemetry.log_lines"));
    }

    [Fact]
    public async Task Errors_that_nobody_sees_any_more_are_forgotten_those_of_browsers_first()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var source = NpgsqlDataSource.Create(database);
        foreach (var (service, days) in ((string, int)[])[("api", 91), ("api", 80), (ErrorGroups.Browser, 31), (ErrorGroups.Browser, 29)])
        {
            await TelemetryRows.KeepAsync(source, new TelemetryBatch([], [], [new()
            {
                Id = Guid.NewGuid(), Fingerprint = $"{service}{days}", At = DateTimeOffset.UtcNow.AddDays(-days), Service = service, Instance = "one", Release = "1",
                Type = "Error", Title = "it broke", Culprit = "somewhere", PersonId = $"{Guid.NewGuid()}",
            }], 0), ApiHost.Ct);
        }

        var tend = new TelemetryDays(new Contexts(database), Options.Create(new TelemetryDaysOptions()), TimeProvider.System);
        Assert.EndsWith("; 2 errors forgotten", await tend.TendAsync(ApiHost.Ct), StringComparison.Ordinal);

        foreach (var table in (string[])["error_groups", "error_events", "error_hits"])
            Assert.Equal(2L, await ScalarAsync(source, $"SELECT count(*) FROM telemetry.{table}"));
    }

    [Fact]
    public async Task A_search_through_more_than_it_has_time_for_arrives_at_the_oldest_line_in_the_end()
    {
        await using var big = await ApiHost.StartAsync(("LogSearch:Budget", "00:00:00.200"));
        await using var source = NpgsqlDataSource.Create(big.Database);
        await ExecuteAsync(source, """
            INSERT INTO telemetry.log_lines (id, at, service, instance, release, level, event_id, event, category, message, is_synthetic)
            SELECT gen_random_uuid(), now() - n * interval '0.05 seconds', 'api', 'one', '1', 2, 100, 'Request', 'Shop',
                CASE WHEN n = 60000 THEN 'needle 7 ' ELSE '' END || repeat(md5(n::text), 50), false
            FROM generate_series(1, 60000) n
            """);
        var person = await big.SignedInAsync(Role.Agent);
        var from = DateTimeOffset.UtcNow.AddMinutes(-55);

        var (found, pages) = (0, 0);
        for (string? before = null; pages == 0 || (before is not null && pages < 300); pages++)
        {
            var page = (await big.PostAsync("/operations/logs", new { text = "n[aeiou]+d[a-z]*e [0-9]", isRegex = true, from, before }, person.Bearer)).Json;
            found += page.GetProperty("items").GetArrayLength();
            before = page.GetProperty("next").GetString();
        }

        output.WriteLine($"{pages} pages");
        Assert.Equal(1, found);
        Assert.True(pages > 1); // or this showed nothing
    }

    private static LogLine Line(string message, int second) => new()
    {
        Id = Guid.NewGuid(), At = Noon.AddSeconds(second), Service = "api", Instance = "one", Release = "1", Level = LogLevel.Information, Category = "Shop.Test",
        Message = message,
    };

    private async Task KeepAsync(params LogLine[] lines)
    {
        await using var source = NpgsqlDataSource.Create(api.Database);
        await TelemetryRows.KeepAsync(source, new TelemetryBatch(lines, [], [], 0), ApiHost.Ct);
    }

    private async Task<JsonElement> SearchAsync(object query)
    {
        var answer = await api.PostAsync("/operations/logs", query, (await api.SignedInAsync(Role.Agent)).Bearer);
        Assert.True(answer.Status is HttpStatusCode.OK, answer.Text);
        return answer.Json;
    }

    /// <summary>The second word of each.</summary>
    private async Task<IEnumerable<string>> FindAsync(object query) =>
        (await SearchAsync(query)).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("message").GetString()!.Split(' ')[1]);

    private static string Md5(string text) =>
#pragma warning disable CA5351 // As the database made it: a word, no secret.
        Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        command.CommandTimeout = 120;
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<long> ScalarAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    private sealed class Contexts(string database) : IDbContextFactory<ShopDbContext>
    {
        public ShopDbContext CreateDbContext() => PostgresServer.Open(database);
    }
}
