using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Telemetry;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Telemetry;

/// <summary>Bound from <c>Telemetry</c>.</summary>
internal sealed class TelemetryDaysOptions
{
    public const string Section = "Telemetry";

    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Of log lines; today not counted.</summary>
    [Range(1, 3650)] public int KeepDays { get; init; } = 30;

    /// <summary>The longest that one day may take: its index for words, or the lines that had no partition and move into its own.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")] public TimeSpan DayLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Days since an error was seen last; one of browsers' goes after a third of them.</summary>
    [Range(3, 3650)] public int KeepErrorDays { get; init; } = 90;
}

/// <summary>
/// Log lines have a partition for every day: made some days ahead, dropped when it is old. A day that is over gets its index for words; while it
/// lasts, writing shall be cheap. Errors that nobody sees any more go too.
/// </summary>
internal sealed class TelemetryDays(IDbContextFactory<ShopDbContext> contexts, IOptions<TelemetryDaysOptions> options, TimeProvider clock)
{
    private const int DaysAhead = 3;
    private const int PurgeBatch = 5000;
    private static readonly TimeSpan Settled = TimeSpan.FromHours(1); // after midnight, for lines that had to wait

    public async Task<string> TendAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        var (made, dropped, indexed) = (0, 0, 0);
        // What it does may take its time, and nobody waits for it. Back in the pool the connection has its limits again.
        await ExecuteAsync(connection, $"SET statement_timeout = {options.Value.DayLimit.TotalMilliseconds:F0}", ct);
        foreach (var day in await DaysToMakeAsync(connection, today, ct))
        {
            await using var make = new NpgsqlCommand("SELECT telemetry.ensure_day('log_lines', $1)", connection)
            {
                Parameters = { new() { Value = day } }, CommandTimeout = CommandSeconds,
            };
            made += await make.ExecuteScalarAsync(ct) is true ? 1 : 0;
        }

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

        await PurgeAsync(connection, "DELETE FROM telemetry.batches WHERE id IN (SELECT id FROM telemetry.batches WHERE at < now() - interval '2 days' LIMIT $1)", [], ct);
        var forgotten = await PurgeAsync(connection, """
            WITH old AS (
                DELETE FROM telemetry.error_groups WHERE id IN (
                    SELECT id FROM telemetry.error_groups
                    WHERE last_at < now() - make_interval(days => CASE WHEN service = $2 THEN $4 ELSE $3 END) AND last_at < now() - make_interval(days => $4)
                    ORDER BY last_at LIMIT $1 FOR UPDATE SKIP LOCKED)
                RETURNING fingerprint
            ), events AS (
                DELETE FROM telemetry.error_events e USING old WHERE e.fingerprint = old.fingerprint
            )
            SELECT count(*) FROM old
            """, [ErrorGroups.Browser, options.Value.KeepErrorDays, options.Value.KeepErrorDays / 3], ct);
        return $"{made} days made, {dropped} dropped, {indexed} indexed; {forgotten} errors forgotten";
    }

    /// <summary>
    /// The coming ones first, for which nothing has to move: what is logged from then on has its place, whatever becomes of the others. Days before
    /// only where lines of them are kept, which came when nobody had made their partition.
    /// </summary>
    private async Task<List<DateOnly>> DaysToMakeAsync(NpgsqlConnection connection, DateOnly today, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("""
            SELECT DISTINCT (at AT TIME ZONE 'UTC')::date AS day FROM telemetry.log_lines_default WHERE at < $1 ORDER BY 1 DESC
            """, connection)
        {
            Parameters = { new() { Value = today.ToDateTime(default, DateTimeKind.Utc) } }, CommandTimeout = CommandSeconds,
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<DateOnly> days = [.. Enumerable.Range(0, DaysAhead + 1).Select(ahead => today.AddDays(DaysAhead - ahead))];
        while (await reader.ReadAsync(ct))
            days.Add(reader.GetFieldValue<DateOnly>(0));
        return days;
    }

    private int CommandSeconds => (int)options.Value.DayLimit.TotalSeconds + 1;

    private static async Task<long> PurgeAsync(NpgsqlConnection connection, string delete, object[] values, CancellationToken ct)
    {
        long all = 0, gone;
        do
        {
            await using var command = new NpgsqlCommand(delete, connection) { Parameters = { new() { Value = PurgeBatch } } };
            foreach (var value in values)
                command.Parameters.Add(new() { Value = value });
            gone = values is [] ? await command.ExecuteNonQueryAsync(ct) : (long)(await command.ExecuteScalarAsync(ct))!;
            all += gone;
        }
        while (gone == PurgeBatch);
        return all;
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

        // Lines that come late for that day are still written.
        await using var create = new NpgsqlCommand($"""
            CREATE INDEX CONCURRENTLY "{index}" ON telemetry."{day}" USING gin ((message || coalesce(E'\n' || exception, '')) gin_trgm_ops)
            """, connection)
        { CommandTimeout = CommandSeconds };
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
