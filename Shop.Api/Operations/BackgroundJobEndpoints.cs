using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Operations;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using RunResult = Results<NoContent, ProblemHttpResult>;

/// <param name="State">
/// waiting, running, overdue (nobody has taken it up), retrying (it failed and is tried less and less often) or failing (that many times in a row).
/// </param>
internal sealed record BackgroundJobRow(
    string Name, string State, DateTimeOffset DueAt, DateTimeOffset? StartedAt, DateTimeOffset? SucceededAt, double? TookMs, string? Result, int Failures);

internal sealed record BackgroundJobRows(IReadOnlyList<BackgroundJobRow> Items);

internal static class BackgroundJobEndpoints
{
    /// <summary>A replica looks every few seconds; whoever is that late has nobody who looks.</summary>
    private static readonly TimeSpan Overdue = TimeSpan.FromMinutes(1);

    public static void MapBackgroundJobs(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/background-jobs", GetBackgroundJobs).WithName(nameof(GetBackgroundJobs)).RequireAuthorization(Policies.Agent)
            .WithSummary("What comes round by the clock: the last run, its result, the next run.");
        operations.MapPost("/background-jobs/{name}/run", RunBackgroundJob).WithName(nameof(RunBackgroundJob)).RequireAuthorization(Policies.Operator)
            .WithSummary("Makes it due now, however often it failed.").ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
    }

    internal static async Task<Ok<BackgroundJobRows>> GetBackgroundJobs(ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        return TypedResults.Ok(new BackgroundJobRows(await ReadAsync(db, clock.GetUtcNow(), ct)));
    }

    internal static async Task<IReadOnlyList<BackgroundJobRow>> ReadAsync(ShopDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        var jobs = await db.BackgroundJobs.AsNoTracking().OrderBy(j => j.Name).ToListAsync(ct);
        return
        [
            .. jobs.Select(j => new BackgroundJobRow(
                j.Name, StateOf(j, now), j.DueAt, j.StartedAt, j.SucceededAt, j.TookMs, j.Result, j.Failures)),
        ];
    }

    private static string StateOf(BackgroundJob job, DateTimeOffset now) => job switch
    {
        _ when job.LeasedUntil > now => "running",
        _ when job.DueAt < now - Overdue => "overdue",
        { Failures: >= BackgroundJob.FailingAfter } => "failing",
        { Failures: > 0 } => "retrying",
        _ => "waiting",
    };

    internal static Task<RunResult> RunBackgroundJob(
        string name, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<BackgroundJobRows> logger, CancellationToken ct) =>
        Acts.OnceAsync(reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("run background job", name), clock, logger, async (db, now, why) =>
        {
            if (await db.BackgroundJobs.FromSql($"SELECT * FROM shop.background_jobs WHERE name = {name} FOR UPDATE").SingleOrDefaultAsync(ct) is not { } job)
                return Problems.Refuse(404, "background_job_not_found", "There is no such job.");

            var before = new { job.DueAt, job.Failures };
            (job.DueAt, job.Failures) = (now, 0);
            db.Record(caller, now, AuditActions.BackgroundJobStarted, AuditSubjects.BackgroundJob, name, before, new { job.DueAt, job.Failures }, why);
            return null;
        }, ct);
}
