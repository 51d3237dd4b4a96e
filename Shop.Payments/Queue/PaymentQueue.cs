using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>
/// The durable queue: rows, leased by the database's clock alone (two hosts never agree on the time). The token rises with every lease,
/// so a worker that dies gives its job back by doing nothing, and one that was only paused wakes up with a dead token.
/// </summary>
internal sealed class PaymentQueue(IDbContextFactory<ShopDbContext> contexts, IOptions<Timeouts> timeouts, TimeProvider clock)
{
    /// <summary>Takes the oldest due jobs, at most <paramref name="limit"/>, and hides them from the other workers until their leases run out.</summary>
    /// <param name="closed">
    /// Gateways that need not be asked now: their jobs stay where they are, uncounted. But not a closing, which may need no gateway, nor the
    /// charge of an order whose time is over: whatever ails the gateway, that one has to end. Nor a charge that was never tried: it is
    /// refused before it leaves, and that tells its shopper what it waits for.
    /// </param>
    public async Task<IReadOnlyList<PaymentJob>> LeaseAsync(int limit, IReadOnlyCollection<PaymentProvider> closed, CancellationToken ct)
    {
        string[] shut = [.. closed.Select(provider => provider.ToString())];
        using var silent = SuppressInstrumentationScope.Begin(); // twice a second, nearly always for nothing
        await using var db = await contexts.CreateDbContextAsync(ct);
        return await db.PaymentJobs.FromSql($"""
            WITH next AS MATERIALIZED (
                SELECT id FROM payments.payment_jobs j
                WHERE state = 'Waiting' AND due_at <= now() AND leased_until <= now()
                  AND (kind = 'Close' OR provider <> ALL ({shut})
                    OR (kind = 'Charge' AND attempts = 0)
                    OR (kind = 'Charge' AND EXISTS (SELECT FROM shop.orders o WHERE o.id = j.order_id AND o.deadline_at <= now())))
                ORDER BY due_at LIMIT {limit} FOR UPDATE OF j SKIP LOCKED)
            UPDATE payments.payment_jobs job
            SET leased_until = now() + {timeouts.Value.Lease}, lease_token = lease_token + 1, leases = leases + 1
            FROM next WHERE job.id = next.id RETURNING job.*
            """).AsNoTracking().ToListAsync(ct);
    }

    /// <summary>The leased job, locked for the rest of the transaction; null when the lease is no longer ours.</summary>
    public static async Task<PaymentJob?> LockAsync(ShopDbContext db, PaymentJob leased, CancellationToken ct) =>
        await db.PaymentJobs.FromSql($"""
            SELECT * FROM payments.payment_jobs
            WHERE id = {leased.Id} AND lease_token = {leased.LeaseToken} AND leased_until > now() AND state = 'Waiting' FOR UPDATE
            """).ToListAsync(ct) is [var job] ? job : null;

    /// <summary>The leased job and its order, both locked, the job first as everywhere; null when the lease is no longer ours.</summary>
    public static async Task<Locked?> LockWithOrderAsync(ShopDbContext db, PaymentJob leased, CancellationToken ct)
    {
        // The locks in a statement of their own: the one that reads then sees what was committed while this one waited.
        var locked = await db.Database.SqlQuery<Guid>($"""
            WITH job AS MATERIALIZED (
                SELECT order_id FROM payments.payment_jobs
                WHERE id = {leased.Id} AND lease_token = {leased.LeaseToken} AND leased_until > now() AND state = 'Waiting' FOR UPDATE)
            SELECT o.id AS "Value" FROM shop.orders o JOIN job ON job.order_id = o.id FOR NO KEY UPDATE OF o
            """).ToListAsync(ct);
        if (locked is [])
            return null;

        var found = await (
            from job in db.PaymentJobs
            join order in db.Orders on job.OrderId equals order.Id
            join intent in db.PaymentIntents on new { job.OrderId, job.Provider } equals new { intent.OrderId, intent.Provider } into intents
            from intent in intents.DefaultIfEmpty()
            from other in db.PaymentIntents.Where(i => i.OrderId == job.OrderId && i.Provider != job.Provider).DefaultIfEmpty() // there are two gateways
            where job.Id == leased.Id
            select new
            {
                job, order, intent, other,
                elsewhere = db.PaymentJobs.Any(j => j.OrderId == job.OrderId && j.Kind == PaymentJobKind.Charge && j.Provider != job.Provider),
            }).SingleAsync(ct);
        return new(found.job, found.order, found.intent, found.other, found.elsewhere);
    }

    /// <summary>Every write of a job goes through its lock. Null, and nothing written, when the lease is no longer ours.</summary>
    /// <param name="write">May run twice; what the caller needs of it afterwards is what it returns.</param>
    public Task<T?> WriteAsync<T>(PaymentJob leased, Func<ShopDbContext, PaymentJob, Task<T>> write, CancellationToken ct) where T : class =>
        contexts.TransactAsync(async db => await LockAsync(db, leased, ct) is { } job ? await write(db, job) : null, ct);

    /// <summary>The same for what also changes the order.</summary>
    public Task<T?> WriteWithOrderAsync<T>(PaymentJob leased, Func<ShopDbContext, Locked, Task<T>> write, CancellationToken ct) where T : class =>
        contexts.TransactAsync(async db => await LockWithOrderAsync(db, leased, ct) is { } locked ? await write(db, locked) : null, ct);

    public Task FinishAsync(PaymentJob leased, CancellationToken ct) => WriteAsync(leased, (_, job) =>
    {
        job.Done(clock.GetUtcNow());
        return Task.FromResult(job);
    }, ct);

    /// <summary>Nobody takes it again by itself: a person looks at it. The order stays as it is.</summary>
    public static void Park(ShopDbContext db, PaymentJob job, string reason, DateTimeOffset now)
    {
        job.Park(reason);
        db.Timeline.Add(TimelineEntry.Of(job.OrderId, now, TimelineKinds.Parked, Reasons.Of(reason).Shopper, reason,
            facts: new { job = job.Id, job.Kind, job.Leases, job.Attempts }));
    }
}

/// <param name="Intent">At the job's gateway; null until the gateway's answer to the create is stored.</param>
/// <param name="Other">At another gateway.</param>
/// <param name="WasElsewhere">A charge was asked for at another gateway, whatever came of it.</param>
internal sealed record Locked(PaymentJob Job, Order Order, PaymentIntent? Intent, PaymentIntent? Other, bool WasElsewhere);

/// <summary>How a lease ends in writing.</summary>
internal static class JobEnds
{
    public static void Done(this PaymentJob job, DateTimeOffset now, string? reason = null)
    {
        (job.State, job.DoneAt, job.LastReason) = (JobState.Done, now, reason);
        Release(job, heard: true);
    }

    /// <param name="heard">Whether this lease had an outcome; six in a row without one park the job.</param>
    public static void Again(this PaymentJob job, DateTimeOffset at, string reason, bool heard = true)
    {
        (job.DueAt, job.LastReason) = (at, reason);
        Release(job, heard);
    }

    public static void Park(this PaymentJob job, string reason)
    {
        (job.State, job.LastReason) = (JobState.Parked, reason);
        Release(job, heard: false);
    }

    private static void Release(PaymentJob job, bool heard)
    {
        job.LeasedUntil = DateTimeOffset.UnixEpoch;
        if (heard)
            job.Leases = 0;
    }
}
