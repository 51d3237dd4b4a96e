using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
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
    [InlineData("TRUNCATE payments.payment_attempts")]
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
