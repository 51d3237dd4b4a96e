using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.Reports;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The dashboard's numbers, and what it shows when a part of it has none.</summary>
public sealed class DashboardPanelTests : IAsyncLifetime
{
    private ApiHost _api = null!;
    private (string, string?) _agent;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(("Dashboard:Live", "00:00:00"), ("Dashboard:Slow", "00:00:00"), ("Dashboard:Patience", "00:00:00.300"));
        _agent = (await _api.SignedInAsync(Role.Agent)).Bearer;
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    private async Task<JsonElement> BoardAsync(string query = "range=1h") => (await _api.GetAsync($"/operations/dashboard?{query}", _agent)).Json;

    /// <summary>Asks until a panel is as wished.</summary>
    private async Task<JsonElement> UntilAsync(string panel, Func<JsonElement, bool> isSo)
    {
        JsonElement board = default;
        await Eventually.TrueAsync(async () => isSo((board = await BoardAsync()).GetProperty(panel)), () => $"{panel} was not as wished: {board}");
        return board;
    }

    private static bool IsFresh(JsonElement panel) => panel.GetProperty("trouble").ValueKind is JsonValueKind.Null && panel.GetProperty("data").ValueKind is JsonValueKind.Object;

    private static DateTimeOffset At(JsonElement board, string panel) => board.GetProperty(panel).GetProperty("at").GetDateTimeOffset();

    [Fact]
    public async Task An_order_is_on_the_dashboard_as_soon_as_it_is_placed_and_its_money_as_soon_as_it_is_paid()
    {
        await using var db = _api.Open();
        var order = await Any.StoredOrderAsync(db);
        var placed = (await UntilAsync("sales", IsFresh)).GetProperty("sales").GetProperty("data");
        Assert.Equal((1, 0), (placed.GetProperty("funnel").GetProperty("placed").GetInt32(), placed.GetProperty("funnel").GetProperty("paid").GetInt32()));

        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await db.ApplyPaymentOutcomeAsync(order.Id, new PaymentNews.Captured(order.TotalMinor, "EUR"), DateTimeOffset.UtcNow, ApiHost.Ct);
            await transaction.CommitAsync();
        }

        var sales = (await UntilAsync("sales", p => IsFresh(p) && p.GetProperty("data").GetProperty("funnel").GetProperty("paid").GetInt32() is 1))
            .GetProperty("sales").GetProperty("data");
        Assert.Equal(order.TotalMinor, sales.GetProperty("revenue")[0].GetProperty("minor").GetInt64());
        Assert.Equal((1, 1), (sales.GetProperty("today").GetProperty("orders").GetInt32(), sales.GetProperty("points").EnumerateArray().Sum(p => p.GetProperty("placed").GetInt32())));
    }

    [Fact]
    public async Task A_panel_that_is_late_shows_what_was_last_known_and_when_while_the_others_are_fresh()
    {
        await using var db = _api.Open();
        await Any.StoredOrderAsync(db);
        var known = At(await UntilAsync("sales", IsFresh), "sales");
        await using var locked = new NpgsqlConnection(db.Database.GetConnectionString());
        await locked.OpenAsync();
        await using var transaction = await locked.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("LOCK TABLE reports.counts IN ACCESS EXCLUSIVE MODE", locked, transaction))
            await command.ExecuteNonQueryAsync();

        var late = await UntilAsync("sales", panel => panel.GetProperty("trouble").ValueEquals("late"));
        Assert.Equal(1, late.GetProperty("sales").GetProperty("data").GetProperty("funnel").GetProperty("placed").GetInt32());
        known = At(late, "sales"); // one that was under way before the lock may have come
        var later = await UntilAsync("work", panel => IsFresh(panel) && panel.GetProperty("at").GetDateTimeOffset() > known.AddMilliseconds(1));
        Assert.Equal(known, At(later, "sales"));
        Assert.False(IsFresh(later.GetProperty("sales")));

        await transaction.RollbackAsync();
        var fresh = await UntilAsync("sales", IsFresh);
        Assert.True(At(fresh, "sales") > known);
    }

    [Fact]
    public async Task A_panel_that_breaks_says_so_keeps_its_last_numbers_and_takes_nobody_with_it()
    {
        await using var db = _api.Open();
        await db.Database.ExecuteSqlRawAsync("INSERT INTO telemetry.minute_series VALUES ('http.requests', now(), 'web', 'i', 'GET /', 7, 0.7, 0.1, '{{7}}')");
        await UntilAsync("traffic", panel => IsFresh(panel) && panel.GetProperty("data").GetProperty("endpoints").GetArrayLength() > 0);
        await db.Database.ExecuteSqlRawAsync("ALTER TABLE telemetry.minute_series RENAME COLUMN label TO something");

        var board = await UntilAsync("traffic", panel => panel.GetProperty("trouble").ValueEquals("failed"));

        var web = board.GetProperty("traffic").GetProperty("data").GetProperty("endpoints").EnumerateArray().Single(e => e.GetProperty("service").ValueEquals("web"));
        Assert.Equal(7, web.GetProperty("count").GetInt32());
        await UntilAsync("work", IsFresh);
        await UntilAsync("queries", IsFresh);
        Assert.Single(_api.Logged, line => line.Contains("dashboard's traffic", StringComparison.Ordinal)); // asked again each time, and told once
    }

    [Fact]
    public async Task Latency_of_an_endpoint_is_added_up_over_minutes_and_processes()
    {
        await using var db = _api.Open();
        // 90 fast ones and 10 slow ones, told by two processes in two minutes.
        var buckets = new int[SeriesBuckets.Count];
        (buckets[SeriesBuckets.Of(0.010)], buckets[SeriesBuckets.Of(2)]) = (45, 5);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO telemetry.minute_series
            SELECT 'http.requests', now() - m * interval '1 minute', 'web', 'i' || m, 'GET /cart', 50, 10.45, 2.0, {SeriesBuckets.Trim(buckets)} FROM generate_series(1, 2) m
            """);
        await db.Database.ExecuteSqlRawAsync("INSERT INTO telemetry.minute_series VALUES ('http.errors', now(), 'web', 'i', 'GET /cart', 3, 3, 1, NULL)");

        var board = await UntilAsync("traffic", panel => IsFresh(panel) && panel.GetProperty("data").GetProperty("endpoints").EnumerateArray().Any(e => e.GetProperty("label").ValueEquals("GET /cart")));

        var cart = board.GetProperty("traffic").GetProperty("data").GetProperty("endpoints").EnumerateArray().Single(e => e.GetProperty("label").ValueEquals("GET /cart"));
        Assert.Equal((100, 3), (cart.GetProperty("count").GetInt32(), cart.GetProperty("errors").GetInt32()));
        Assert.Equal(209, cart.GetProperty("averageMs").GetDouble(), 0.001);
        Assert.InRange(cart.GetProperty("p95Ms").GetDouble(), 1999, 2400);
    }

    [Fact]
    public async Task What_waits_for_the_orders_of_drills_and_probes_is_not_in_the_queues()
    {
        await using var db = _api.Open();
        var order = await Any.StoredOrderAsync(db);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.payment_jobs (id, order_id, kind, provider, state, due_at, leased_until, lease_token, leases, attempts, created_at)
            SELECT gen_random_uuid(), {order.Id}, 'Look', 'Stripe', 'Parked', now(), 'epoch', 0, 0, 0, now()
            """);
        await UntilAsync("work", panel => IsFresh(panel) && Parked(panel) is 1);

        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE id = {order.Id}");

        await UntilAsync("work", panel => IsFresh(panel) && Parked(panel) is 0);

        static int Parked(JsonElement panel) => panel.GetProperty("data").GetProperty("jobs").GetProperty("parked").GetInt32();
    }

    [Theory]
    [InlineData("1h")]
    [InlineData("7d")]
    public async Task A_pool_is_as_full_as_the_processes_that_live_and_was_as_full_as_those_of_one_minute(string range)
    {
        await using var db = _api.Open();
        // Two that live, with 2 and 3 in use now; one that died half an hour ago, with 6.
        await db.Database.ExecuteSqlRawAsync("""
            INSERT INTO telemetry.minute_series
            SELECT 'db.pool.used', date_trunc('minute', now()) - ago * interval '1 minute', 'any', i, 'any pool', 2, 2 * used, most, NULL
            FROM (VALUES ('i1', 2, 3, 0), ('i2', 3, 4, 0), ('i3', 6, 6, 30)) v (i, used, most, ago)
            """);

        JsonElement pool = default;
        await Eventually.TrueAsync(async () => (await BoardAsync($"range={range}")).GetProperty("traffic") is var traffic && IsFresh(traffic)
            && (pool = traffic.GetProperty("data").GetProperty("pools").EnumerateArray().SingleOrDefault(p => p.GetProperty("label").ValueEquals("any pool")))
                .ValueKind is JsonValueKind.Object, () => "The pool never came.");

        Assert.Equal((5, 7), (pool.GetProperty("last").GetInt32(), pool.GetProperty("max").GetInt32()));
    }

    [Fact]
    public async Task An_hour_that_is_over_is_read_once_and_the_present_one_each_time()
    {
        await using var db = _api.Open();
        const string Add = "INSERT INTO telemetry.minute_series SELECT 'http.requests', now() - h * interval '1 hour', 'any', 'i', 'GET /', 10, 0.1, 0.1, '{{10}}' FROM generate_series(0, 5, 5) h";
        await db.Database.ExecuteSqlRawAsync(Add);
        await UntilAsync(20);

        await db.Database.ExecuteSqlRawAsync(Add);

        await UntilAsync(30);

        Task UntilAsync(int count) => Eventually.TrueAsync(async () => (await BoardAsync("range=24h&part=slow")).GetProperty("traffic") is var traffic && IsFresh(traffic)
            && traffic.GetProperty("data").GetProperty("endpoints").EnumerateArray().SingleOrDefault(e => e.GetProperty("service").ValueEquals("any")) is
                { ValueKind: JsonValueKind.Object } any && any.GetProperty("count").GetInt32() == count, () => $"{count} never came.");
    }

    [Fact]
    public async Task The_statements_of_the_database_are_shown_without_their_values()
    {
        await using var db = _api.Open();
        await db.Database.ExecuteSqlRawAsync("SELECT count(*) FROM shop.orders WHERE reference = 'planted-secret' AND pg_sleep(0.2) IS NOT NULL");

        var board = await UntilAsync("queries", panel => IsFresh(panel) && panel.GetProperty("data").GetProperty("items").GetArrayLength() > 0);

        Assert.DoesNotContain("planted-secret", $"{board.GetProperty("queries")}", StringComparison.Ordinal);
        Assert.Contains("$1", $"{board.GetProperty("queries")}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_counts_no_statements_is_said_to_be_one()
    {
        await using var db = _api.Open();
        await db.Database.ExecuteSqlRawAsync("DROP EXTENSION IF EXISTS pg_stat_statements");

        var board = await UntilAsync("queries", IsFresh);

        Assert.Contains("pg_stat_statements", board.GetProperty("queries").GetProperty("data").GetProperty("missing").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("range=2y", "range_invalid")]
    [InlineData("range=1h&part=all", "part_invalid")]
    public async Task What_is_no_range_and_no_part_is_refused(string query, string reason)
    {
        var refused = await _api.GetAsync($"/operations/dashboard?{query}", _agent);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, reason), (refused.Status, refused.Json.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task A_number_leads_to_the_orders_behind_it_page_by_page()
    {
        await using var db = _api.Open();
        List<Order> orders = [];
        for (var i = 0; i < 6; i++)
            orders.Add(await Any.StoredOrderAsync(db));
        await db.Database.ExecuteSqlRawAsync("UPDATE shop.orders SET placed_at = '2026-03-01T10:00:00Z'"); // all in the same moment
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Declined', reason = 'card_declined', provider = 'PayPal' WHERE id IN ({orders[1].Id}, {orders[4].Id})");
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE id = {orders[5].Id}");
        var numbers = await db.Orders.OrderByDescending(o => o.Number).ToDictionaryAsync(o => o.Id, o => o.Number);

        long[] Of(params int[] which) => [.. which.Select(i => numbers[orders[i].Id])];

        Assert.Equal(Of(4, 1), await NumbersAsync("payment=declined"));
        Assert.Equal(Of(4, 1), await NumbersAsync("reason=card_declined&gateway=paypal"));
        Assert.Empty(await NumbersAsync("reason=card_declined&gateway=stripe"));
        Assert.Equal(Of(4, 3, 2, 1, 0), await NumbersAsync("synthetic=false"));
        Assert.Equal(Of(5), await NumbersAsync("synthetic=true"));
        Assert.Equal(6, (await NumbersAsync("from=2026-03-01T10:00:00Z&to=2026-03-01T10:00:01Z")).Length);
        Assert.Empty(await NumbersAsync("to=2026-03-01T10:00:00Z"));
        Assert.Equal(Of(5, 4), await NumbersAsync("limit=2"));
        Assert.Equal(Of(3, 2), await NumbersAsync($"limit=2&before={Of(4)[0]}"));
        Assert.Equal(Of(1, 0), await NumbersAsync($"limit=2&before={Of(2)[0]}"));
        var last = (await _api.GetAsync($"/operations/orders?limit=2&before={Of(2)[0]}", _agent)).Json;
        Assert.Equal(JsonValueKind.Null, last.GetProperty("next").ValueKind);

        async Task<long[]> NumbersAsync(string query) =>
            [.. (await _api.GetAsync($"/operations/orders?{query}", _agent)).Json.GetProperty("items").EnumerateArray().Select(o => o.GetProperty("number").GetInt64())];
    }

    [Fact]
    public async Task Neither_the_dashboard_nor_the_lists_behind_it_read_all_orders()
    {
        await using var db = _api.Open();
        await db.Database.ExecuteSqlRawAsync("""
            INSERT INTO shop.people (id, email, name, line1, postal_code, city, country, created_at)
            VALUES ('00000000-0000-7000-8000-000000000001', 'a@example.org', 'A', 'L', '1', 'B', 'DE', now());
            INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, reference, trace_id, payment, fulfilment, currency, total_minor, tax_minor,
                captured_minor, refunded_minor, disputed_minor, placed_at, deadline_at, paid_at, provider, reason)
            SELECT gen_random_uuid(), gen_random_uuid(), '', gen_random_uuid(), '00000000-0000-7000-8000-000000000001', '4T7QK9XW2M', '0',
                CASE WHEN i % 400 = 0 THEN 'Declined' ELSE 'Paid' END, 'Open', 'EUR', 1000, 0, 1000, 0, 0, now() - i * interval '1 minute', now(), now(), 'Stripe',
                CASE WHEN i % 400 = 0 THEN 'card_declined' END
            FROM generate_series(1, 40000) i;
            ANALYZE shop.orders;
            """);
        var from = DateTimeOffset.UtcNow.AddDays(-1);
        foreach (var query in new[]
        {
            db.Orders.Where(o => o.Payment == PaymentState.Unknown && !o.IsSynthetic),
            db.Orders.Where(o => o.Payment == PaymentState.Declined).OrderByDescending(o => o.PlacedAt).ThenByDescending(o => o.Number).Take(51),
            db.Orders.Where(o => o.Reason == "card_declined" && o.Provider == PaymentProvider.Stripe).OrderByDescending(o => o.PlacedAt).ThenByDescending(o => o.Number).Take(51),
            db.Orders.Where(o => o.Payment == PaymentState.Paid && o.PlacedAt >= from).OrderByDescending(o => o.PlacedAt).ThenByDescending(o => o.Number).Take(51),
        })
        {
            await db.Database.OpenConnectionAsync();
            await using var command = query.CreateDbCommand();
            command.CommandText = "EXPLAIN " + command.CommandText;
            await using var reader = await command.ExecuteReaderAsync();
            List<string> plan = [];
            while (await reader.ReadAsync())
                plan.Add(reader.GetString(0));
            Assert.DoesNotContain(plan, line => line.Contains("Seq Scan on orders", StringComparison.Ordinal));
        }

        var rows = await db.ReadCountsAsync(Grain.Day, from.AddDays(-60), from.AddDays(60), TimeSpan.FromDays(365), [Counted.Placed, Counted.Declined], 0, ApiHost.Ct);
        Assert.Equal((40_000, 100), (rows.Where(r => r.Metric is Counted.Placed).Sum(r => r.Count), rows.Where(r => r.Metric is Counted.Declined).Sum(r => r.Count)));
    }
}
