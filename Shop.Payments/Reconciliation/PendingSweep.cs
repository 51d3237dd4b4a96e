using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;

namespace Shop.Payments.Reconciliation;

internal sealed class PendingSweepOptions
{
    public const string Section = "Payments:PendingSweep";

    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a bank's answer is asked for that no event brought.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan LookEvery { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a parked charge is left alone before it is tried once more by itself. After that it is a person's.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan LeaveParked { get; init; } = TimeSpan.FromMinutes(10);

    [Range(1, 1000)] public int Batch { get; init; } = 100;
}

/// <summary>
/// No question stays unasked: what waits for the gateway's word and has no job that would ask for it gets one. It asks nothing itself.
/// </summary>
internal sealed class PendingSweep(
    IDbContextFactory<ShopDbContext> contexts, WorkSignal signal, GatewayCalls gateways, WatchTelemetry telemetry, IOptions<PendingSweepOptions> options, Pace pace,
    TimeProvider clock, ILogger<PendingSweep> logger)
{
    private const long SweepLock = 0x53686F7050656E64; // a run by hand beside the one by the clock would ask twice

    private sealed record Silent(Guid OrderId, string Payment, Guid? ParkedJob);

    private sealed record UnknownCount(int Count, double OldestSeconds);

    private sealed record Depth(string What, long Count, double OldestSeconds);

    /// <returns>How many questions it had asked again.</returns>
    internal async Task<int> SweepAsync(CancellationToken ct)
    {
        var asked = await contexts.TransactAsync(async db =>
        {
            // In a statement of its own: the next one then sees what the replica before us has written.
            if (await db.Database.SqlQuery<bool>($"""SELECT pg_try_advisory_xact_lock({SweepLock}) AS "Value" """).SingleAsync(ct) is false)
                return 0;
            await EndAsync(db, ct);
            return await AskAsync(db, ct) + await LookAsync(db, ct) + await RefundAsync(db, ct);
        }, ct);
        await CountAsync(ct);
        if (asked > 0)
            signal.Raise();
        return asked;
    }

    /// <summary>
    /// Parked jobs of an order that has ended have nothing left to do, and nobody should have to look at them. Not so one that found another
    /// amount charged, unless that went back.
    /// </summary>
    private static Task<int> EndAsync(ShopDbContext db, CancellationToken ct) => db.Database.ExecuteSqlAsync($"""
        UPDATE payments.payment_jobs j SET state = 'Done', done_at = now(), leased_until = 'epoch'
        FROM shop.orders o
        WHERE j.state = 'Parked' AND j.kind IN ('Charge', 'Look', 'Close') AND o.id = j.order_id AND o.payment IN ('Paid', 'Abandoned')
          AND (j.last_reason IS DISTINCT FROM {Reasons.AmountMismatch} OR o.reason = {Reasons.WrongAmountReturned})
        """, ct);

    /// <summary>
    /// A payment that is in flight, unknown or to be tried again belongs to a charge job. When that was parked, what ailed us may be over
    /// a while later, and it is tried once more; when it was lost, there is a new one, and the same key and the same intent make it the same
    /// charge. After the deadline the hold sweep closes the order, unless a confirm is open that nothing can call off.
    /// </summary>
    private async Task<int> AskAsync(ShopDbContext db, CancellationToken ct)
    {
        var leave = pace.Of(options.Value.LeaveParked);
        // By way of the holds, as the hold sweep: every order that is still open has one. And one open charge at most.
        var silent = await db.Database.SqlQuery<Silent>($"""
            SELECT o.id AS "OrderId", o.payment AS "Payment", p.id AS "ParkedJob"
            FROM shop.orders o LEFT JOIN payments.payment_jobs p ON p.order_id = o.id AND p.state = 'Parked' AND p.kind = 'Charge'
            WHERE o.id IN (SELECT order_id FROM shop.stock_holds) AND o.payment IN ('InFlight', 'Unknown', 'Deferred')
              AND (o.deadline_at > now() OR EXISTS (SELECT FROM payments.payment_intents i
                  WHERE i.order_id = o.id AND i.confirm_open AND i.provider = ANY ({gateways.OnlyByConfirm})))
              AND NOT EXISTS (SELECT FROM payments.payment_jobs j WHERE j.order_id = o.id AND (j.state = 'Waiting'
                  OR (j.state = 'Parked' AND (j.kind = 'Close' OR j.last_reason = {Reasons.AmountMismatch}))))
              AND (p.id IS NULL OR (
                  NOT EXISTS (SELECT FROM shop.order_timeline t WHERE t.order_id = o.id AND t.kind = {TimelineKinds.AskedAgain} AND t.data->>'job' = p.id::text)
                  AND coalesce((SELECT max(t.at) FROM shop.order_timeline t WHERE t.order_id = o.id AND t.kind = {TimelineKinds.Parked}), p.created_at)
                      <= now() - {leave}))
            LIMIT {options.Value.Batch}
            """).ToListAsync(ct);
        var asked = 0;
        var now = clock.GetUtcNow();
        foreach (var order in silent)
        {
            if (order.ParkedJob is { } id)
            {
                var parked = await db.PaymentJobs.FromSql($"SELECT * FROM payments.payment_jobs WHERE id = {id} AND state = 'Parked' FOR UPDATE SKIP LOCKED")
                    .ToListAsync(ct);
                if (parked is not [var job])
                    continue;
                (job.State, job.Leases, job.DueAt) = (JobState.Waiting, 0, now);
            }
            else
            {
                var last = await db.PaymentJobs.AsNoTracking().Where(j => j.OrderId == order.OrderId && j.Kind == PaymentJobKind.Charge)
                    .OrderByDescending(j => j.CreatedAt).FirstOrDefaultAsync(ct);
                if (last is null)
                    continue; // placed without a payment: nothing was ever asked
                db.PaymentJobs.Add(PaymentJob.Of(
                    PaymentJobKind.Charge, order.OrderId, last.Provider, now, paymentToken: last.PaymentToken, wary: last.Wary, savesMethod: last.SavesMethod,
                    savedMethodId: last.SavedMethodId, automatic: last.Automatic, consentText: last.ConsentText, synthetic: last.IsSynthetic));
            }

            var why = order.ParkedJob is null ? "its job was lost" : "its job was parked";
            db.Timeline.Add(TimelineEntry.Of(order.OrderId, now, TimelineKinds.AskedAgain, $"We ask the gateway again: {why}.", forShopper: false,
                facts: new { job = order.ParkedJob }));
            logger.QuestionAskedAgain(order.OrderId, order.Payment, why);
            asked++;
        }

        return asked;
    }

    /// <summary>A bank waits for its customer, and the event that tells how it ended may be lost: a look asks, and confirms nothing.</summary>
    private async Task<int> LookAsync(ShopDbContext db, CancellationToken ct)
    {
        var every = pace.Of(options.Value.LookEvery);
        return await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.payment_jobs (id, order_id, kind, provider, state, due_at, leased_until, lease_token, leases, attempts, created_at)
            SELECT gen_random_uuid(), o.id, 'Look', i.provider, 'Waiting', now(), 'epoch', 0, 0, 0, now()
            FROM shop.orders o JOIN payments.payment_intents i ON i.order_id = o.id AND i.provider = coalesce(o.provider, 'Stripe')
            WHERE o.id IN (SELECT order_id FROM shop.stock_holds) AND o.payment = 'ActionNeeded' AND i.gateway_id IS NOT NULL
              AND NOT EXISTS (SELECT FROM payments.payment_jobs j WHERE j.order_id = o.id
                  AND (j.state = 'Waiting' OR coalesce(j.done_at, j.created_at) > now() - {every}))
            LIMIT {options.Value.Batch}
            """, ct);
    }

    /// <summary>Money is owed until the refund has arrived or failed. A failed one is parked, and a person's.</summary>
    private async Task<int> RefundAsync(ShopDbContext db, CancellationToken ct) => await db.Database.ExecuteSqlAsync($"""
        INSERT INTO payments.payment_jobs (id, order_id, kind, provider, refund_id, state, due_at, leased_until, lease_token, leases, attempts, created_at)
        SELECT gen_random_uuid(), r.order_id, 'Refund', r.provider, r.id, 'Waiting', now(), 'epoch', 0, 0, 0, now()
        FROM payments.refunds r
        WHERE r.state = 'Pending' AND NOT EXISTS (SELECT FROM payments.payment_jobs j WHERE j.order_id = r.order_id AND j.refund_id = r.id AND j.state <> 'Done')
        ORDER BY r.created_at LIMIT {options.Value.Batch}
        """, ct);

    private async Task CountAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        var unknown = await db.Database.SqlQuery<UnknownCount>($"""
            SELECT count(*)::int AS "Count", coalesce(extract(epoch FROM now() - min(since)), 0)::float8 AS "OldestSeconds"
            FROM (SELECT (SELECT max(t.at) FROM shop.order_timeline t WHERE t.order_id = o.id AND t.kind IN ({TimelineKinds.Unknown}, {TimelineKinds.PaymentStarted})) AS since
                  FROM shop.orders o WHERE o.id IN (SELECT order_id FROM shop.stock_holds) AND o.payment = 'Unknown') u
            """).SingleAsync(ct);
        telemetry.CountUnknown(unknown.Count, TimeSpan.FromSeconds(Math.Max(0, unknown.OldestSeconds)));
        telemetry.CountDepths((await db.Database.SqlQuery<Depth>($"""
            SELECT 'jobs' AS "What", count(*) AS "Count", coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 AS "OldestSeconds"
                FROM payments.payment_jobs WHERE state = 'Waiting' AND due_at <= now()
            UNION ALL SELECT 'webhooks', count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
                FROM payments.webhook_receipts WHERE state = 'Waiting' AND due_at <= now()
            UNION ALL SELECT 'outbox', count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
                FROM shop.outbox WHERE state = 'Waiting' AND due_at <= now()
            """).ToListAsync(ct)).Select(d => (d.What, d.Count, d.OldestSeconds)));
        telemetry.CountMismatches(await db.Mismatches.CountAsync(
            m => m.State == MismatchState.Open || m.State == MismatchState.Repairing || m.State == MismatchState.Parked, ct));
    }
}

internal static class PendingSweepExtensions
{
    public static void AddPendingSweep(this IServiceCollection services)
    {
        services.AddOptions<PendingSweepOptions>().BindConfiguration(PendingSweepOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PendingSweep>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.PendingSweep, sp.GetRequiredService<IOptions<PendingSweepOptions>>().Value.Every, TimeSpan.FromSeconds(30),
            async (_, ct) => $"{await sp.GetRequiredService<PendingSweep>().SweepAsync(ct)} questions asked again"));
    }
}
