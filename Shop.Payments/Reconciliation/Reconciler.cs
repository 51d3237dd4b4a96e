using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;
using Stripe;

namespace Shop.Payments.Reconciliation;

internal sealed class ReconciliationOptions
{
    public const string Section = "Payments:Reconciliation";

    /// <summary>How often the newest day is compared by itself.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What is younger is left out: it may be on its way into our books.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What is compared at a time.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "7.00:00:00")] public TimeSpan Step { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How far around a step the gateway's books are read: longer than an order may take to be paid.</summary>
    [Range(typeof(TimeSpan), "01:05:00", "1.00:00:00")] public TimeSpan Slack { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Between two pages: shoppers' payments share the gateway's limit with us.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")] public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(100);

    [Range(1, 100)] public int MaxAttempts { get; init; } = 10;
}

/// <summary>
/// Compares orders, payment books and gateway over a period, day by day: reads the gateway's side page by page into a table, and lets Postgres
/// find what does not match. What it suspects the gateway of not having, it asks for by id before it says so.
/// </summary>
internal sealed class Reconciler(
    IDbContextFactory<ShopDbContext> contexts, IServiceProvider services, GatewayCalls gateways, WorkLoop loop, IOptions<ReconciliationOptions> options,
    IOptions<Timeouts> timeouts, Pace pace, TimeProvider clock, ILogger<Reconciler> logger) : BackgroundService
{
    private static readonly TimeSpan FarthestBack = TimeSpan.FromDays(90);

    /// <summary>Somebody else goes on with this run, or we do later.</summary>
    private sealed class LeaseLostException() : Exception("The lease was lost.");

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loop.RunAsync(OneAsync, logger, stoppingToken);

    private async Task<bool> OneAsync(CancellationToken stopping)
    {
        if (await LeaseAsync(stopping) is not { } run)
            return false;

        using var silent = SuppressInstrumentationScope.Begin(); // thousands of reads, and no request to explain
        if (run.Attempts > options.Value.MaxAttempts) // each ended with its process, or outlived its lease
        {
            await LaterAsync(run, run.LastError ?? "It was taken up too often without an end.", isOurs: false);
            return true;
        }

        try
        {
            await CompareAsync(run, stopping);
        }
        catch (LeaseLostException e)
        {
            logger.ReconciliationInterrupted(e, run.Id);
        }
        catch (Exception e)
        {
            logger.ReconciliationInterrupted(e, run.Id);
            await LaterAsync(run, e is BooksUnreadableException or HttpRequestException or GatewayAskedInVainException ? "The gateway could not be read." : e.GetType().Name,
                isOurs: stopping.IsCancellationRequested);
        }

        return true;
    }

    /// <summary>
    /// One run at a time: two would read the same pages and find the same things. One that keeps losing its lease falls due after the others.
    /// </summary>
    private async Task<ReconciliationRun?> LeaseAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var leased = await db.ReconciliationRuns.FromSql($"""
            WITH next AS MATERIALIZED (
                SELECT id FROM payments.reconciliation_runs
                WHERE state = 'Waiting' AND due_at <= now() AND NOT EXISTS (
                    SELECT FROM payments.reconciliation_runs busy WHERE busy.state = 'Waiting' AND busy.leased_until > now())
                ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            UPDATE payments.reconciliation_runs r
            SET leased_until = now() + {timeouts.Value.Lease}, due_at = now() + {timeouts.Value.Lease}, lease_token = lease_token + 1,
                attempts = attempts + 1
            FROM next WHERE r.id = next.id RETURNING r.*
            """).AsNoTracking().ToListAsync(ct);
        return leased is [var run] ? run : null;
    }

    private async Task CompareAsync(ReconciliationRun run, CancellationToken ct)
    {
        var young = clock.GetUtcNow() - pace.Of(options.Value.Grace);
        var until = run.ToAt < young ? run.ToAt : young;
        var from = run.DoneUntil;
        if (from >= until) // nothing in it, or only its end is missing
            await WriteAsync(run, from, from, 0, new(), [], isLast: true, ct);
        while (from < until)
        {
            var to = from + options.Value.Step < until ? from + options.Value.Step : until;
            var objects = await ReadGatewayAsync(run, from - options.Value.Slack, to + options.Value.Slack, ct);
            await using var db = await contexts.CreateDbContextAsync(ct);
            var totals = await ReconciliationSql.TotalsAsync(db, run, from, to, ct);
            var found = await ConfirmedAsync(run, await ReconciliationSql.CompareAsync(db, run, from, to, ct), ct);
            await db.DisposeAsync();
            await WriteAsync(run, from, to, objects, totals, found, isLast: to >= until, ct);
            (from, run.Attempts) = (to, 0); // as it was written
        }
    }

    /// <returns>How many objects it read.</returns>
    private async Task<int> ReadGatewayAsync(ReconciliationRun run, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        await using (var db = await contexts.CreateDbContextAsync(ct))
            await db.Database.ExecuteSqlAsync($"DELETE FROM payments.gateway_items WHERE run_id = {run.Id}", ct);

        var books = services.GetKeyedService<IGatewayBooks>(run.Provider)
            ?? throw new BooksUnreadableException($"The shop has no {run.Provider} any more."); // the run is older
        var objects = 0;
        foreach (var list in Enum.GetValues<BookList>())
        {
            string? after = null;
            do
            {
                var page = await books.ReadAsync(list, run.Id, from, to, after, ct);
                await KeepAsync(run, page.Items, ct);
                objects += page.Items.Count;
                after = page.Next;
                if (after is not null)
                    await pace.WaitAsync(options.Value.Pause, ct);
            }
            while (after is not null);
        }

        return objects;
    }

    private async Task KeepAsync(ReconciliationRun run, IReadOnlyList<GatewayItem> items, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await RenewAsync(db, run, ct);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.gateway_items (run_id, id, kind, intent_id, our_id, amount_minor, refunded_minor, currency, status, at)
            SELECT {run.Id}, i.* FROM unnest({items.Select(i => i.Id).ToArray()}, {items.Select(i => i.Kind).ToArray()},
                {items.Select(i => i.IntentId).ToArray()}, {items.Select(i => i.OurId).ToArray()}, {items.Select(i => i.AmountMinor).ToArray()},
                {items.Select(i => i.RefundedMinor).ToArray()}, {items.Select(i => i.Currency).ToArray()}, {items.Select(i => i.Status).ToArray()},
                {items.Select(i => i.At).ToArray()}) i
            ON CONFLICT DO NOTHING
            """, ct);
    }

    private async Task RenewAsync(ShopDbContext db, ReconciliationRun run, CancellationToken ct)
    {
        if (await db.Database.ExecuteSqlAsync($"""
            UPDATE payments.reconciliation_runs SET leased_until = now() + {timeouts.Value.Lease}
            WHERE id = {run.Id} AND lease_token = {run.LeaseToken} AND leased_until > now()
            """, ct) == 0)
            throw new LeaseLostException();
    }

    /// <summary>A list says what was there; that something is not there is said by its id alone.</summary>
    private async Task<List<Found>> ConfirmedAsync(ReconciliationRun run, List<Found> found, CancellationToken ct)
    {
        List<Found> confirmed = [];
        foreach (var suspect in found)
        {
            if (suspect is not { Kind: Mismatches.BookedNotCharged or Mismatches.AttemptWithoutGatewayObject or Mismatches.RefundBookedNotDone, IntentId: { } intent })
            {
                confirmed.Add(suspect);
                continue;
            }

            await using (var db = await contexts.CreateDbContextAsync(ct))
                await RenewAsync(db, run, ct); // there may be hundreds to ask about
            var asked = await gateways.AskAsync(run.Provider, GatewayOperation.Read, null, intent, (g, token) => suspect.Kind is Mismatches.RefundBookedNotDone
                ? g.FindRefundAsync(intent, Guid.Parse(suspect.Subject), token) : g.ReadAsync(intent, token), ct);
            if (asked.Answer.IsFault)
                throw new GatewayAskedInVainException();
            if (suspect.Kind switch
            {
                Mismatches.BookedNotCharged => asked.Answer is not GatewayAnswer.Charged, // else it was charged on another day, and is compared there
                Mismatches.AttemptWithoutGatewayObject => asked.Answer.Facts.HttpStatus is StatusCodes.Status404NotFound,
                _ => asked.Answer is not (GatewayAnswer.Refunded or GatewayAnswer.RefundPending),
            })
                confirmed.Add(suspect);
        }

        return confirmed;
    }

    private async Task WriteAsync(
        ReconciliationRun run, DateTimeOffset from, DateTimeOffset to, int objects, Totals totals, List<Found> found, bool isLast, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var written = await contexts.TransactAsync(async db =>
        {
            var locked = await db.ReconciliationRuns.FromSql($"""
                SELECT * FROM payments.reconciliation_runs
                WHERE id = {run.Id} AND lease_token = {run.LeaseToken} AND leased_until > now() AND state = 'Waiting' FOR UPDATE
                """).ToListAsync(ct);
            if (locked is not [var mine])
                return null;

            foreach (var mismatch in found)
                mine.Mismatches += await KeepAsync(db, run, mismatch, now, ct) ? 1 : 0;
            await db.Database.ExecuteSqlAsync($"""
                UPDATE payments.mismatches SET state = 'Closed', closed_at = {now}, result = 'A later comparison no longer found it.'
                WHERE provider = {run.Provider.ToString()} AND at >= {from} AND at < {to} AND last_run_id <> {run.Id} AND state IN ('Open', 'Parked')
                """, ct);
            await db.Database.ExecuteSqlAsync($"DELETE FROM payments.gateway_items WHERE run_id = {run.Id}", ct);

            // Booked as paid, and not charged: no charge of this day carries them into the sums.
            var uncharged = found.Where(f => f.Kind is Mismatches.BookedNotCharged).Sum(f => f.OursMinor ?? 0);
            mine.DoneUntil = to;
            mine.Objects += objects;
            mine.Charges += totals.Charges;
            mine.GatewayMinor += totals.GatewayMinor;
            mine.OrdersMinor += totals.OrdersMinor + uncharged;
            mine.AttemptsMinor += totals.AttemptsMinor;
            (mine.Attempts, mine.LastError) = (0, null);
            if (isLast)
                (mine.State, mine.EndedAt, mine.LeasedUntil) = (JobState.Done, now, DateTimeOffset.UnixEpoch);
            return mine;
        }, ct) ?? throw new LeaseLostException();
        if (isLast)
            logger.Reconciled(run.Id, written.Charges, written.OrdersMinor - written.GatewayMinor, written.Mismatches);
    }

    /// <returns>True when it waits for somebody: not when a person has said that it is none.</returns>
    private async Task<bool> KeepAsync(ShopDbContext db, ReconciliationRun run, Found found, DateTimeOffset now, CancellationToken ct)
    {
        var id = Guid.CreateVersion7(now);
        var kept = await db.Mismatches.FromSql($"""
            INSERT INTO payments.mismatches AS m (id, kind, subject, order_id, provider, intent_id, ours_minor, gateway_minor, currency, at, found_at,
                last_run_id, state, due_at, leased_until, lease_token, attempts)
            VALUES ({id}, {found.Kind}, {found.Subject}, {found.OrderId}, {run.Provider.ToString()}, {found.IntentId}, {found.OursMinor}, {found.GatewayMinor},
                {found.Currency}, {found.At}, {now}, {run.Id}, 'Open', {now}, 'epoch', 0, 0)
            ON CONFLICT (kind, subject) DO UPDATE SET last_run_id = excluded.last_run_id, ours_minor = excluded.ours_minor,
                gateway_minor = excluded.gateway_minor, closed_at = NULL, state = CASE m.state WHEN 'Closed' THEN 'Open' ELSE m.state END,
                result = CASE m.state WHEN 'Closed' THEN 'It was closed, and has come back.' ELSE m.result END
            RETURNING *
            """).AsNoTracking().ToListAsync(ct);
        if (kept[0].Id == id)
            logger.MismatchFound(id, found.Kind, found.Subject, found.OrderId);
        return kept[0].State is not MismatchState.Ignored;
    }

    private async Task LaterAsync(ReconciliationRun run, string why, bool isOurs)
    {
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        var isOver = !isOurs && run.Attempts >= options.Value.MaxAttempts;
        var wait = isOurs ? TimeSpan.Zero : pace.Of(Backoff.AfterFailure(run.Attempts, Random.Shared.NextDouble()));
        DateTimeOffset? ended = isOver ? clock.GetUtcNow() : null;
        await contexts.TransactAsync(async db =>
        {
            var isMine = await db.Database.ExecuteSqlAsync($"""
                UPDATE payments.reconciliation_runs SET leased_until = 'epoch', due_at = now() + {wait}, last_error = {why}, ended_at = {ended},
                    state = {(isOver ? nameof(JobState.Parked) : nameof(JobState.Waiting))}, attempts = greatest(0, attempts - {(isOurs ? 1 : 0)})
                WHERE id = {run.Id} AND lease_token = {run.LeaseToken} AND state = 'Waiting'
                """, recording.Token) > 0;
            if (isMine && isOver)
                await db.Database.ExecuteSqlAsync($"DELETE FROM payments.gateway_items WHERE run_id = {run.Id}", recording.Token);
            return isMine;
        }, recording.Token);
    }

    /// <summary>
    /// Of each gateway the newest day, unless it is being compared already, and what no earlier run came to: after a week of standing still, that
    /// week. No more than <see cref="FarthestBack"/>; beyond that a person asks for it.
    /// </summary>
    internal async Task<string> StartDailyAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.ReconciliationRuns.Where(r => r.EndedAt < now - FarthestBack && r.StartedBy == null
            && !db.Mismatches.Any(m => m.LastRunId == r.Id)).ExecuteDeleteAsync(ct);
        var started = 0;
        foreach (var provider in Enum.GetValues<PaymentProvider>().Where(services.HasGateway))
        {
            var own = db.ReconciliationRuns.Where(r => r.StartedBy == null && r.Provider == provider);
            if (await own.AnyAsync(r => r.State == JobState.Waiting, ct))
                continue;
            var compared = await own.Where(r => r.State == JobState.Done).MaxAsync(r => (DateTimeOffset?)r.DoneUntil, ct);
            var from = now - TimeSpan.FromDays(1);
            if (compared < from)
                from = compared.Value > now - FarthestBack ? compared.Value : now - FarthestBack;
            db.ReconciliationRuns.Add(ReconciliationRun.Of(from, now, null, now, provider));
            started++;
        }

        await db.SaveChangesAsync(ct);
        return started > 0 ? "started" : "the last one is not done yet";
    }
}

internal sealed class GatewayAskedInVainException() : Exception("The gateway did not answer.");

internal static class ReconciliationExtensions
{
    public static void AddReconciliation(this IServiceCollection services)
    {
        services.AddOptions<ReconciliationOptions>().BindConfiguration(ReconciliationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddKeyedSingleton<IGatewayBooks>(PaymentProvider.Stripe, (sp, _) =>
        {
            var stripe = sp.GetRequiredService<IOptions<StripeOptions>>().Value;
            return new StripeBooks(
                new StripeClient(apiKey: stripe.ApiKey, httpClient: new SystemNetHttpClient(ClientOf(sp), maxNetworkRetries: 0, enableTelemetry: false),
                    apiBase: sp.OptionsOf(PaymentProvider.Stripe).ApiBase),
                stripe.IsLive, sp.GetRequiredService<Pace>(), sp.GetRequiredService<TimeProvider>());
        });
        services.AddKeyedSingleton<IGatewayBooks>(PaymentProvider.PayPal, (sp, _) => new PayPalBooks(
            sp.PayPalClientOf(ClientOf(sp)), sp.GetRequiredService<IDbContextFactory<ShopDbContext>>(), sp.GetRequiredService<Pace>(), sp.GetRequiredService<TimeProvider>(),
            sp.GetRequiredService<ILogger<PayPalBooks>>()));
        services.AddSingleton<Reconciler>();
        services.AddHostedService(sp => sp.GetRequiredService<Reconciler>());
        services.AddHostedService<MismatchRepairs>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.DailyReconciliation, sp.GetRequiredService<IOptions<ReconciliationOptions>>().Value.Every, TimeSpan.FromSeconds(30),
            (_, ct) => sp.GetRequiredService<Reconciler>().StartDailyAsync(ct)));
    }

    // A client of its own: pages of a hundred are slow, and must not use the connections of shoppers' payments.
    private static HttpClient ClientOf(IServiceProvider services) =>
        new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false })
        {
            Timeout = services.GetRequiredService<IOptions<Timeouts>>().Value.OutsideCall,
        };
}
