using Npgsql;

namespace Shop.Data.Telemetry;

/// <summary>The tables of schema <c>telemetry</c>: rows that processes tell about themselves. None of them is an entity, and nothing refers to them.</summary>
public static class TelemetryTables
{
    /// <summary>
    /// Keeps all of it in one transaction. A batch that came before changes nothing: a sender that did not hear our answer sends it again.
    /// </summary>
    /// <param name="tables">Rows have their values in the order of the columns; all timestamps in UTC.</param>
    public static async Task KeepAsync(
        NpgsqlDataSource database, IEnumerable<(string Table, IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows)> tables, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        try
        {
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
            // Every line and error has an id of its own: one that is there came with all the others.
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
