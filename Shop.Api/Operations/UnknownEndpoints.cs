using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data.Orders;

namespace Shop.Api.Operations;

/// <summary>An order of which nobody knows whether it is paid: its clock and its owner.</summary>
/// <param name="Since">When the question was sent whose answer is missing.</param>
/// <param name="JobId">Who asks; null when nobody does. That is put right within half a minute.</param>
/// <param name="NextAt">When it is asked again.</param>
/// <param name="LeasedUntil">In the future while it is being asked right now.</param>
/// <param name="Asked">How often, since then.</param>
internal sealed record UnknownOrder(
    long Number, PaymentState Payment, string? Reason, long TotalMinor, string Currency, DateTimeOffset Since, DateTimeOffset DeadlineAt, Guid? JobId,
    string? JobKind, string? JobState, DateTimeOffset? NextAt, DateTimeOffset? LeasedUntil, int Asked, DateTimeOffset? LastAskedAt, string? LastAnswer,
    string? LastCode);

internal sealed record UnknownOrders(IReadOnlyList<UnknownOrder> Items);

internal static class UnknownEndpoints
{
    public static void MapUnknown(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/unknown", GetUnknown).WithName(nameof(GetUnknown)).RequireAuthorization(Policies.Agent)
            .WithSummary("Payments whose outcome is unknown, the oldest first: since when, asked how often, by whom, and when again.");

    private sealed record Row(
        long Number, string Payment, string? Reason, long TotalMinor, string Currency, DateTimeOffset Since, DateTimeOffset DeadlineAt, Guid? JobId,
        string? JobKind, string? JobState, DateTimeOffset? NextAt, DateTimeOffset? LeasedUntil, int Asked, DateTimeOffset? LastAskedAt, string? LastAnswer,
        string? LastCode);

    internal static async Task<Ok<UnknownOrders>> GetUnknown(ReportsDatabase reports, CancellationToken ct)
    {
        await using var db = reports.Open();
        // By way of the holds: there are few, and what is unknown keeps its own. In flight counts when its confirm is open and nobody is at it.
        var rows = await db.Database.SqlQuery<Row>($"""
            SELECT o.number AS "Number", o.payment AS "Payment", o.reason AS "Reason", o.total_minor AS "TotalMinor", o.currency AS "Currency",
                s.since AS "Since", o.deadline_at AS "DeadlineAt", j.id AS "JobId", j.kind AS "JobKind", j.state AS "JobState", j.due_at AS "NextAt",
                CASE WHEN j.leased_until > now() THEN j.leased_until END AS "LeasedUntil", a.asked AS "Asked", l.at AS "LastAskedAt", l.class AS "LastAnswer",
                coalesce(l.code, l.reason) AS "LastCode"
            FROM shop.orders o
            LEFT JOIN LATERAL (SELECT * FROM payments.payment_jobs j WHERE j.order_id = o.id AND j.state <> 'Done'
                ORDER BY j.state = 'Waiting' DESC, j.due_at LIMIT 1) j ON true
            LEFT JOIN LATERAL (SELECT coalesce(max(t.at), o.placed_at) AS since FROM shop.order_timeline t
                WHERE t.order_id = o.id AND t.kind = {TimelineKinds.PaymentStarted}) s ON true
            LEFT JOIN LATERAL (SELECT count(*)::int AS asked FROM payments.payment_attempts t WHERE t.order_id = o.id AND t.at >= s.since) a ON true
            LEFT JOIN LATERAL (SELECT t.at, t.class, t.code, t.reason FROM payments.payment_attempts t WHERE t.order_id = o.id ORDER BY t.at DESC LIMIT 1) l ON true
            WHERE o.id IN (SELECT order_id FROM shop.stock_holds) AND (o.payment = 'Unknown' OR (o.payment = 'InFlight'
                AND (j.id IS NULL OR j.leased_until <= now())
                AND EXISTS (SELECT FROM payments.payment_intents i WHERE i.order_id = o.id AND i.confirm_open)))
            ORDER BY s.since LIMIT 200
            """).ToListAsync(ct);
        return TypedResults.Ok(new UnknownOrders(
        [
            .. rows.Select(r => new UnknownOrder(
                r.Number, Enum.Parse<PaymentState>(r.Payment), r.Reason, r.TotalMinor, r.Currency, r.Since, r.DeadlineAt, r.JobId, Word(r.JobKind),
                Word(r.JobState), r.NextAt, r.LeasedUntil, r.Asked, r.LastAskedAt, r.LastAnswer, r.LastCode)),
        ]));
    }

    private static string? Word(string? name) => name is null ? null : System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name);
}
