using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.Orders;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations.Story;

internal static class StoryEndpoints
{
    /// <summary>What a page shows of a long story, the newest of each kind; all of it is asked for.</summary>
    private const int Shown = 100;

    private const int Most = 2000;

    private static readonly JsonSerializerOptions Rows = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new StoredProvider(), new JsonStringEnumConverter() },
    };

    /// <summary>The database has its own name; that of addresses is another one.</summary>
    private sealed class StoredProvider : JsonConverter<PaymentProvider>
    {
        public override PaymentProvider Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Enum.Parse<PaymentProvider>(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, PaymentProvider value, JsonSerializerOptions options) => writer.WriteStringValue($"{value}");
    }

    public static void MapStory(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/orders/{number:long}/story", GetStory).WithName(nameof(GetStory)).RequireAuthorization(Policies.Agent).ProducesProblem(404)
            .WithSummary("An order for an agent: the answer, what can be done, and everything that happened in one list.");

    internal static async Task<Results<Ok<OrderStory>, ProblemHttpResult>> GetStory(
        long number, ReportsDatabase reports, IOptions<OrderActsOptions> acts, TimeProvider clock, CancellationToken ct, bool all = false)
    {
        await using var db = reports.Open();
        if (await db.Orders.AsNoTracking().AsSingleQuery().Include(o => o.Lines).SingleOrDefaultAsync(o => o.Number == number, ct) is not { } order)
            return Problems.Refuse(404, "order_not_found", $"There is no order {number}.");

        var rows = await ReadAsync(db, order, all ? Most : Shown, ct);
        var refund = order.CapturedMinor is 0 ? null : await db.RefundsToTell().Where(r => r.OrderId == order.Id).Select(r => (RefundState?)r.State).FirstOrDefaultAsync(ct);
        var isAtBank = order.Payment is PaymentState.ActionNeeded && await db.AtBank().AnyAsync(o => o.Id == order.Id, ct);
        var now = clock.GetUtcNow();
        var charges = await TriesAsync(db, order, ct);
        var texts = OrderWords.Of(order, charges, rows.Jobs.LastOrDefault(j => j is { Kind: PaymentJobKind.Charge, State: not JobState.Done })?.State, refund, isAtBank);
        var taken = OrderWords.MoneyTakenBy(order, isAtBank);
        return TypedResults.Ok(new OrderStory(
            new OrderFile(
                order.Number, order.PlacedAt, order.Status, order.Payment, order.Reason, taken, order.Reference, order.Currency, order.TotalMinor, order.TaxMinor,
                order.CapturedMinor, order.RefundedMinor, order.DeadlineAt, OrderWords.CanPayAgain(order, charges),
                [.. order.Lines.OrderBy(l => l.Position).Select(OrderLineView.Of)], texts, ReasonView.Of(order.Reason)),
            order.TraceId, order.IsSynthetic, Answer.Of(order, rows, texts, taken, now), OrderActs.Of(order, rows, acts.Value.LongestHold, now), Merge.Of(order, rows, now), rows.Hidden,
            [.. rows.Jobs.Select(j => new JobView(j.Id, j.Kind, j.Provider, j.State, j.DueAt, j.Leases, j.Attempts, j.LastReason))],
            Answer.ForCustomer(order, texts, taken)));
    }

    private static Task<int> TriesAsync(ShopDbContext db, Order order, CancellationToken ct) =>
        OrderWords.IsPayable(order) ? db.Tries().CountAsync(j => j.OrderId == order.Id, ct) : Task.FromResult(0);

    /// <summary>One round trip: each statement brings its rows as one document.</summary>
    internal static async Task<StoryRows> ReadAsync(ShopDbContext db, Order order, int most, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        try
        {
            await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
            Add("SELECT id, at, kind, reason, summary, for_shopper, data, trace_id FROM shop.order_timeline WHERE order_id = $1 ORDER BY at DESC, id DESC LIMIT $2", order.Id, most);
            Add("""
                SELECT id, at, provider, operation, key, class, reason, code, decline_code, advice_code, network_code, http_status, request_id, gateway_id, charge_id,
                    card_brand, card_last4, card_country, latency_ms, trace_id, proof
                FROM payments.payment_attempts WHERE order_id = $1 ORDER BY at DESC, id DESC LIMIT $2
                """, order.Id, most);
            Add("""
                SELECT r.attempt_id, r.n, r.request, r.outcome, r.http_status, r.headers, r.body, r.body_bytes, r.latency_ms
                FROM (SELECT id FROM payments.payment_attempts WHERE order_id = $1 ORDER BY at DESC, id DESC LIMIT $2) a
                JOIN payments.gateway_answers r ON r.attempt_id = a.id
                """, order.Id, most);
            Add("SELECT id, kind, provider, state, due_at, leased_until, leases, attempts, last_reason, created_at FROM payments.payment_jobs WHERE order_id = $1 ORDER BY created_at DESC LIMIT $2", order.Id, most);
            Add("""
                SELECT w.provider, w.event_id, w.type, w.received_at, w.state, w.attempts, w.last_error, w.changed, w.processed_at, w.fetched_at
                FROM payments.payment_intents i JOIN payments.webhook_receipts w ON w.intent_id = i.gateway_id WHERE i.order_id = $1 ORDER BY w.received_at DESC LIMIT $2
                """, order.Id, most);
            Add("SELECT type, expected_by, noticed_at, arrived_at FROM payments.webhook_gaps WHERE order_id = $1 ORDER BY expected_by DESC LIMIT $2", order.Id, most);
            Add("SELECT id, kind, state, created_at, due_at, sent_at, attempts, last_error FROM shop.outbox WHERE order_id = $1 ORDER BY id DESC LIMIT $2", order.Id, most);
            Add("""
                SELECT a.id, a.at, p.name, a.actor_role, a.action, a.why, a.reference FROM accounts.audit a JOIN shop.people p ON p.id = a.actor_id
                WHERE a.subject = $1 AND a.subject_kind = 'order' ORDER BY a.id DESC LIMIT $2
                """, $"{order.Number}", most);
            Add("SELECT id, provider, amount_minor, currency, reason, state, gateway_id, created_at, settled_at FROM payments.refunds WHERE order_id = $1 ORDER BY created_at DESC LIMIT $2", order.Id, most);
            Add("SELECT id, kind, gateway_id, amount_minor, currency, reason, status, opened_at FROM payments.disputes WHERE order_id = $1 ORDER BY opened_at DESC LIMIT $2", order.Id, most);
            Add("SELECT id, at, from_provider, to_provider, proof, proof_kind, asked_by FROM payments.failovers WHERE order_id = $1 ORDER BY at DESC LIMIT $2", order.Id, most);
            batch.Add("""
                SELECT (SELECT max(expires_at) FROM shop.stock_holds WHERE order_id = $1), EXISTS (SELECT FROM payments.payment_intents WHERE order_id = $1 AND confirm_open),
                    lost.at, (SELECT count(*)::int FROM payments.payment_attempts a WHERE a.order_id = $1 AND a.at > lost.at),
                    (SELECT count(*)::int FROM shop.order_timeline WHERE order_id = $1), (SELECT count(*)::int FROM payments.payment_attempts WHERE order_id = $1),
                    (SELECT count(*)::int FROM payments.payment_jobs WHERE order_id = $1),
                    (SELECT count(*)::int FROM payments.payment_intents i JOIN payments.webhook_receipts w ON w.intent_id = i.gateway_id WHERE i.order_id = $1),
                    (SELECT count(*)::int FROM payments.webhook_gaps WHERE order_id = $1), (SELECT count(*)::int FROM shop.outbox WHERE order_id = $1),
                    (SELECT count(*)::int FROM accounts.audit WHERE subject = $2 AND subject_kind = 'order'), (SELECT count(*)::int FROM payments.refunds WHERE order_id = $1),
                    (SELECT count(*)::int FROM payments.disputes WHERE order_id = $1), (SELECT count(*)::int FROM payments.failovers WHERE order_id = $1)
                FROM (SELECT max(at) AS at FROM shop.order_timeline WHERE order_id = $1 AND kind = $3) lost
                """, order.Id, $"{order.Number}", TimelineKinds.Unknown);
            await using var reader = await batch.ExecuteReaderAsync(ct);
            var rows = new StoryRows(
                await NextAsync<TimelineRow>(reader, ct), await NextAsync<AttemptRow>(reader, ct), await NextAsync<RawRow>(reader, ct), await NextAsync<JobRow>(reader, ct), await NextAsync<WebhookRow>(reader, ct),
                await NextAsync<GapRow>(reader, ct), await NextAsync<MailRowOf>(reader, ct), await NextAsync<AuditRowOf>(reader, ct), await NextAsync<RefundRowOf>(reader, ct),
                await NextAsync<DisputeRowOf>(reader, ct), await NextAsync<FailoverRow>(reader, ct), null, 0, false, null, 0);
            await reader.ReadAsync(ct);
            int[] shown =
            [
                rows.Timeline.Count, rows.Attempts.Count, rows.Jobs.Count, rows.Webhooks.Count, rows.Gaps.Count, rows.Mails.Count, rows.Audit.Count, rows.Refunds.Count,
                rows.Disputes.Count, rows.Failovers.Count,
            ];
            return rows with
            {
                HeldUntil = reader.IsDBNull(0) ? null : reader.GetFieldValue<DateTimeOffset>(0), IsConfirmOpen = reader.GetBoolean(1),
                UnknownSince = reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2), AskedSince = reader.GetInt32(3),
                // Each was counted a moment after it was read.
                Hidden = shown.Select((count, kind) => Math.Max(0, reader.GetInt32(4 + kind) - count)).Sum(),
            };

            void Add(string rowsOf, object of, int limit) => batch.Add($"SELECT coalesce(json_agg(x), '[]')::text FROM ({rowsOf}) x", of, limit);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>The newest were asked for; the story is told from its beginning.</summary>
    private static async Task<IReadOnlyList<T>> NextAsync<T>(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        var rows = JsonSerializer.Deserialize<List<T>>(reader.GetString(0), Rows)!;
        rows.Reverse();
        await reader.NextResultAsync(ct);
        return rows;
    }
}
