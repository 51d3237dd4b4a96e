using Npgsql;

namespace Shop.Api;

internal static class Batches
{
    /// <summary>Adds a statement with $1, $2, …; several of them in a batch are one round trip and, without more ado, one transaction.</summary>
    public static void Add(this NpgsqlBatch batch, string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }
}
