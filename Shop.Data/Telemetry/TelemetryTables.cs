using Npgsql;

namespace Shop.Data.Telemetry;

/// <summary>The tables of schema <c>telemetry</c>: rows that processes tell about themselves. None of them is an entity, and nothing refers to them.</summary>
public static class TelemetryTables
{
    private const int MostDaysOfPoints = 366;

    /// <summary>
    /// Keeps all of it in one transaction. A batch that came before changes nothing: a sender that did not hear our answer sends it again.
    /// </summary>
    /// <param name="batchId">The same when it is sent again; it is known for some days.</param>
    /// <param name="tables">Rows have their values in the order of the columns; all timestamps in UTC.</param>
    public static async Task KeepAsync(
        NpgsqlDataSource database, Guid batchId, IEnumerable<(string Table, IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows)> tables,
        CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        try
        {
            await KeepOnceAsync(connection, batchId, tables, ct);
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.CheckViolation, SchemaName: "telemetry" })
        {
            // No partition has the row: nobody has made days of points for a week, or a line's day was made while it was on its way to the default.
            await using var days = new NpgsqlCommand("SELECT telemetry.keep_series($1)", connection) { Parameters = { new() { Value = MostDaysOfPoints } } };
            await days.ExecuteNonQueryAsync(ct);
            await KeepOnceAsync(connection, batchId, tables, ct);
        }
    }

    private static async Task KeepOnceAsync(
        NpgsqlConnection connection, Guid batchId, IEnumerable<(string Table, IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows)> tables,
        CancellationToken ct)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
            // Points have no id of their own. Who sends it twice at once waits here for the other.
            await using (var once = new NpgsqlCommand("INSERT INTO telemetry.batches (id) VALUES ($1)", connection) { Parameters = { new() { Value = batchId } } })
                await once.ExecuteNonQueryAsync(ct);
            foreach (var (table, columns, rows) in tables)
            {
                await CopyAsync(connection, table, columns, rows, ct);
                if (table == ErrorGroups.Events)
                    await ErrorGroups.CountAsync(connection, [.. rows.Select(row => (Guid)row[0]!)], ct);
            }

            await transaction.CommitAsync(ct);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UniqueViolation)
        {
            // The batch came before. Or one of its lines or errors did, which have ids too, and then all of it came with that one.
        }
    }

    /// <summary>Names come from our code, never from outside.</summary>
    public static async Task CopyAsync(
        NpgsqlConnection connection, string table, IReadOnlyList<string> columns, IReadOnlyList<object?[]> rows, CancellationToken ct)
    {
        var names = string.Join(", ", columns.Select(column => $"\"{column}\""));
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {table} ({names}) FROM STDIN (FORMAT binary)", ct);
        foreach (var row in rows)
        {
            await copy.StartRowAsync(ct);
            foreach (var value in row)
            {
                if (value is null)
                    await copy.WriteNullAsync(ct);
                else
                    await copy.WriteAsync(value, ct);
            }
        }

        await copy.CompleteAsync(ct);
    }
}
