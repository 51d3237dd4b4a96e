using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;

namespace Shop.Payments.Reconciliation;

internal sealed class PeriodicJobOptions
{
    public const string Section = "Payments:Periodic";

    /// <summary>How often a replica looks what is due; a run that a person asked for waits that long.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After a failure; twice as long after each further one.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest pause after failures.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(10);
}

/// <param name="Name">A word of <see cref="BackgroundJobs"/>.</param>
/// <param name="Limit">For one run. A process that dies in it blocks the job for as long, and a little more.</param>
/// <param name="RunAsync">Is told when it last succeeded, and tells in a few words what it did.</param>
internal sealed record PeriodicJob(string Name, TimeSpan Every, TimeSpan Limit, Func<DateTimeOffset?, CancellationToken, Task<string>> RunAsync);

/// <summary>
/// What comes round by the clock: leased by a row and the database's clock, so that one replica does it; less and less often while it fails;
/// its last run, its result and its next run are there for a person to see.
/// </summary>
internal sealed class PeriodicJobs(
    IDbContextFactory<ShopDbContext> contexts, IEnumerable<PeriodicJob> registered, IOptions<PeriodicJobOptions> options, Pace pace, TimeProvider clock,
    ILogger<PeriodicJobs> logger) : BackgroundService
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5); // to write down how it ended
    private readonly PeriodicJob[] _jobs = [.. registered];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_jobs.Select(job => RoundAsync(job, stoppingToken)));

    private async Task RoundAsync(PeriodicJob job, CancellationToken stopping)
    {
        var isThere = false;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!isThere)
                    await EnsureAsync(job, stopping);
                isThere = true;
                if (await LeaseAsync(job, stopping) is { } leased)
                    await RunAsync(job, leased, stopping);
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                logger.LoopFailed(e);
            }

            // Never longer than the job's own pause, which drills make very short.
            var poll = options.Value.Poll < job.Every ? options.Value.Poll : job.Every;
            await pace.WaitAsync(poll, stopping);
        }
    }

    private async Task<BackgroundJob?> LeaseAsync(PeriodicJob job, CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var leased = await db.BackgroundJobs.FromSql($"""
            UPDATE shop.background_jobs SET leased_until = now() + {job.Limit + Slack}, lease_token = lease_token + 1, started_at = now()
            WHERE name = {job.Name} AND due_at <= now() AND leased_until <= now() RETURNING *
            """).AsNoTracking().ToListAsync(ct);
        return leased is [var mine] ? mine : null;
    }

    /// <summary>A deploy must not keep the others waiting until the lease runs out.</summary>
    private async Task GiveBackAsync(PeriodicJob job, BackgroundJob leased)
    {
        using var limit = new CancellationTokenSource(Slack, clock);
        await using var db = await contexts.CreateDbContextAsync(limit.Token);
        await db.Database.ExecuteSqlAsync(
            $"UPDATE shop.background_jobs SET leased_until = 'epoch' WHERE name = {job.Name} AND lease_token = {leased.LeaseToken}", limit.Token);
    }

    private async Task EnsureAsync(PeriodicJob job, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.background_jobs (name, due_at, leased_until, lease_token, failures) VALUES ({job.Name}, now(), 'epoch', 0, 0)
            ON CONFLICT DO NOTHING
            """, ct);
    }

    // Not the job's own pause: what comes round once an hour must not be missing for two.
    private TimeSpan AfterFailure(PeriodicJob job, int failures)
    {
        var wait = (job.Every < options.Value.FirstPause ? job.Every : options.Value.FirstPause) * Math.Pow(2, Math.Min(failures - 1, 20));
        return wait < options.Value.LongestPause ? wait : options.Value.LongestPause;
    }

    private async Task RunAsync(PeriodicJob job, BackgroundJob leased, CancellationToken stopping)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        using var time = new CancellationTokenSource(job.Limit, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping, time.Token);
        var started = clock.GetTimestamp();
        var failures = 0;
        string result;
        try
        {
            result = await job.RunAsync(leased.SucceededAt, limit.Token);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            await GiveBackAsync(job, leased);
            return;
        }
        catch (Exception e)
        {
            logger.PeriodicJobFailed(e, job.Name, leased.Failures + 1);
            (failures, result) = (leased.Failures + 1, $"{e.GetType().Name}: it failed, and is tried again");
        }

        var wait = failures == 0 ? job.Every : AfterFailure(job, failures);
        var took = clock.GetElapsedTime(started).TotalMilliseconds;
        await using var db = await contexts.CreateDbContextAsync(stopping);
        await db.Database.ExecuteSqlAsync($"""
            UPDATE shop.background_jobs SET leased_until = 'epoch', ended_at = now(), took_ms = {took}, result = {result}, failures = {failures},
                succeeded_at = CASE WHEN {failures} = 0 THEN started_at ELSE succeeded_at END, due_at = now() + {pace.Of(wait)}
            WHERE name = {job.Name} AND lease_token = {leased.LeaseToken}
            """, stopping);
    }
}

internal static class PeriodicJobExtensions
{
    public static void AddPeriodicJobs(this IServiceCollection services)
    {
        services.AddOptions<PeriodicJobOptions>().BindConfiguration(PeriodicJobOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddHostedService<PeriodicJobs>();
    }
}
