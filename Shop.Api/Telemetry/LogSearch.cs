using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Telemetry;

using SearchResult = Results<Ok<LogPage>, ProblemHttpResult>;

/// <summary>Bound from <c>LogSearch</c>.</summary>
internal sealed class LogSearchOptions
{
    public const string Section = "LogSearch";

    /// <summary>For one page, however rare what is looked for; what was found until then is the answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:09")] public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1.5);
}

/// <param name="Level">This one and above: information, warning, error or critical.</param>
/// <param name="IsRegex">Whether <paramref name="Text"/> is a regular expression of Postgres; case never matters.</param>
/// <param name="Before">Where the page before ended, as it said.</param>
internal sealed record LogQuery(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Service = null, string? Level = null, int? EventId = null, long? Order = null,
    string? Reference = null, string? Trace = null, string? Person = null, string? Text = null, bool IsRegex = false, string? Before = null);

/// <param name="OrderNumber">Also of a line that knows its order's id alone.</param>
internal sealed record LogRow(
    Guid Id, DateTimeOffset At, string Service, string Instance, string Release, string Level, int EventId, string? Event, string Category, string Message,
    string? Reference, string? TraceId, long? OrderNumber, Guid? PaymentId, string? PersonId, string? Exception, bool IsSynthetic);

/// <param name="Next">What to ask for as <c>before</c>; null when there is nothing older.</param>
/// <param name="SearchedBackTo">Where the time was up, with as much found as the page shows; null when it was not.</param>
/// <param name="Dropped">The newest lines that tell of lines that were dropped in this time.</param>
internal sealed record LogPage(IReadOnlyList<LogRow> Items, string? Next, DateTimeOffset? SearchedBackTo, IReadOnlyList<LogRow> Dropped);

/// <summary>
/// Newest first. What has an id is looked up; anything else is searched backwards in slices of time, so that a rare word gives what was found so
/// far, and how far that was, instead of nothing.
/// </summary>
internal static class LogSearch
{
    private const int PageSize = 50;
    private const int MaxText = 200;
    private const int MaxDropped = 3;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(32);
    private static readonly TimeSpan FirstSlice = TimeSpan.FromHours(1);
    private static readonly TimeSpan FirstSliceAgain = TimeSpan.FromMinutes(1); // where the page before ended because its time was up
    private static readonly TimeSpan SmallestSlice = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(100);

    private static readonly string[] Levels = ["trace", "debug", "information", "warning", "error", "critical"];

    private const string Columns =
        "id, at, service, instance, release, level, event_id, event, category, message, reference, trace_id, order_id, order_number, payment_id, person_id, "
        + "exception, is_synthetic";

    /// <summary>As the index of a day that is over has it.</summary>
    private const string Words = "(message || coalesce(E'\n' || exception, ''))";

    public static void AddLogSearch(this IServiceCollection services) =>
        services.AddOptions<LogSearchOptions>().BindConfiguration(LogSearchOptions.Section).ValidateDataAnnotations().ValidateOnStart();

    public static void MapLogs(this IEndpointRouteBuilder operations) => operations.MapPost("/logs", SearchLogs).WithName(nameof(SearchLogs))
        .RequireAuthorization(Policies.Agent).WithSummary("Log lines, newest first. A read; as POST, because what is searched for may be personal.")
        .ProducesProblem(422);

    internal static async Task<SearchResult> SearchLogs(
        LogQuery query, [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, IOptions<LogSearchOptions> options, TimeProvider clock,
        CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        await using var connection = await database.OpenConnectionAsync(ct);
        var filter = new Filter();
        if (await filter.ReadAsync(query, connection, options.Value.Budget, ct) is { } refused)
            return refused;

        var end = query.To ?? clock.GetUtcNow().AddMinutes(1); // clocks differ
        var begin = query.From ?? end - Kept;
        (DateTimeOffset At, Guid Id)? cursor = null;
        if (query.Before is not null)
        {
            if (!TryReadCursor(query.Before, out var read))
                return Problems.Refuse(422, "before_invalid", "No page has ended there.");
            cursor = read;
            end = read.At < end ? read.At : end;
        }

        List<LogRow> found = [];
        List<Guid?> orders = [];
        var slice = filter.IsSelective ? end - begin : cursor is { Id: var last } && last == Guid.Empty ? FirstSliceAgain : FirstSlice;
        DateTimeOffset? searchedBackTo = null;
        for (var to = end; found.Count <= PageSize && to >= begin && (to > begin || cursor is not null);)
        {
            // Half of what is left: if the slice takes longer, a smaller one may still come to an end.
            var left = options.Value.Budget - clock.GetElapsedTime(started);
            var from = to - slice > begin ? to - slice : begin;
            var asked = clock.GetTimestamp();
            try
            {
                if (left < TimeSpan.FromMilliseconds(1))
                    throw new TimeoutException();
                await ReadSliceAsync(connection, filter, from, to, cursor, left / 2, PageSize + 1 - found.Count, found, orders, ct);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidRegularExpression)
            {
                return Problems.Refuse(422, "regex_invalid", $"Postgres does not understand this regular expression: {e.MessageText}.");
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.QueryCanceled && slice > SmallestSlice)
            {
                slice = (slice < to - begin ? slice : to - begin) / 4;
                continue;
            }
            catch (Exception e) when (e is TimeoutException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled })
            {
                searchedBackTo = to;
                break;
            }

            (to, cursor) = (from, null);
            if (from == begin)
                break;
            if (clock.GetElapsedTime(asked) < Quick)
                slice *= 4;
        }

        var dropped = query.Before is null ? await DroppedAsync(connection, begin, end, ct) : [];
        var numbers = await NumbersAsync(connection, orders, ct);
        var items = found.Take(PageSize).Select((row, i) => row.OrderNumber is null && orders[i] is { } id ? row with { OrderNumber = Number(id) } : row).ToList();
        var next = found.Count > PageSize ? Cursor(items[^1].At, items[^1].Id) : searchedBackTo is { } back ? Cursor(back, Guid.Empty) : null;
        return TypedResults.Ok(new LogPage(items, next, found.Count > PageSize ? null : searchedBackTo, dropped));

        long? Number(Guid order) => numbers.TryGetValue(order, out var number) ? number : null;
    }

    private static async Task ReadSliceAsync(
        NpgsqlConnection connection, Filter filter, DateTimeOffset from, DateTimeOffset to, (DateTimeOffset At, Guid Id)? cursor, TimeSpan time, int limit,
        List<LogRow> found, List<Guid?> orders, CancellationToken ct)
    {
        List<LogRow> rows = [];
        List<Guid?> of = [];
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(Limit(time));
        var select = new NpgsqlBatchCommand();
        var where = filter.Write(select);
        var parameters = select.Parameters;
        parameters.Add(new() { Value = from });
        var range = $"at >= ${parameters.Count}";
        parameters.Add(new() { Value = to });
        // The page before ended within a moment: what is left of that moment, and all before it. Below the last id there is none.
        range += cursor is null ? $" AND at < ${parameters.Count}" : $" AND at <= ${parameters.Count}";
        if (cursor is { } last)
        {
            parameters.Add(new() { Value = last.At });
            parameters.Add(new() { Value = last.Id });
            range += $" AND (at, id) < (${parameters.Count - 1}, ${parameters.Count})";
        }

        parameters.Add(new() { Value = (long)limit });
        select.CommandText = $"SELECT {Columns} FROM telemetry.log_lines WHERE {range}{where} ORDER BY at DESC, id DESC LIMIT ${parameters.Count}";
        batch.BatchCommands.Add(select);
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            await reader.NextResultAsync(ct);
            await ReadRowsAsync(reader, rows, of, ct);
        }

        await transaction.CommitAsync(ct);
        found.AddRange(rows); // all or none: what the time is up for is read again
        orders.AddRange(of);
    }

    /// <summary>For the rest of a transaction.</summary>
    private static NpgsqlBatchCommand Limit(TimeSpan time) => new("SELECT set_config('statement_timeout', $1, true)")
    {
        Parameters = { new() { Value = ((int)Math.Max(time.TotalMilliseconds, 1)).ToString(CultureInfo.InvariantCulture) } },
    };

    internal static async Task ReadRowsAsync(NpgsqlDataReader reader, List<LogRow> found, List<Guid?> orders, CancellationToken ct)
    {
        while (await reader.ReadAsync(ct))
        {
            orders.Add(Get<Guid?>(12));
            found.Add(new LogRow(
                reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetString(2), reader.GetString(3), reader.GetString(4),
                Levels[Math.Clamp((int)reader.GetInt16(5), 0, Levels.Length - 1)], reader.GetInt32(6), Get<string?>(7), reader.GetString(8),
                reader.GetString(9), Get<string?>(10), Get<string?>(11), Get<long?>(13), Get<Guid?>(14), Get<string?>(15), Get<string?>(16),
                reader.GetBoolean(17)));
        }

        T? Get<T>(int column) => reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);
    }

    private static async Task<List<LogRow>> DroppedAsync(NpgsqlConnection connection, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"""
            SELECT {Columns} FROM telemetry.log_lines WHERE event_id = $1 AND event_id NOT IN (100, 104) AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT $4
            """, connection)
        {
            Parameters = { new() { Value = RecordEvents.LinesDropped }, new() { Value = from }, new() { Value = to }, new() { Value = (long)MaxDropped } },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        List<LogRow> dropped = [];
        await ReadRowsAsync(reader, dropped, [], ct);
        return dropped;
    }

    internal static async Task<Dictionary<Guid, long>> NumbersAsync(NpgsqlConnection connection, IEnumerable<Guid?> orders, CancellationToken ct)
    {
        Guid[] ids = [.. orders.OfType<Guid>().Distinct()];
        if (ids is [])
            return [];

        await using var command = new NpgsqlCommand("SELECT id, number FROM shop.orders WHERE id = ANY($1)", connection) { Parameters = { new() { Value = ids } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        Dictionary<Guid, long> numbers = [];
        while (await reader.ReadAsync(ct))
            numbers[reader.GetGuid(0)] = reader.GetInt64(1);
        return numbers;
    }

    internal static string ColumnList => Columns;

    private static string Cursor(DateTimeOffset at, Guid id) => $"{at.UtcTicks}_{id:N}";

    private static bool TryReadCursor(string text, out (DateTimeOffset At, Guid Id) cursor)
    {
        cursor = default;
        if (text.Split('_') is not [var ticks, var id] || !long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            || at > DateTimeOffset.MaxValue.UtcTicks || !Guid.TryParseExact(id, "N", out var last))
            return false;
        cursor = (new DateTimeOffset(at, TimeSpan.Zero), last);
        return true;
    }

    /// <summary>What is asked for, as SQL and its values.</summary>
    private sealed class Filter
    {
        private readonly List<(string Sql, object[] Values)> _terms = [];

        /// <summary>An index leads to every line that there is.</summary>
        public bool IsSelective { get; private set; }

        public async Task<ProblemHttpResult?> ReadAsync(LogQuery query, NpgsqlConnection connection, TimeSpan budget, CancellationToken ct)
        {
            if (Given(query.Reference) is { } typed)
            {
                if (!Reference.TryParse(typed, out var reference))
                    return Problems.Refuse(422, "reference_invalid", "A reference has ten letters and digits, such as 4T7QK-9XW2M.");
                Only("reference = {0}", reference);
            }

            if (query.Order is { } number)
            {
                // Some lines know the number, some the id.
                await using var find = new NpgsqlCommand("SELECT id FROM shop.orders WHERE number = $1", connection) { Parameters = { new() { Value = number } } };
                if (await find.ExecuteScalarAsync(ct) is Guid id)
                    Only("(order_number = {0} OR order_id = {1})", number, id);
                else
                    Only("order_number = {0}", number);
            }

            if (Given(query.Trace) is { } trace)
                Only("trace_id = {0}", trace.ToLowerInvariant());
            if (Given(query.Person) is { } person)
                Only("person_id = {0}", person);
            if (Given(query.Service) is { } service)
                _terms.Add(("service = {0}", [service]));
            if (Given(query.Level) is { } level)
            {
                var least = Array.IndexOf(Levels, level.ToLowerInvariant());
                if (least < 0)
                    return Problems.Refuse(422, "level_invalid", "A level is information, warning, error or critical.");
                // The words of the index of trouble, where they hold: with a value alone the planner would have to guess.
                _terms.Add((least >= 3 ? "level >= 3 AND level >= {0}" : "level >= {0}", [(short)least]));
            }

            if (query.EventId is { } eventId)
            {
                var rare = eventId is RecordEvents.RequestIn or RecordEvents.RequestOut ? "" : " AND event_id NOT IN (100, 104)";
                _terms.Add(($"event_id = {{0}}{rare}", [eventId]));
            }

            if (Given(query.Text) is { } text)
            {
                if (text.Length > MaxText)
                    return Problems.Refuse(422, "text_too_long", $"At most {MaxText} characters can be searched for.");
                if (text.Contains('\0', StringComparison.Ordinal))
                    return Problems.Refuse(422, "text_invalid", "No line holds a NUL.");
                if (query.IsRegex)
                {
                    _terms.Add(($"{Words} ~* {{0}}", [text]));
                    return await CheckAsync(text, connection, budget, ct);
                }

                var literal = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);
                _terms.Add(($"{Words} ILIKE {{0}}", [$"%{literal}%"]));
            }

            return null;
        }

        // At once, and also where no line would have been compared with it. Few characters can take long to understand.
        private static async Task<ProblemHttpResult?> CheckAsync(string pattern, NpgsqlConnection connection, TimeSpan budget, CancellationToken ct)
        {
            try
            {
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await using var check = new NpgsqlBatch(connection, transaction)
                {
                    BatchCommands = { Limit(budget), new("SELECT '' ~* $1") { Parameters = { new() { Value = pattern } } } },
                };
                await check.ExecuteNonQueryAsync(ct);
                return null;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.QueryCanceled)
            {
                return Problems.Refuse(422, "regex_invalid", "This regular expression takes too long to be understood; a simpler one may find the same.");
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidRegularExpression)
            {
                return Problems.Refuse(422, "regex_invalid", $"This is no regular expression: {e.MessageText}.");
            }
        }

        public string Write(NpgsqlBatchCommand command) => string.Concat(_terms.Select(term =>
        {
            var names = term.Values.Select(value =>
            {
                command.Parameters.Add(new() { Value = value });
                return (object)$"${command.Parameters.Count}";
            }).ToArray();
            return $" AND {string.Format(CultureInfo.InvariantCulture, term.Sql, names)}";
        }));

        private void Only(string sql, params object[] values)
        {
            _terms.Add((sql, values));
            IsSelective = true;
        }

        private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }
}
