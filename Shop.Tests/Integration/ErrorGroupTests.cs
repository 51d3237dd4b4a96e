using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data.Accounts;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class ErrorGroupTests(ApiHost api) : IClassFixture<ApiHost>
{
    /// <summary>Somebody's error, seen once.</summary>
    internal static async Task<long> GroupAsync(string database)
    {
        var report = Report(Guid.NewGuid().ToString("N"));
        await KeepAsync(database, report);
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT id FROM telemetry.error_groups WHERE fingerprint = $1");
        command.Parameters.Add(new() { Value = report.Fingerprint });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    [Fact]
    public async Task Many_processes_that_see_the_same_errors_count_each_of_them_once()
    {
        string[] errors = [.. Enumerable.Range(0, 5).Select(_ => Guid.NewGuid().ToString("N"))];
        var people = Enumerable.Range(0, 7).Select(_ => $"{Guid.NewGuid()}").ToArray();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async process =>
        {
            for (var batch = 0; batch < 10; batch++)
            {
                // In another order each, which is what would deadlock.
                var mine = errors.OrderBy(_ => Random.Shared.Next()).SelectMany(e => new[] { Report(e) with { PersonId = people[batch % 7] }, Report(e) }).ToArray();
                await KeepAsync(api.Database, mine);
                if (batch == 3)
                    await KeepAsync(api.Database, mine); // its answer was lost
            }
        }));

        foreach (var error in errors)
            Assert.Equal((160L, 50L, 7L), await CountsAsync(error));
    }

    [Fact]
    public async Task An_error_that_comes_again_after_it_was_resolved_is_a_regression()
    {
        var fingerprint = Guid.NewGuid().ToString("N");
        await KeepAsync(api.Database, Report(fingerprint) with { Release = "1.0" });
        var id = await IdAsync(fingerprint);
        var person = await api.SignedInAsync(Role.Operator);

        Assert.Equal(HttpStatusCode.NoContent, (await ActAsync("resolve")).Status);
        Assert.Equal("error_unchanged", (await ActAsync("resolve")).Reason);
        Assert.Equal("resolved", await StateAsync());
        await KeepAsync(api.Database, Report(fingerprint) with { Release = "1.0", At = DateTimeOffset.UtcNow.AddMinutes(-5) }); // one that was on its way
        Assert.Equal("resolved", await StateAsync());
        await KeepAsync(api.Database, Report(fingerprint) with { Release = "1.1", At = DateTimeOffset.UtcNow.AddSeconds(1) });

        var again = (await api.GetAsync($"/operations/errors/{id}", person.Bearer)).Json.GetProperty("error");
        Assert.Equal(("open", "1.1", "1.0"), (again.GetProperty("state").GetString(), again.GetProperty("regressedIn").GetString(), again.GetProperty("resolvedIn").GetString()));
        Assert.Equal(("1.0", "1.1", 3L), (again.GetProperty("firstRelease").GetString(), again.GetProperty("lastRelease").GetString(), again.GetProperty("seen").GetInt64()));

        Assert.Equal(HttpStatusCode.NoContent, (await ActAsync("ignore")).Status);
        await KeepAsync(api.Database, Report(fingerprint) with { At = DateTimeOffset.UtcNow.AddSeconds(2) });
        Assert.Equal("ignored", await StateAsync());
        await using var db = api.Open();
        Assert.Equal(["error_ignored", "error_resolved"], await db.Audit.Where(a => a.SubjectKind == "error" && a.Subject == $"{id}").Select(a => a.Action).Order().ToListAsync());

        Task<Answer> ActAsync(string act) =>
            api.PostAsync($"/operations/errors/{id}/{act}", new { why = "it was mended" }, person.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

        async Task<string?> StateAsync() => (await api.GetAsync($"/operations/errors/{id}", person.Bearer)).Json.GetProperty("error").GetProperty("state").GetString();
    }

    [Fact]
    public async Task An_order_that_it_hit_is_counted_once_with_its_person_and_leads_to_its_page()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        var fingerprint = Guid.NewGuid().ToString("N");

        await KeepAsync(api.Database, Report(fingerprint) with { OrderId = order.Id }, Report(fingerprint) with { OrderNumber = number });

        Assert.Equal((2L, 2L, 2L), await CountsAsync(fingerprint)); // an order and a person
        var person = await api.SignedInAsync(Role.Agent);
        var file = (await api.GetAsync($"/operations/errors/{await IdAsync(fingerprint)}", person.Bearer)).Json;
        Assert.Equal([number], file.GetProperty("orderNumbers").EnumerateArray().Select(n => n.GetInt64()));
        Assert.Equal((1, 1), (file.GetProperty("error").GetProperty("orders").GetInt32(), file.GetProperty("error").GetProperty("people").GetInt32()));
    }

    [Fact]
    public async Task Whom_an_error_hit_is_the_person_of_the_order_and_none_of_staff()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        var agent = await api.SignedInAsync(Role.Agent);
        var shopper = await api.SignedInAsync(Role.Shopper);
        var fingerprint = Guid.NewGuid().ToString("N");

        await KeepAsync(api.Database,
            Report(fingerprint) with { OrderId = order.Id, PersonId = $"{shopper.Id}" }, Report(fingerprint) with { OrderId = order.Id },
            Report(fingerprint) with { PersonId = $"{agent.Id}" });
        Assert.Equal((1, 1), await HitAsync());

        await KeepAsync(api.Database, Report(fingerprint) with { PersonId = $"{shopper.Id}" });
        Assert.Equal((1, 2), await HitAsync());

        async Task<(int Orders, int People)> HitAsync()
        {
            var error = (await api.GetAsync($"/operations/errors/{await IdAsync(fingerprint)}", agent.Bearer)).Json.GetProperty("error");
            return (error.GetProperty("orders").GetInt32(), error.GetProperty("people").GetInt32());
        }
    }

    [Fact]
    public async Task What_only_drills_see_hits_nobody_brings_nothing_back_and_is_in_no_list_of_work()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        var (real, drill) = (Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("N"));
        var person = await api.SignedInAsync(Role.Operator);
        await KeepAsync(api.Database, Report(real), Synthetic(drill) with { OrderId = order.Id, PersonId = $"{Guid.NewGuid()}" });
        var (realId, drillId) = (await IdAsync(real), await IdAsync(drill));

        Assert.Equal((1L, 1L, 0L), await CountsAsync(drill));
        Assert.Equal((true, false), (await ListedAsync(realId, "open"), await ListedAsync(drillId, "open")));
        Assert.Equal((false, true), (await ListedAsync(realId, "synthetic"), await ListedAsync(drillId, "synthetic")));

        await api.PostAsync($"/operations/errors/{realId}/resolve", new { why = "it was mended" }, person.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        await KeepAsync(api.Database, Synthetic(real) with { At = DateTimeOffset.UtcNow.AddSeconds(1) });
        Assert.True(await ListedAsync(realId, "resolved"));
        await KeepAsync(api.Database, Report(real) with { At = DateTimeOffset.UtcNow.AddSeconds(2) }, Report(drill));
        Assert.Equal((true, true), (await ListedAsync(realId, "open"), await ListedAsync(drillId, "open")));

        static ErrorReport Synthetic(string fingerprint) => Report(fingerprint) with { IsSynthetic = true };

        async Task<bool> ListedAsync(long id, string state) => (await api.GetAsync($"/operations/errors?state={state}", person.Bearer)).Json.GetProperty("items")
            .EnumerateArray().Any(error => error.GetProperty("id").GetInt64() == id);
    }

    [Fact]
    public async Task Browsers_can_not_fill_the_list_with_inventions()
    {
        await using var fresh = await ApiHost.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => KeepAsync(fresh.Database,
            [.. Enumerable.Range(0, 15).Select(_ => Report(Guid.NewGuid().ToString("N")) with { Service = ErrorGroups.Browser })])));

        await using var source = NpgsqlDataSource.Create(fresh.Database);
        await using var command = source.CreateCommand("SELECT count(*), sum(seen)::bigint, max(seen) FROM telemetry.error_groups WHERE service = 'browser'");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal((ErrorGroups.BrowserGroupsPerHour + 1L, 60L, 40L), (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)));
    }

    [Fact]
    public async Task A_script_that_failed_somewhere_is_a_group_without_what_was_typed()
    {
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/script-errors", new
        {
            type = "TypeError", message = "ada@example.org is not a function 4242424242424242", page = "/products/mug",
            stack = "    at pay (/card.k2x9d8s7ab.js:12:30)",
        })).Status);

        var person = await api.SignedInAsync(Role.Agent);
        await ApiHost.UntilAsync(async () => (await api.GetAsync("/operations/errors?service=browser", person.Bearer)).Text.Contains("TypeError", StringComparison.Ordinal));
        var row = (await api.GetAsync("/operations/errors?service=browser", person.Bearer)).Json.GetProperty("items")[0];
        Assert.Equal(("… is not a function …", "pay card"), (row.GetProperty("title").GetString(), row.GetProperty("culprit").GetString()));
    }

    private static ErrorReport Report(string fingerprint) => new()
    {
        Id = Guid.NewGuid(), Fingerprint = fingerprint, At = DateTimeOffset.UtcNow, Service = "api", Instance = "one", Release = "1", Type = "System.Exception",
        Title = "it broke", Culprit = "Shop.Test", Stack = "   at Shop.Test.Run()",
    };

    private static async Task KeepAsync(string database, params ErrorReport[] reports)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await TelemetryRows.KeepAsync(source, new TelemetryBatch([], [], reports, 0), ApiHost.Ct);
    }

    private async Task<long> IdAsync(string fingerprint)
    {
        await using var source = NpgsqlDataSource.Create(api.Database);
        await using var command = source.CreateCommand("SELECT id FROM telemetry.error_groups WHERE fingerprint = $1");
        command.Parameters.Add(new() { Value = fingerprint });
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<(long Seen, long Kept, long Hits)> CountsAsync(string fingerprint)
    {
        await using var source = NpgsqlDataSource.Create(api.Database);
        await using var command = source.CreateCommand("""
            SELECT g.seen, (SELECT count(*) FROM telemetry.error_events e WHERE e.fingerprint = g.fingerprint),
                (SELECT count(*) FROM telemetry.error_hits h WHERE h.group_id = g.id)
            FROM telemetry.error_groups g WHERE g.fingerprint = $1
            """);
        command.Parameters.Add(new() { Value = fingerprint });
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }
}
