using Npgsql;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults.Records;

namespace Shop.Tests.Fixtures;

internal static class TelemetryRows
{
    public static Task KeepAsync(NpgsqlDataSource database, TelemetryBatch batch, CancellationToken ct) =>
        TelemetryTables.KeepAsync(database, batch.Id, batch.Tables(), ct);
}
