using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data;
using Shop.Data.Carts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.Reports;
using Shop.Tests.Chaos;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The numbers of the dashboard against the books they are about, counted anew by somebody who knows nothing of triggers.</summary>
public sealed class BusinessCountTests
{
    private static readonly DateTimeOffset Begin = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] All =
    [
        Counted.Cart, Counted.Placed, Counted.Attempted, Counted.Paid, Counted.Declined, Counted.Deferred, Counted.Abandoned, Counted.UnknownEntered,
        Counted.UnknownLeft, Counted.Attempt, Counted.RefundOwed, Counted.Refunded, Counted.RefundReturned,
    ];

    // From the tables alone. A refund that came back was refunded and returned, and both are gone from its row: the net is compared.
    private const string Recount = """
        SELECT 'placed' AS m, provider, '' AS class, '' AS reason, currency, count(*), sum(total_minor)::bigint FROM shop.orders WHERE NOT is_synthetic GROUP BY 2, 5
        UNION ALL SELECT 'attempted', provider, '', '', currency, count(*), sum(total_minor)::bigint FROM shop.orders
            WHERE NOT is_synthetic AND payment <> 'None' GROUP BY 2, 5
        UNION ALL SELECT 'paid', provider, '', '', currency, count(*), sum(captured_minor)::bigint FROM shop.orders
            WHERE NOT is_synthetic AND payment = 'Paid' GROUP BY 2, 5
        UNION ALL SELECT CASE t.kind WHEN 'payment.declined' THEN 'declined' WHEN 'payment.deferred' THEN 'deferred' WHEN 'payment.closed' THEN 'abandoned'
            ELSE 'unknown_entered' END, o.provider, '', t.reason, o.currency, count(*), sum(o.total_minor)::bigint
            FROM shop.order_timeline t JOIN shop.orders o ON o.id = t.order_id
            WHERE t.kind IN ('payment.declined', 'payment.deferred', 'payment.closed', 'payment.unknown') AND NOT o.is_synthetic GROUP BY 1, 2, 4, 5
        UNION ALL SELECT 'unknown_left', o.provider, '', '', o.currency, count(*), sum(o.total_minor)::bigint
            FROM (SELECT order_id, row_number() OVER (PARTITION BY order_id ORDER BY at DESC, id DESC) AS latest FROM shop.order_timeline WHERE kind = 'payment.unknown') t
            JOIN shop.orders o ON o.id = t.order_id WHERE NOT o.is_synthetic AND NOT (o.payment = 'Unknown' AND t.latest = 1) GROUP BY 2, 5
        UNION ALL SELECT 'attempt', a.provider, a.class, coalesce(a.reason, ''), '', count(*), 0 FROM payments.payment_attempts a
            JOIN shop.orders o ON o.id = a.order_id WHERE a.operation = 'confirm' AND NOT o.is_synthetic GROUP BY 2, 3, 4
        UNION ALL SELECT 'refund_owed', r.provider, '', r.reason, r.currency, count(*), sum(r.amount_minor)::bigint FROM payments.refunds r
            JOIN shop.orders o ON o.id = r.order_id WHERE NOT o.is_synthetic GROUP BY 2, 4, 5
        UNION ALL SELECT 'refunded', r.provider, '', r.reason, r.currency, count(*), sum(r.amount_minor)::bigint FROM payments.refunds r
            JOIN shop.orders o ON o.id = r.order_id WHERE r.state = 'Succeeded' AND NOT o.is_synthetic GROUP BY 2, 4, 5
        UNION ALL SELECT 'cart', '', '', '', '', count(*), 0 FROM shop.carts WHERE NOT is_synthetic HAVING count(*) > 0
        """;

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    [Fact]
    public async Task After_orders_payments_refunds_and_rollbacks_at_once_the_counts_equal_the_books_while_two_fold()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        var skus = Enumerable.Range(0, 8).Select(i => $"sku-{i}").ToArray();
        await using (var db = PostgresServer.Open(database))
            await Any.StockAsync(db, 10_000, skus);
        using var working = new CancellationTokenSource();
        var folded = 0L;
        var folding = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            await using var db = PostgresServer.Open(database);
            while (!working.IsCancellationRequested)
                Interlocked.Add(ref folded, await db.FoldCountsAsync(7, Ct)); // few at once: most of them pass each other by
        })).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
                await LiveAsync(database, skus[worker], worker * 25 + i);
        })));
        await working.CancelAsync();
        await Task.WhenAll(folding);

        var books = await RecountAsync(database);
        Assert.True(folded > 100, $"Only {folded} rows were folded while there was work.");
        Assert.Equal(books, await CountAsync(database, Grain.Hour)); // some of it folded, some not
        await using (var db = PostgresServer.Open(database))
            while (await db.FoldCountsAsync(1000, Ct) > 0) { }
        foreach (var grain in Enum.GetValues<Grain>())
            Assert.Equal(books, await CountAsync(database, grain));
        Assert.Contains(books, line => line.StartsWith("declined", StringComparison.Ordinal));
        Assert.Contains(books, line => line.StartsWith("refunded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fold_that_dies_before_its_commit_has_folded_nothing()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StoredOrderAsync(db);
        await Any.StoredOrderAsync(db);
        var before = await CountAsync(database, Grain.Minute);
        await using (var victim = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database) { Pooling = false }.ConnectionString))
        {
            await victim.OpenAsync();
            await using (var fold = new NpgsqlCommand("BEGIN; SELECT reports.fold(1)", victim))
                await fold.ExecuteNonQueryAsync();
            Assert.Equal(before, await CountAsync(database, Grain.Minute));
            await db.Database.ExecuteSqlAsync($"SELECT pg_terminate_backend({victim.ProcessID})");
        }

        await Eventually.TrueAsync(async () => await db.FoldCountsAsync(1000, Ct) > 0, () => "What the dead one held never came back.");

        Assert.Equal(before, await CountAsync(database, Grain.Minute));
        Assert.Equal(0, await db.Database.SqlQuery<long>($"""SELECT count(*) AS "Value" FROM reports.deltas""").SingleAsync());
    }

    [Fact]
    public async Task Payments_that_is_killed_again_and_again_while_it_folds_counts_everything_once()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using (var db = PostgresServer.Open(database))
            await Any.StockAsync(db, 10_000, "sku-0", "sku-1");
        var nowhere = new Uri("http://127.0.0.1:9/"); // no payment is due, so nobody is asked
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var stop = new CancellationTokenSource();
        var working = Task.WhenAll(Enumerable.Range(0, 2).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await LiveAsync(database, $"sku-{worker}", i * 2 + worker);
        })));

        for (var round = 0; round < 2; round++)
        {
            using var victim = PaymentsProcess.Start(database, nowhere, 9, null,
                ("Payments:Reports:Fold", "00:00:00.100"), ("Payments:Reports:Batch", "3"), ("Payments:PendingSweep:Every", "1.00:00:00"));
            var start = await FoldedAsync(database);
            while (await FoldedAsync(database) <= start + 5)
            {
                Assert.False(victim.HasEnded, victim.Output);
                await Task.Delay(50, limit.Token); // a process starts slowly on a busy machine
            }
        } // SIGKILL

        await stop.CancelAsync();
        await working;
        Assert.Equal(await RecountAsync(database), await CountAsync(database, Grain.Hour)); // old minutes are thrown away by the very process
    }

    [Fact]
    public async Task Carts_and_orders_of_drills_and_probes_are_in_no_number()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StockAsync(db, 10, "mug");
        var begun = new Cart { Id = Guid.CreateVersion7(), TokenHash = [1], Version = 1, CreatedAt = Any.Now, UpdatedAt = Any.Now, IsSynthetic = true };
        db.Add(begun);
        db.Add(new CartLine { CartId = begun.Id, Sku = "mug", Quantity = 1, AddedAt = Any.Now });
        await db.SaveChangesAsync();
        db.ChangeTracker.Clear();
        var id = (await PlaceAsync(db, begun, "mug", isSynthetic: true)).Id;
        await PayAsync(database, id, new PaymentNews.Captured(1250, "EUR"));
        await AttemptAsync(db, id, "charged", null);
        await RefundAsync(db, id);

        Assert.Empty(await CountAsync(database, Grain.Minute));
    }

    [Fact]
    public async Task A_shop_that_had_orders_before_it_counted_them_starts_with_the_right_numbers_and_sells_meanwhile()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StockAsync(db, 1000, "mug", "bowl");
        for (var i = 0; i < 40; i++)
            await LiveAsync(database, "mug", i);
        await ForgetCountsAsync(db);
        using var stop = new CancellationTokenSource();
        var next = 40;
        var selling = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await LiveAsync(database, "bowl", next++);
        });

        await Eventually.TrueAsync(() => Task.FromResult(next > 42), () => "Nothing is sold.");
        await db.Database.MigrateAsync();
        await stop.CancelAsync();
        await selling;

        foreach (var grain in Enum.GetValues<Grain>())
            Assert.Equal(await RecountAsync(database), await CountAsync(database, grain));
    }

    [Fact]
    public async Task A_past_that_is_counted_a_second_time_changes_nothing()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StockAsync(db, 1000, "mug");
        for (var i = 0; i < 24; i++)
            await LiveAsync(database, "mug", i);
        // As a deploy would leave it that ended in the middle of its last index.
        await db.Database.ExecuteSqlRawAsync("""
            DROP INDEX shop.ix_orders_reason_placed_at;
            DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '20261120000020%';
            """);

        await db.Database.MigrateAsync();

        Assert.Equal(await RecountAsync(database), await CountAsync(database, Grain.Day));
        Assert.Equal(2, await db.Database.SqlQuery<int>($"""
            SELECT count(*)::int AS "Value" FROM pg_index WHERE indisvalid AND indexrelid IN ('shop.ix_orders_reason_placed_at'::regclass, 'shop.ix_orders_payment_placed_at'::regclass)
            """).SingleAsync());
    }

    [Fact]
    public async Task A_migration_that_waits_for_one_checkout_lets_the_others_pass()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StockAsync(db, 1000, "mug");
        await ForgetCountsAsync(db);
        await using var other = PostgresServer.Open(database);
        await using var unfinished = await other.Database.BeginTransactionAsync();
        await other.Database.ExecuteSqlRawAsync("UPDATE shop.carts SET version = version WHERE false"); // its lock is that of any checkout

        var migrating = db.Database.MigrateAsync();
        await using var watch = PostgresServer.Open(database);
        await Eventually.TrueAsync(async () => await watch.Database.SqlQuery<int>($"""
            SELECT count(*)::int AS "Value" FROM pg_locks WHERE NOT granted AND mode = 'ShareRowExclusiveLock' AND relation = 'shop.carts'::regclass
            """).SingleAsync() > 0, () => "The migration does not wait.");
        for (var i = 1; i < 4; i++)
            await LiveAsync(database, "mug", i);
        Assert.False(migrating.IsCompleted);
        await unfinished.RollbackAsync();
        await migrating;

        Assert.Equal(await RecountAsync(database), await CountAsync(database, Grain.Day));
    }

    [Fact]
    public async Task A_second_capture_counts_when_it_came_and_not_when_the_order_was_paid()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        var order = await Any.StoredOrderAsync(db);
        var yesterday = DateTimeOffset.UtcNow.AddDays(-1);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Paid', captured_minor = 1250, paid_at = {yesterday} WHERE id = {order.Id}");

        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET captured_minor = 2500 WHERE id = {order.Id}");

        var rows = await db.ReadCountsAsync(Grain.Minute, Begin, Begin.AddYears(5), TimeSpan.FromMinutes(1), [Counted.Paid], 0, Ct);
        Assert.Equal([(1L, 1250L), (0, 1250)], rows.Select(r => (r.Count, r.AmountMinor)));
        Assert.True(rows[0].At <= yesterday && rows[1].At > yesterday.AddHours(23));
    }

    /// <summary>As the release before would have left it.</summary>
    private static Task<int> ForgetCountsAsync(ShopDbContext db) => db.Database.ExecuteSqlRawAsync("""
        DROP SCHEMA reports CASCADE; DROP TABLE telemetry.minute_series; DROP FUNCTION telemetry.keep_series;
        DROP INDEX shop.ix_orders_payment_placed_at; DROP INDEX shop.ix_orders_reason_placed_at;
        DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE '20261120000019%' OR "MigrationId" LIKE '20261120000020%';
        """);

    [Fact]
    public async Task The_same_hours_of_earlier_weeks_come_with_the_period_they_are_compared_with()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        var monday = new DateTimeOffset(2026, 11, 16, 9, 0, 0, TimeSpan.Zero);
        foreach (var (weeks, count) in new[] { (0, 5), (1, 7), (2, 9), (5, 100) })
        {
            await db.Database.ExecuteSqlAsync($"""
                INSERT INTO reports.deltas VALUES ('placed', {monday.AddDays(-7 * weeks).AddMinutes(17)}, 'Stripe', '', '', 'EUR', {count}, {count * 1000})
                """);
        }

        await db.FoldCountsAsync(2, Ct);
        var rows = await db.ReadCountsAsync(Grain.Hour, monday, monday.AddHours(2), TimeSpan.FromHours(1), [Counted.Placed], 4, Ct);

        Assert.Equal([(0, 5L), (1, 7L), (2, 9L)], rows.Select(r => (r.Weeks, r.Count)));
        Assert.All(rows, row => Assert.Equal(monday, row.At));
        Assert.Equal(monday.AddDays(-35).Date, (await db.FirstCountedAsync(Ct))!.Value.UtcDateTime.Date);
    }

    [Fact]
    public async Task Series_have_days_ahead_and_lose_the_old_ones()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await db.Database.ExecuteSqlRawAsync(
            "CREATE TABLE telemetry.minute_series_20200101 PARTITION OF telemetry.minute_series FOR VALUES FROM ('2020-01-01T00:00Z') TO ('2020-01-02T00:00Z')");

        Assert.Equal(1, await db.Database.SqlQuery<int>($"""SELECT telemetry.keep_series(30) AS "Value" """).SingleAsync());
        Assert.Equal(0, await db.Database.SqlQuery<int>($"""SELECT telemetry.keep_series(30) AS "Value" """).SingleAsync());
        Assert.Equal(9, await db.Database.SqlQuery<int>(
            $"""SELECT count(*)::int AS "Value" FROM pg_inherits WHERE inhparent = 'telemetry.minute_series'::regclass""").SingleAsync());
        await db.Database.ExecuteSqlRawAsync(
            "INSERT INTO telemetry.minute_series VALUES ('x', now() + interval '6 days', 's', 'i', '', 1, 1, 1, NULL), ('x', now() - interval '1 hour', 's', 'i', '', 1, 1, 1, NULL)");
    }

    /// <summary>One order's life, a different one for each number; some of it is taken back before it is committed.</summary>
    private static async Task LiveAsync(string database, string sku, int number)
    {
        await using var db = PostgresServer.Open(database);
        var cart = await Any.CartAsync(db, (sku, 1));
        if (number % 9 is 0)
            return; // only looked
        var id = (await PlaceAsync(db, cart, sku, number % 10 is 3, number % 4 is 1 ? PaymentProvider.PayPal : PaymentProvider.Stripe)).Id;
        if (number % 11 is 0)
            return; // nobody has asked a gateway yet
        switch (number % 8)
        {
            case 0 or 1:
                await AttemptAsync(db, id, "charged", null);
                await PayAsync(database, id, new PaymentNews.Captured(1250, "EUR"));
                await RefundAsync(db, id);
                break;
            case 2:
                await AttemptAsync(db, id, "not_charged", Reasons.CardDeclined);
                await PayAsync(database, id, new PaymentNews.Refused(Reasons.CardDeclined));
                await PayAsync(database, id, new PaymentNews.Captured(1250, "EUR")); // with another card
                break;
            case 3:
                await AttemptAsync(db, id, "unknown", Reasons.OutcomeUnknown);
                await PayAsync(database, id, new PaymentNews.AnswerLost(Reasons.OutcomeUnknown));
                await PayAsync(database, id, new PaymentNews.Captured(1250, "EUR"));
                break;
            case 4:
                await PayAsync(database, id, new PaymentNews.AnswerLost(Reasons.OutcomeUnknown));
                break;
            case 5:
                await PayAsync(database, id, new PaymentNews.Postponed(Reasons.GatewayUnreachable, DateTimeOffset.UtcNow.AddMinutes(1)));
                await PayAsync(database, id, new PaymentNews.Closed(Reasons.GatewayDownTooLong, "no confirm was sent"));
                break;
            case 6:
                await PayAsync(database, id, new PaymentNews.Refused(Reasons.InsufficientFunds), rollBack: true);
                await PayAsync(database, id, new PaymentNews.Refused(Reasons.CardExpired));
                break;
            default:
                await PayAsync(database, id, new PaymentNews.Captured(1250, "EUR"), rollBack: true);
                await AttemptAsync(db, id, "charged", null, rollBack: true);
                break;
        }
    }

    private static async Task<Order> PlaceAsync(ShopDbContext db, Cart cart, string sku, bool isSynthetic, PaymentProvider provider = PaymentProvider.Stripe)
    {
        var person = Any.Person();
        var any = Any.Order(person, cart.Id, (sku, 1));
        var order = new Order
        {
            Id = any.Id, CheckoutKey = any.CheckoutKey, CheckoutDigest = any.CheckoutDigest, CartId = cart.Id, PersonId = person.Id, Reference = any.Reference,
            TraceId = any.TraceId, Currency = any.Currency, TotalMinor = any.TotalMinor, TaxMinor = any.TaxMinor, PlacedAt = any.PlacedAt,
            DeadlineAt = any.DeadlineAt, Lines = any.Lines, IsSynthetic = isSynthetic,
        };
        var placement = await db.PlaceAsync(order, person, cart.Version,
            PaymentJob.Of(PaymentJobKind.Charge, order.Id, provider, order.PlacedAt, paymentToken: "pm_card_visa", dueAt: order.PlacedAt.AddDays(1)),
            TimelineEntry.Of(order.Id, order.PlacedAt, TimelineKinds.Placed, "Order placed."), TimeSpan.FromMinutes(10), Ct);
        Assert.Equal(PlacementOutcome.Placed, placement.Outcome);
        return order;
    }

    private static async Task PayAsync(string database, Guid id, PaymentNews news, bool rollBack = false)
    {
        await using var db = PostgresServer.Open(database);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var order = await db.LockOrderAsync(id, Ct);
        order.TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
        await db.SaveChangesAsync();
        await db.ApplyPaymentOutcomeAsync(order, news is PaymentNews.Captured captured ? captured with { By = order.PaysAt } : news, DateTimeOffset.UtcNow, Ct);
        if (rollBack)
            await transaction.RollbackAsync();
        else
            await transaction.CommitAsync();
    }

    private static async Task AttemptAsync(ShopDbContext db, Guid order, string @class, string? reason, bool rollBack = false)
    {
        db.ChangeTracker.Clear();
        await using var transaction = await db.Database.BeginTransactionAsync();
        foreach (var operation in new[] { "create", "confirm" })
        {
            db.Add(new PaymentAttempt
            {
                Id = Guid.CreateVersion7(), OrderId = order, Provider = PaymentProvider.Stripe, Operation = operation, Class = operation is "create" ? "created" : @class,
                Reason = operation is "create" ? null : reason, LatencyMs = 1, At = DateTimeOffset.UtcNow,
            });
        }

        await db.SaveChangesAsync();
        if (rollBack)
            await transaction.RollbackAsync();
        else
            await transaction.CommitAsync();
        db.ChangeTracker.Clear();
    }

    /// <summary>It is sent, comes back, and is sent again.</summary>
    private static async Task RefundAsync(ShopDbContext db, Guid order)
    {
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = order, Provider = PaymentProvider.Stripe, AmountMinor = 250, Currency = "EUR", Reason = Reasons.RefundOnRequest,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        db.Add(refund);
        await db.SaveChangesAsync();
        foreach (var state in new[] { RefundState.Succeeded, RefundState.Failed, RefundState.Pending, RefundState.Succeeded })
        {
            refund.State = state;
            await db.SaveChangesAsync();
        }

        db.ChangeTracker.Clear();
    }

    private static async Task<long> FoldedAsync(string database)
    {
        await using var db = PostgresServer.Open(database);
        return await db.Database.SqlQuery<long>($"""SELECT coalesce(sum(count), 0)::bigint AS "Value" FROM reports.counts WHERE grain = 'minute'""").SingleAsync();
    }

    private static async Task<string[]> RecountAsync(string database)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Recount, connection);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> lines = [];
        while (await reader.ReadAsync())
            lines.Add(Line(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetInt64(5), reader.GetInt64(6)));
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static async Task<string[]> CountAsync(string database, Grain grain)
    {
        await using var db = PostgresServer.Open(database);
        var rows = await db.ReadCountsAsync(grain, Begin, Begin.AddYears(5), TimeSpan.FromDays(5 * 366), All, 0, Ct);
        var net = rows.Select(r => r.Metric is Counted.RefundReturned ? r with { Metric = Counted.Refunded, Count = -r.Count, AmountMinor = -r.AmountMinor } : r)
            .GroupBy(r => (r.Metric, r.Provider, r.Class, r.Reason, r.Currency));
        return
        [
            .. net.Select(g => Line(g.Key.Metric, g.Key.Provider, g.Key.Class, g.Key.Reason, g.Key.Currency, g.Sum(r => r.Count), g.Sum(r => r.AmountMinor)))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string Line(string metric, string provider, string @class, string reason, string currency, long count, long amount) =>
        $"{metric} {provider} {@class} {reason} {currency}: {count} {amount}";
}
