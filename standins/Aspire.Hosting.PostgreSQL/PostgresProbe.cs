using System.Diagnostics.CodeAnalysis;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Aspire.Hosting;

internal static class PostgresProbe
{
    internal static async Task<HealthCheckResult> CheckAsync(PostgresServerResource server, string database, CancellationToken ct)
    {
        try
        {
            await ExecuteAsync(server, database, "SELECT 1", ct);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is NpgsqlException or DistributedApplicationException)
        {
            return HealthCheckResult.Unhealthy(exception: e);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "The text is the application host's own.")]
    internal static async Task ExecuteAsync(PostgresServerResource server, string database, string sql, CancellationToken ct)
    {
        // Unpooled: an idle connection of the application host would keep the server from stopping.
        var settings = new NpgsqlConnectionStringBuilder(await server.GetConnectionStringAsync(ct)) { Database = database, Pooling = false, Timeout = 5 };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
