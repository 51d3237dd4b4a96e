using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Telemetry;

/// <summary>Bound from <c>Telemetry</c>.</summary>
internal sealed class TelemetryDaysOptions
{
    public const string Section = "Telemetry";

    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Of log lines; today not counted.</summary>
    [Range(1, 3650)] public int KeepDays { get; init; } = 30;

    /// <summary>The longest that one day's index for words may take.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")] public TimeSpan IndexLimit { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// Log lines have a partition for every day: made some days ahead, dropped when it is old. A day that is over gets its index for words; while it
/// lasts, writing shall be cheap.
/// </summary>
internal sealed class TelemetryDays(IDbContextFactory<ShopDbContext> contexts, IOptions<TelemetryDaysOptions> options, TimeProvider clock)
{
    private const int DaysAhead = 3;
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1); // after midnight, for lines that had to wait

    public async Task<string> TendAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var (made, dropped, indexed) = (0, 0, 0);
        await using var make = new NpgsqlCommand("SELECT count(*) FILTER (WHERE telemetry.ensure_day('log_lines', $1 + d)) FROM generate_series(0, $2) d", connection)
        {
            Parameters = { new() { Value = today }, new() { Value = DaysAhead } },
        };
        made = (int)(long)(await make.ExecuteScalarAsync(ct))!;

        foreach (var day in await ReadAsync(connection, """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'telemetry.log_lines'::regclass AND c.relname <> 'log_lines_default' ORDER BY 1
            """, "", ct))
        {
            if (!DateOnly.TryParseExact(day["log_lines_".Length..], "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
                continue; // somebody's own
            if (date < today.AddDays(-options.Value.KeepDays))
            {
                await ExecuteAsync(connection, $"DROP TABLE telemetry.\"{day}\"", ct);
                dropped++;
            }
            else if (clock.GetUtcNow() > date.AddDays(1).ToDateTime(default, DateTimeKind.Utc) + Settled && await IndexWordsAsync(connection, day, ct))
            {
                indexed++;
            }
        }

        return $"{made} days made, {dropped} dropped, {indexed} indexed";
    }

    private async Task<bool> IndexWordsAsync(NpgsqlConnection connection, string day, CancellationToken ct)
    {
        var index = $"{day}_words";
        var state = await ReadAsync(connection, """
            SELECT i.indisvalid::text FROM pg_index i WHERE i.indexrelid = to_regclass('telemetry.' || quote_ident($1))
            """, index, ct);
        if (state is ["true"])
            return false;
        if (state is [_])
            await ExecuteAsync(connection, $"DROP INDEX telemetry.\"{index}\"", ct); // somebody died over it

        // It may take its time, and lines that come late for that day are still written. Back in the pool the connection has its limits again.
        await ExecuteAsync(connection, $"SET statement_timeout = {options.Value.IndexLimit.TotalMilliseconds:F0}", ct);
        await using var create = new NpgsqlCommand($"""
            CREATE INDEX CONCURRENTLY "{index}" ON telemetry."{day}" USING gin ((message || coalesce(E'\n' || exception, '')) gin_trgm_ops)
            """, connection)
        { CommandTimeout = (int)options.Value.IndexLimit.TotalSeconds + 1 };
        await create.ExecuteNonQueryAsync(ct);
        await ExecuteAsync(connection, $"ANALYZE telemetry.\"{day}\"", ct);
        return true;
    }

    // Names come from the catalogue, never from outside.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<List<string>> ReadAsync(NpgsqlConnection connection, string sql, string name, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (name is not "")
            command.Parameters.Add(new() { Value = name });
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<string> read = [];
        while (await reader.ReadAsync(ct))
            read.Add(reader.GetString(0));
        return read;
    }
}

internal static class TelemetryDaysExtensions
{
    public static void AddTelemetryDays(this IServiceCollection services)
    {
        services.AddOptions<TelemetryDaysOptions>().BindConfiguration(TelemetryDaysOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<TelemetryDays>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.TelemetryDays, sp.GetRequiredService<IOptions<TelemetryDaysOptions>>().Value.Every, TimeSpan.FromMinutes(15),
            (_, ct) => sp.GetRequiredService<TelemetryDays>().TendAsync(ct)));
    }
}
