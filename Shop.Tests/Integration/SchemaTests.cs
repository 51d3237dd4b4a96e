using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Shop.Data;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class SchemaTests
{
    private const string Columns = """
        SELECT table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || is_identity
        FROM information_schema.columns WHERE table_schema IN ('shop', 'payments', 'accounts')
        UNION ALL
        SELECT schemaname || ' ' || indexdef FROM pg_indexes WHERE schemaname IN ('shop', 'payments', 'accounts')
        UNION ALL
        SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace IN ('shop'::regnamespace, 'payments'::regnamespace, 'accounts'::regnamespace)
        ORDER BY 1
        """;

    [Fact]
    public async Task A_migrated_database_is_the_one_the_model_describes()
    {
        var migrated = await PostgresServer.CreateDatabaseAsync();
        var modelled = await PostgresServer.CreateEmptyDatabaseAsync();
        await using var db = PostgresServer.Open(modelled);
        await db.GetService<IRelationalDatabaseCreator>().CreateTablesAsync();

        Assert.Equal(await ReadAsync(modelled), await ReadAsync(migrated));
    }

    [Fact]
    public async Task A_database_that_is_in_use_is_brought_up_to_date_with_what_is_in_it()
    {
        var old = await PostgresServer.CreateEmptyDatabaseAsync();
        await using var db = PostgresServer.Open(old);
        await db.GetService<IMigrator>().MigrateAsync("20261120000001_Initial");
        await db.Database.ExecuteSqlRawAsync("""
            SET session_replication_role = replica; -- their orders are not what this is about
            INSERT INTO payments.webhook_receipts (provider, event_id, type, payload, received_at, state, due_at, attempts)
            VALUES ('Stripe', 'evt_1', 'charge.succeeded', ''::bytea, now(), 'Parked', now(), 5);
            INSERT INTO payments.refunds (id, order_id, provider, amount_minor, currency, reason, state, created_at)
            VALUES (gen_random_uuid(), gen_random_uuid(), 'Stripe', 100, 'EUR', 'late_capture', 'Pending', now());
            INSERT INTO shop.outbox (id, kind, order_id, state, due_at, leased_until, lease_token, attempts, created_at)
            VALUES (gen_random_uuid(), 'OrderConfirmedMail', gen_random_uuid(), 'Waiting', now(), 'epoch', 0, 0, now());
            INSERT INTO shop.people (id, email, name, line1, postal_code, city, country, created_at)
            VALUES (gen_random_uuid(), 'ada@example.org', 'Ada', 'x', '10115', 'Berlin', 'DE', now());
            RESET session_replication_role;
            """);

        await db.Database.MigrateAsync();

        Assert.Equal(0, (await db.WebhookReceipts.SingleAsync()).Forgiven);
        Assert.Equal(1, await db.Refunds.Select(r => r.Send).SingleAsync());
        Assert.NotNull((await db.Outbox.SingleAsync()).OrderId);
        Assert.Null((await db.People.SingleAsync()).AccountEmail);
        Assert.Equal(await ReadAsync(await PostgresServer.CreateDatabaseAsync()), await ReadAsync(old));
    }

    [Theory]
    [InlineData("UPDATE shop.order_timeline SET summary = 'x'")]
    [InlineData("DELETE FROM shop.order_timeline")]
    public async Task The_timeline_can_only_be_added_to(string change)
    {
        await using var db = PostgresServer.Open(await PostgresServer.CreateDatabaseAsync());
        var order = await Any.StoredOrderAsync(db);
        Assert.NotEqual(Guid.Empty, order.Id);

        var refused = await Assert.ThrowsAsync<PostgresException>(() => db.Database.ExecuteSqlRawAsync(change));

        Assert.Contains("append-only", refused.MessageText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TRUNCATE shop.order_timeline")]
    [InlineData("TRUNCATE payments.payment_attempts CASCADE")]
    [InlineData("TRUNCATE payments.gateway_changes")]
    [InlineData("TRUNCATE payments.failovers")]
    [InlineData("TRUNCATE payments.refund_lines")]
    [InlineData("TRUNCATE accounts.audit")]
    public async Task What_is_only_added_to_can_not_be_emptied_either(string change)
    {
        await using var db = PostgresServer.Open(await PostgresServer.CreateDatabaseAsync());

        var refused = await Assert.ThrowsAsync<PostgresException>(() => db.Database.ExecuteSqlRawAsync(change));

        Assert.Contains("append-only", refused.MessageText, StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(Columns, connection);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return string.Join('\n', rows);
    }
}
