using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Shop.Api.Dashboard;

/// <param name="Text">Normalised by Postgres: it holds no values.</param>
/// <param name="Share">Of all the time that the server spent on this database's statements, 0 to 1.</param>
internal sealed record QueryRow(string Text, long Calls, double MeanMs, double MaxMs, double TotalMs, double Share, double RowsPerCall);

/// <param name="Missing">Why there are none, in a sentence; null where there are.</param>
internal sealed record QueriesView(IReadOnlyList<QueryRow> Items, string? Missing);

/// <summary>Where the database spends its time, by its own account.</summary>
internal sealed class QueriesPanel(ReportsDatabase reports)
{
    private const int Most = 10;

    public async Task<QueriesView> ReadAsync(CancellationToken ct)
    {
        await using var db = reports.Open();
        if (await db.Database.SqlQuery<string?>($"""SELECT to_regclass('pg_stat_statements')::text AS "Value" """).SingleAsync(ct) is null)
            return new([], "The extension pg_stat_statements is not installed in this database, or not for this role.");
        try
        {
            // Only what reads and writes rows: a utility statement would be shown as it was typed, with its values.
            return new(await db.Database.SqlQuery<QueryRow>($"""
                SELECT left(regexp_replace(query, '\s+', ' ', 'g'), 400) AS "Text", calls AS "Calls", mean_exec_time AS "MeanMs", max_exec_time AS "MaxMs",
                    total_exec_time AS "TotalMs", total_exec_time / greatest(sum(total_exec_time) OVER (), 0.001) AS "Share",
                    rows::double precision / greatest(calls, 1) AS "RowsPerCall"
                FROM pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query ~* '^\s*(select|insert|update|delete|with|merge)\M'
                ORDER BY total_exec_time DESC LIMIT {Most}
                """).ToListAsync(ct), null);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ObjectNotInPrerequisiteState or PostgresErrorCodes.InsufficientPrivilege)
        {
            return new([], "Postgres counts no statements: start it with shared_preload_libraries=pg_stat_statements.");
        }
    }
}
