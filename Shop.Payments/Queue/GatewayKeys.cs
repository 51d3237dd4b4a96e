using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <param name="Parameters">Those that were stored with it first: whatever the configuration says by now, the key is sent with the same bytes.</param>
/// <param name="Existed">It was there before, so the call that carries it may have gone out already.</param>
internal sealed record WrittenKey(string Key, string Parameters, bool Existed);

/// <summary>The names of our operations at a gateway: rows, written before the call that carries them, under the lease of the job that makes it.</summary>
internal sealed class GatewayKeys(IDbContextFactory<ShopDbContext> contexts, CrashPoints crash, TimeProvider clock)
{
    public static string Confirm(Guid orderId, int number, PaymentProvider provider = PaymentProvider.Stripe) => $"{Of(orderId, provider)}:confirm:{number}";

    /// <summary>
    /// A refund that the gateway says has failed may be sent again, when a person asks for it: under a key of its own, or the failure is
    /// replayed.
    /// </summary>
    public static string Refund(Refund refund) =>
        $"{Of(refund.OrderId, refund.Provider)}:refund:{refund.Id}{(refund.Send == 1 ? "" : $":{refund.Send}")}";

    /// <summary>
    /// The key of a create, capture or cancel; null when the lease is lost. A gateway replays what it answered under its key for a day. These
    /// three take nothing twice however often they run (only the stored intent is ever confirmed, and an intent is captured once), so after
    /// a failure or a refusal the next try has a key of its own.
    /// </summary>
    /// <param name="provider">The gateway it is sent to, which need not be the job's.</param>
    /// <param name="round">Of the intent it is about.</param>
    public Task<WrittenKey?> WriteAsync(
        PaymentJob job, PaymentProvider provider, GatewayOperation operation, int round, string parameters, CancellationToken ct) => WriteAsync(
            job, provider, operation, $"{Of(job.OrderId, provider)}{(round == 1 ? "" : $":{round}")}:{WordOf(operation)}", WordOf(operation), parameters, ct);

    /// <summary>The key under which somebody becomes a customer of a gateway, whichever of their orders wants it; null when the lease is lost.</summary>
    public Task<WrittenKey?> WriteAsync(PaymentJob job, PaymentProvider provider, Guid userId, CancellationToken ct) =>
        WriteAsync(job, provider, GatewayOperation.Customer, $"customer:{userId}", WordOf(GatewayOperation.Customer), $"{userId}", ct);

    /// <summary>The key of a refund, which is the same one until the gateway says that it failed; null when the lease is lost.</summary>
    public Task<WrittenKey?> WriteAsync(PaymentJob job, Refund refund, string parameters, CancellationToken ct) =>
        WriteAsync(job, refund.Provider, GatewayOperation.Refund, Refund(refund), renewedAfter: "", parameters, ct);

    public async Task<GatewayKey?> FindAsync(string key, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.GatewayKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Key == key, ct);
    }

    /// <summary>When the call with this key first ended in something that told nothing; null when it never did.</summary>
    public async Task<DateTimeOffset?> FirstUnknownAsync(Guid orderId, string key, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.PaymentAttempts.Where(a => a.OrderId == orderId && a.Key == key && a.Class == "unknown").MinAsync(a => (DateTimeOffset?)a.At, ct);
    }

    // One statement: it names the key, writes it unless it is there, and commits, or does nothing at all.
    private async Task<WrittenKey?> WriteAsync(
        PaymentJob job, PaymentProvider provider, GatewayOperation operation, string name, string renewedAfter, string parameters, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        var written = await db.Database.SqlQuery<WrittenKey>($"""
            WITH mine AS MATERIALIZED (
                SELECT order_id FROM payments.payment_jobs
                WHERE id = {job.Id} AND lease_token = {job.LeaseToken} AND leased_until > now() AND state = 'Waiting' FOR UPDATE),
            named AS MATERIALIZED (
                SELECT m.order_id, {name} || CASE count(a.id) WHEN 0 THEN '' ELSE ':' || count(a.id) + 1 END AS key
                FROM mine m LEFT JOIN payments.payment_attempts a ON a.order_id = m.order_id AND a.provider = {provider.ToString()} AND a.operation = {renewedAfter}
                    AND a.http_status >= 400 AND a.http_status NOT IN (409, 429) -- those are not kept under a key
                GROUP BY m.order_id),
            written AS (
                INSERT INTO payments.gateway_keys (key, order_id, parameters, created_at)
                SELECT key, order_id, {parameters}, {clock.GetUtcNow()} FROM named ON CONFLICT (key) DO NOTHING)
            SELECT n.key AS "Key", coalesce(k.parameters, {parameters}) AS "Parameters", k.key IS NOT NULL AS "Existed"
            FROM named n LEFT JOIN payments.gateway_keys k ON k.key = n.key
            """).ToListAsync(ct);
        if (written is not [var key])
            return null;

        crash.Reach($"after_{WordOf(operation)}_key");
        return key;
    }

    // Stripe's came first, and keep their names.
    private static string Of(Guid orderId, PaymentProvider provider) =>
        provider is PaymentProvider.Stripe ? $"order:{orderId}" : $"order:{orderId}:{provider.ToString().ToLowerInvariant()}";

    private static string WordOf(GatewayOperation operation) => operation.ToString().ToLowerInvariant();
}
