using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Api.Operations;
using Shop.Data.Audit;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Telemetry;

using ActResult = Results<NoContent, ProblemHttpResult>;

/// <param name="State">open, resolved or ignored.</param>
/// <param name="IsSynthetic">Only drills and probes have seen it.</param>
/// <param name="RegressedAt">When it came again after somebody had resolved it.</param>
internal sealed record ErrorRow(
    long Id, string Service, string Type, string Title, string Culprit, DateTimeOffset FirstAt, DateTimeOffset LastAt, string FirstRelease, string LastRelease,
    long Seen, string State, DateTimeOffset? ResolvedAt, string? ResolvedIn, DateTimeOffset? RegressedAt, string? RegressedIn, long Orders, long People,
    bool IsSynthetic);

internal sealed record ErrorRows(IReadOnlyList<ErrorRow> Items, bool HasMore);

internal sealed record ErrorSighting(
    DateTimeOffset At, string Instance, string Release, string? Route, string? Reference, string? TraceId, long? OrderNumber, string? PersonId, bool IsSynthetic);

internal sealed record StackLine(string Text, bool IsOurs);

/// <param name="Sightings">The newest.</param>
/// <param name="Stack">Of the newest.</param>
/// <param name="Breadcrumbs">The last lines of that one's trace up to it, oldest first.</param>
/// <param name="OrderNumbers">The newest that it hit.</param>
internal sealed record ErrorFile(
    ErrorRow Error, IReadOnlyList<ErrorSighting> Sightings, IReadOnlyList<StackLine> Stack, IReadOnlyList<LogRow> Breadcrumbs,
    IReadOnlyList<long> OrderNumbers, IReadOnlyList<string> Releases);

internal static class ErrorEndpoints
{
    private const int MaxRows = 100;
    private const int MaxBreadcrumbs = 30;
    private const int MaxOrders = 20;

    private const string Groups = """
        SELECT g.id, g.service, g.type, g.title, g.culprit, g.first_at, g.last_at, g.first_release, g.last_release, g.seen, lower(g.state), g.resolved_at,
            g.resolved_in, g.regressed_at, g.regressed_in, hit.orders, hit.people, g.is_synthetic
        """;

    // Of those that are shown: a group may have hit thousands. Staff is nobody; so it is here and not where errors are written, which shall need as
    // little of the shop as can be.
    private const string Hits = """
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE kind = 'Order') AS orders, count(*) FILTER (
                WHERE kind = 'Person' AND hit NOT IN (SELECT id::text FROM accounts.users WHERE role <> 'Shopper')) AS people
            FROM telemetry.error_hits h WHERE h.group_id = g.id) hit
        """;

    // Words of ours, so that each is a condition that an index knows. What only drills have seen is shown where it is asked for.
    private static readonly Dictionary<string, string> Filters = new(StringComparer.Ordinal)
    {
        ["open"] = "state = 'Open' AND NOT is_synthetic", ["resolved"] = "state = 'Resolved'", ["ignored"] = "state = 'Ignored'",
        ["synthetic"] = "state = 'Open' AND is_synthetic", ["any"] = "true",
    };

    private static readonly Dictionary<string, (string State, string Action)> ActsOf = new(StringComparer.Ordinal)
    {
        ["resolve"] = ("Resolved", AuditActions.ErrorResolved), ["ignore"] = ("Ignored", AuditActions.ErrorIgnored), ["reopen"] = ("Open", AuditActions.ErrorReopened),
    };

    public static void MapErrors(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/errors", GetErrors).WithName(nameof(GetErrors)).RequireAuthorization(Policies.Agent)
            .WithSummary("Errors that are the same, counted; the open ones unless another state is asked for.").ProducesProblem(422);
        operations.MapGet("/errors/{id:long}", GetError).WithName(nameof(GetError)).RequireAuthorization(Policies.Agent)
            .WithSummary("One of them: whom it hit, an example, and what was logged before it.").ProducesProblem(404);
        operations.MapPost("/errors/{id:long}/{act}", ChangeError).WithName(nameof(ChangeError)).RequireAuthorization(Policies.Operator)
            .WithSummary("resolve, ignore or reopen.").ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Results<Ok<ErrorRows>, ProblemHttpResult>> GetErrors(
        [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, CancellationToken ct, string state = "open", string? service = null,
        string sort = "last")
    {
        if (!Filters.TryGetValue(state, out var filter) || sort is not ("last" or "count"))
            return Problems.Refuse(422, "filter_invalid", "A state is open, resolved, ignored, synthetic or any; they are sorted by last or count.");

        var order = $"ORDER BY {(sort is "count" ? "seen" : "last_at")} DESC, id DESC";
        await using var command = database.CreateCommand($"""
            {Groups} FROM (
                SELECT * FROM telemetry.error_groups WHERE {filter} AND ($1 = '' OR service = $1) {order} LIMIT {MaxRows + 1}) g
            {Hits} {order}
            """);
        command.Parameters.Add(new() { Value = service ?? "" });
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<ErrorRow> rows = [];
        while (await reader.ReadAsync(ct))
            rows.Add(Row(reader));
        return TypedResults.Ok(new ErrorRows([.. rows.Take(MaxRows)], rows.Count > MaxRows));
    }

    internal static async Task<Results<Ok<ErrorFile>, ProblemHttpResult>> GetError(
        long id, [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        Add($"{Groups} FROM telemetry.error_groups g {Hits} WHERE g.id = $1");
        Add("""
            SELECT e.at, e.instance, e.release, e.route, e.reference, e.trace_id, coalesce(e.order_number, o.number), e.person_id, e.is_synthetic, e.stack
            FROM telemetry.error_groups g JOIN telemetry.error_events e ON e.fingerprint = g.fingerprint LEFT JOIN shop.orders o ON o.id = e.order_id
            WHERE g.id = $1 ORDER BY e.at DESC, e.id DESC
            """);
        Add($"""
            SELECT o.number FROM (
                SELECT hit, last_at FROM telemetry.error_hits WHERE group_id = $1 AND kind = 'Order' ORDER BY last_at DESC LIMIT {MaxOrders}) h
            JOIN shop.orders o ON o.id = h.hit::uuid ORDER BY h.last_at DESC
            """);

        ErrorRow error;
        List<ErrorSighting> sightings = [];
        List<long> orders = [];
        string? stack = null;
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            if (!await reader.ReadAsync(ct))
                return NotFound(id);
            error = Row(reader);
            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                if (sightings is [])
                    stack = Get<string?>(reader, 9);
                sightings.Add(new(
                    reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.GetString(2), Get<string?>(reader, 3), Get<string?>(reader, 4),
                    Get<string?>(reader, 5), Get<long?>(reader, 6), Get<string?>(reader, 7), reader.GetBoolean(8)));
            }

            await reader.NextResultAsync(ct);
            while (await reader.ReadAsync(ct))
                orders.Add(reader.GetInt64(0));
        }

        var isScript = error.Service is Shop.Data.Telemetry.ErrorGroups.Browser;
        return TypedResults.Ok(new ErrorFile(
            error, sightings,
            [.. (stack ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => new StackLine(line.TrimEnd(), isScript || Fingerprint.IsOurLine(line)))],
            sightings is [{ TraceId: { } trace, At: var at }, ..] ? await BreadcrumbsAsync(connection, trace, at, ct) : [], orders,
            [.. sightings.Select(s => s.Release).Distinct()]));

        void Add(string sql) => batch.BatchCommands.Add(new(sql) { Parameters = { new() { Value = id } } });
    }

    private static async Task<List<LogRow>> BreadcrumbsAsync(NpgsqlConnection connection, string trace, DateTimeOffset at, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"""
            SELECT {LogSearch.ColumnList} FROM telemetry.log_lines WHERE trace_id = $1 AND at <= $2 AND at > $2 - interval '1 day'
            ORDER BY at DESC, id DESC LIMIT {MaxBreadcrumbs}
            """, connection)
        { Parameters = { new() { Value = trace }, new() { Value = at } } };
        List<LogRow> lines = [];
        await using var reader = await command.ExecuteReaderAsync(ct);
        await LogSearch.ReadRowsAsync(reader, lines, [], ct);
        lines.Reverse();
        return lines;
    }

    internal static Task<ActResult> ChangeError(
        long id, string act, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<ErrorRows> logger, CancellationToken ct) =>
        Acts.OnceAsync(reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("change error", $"{id}", act), clock, logger, async (db, now, why) =>
        {
            if (!ActsOf.TryGetValue(act, out var to))
                return Problems.Refuse(422, "act_unknown", "An error is resolved, ignored or reopened.");
            var found = await db.Database.SqlQuery<Standing>($"SELECT state, last_release FROM telemetry.error_groups WHERE id = {id} FOR UPDATE").ToListAsync(ct);
            if (found is not [var was])
                return NotFound(id);
            if (was.State == to.State)
                return Problems.Refuse(409, "error_unchanged", $"It is {to.State.ToLowerInvariant()} already.");

            var isResolved = to.State is "Resolved";
            await db.Database.ExecuteSqlAsync($"""
                UPDATE telemetry.error_groups SET state = {to.State}, resolved_at = {(isResolved ? now : (DateTimeOffset?)null)},
                    resolved_in = {(isResolved ? was.LastRelease : null)}, regressed_at = NULL, regressed_in = NULL
                WHERE id = {id}
                """, ct);
            db.Record(caller, now, to.Action, AuditSubjects.Error, $"{id}", new { was.State }, new { to.State }, why);
            return null;
        }, ct);

    private static ProblemHttpResult NotFound(long id) => Problems.Refuse(404, "error_not_found", $"There is no error {id}.");

    private static ErrorRow Row(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5),
        reader.GetFieldValue<DateTimeOffset>(6), reader.GetString(7), reader.GetString(8), reader.GetInt64(9), reader.GetString(10),
        Get<DateTimeOffset?>(reader, 11), Get<string?>(reader, 12), Get<DateTimeOffset?>(reader, 13), Get<string?>(reader, 14), reader.GetInt64(15),
        reader.GetInt64(16), reader.GetBoolean(17));

    private static T? Get<T>(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);

    private sealed class Standing
    {
        public string State { get; init; } = "";

        [System.ComponentModel.DataAnnotations.Schema.Column("last_release")]
        public string LastRelease { get; init; } = "";
    }
}
