using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api;
using Shop.Data.Accounts;
using Shop.Data.Catalog.Seed;
using Shop.Tests.Chaos;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Load;

/// <summary>
/// What staff wait for in a shop with a long past (eng/big-shop.sql): the one box, an order's page, the live dashboard, the logs. Figures for
/// people; the only thing asserted is that everything is answered, and that what is looked for is found.
/// ./test.sh Load --orders 1000000 --lines 10000000
/// </summary>
public sealed class BigShopBenchmark(ITestOutputHelper output)
{
    private const int Rounds = 20;
    private static readonly int Orders = Drill.Setting("SHOP_LOAD_ORDERS", 50_000);
    private static readonly int Lines = Drill.Setting("SHOP_LOAD_LINES", 500_000);

    [Fact]
    public async Task Staff_find_and_see_what_they_look_for_in_a_big_shop()
    {
        var database = Environment.GetEnvironmentVariable("SHOP_LOAD_DATABASE") ?? await FilledAsync();
        await using var api = await ApiHost.OverAsync(database);
        var agent = (await api.SignedInAsync(Role.Agent)).Bearer;
        await using var db = api.Open();
        var known = await db.Orders.OrderBy(o => o.PlacedAt).Skip(await db.Orders.CountAsync() / 2).Take(Rounds)
            .Select(o => new { o.Id, o.Number, o.Reference, o.TraceId, o.Person!.Email, o.Person.Name }).ToListAsync();
        var ids = known.Select(o => o.Id).ToList();
        var attempts = await db.PaymentAttempts.Where(a => ids.Contains(a.OrderId) && a.Operation == "confirm")
            .ToDictionaryAsync(a => a.OrderId, a => new { a.GatewayId, a.RequestId, a.CardLast4 });

        string[] names = ["order number", "reference", "e-mail", "gateway id", "request id", "trace"]; // of one order
        foreach (var (what, term) in ((string, Func<int, string?>)[])
        [
            ("order number", i => $"{known[i].Number}"), ("part of a number", i => $"{known[i].Number}"[..^1]), ("reference", i => known[i].Reference),
            ("reference, mistyped", i => known[i].Reference[..^1] + "Z"), ("e-mail", i => known[i].Email), ("e-mail, its beginning", i => known[i].Email[..8]),
            ("e-mail, mistyped", i => known[i].Email.Replace("example", "exmaple", StringComparison.Ordinal)), ("name", i => known[i].Name),
            ("name, mistyped", i => known[i].Name[..^2] + "x" + known[i].Name[^1]), ("last four digits", i => attempts[known[i].Id].CardLast4),
            ("gateway id", i => attempts[known[i].Id].GatewayId), ("request id", i => attempts[known[i].Id].RequestId), ("trace", i => known[i].TraceId),
            ("nothing like it", i => $"zzyzx quux {i}"),
        ])
        {
            await TimeAsync($"one box: {what}", i => term(i) is { } typed ? api.PostAsync("/operations/search", new { query = typed }, agent) : null,
                (i, answer) =>
                {
                    var hits = answer.Json.GetProperty("hits").EnumerateArray().Select(hit => hit.GetProperty("number").GetInt64()).ToList();
                    Assert.True(!names.Contains(what) || hits.Contains(known[i].Number), $"{what}: order {known[i].Number} was not found");
                    return $"{hits.Count} orders";
                });
        }

        await TimeAsync("order page", i => api.GetAsync($"/operations/orders/{known[i].Number}/story", agent));
        await TimeAsync("orders", _ => api.GetAsync("/operations/orders", agent));
        await TimeAsync("orders of one reason", _ => api.GetAsync("/operations/orders?payment=Abandoned&reason=insufficient_funds", agent));
        foreach (var range in (string[])["1h", "24h", "7d", "30d"])
            await TimeAsync($"dashboard, {range}", _ => api.GetAsync($"/operations/dashboard?range={range}", agent));

        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow);
        var logged = await db.Orders.OrderByDescending(o => o.PlacedAt).Skip(1000).Select(o => o.Number).FirstAsync(); // the lines are about the last orders
        foreach (var (what, query) in ((string, object)[])
        [
            ("newest", new { from, to }), ("warnings and errors", new { from, to, level = "Warning" }), ("one service", new { from, to, service = "payments" }),
            ("an event", new { from, to, eventId = 3050 }), ("an order", new { from, to, order = logged }), ("a common word", new { from, to, text = "checkout" }),
            ("a rare phrase", new { from, to, text = $"Order {logged} is" }), ("a word that is nowhere", new { from, to, text = "xylophone" }),
            ("an expression", new { from, to, text = @"answered 200 in 7[0-9]\.5 ms", isRegex = true }),
            ("an expression that is nowhere", new { from, to, text = "xylo(ph|f)one", isRegex = true }),
            ("an expression without a word", new { from, to, text = "^G.T .*q{3}", isRegex = true }),
        ])
        {
            await TimeAsync($"logs: {what}", _ => api.PostAsync("/operations/logs", query, agent), (_, answer) =>
                $"{answer.Json.GetProperty("items").GetArrayLength()} lines{(answer["searchedBackTo"] is { Length: > 0 } back ? $", back to {back}" : "")}");
        }
    }

    private static async Task<string> FilledAsync()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using (var db = PostgresServer.Open(database))
            await CatalogueSeed.RunAsync(db, CancellationToken.None);
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Shop.sln")))
            root = Path.GetDirectoryName(root)!;
        var server = new NpgsqlConnectionStringBuilder(database);
        using var psql = Process.Start(new ProcessStartInfo(
            "psql", ["-h", server.Host!, "-p", $"{server.Port}", "-U", server.Username!, "-v", "ON_ERROR_STOP=1", "-q", "-f", Path.Combine(root, "eng/big-shop.sql"), server.Database!])
        {
            RedirectStandardError = true,
            Environment = { ["PGOPTIONS"] = $"-c big.orders={Orders} -c big.lines={Lines}" },
        })!;
        var errors = psql.StandardError.ReadToEndAsync();
        await psql.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(45));
        Assert.True(psql.ExitCode is 0, await errors);
        return database;
    }

    private async Task TimeAsync(string what, Func<int, Task<Answer>?> ask, Func<int, Answer, string>? found = null)
    {
        List<double> times = [];
        var last = "";
        for (var i = -1; i < Rounds; i++)
        {
            var started = Stopwatch.GetTimestamp();
            if (ask(Math.Max(i, 0)) is not { } asked)
                continue;
            var answer = await asked;
            if (i < 0)
                continue; // compiled, and read from disk
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            Assert.True(answer.Status is HttpStatusCode.OK, $"{what}: {answer.Status} {answer.Text}");
            last = found is null ? "" : $"; {found(i, answer)}";
        }

        times.Sort();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what}: median {times[times.Count / 2]:F0} ms, p95 {times[(int)Math.Ceiling(times.Count * 0.95) - 1]:F0} ms, longest {times[^1]:F0} ms of {times.Count}{last}"));
    }
}
