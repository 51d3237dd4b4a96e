using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Orders;
using Shop.ServiceDefaults;

namespace Shop.Api.Orders;

/// <param name="Detail">A few words for an engineer; scrubbed here, whatever a browser sends.</param>
internal sealed record BrowserReport(string? Kind, string? Detail);

/// <summary>
/// What only the shopper's browser can see: the card form did not load, a script failed, somebody went to the bank and came back without an
/// answer. Facts for the order's timeline; before there is an order its cart keeps them.
/// </summary>
internal static partial class BrowserReports
{
    /// <summary>Of one order, or one cart. Enough to tell a story, too few to fill a table with.</summary>
    public const int Most = 20;

    private const int MaxDetail = 200;

    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["script_error"] = "A script failed in the shopper's browser.",
        ["card_form_blocked"] = "The shopper's browser did not load the card form: blocked, or no connection.",
        ["card_form_slow"] = "The card form took too long to load in the shopper's browser.",
        ["card_form_failed"] = "The card form failed in the shopper's browser.",
        [BankQuestions.LeftForBank] = "The shopper left for the bank's page.",
        [BankQuestions.BackWithoutAnswer] = "The shopper is back from the bank's page without having answered it.",
    };

    internal static async Task<Results<NoContent, ProblemHttpResult>> ReportOrder(
        long number, BrowserReport report, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, [AsParameters] OrderAccess access,
        ShopDbContext db, TimeProvider clock, ShopTelemetry telemetry, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();
        if (access.OpensNothing || await db.Orders.Where(access.To(number)).Select(o => new { o.Id, o.UserId }).SingleOrDefaultAsync(ct) is not { } order)
            return OrderEndpoints.OrderNotFound();
        if (access.Refuses(order.UserId) is { } expired)
            return expired;
        if (!Kinds.TryGetValue(report.Kind ?? "", out var summary))
            return NoSuchKind();

        telemetry.BrowserReported(report.Kind!);
        var facts = Facts(report);
        var trace = System.Diagnostics.Activity.Current?.TraceId.ToHexString();
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.order_timeline (id, order_id, at, kind, summary, for_shopper, data, trace_id)
            SELECT {IdempotencyKey.IdOf("report", key, order.Id)}, {order.Id}, {clock.GetUtcNow()}, {TimelineKinds.Browser}, {summary}, false, {facts}::jsonb, {trace}
            WHERE (SELECT count(*) FROM shop.order_timeline WHERE order_id = {order.Id} AND kind = {TimelineKinds.Browser}) < {Most}
            ON CONFLICT (id) DO NOTHING
            """, ct);
        return TypedResults.NoContent();
    }

    /// <summary>A cart that there is not, or that has become an order, keeps nothing, and nobody needs to know.</summary>
    internal static async Task<Results<NoContent, ProblemHttpResult>> ReportCart(
        BrowserReport report, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, [FromHeader(Name = CartToken.Header)] string? token,
        NpgsqlDataSource database, TimeProvider clock, ShopTelemetry telemetry, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();
        if (!Kinds.TryGetValue(report.Kind ?? "", out var summary))
            return NoSuchKind();

        telemetry.BrowserReported(report.Kind!);
        var id = IdempotencyKey.IdOf("report", key);
        await using var command = database.CreateCommand("""
            UPDATE shop.carts SET reports = coalesce(reports, '[]') || jsonb_build_array(jsonb_build_object('id', $2, 'at', $3, 'summary', $4, 'facts', $5))
            WHERE token_hash = $1 AND order_id IS NULL AND jsonb_array_length(coalesce(reports, '[]')) < $6
                AND NOT coalesce(reports, '[]') @> jsonb_build_array(jsonb_build_object('id', $2))
            """);
        command.Parameters.Add(new() { Value = CartToken.HashOf(token) ?? [] });
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = clock.GetUtcNow() });
        command.Parameters.Add(new() { Value = summary });
        command.Parameters.Add(new() { Value = Facts(report), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(new() { Value = Most });
        await command.ExecuteNonQueryAsync(ct);
        return TypedResults.NoContent();
    }

    /// <summary>
    /// What a script's message may carry of a person goes: addresses, anything that could be a card or a phone number, long words (tokens,
    /// keys) and what stands behind a question mark.
    /// </summary>
    internal static string? Scrub(string? detail)
    {
        if (string.IsNullOrWhiteSpace(detail))
            return null;

        var text = detail.Length > 4 * MaxDetail ? detail[..(4 * MaxDetail)] : detail; // a cut must not make four digits of sixteen
        text = Unprintable().Replace(text, " ");
        foreach (var secret in (Regex[])[Address(), Query(), Digits(), LongWord()])
            text = secret.Replace(text, "…");
        text = text.Trim();
        return text.Length > MaxDetail ? text[..MaxDetail] : text;
    }

    private static string Facts(BrowserReport report) =>
        JsonSerializer.Serialize(new { what = report.Kind, detail = Scrub(report.Detail) }, TimelineEntry.FactsJson);

    private static ProblemHttpResult NoSuchKind() => Problems.Refuse(422, "report_unknown", "This is nothing that a browser tells us.");

    [GeneratedRegex(@"[\p{C}\s]+")] private static partial Regex Unprintable();

    [GeneratedRegex(@"\S+(?:@|%40)\S+")] private static partial Regex Address();

    [GeneratedRegex(@"[?#]\S*")] private static partial Regex Query();

    [GeneratedRegex(@"\d(?:[ .-]?\d){3,}")] private static partial Regex Digits();

    [GeneratedRegex(@"[A-Za-z0-9_-]{25,}")] private static partial Regex LongWord();
}
