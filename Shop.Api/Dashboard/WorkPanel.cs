using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api.Gateways;
using Shop.Api.Operations;
using Shop.Data.Payments;

namespace Shop.Api.Dashboard;

/// <param name="Oldest">Since when the one that is due for the longest time is due; null when none is.</param>
internal sealed record WaitingView(int Waiting, int Parked, DateTimeOffset? Oldest);

/// <param name="Live">Replicas that said something lately.</param>
/// <param name="Troubled">Those of them whose breaker is not closed.</param>
/// <param name="Override">What an operator has decided; null when the breakers decide.</param>
internal sealed record BreakerView(PaymentProvider Provider, int Live, int Troubled, OverrideMode? Override);

internal sealed record WorkView(
    WaitingView Jobs, WaitingView Webhooks, WaitingView Outbox, int Unknown, DateTimeOffset? UnknownSince, int Unfolded, IReadOnlyList<BreakerView> Breakers,
    IReadOnlyList<BackgroundJobRow> Background);

/// <summary>What is being worked on this moment.</summary>
internal sealed class WorkPanel(ReportsDatabase reports, GatewayWatch gateways, TimeProvider clock)
{
    public async Task<WorkView> ReadAsync(CancellationToken ct)
    {
        await using var db = reports.Open();
        await db.Database.OpenConnectionAsync(ct);
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        // What waits for orders of drills and probes is none of the business's. Of a webhook nobody knows that before it is read.
        const string ForPeople = "AND NOT EXISTS (SELECT FROM shop.orders o WHERE o.id = t.order_id AND o.is_synthetic)";
        foreach (var (table, which) in new[] { ("payments.payment_jobs", ForPeople), ("payments.webhook_receipts", ""), ("shop.outbox", ForPeople) })
        {
            // Two questions, each with a partial index of its own: together they would read the table.
            batch.Add($"""
                SELECT w.count, p.count, w.oldest
                FROM (SELECT count(*)::int, min(due_at) FILTER (WHERE due_at <= now()) AS oldest FROM {table} t WHERE state = 'Waiting' {which}) w,
                    (SELECT count(*)::int FROM {table} t WHERE state = 'Parked' {which}) p
                """);
        }

        batch.Add("SELECT count(*)::int, min(placed_at) FROM shop.orders WHERE payment = 'Unknown' AND NOT is_synthetic");
        batch.Add("SELECT count(*)::int FROM reports.deltas");
        List<WaitingView> waiting = [];
        int unknown, unfolded;
        DateTimeOffset? since;
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            do
            {
                await reader.ReadAsync(ct);
                waiting.Add(new WaitingView(reader.GetInt32(0), reader.GetInt32(1), At(reader, 2)));
            }
            while (await reader.NextResultAsync(ct) && waiting.Count < 3);
            await reader.ReadAsync(ct);
            (unknown, since) = (reader.GetInt32(0), At(reader, 1));
            await reader.NextResultAsync(ct);
            await reader.ReadAsync(ct);
            unfolded = reader.GetInt32(0);
        }

        return new WorkView(
            waiting[0], waiting[1], waiting[2], unknown, since, unfolded,
            [.. gateways.Sights.Select(s => new BreakerView(s.Provider, s.Live, s.Troubled, s.Override))],
            await BackgroundJobEndpoints.ReadAsync(db, clock.GetUtcNow(), ct));
    }

    private static DateTimeOffset? At(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
