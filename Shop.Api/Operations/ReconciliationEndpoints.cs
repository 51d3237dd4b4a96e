using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using ActResult = Results<NoContent, ProblemHttpResult>;

internal sealed record CompareRequest(DateTimeOffset? From, DateTimeOffset? To, string? Why);

/// <param name="DoneUntil">Up to where it has compared; the newest minutes are left out.</param>
/// <param name="StartedBy">Null for the one that runs by itself.</param>
/// <param name="GatewayMinor">Money taken less money given back, as the gateway has it.</param>
/// <param name="AttemptsMinor">The same, as our attempts and refunds have it.</param>
/// <param name="OrdersMinor">The same, as the orders have it.</param>
/// <param name="DifferenceMinor">Orders less gateway; what is not 0 is explained by the mismatches.</param>
internal sealed record RunView(
    Guid Id, PaymentProvider Provider, DateTimeOffset From, DateTimeOffset To, DateTimeOffset DoneUntil, JobState State, string? StartedBy, DateTimeOffset CreatedAt,
    DateTimeOffset? EndedAt, string? LastError, int Percent, int Objects, int Charges, long GatewayMinor, long AttemptsMinor, long OrdersMinor,
    long DifferenceMinor, int Mismatches);

/// <param name="Side">Whose books are wrong, as far as can be said.</param>
/// <param name="Repairs">What can be asked for now; null while it is being repaired, or when it is over.</param>
internal sealed record MismatchView(
    Guid Id, string Kind, string Title, string Side, string Meaning, string Action, string Subject, long? OrderNumber, string? IntentId, long? OursMinor,
    long? GatewayMinor, string Currency, DateTimeOffset At, DateTimeOffset FoundAt, MismatchState State, string? Repair, string? Result,
    DateTimeOffset? ClosedAt, IReadOnlyList<string>? Repairs);

/// <param name="Run">The one that was asked for, or the newest.</param>
/// <param name="Waiting">All mismatches that wait for somebody, whatever run found them.</param>
/// <param name="Settled">Those of this period that are over.</param>
internal sealed record ReconciliationView(
    IReadOnlyList<RunView> Runs, RunView? Run, IReadOnlyList<MismatchView> Waiting, IReadOnlyList<MismatchView> Settled);

/// <summary>Orders, attempts and gateway side by side. The comparing and repairing is done by Payments; here it is asked for and shown.</summary>
internal static class ReconciliationEndpoints
{
    private const int MaxDays = 366;
    private const int MaxRows = 200;

    public static void MapReconciliation(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/reconciliation", GetReconciliation).WithName(nameof(GetReconciliation)).RequireAuthorization(Policies.Agent)
            .WithSummary("How a period was compared, and what does not match.");
        operations.MapGet("/mismatches/{id:guid}", GetMismatch).WithName(nameof(GetMismatch)).RequireAuthorization(Policies.Agent)
            .WithSummary("One mismatch, what it means and what can be done.").ProducesProblem(404);
        Post("/reconciliation", StartReconciliation, "Compares a period.");
        Post("/mismatches/{id:guid}/{repair}", RepairMismatch, "Asks for a repair: refund, mark_paid, book_refund, release, or ignore.");

        void Post(string path, Delegate handler, string summary) => operations.MapPost(path, handler).WithName(handler.Method.Name).WithSummary(summary)
            .RequireAuthorization(Policies.Operator).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    /// <param name="run">A run; or <paramref name="from"/> and <paramref name="to"/>, for the newest of that period.</param>
    internal static async Task<Ok<ReconciliationView>> GetReconciliation(
        ReportsDatabase reports, CancellationToken ct, Guid? run = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        await using var db = reports.Open();
        var runs = await Runs(db, db.ReconciliationRuns.OrderByDescending(r => r.Id).Take(20), ct);
        RunView? chosen = null;
        if (run is { } id)
            chosen = (await Runs(db, db.ReconciliationRuns.Where(r => r.Id == id), ct)).FirstOrDefault();
        else if (from is { } start && to is { } end)
            chosen = (await Runs(db, db.ReconciliationRuns.Where(r => r.FromAt == start && r.ToAt == end).OrderByDescending(r => r.Id).Take(1), ct)).FirstOrDefault();
        else
            chosen = runs.FirstOrDefault();

        var waiting = await Views(db, db.Mismatches.Where(
            m => m.State == MismatchState.Open || m.State == MismatchState.Repairing || m.State == MismatchState.Parked).OrderBy(m => m.FoundAt).Take(MaxRows), ct);
        List<MismatchView> settled = chosen is null ? [] : await Views(db, db.Mismatches.Where(
            m => (m.State == MismatchState.Closed || m.State == MismatchState.Ignored) && m.At >= chosen.From && m.At < chosen.To)
            .OrderByDescending(m => m.ClosedAt).Take(MaxRows), ct);
        return TypedResults.Ok(new ReconciliationView(runs, chosen, waiting, settled));
    }

    internal static async Task<Results<Ok<MismatchView>, ProblemHttpResult>> GetMismatch(Guid id, ReportsDatabase reports, CancellationToken ct)
    {
        await using var db = reports.Open();
        return (await Views(db, db.Mismatches.Where(m => m.Id == id), ct)) is [var mismatch]
            ? TypedResults.Ok(mismatch) : Problems.Refuse(404, "mismatch_not_found", "There is no such mismatch.");
    }

    internal static Task<ActResult> StartReconciliation(
        CompareRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports, TimeProvider clock,
        ILogger<ReconciliationView> logger, CancellationToken ct)
    {
        Dictionary<string, string[]> errors = [];
        if (form.From is not { } from)
            errors["from"] = ["Please say from when."];
        else if (form.To is { } end && (end <= from || end - from > TimeSpan.FromDays(MaxDays)))
            errors["to"] = [$"The end must be after the beginning, by {MaxDays} days at most."];
        if (form.To is null)
            errors["to"] = ["Please say until when."];
        return Acts.OnceAsync(
            reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("compare", $"{form.From:O} {form.To:O}"), clock, logger, async (db, now, why) =>
            {
                // Each gateway by itself; one that never had an order of ours has nothing to compare.
                List<PaymentProvider> providers = [PaymentProvider.Stripe];
                if (await db.PaymentIntents.AnyAsync(i => i.Provider == PaymentProvider.PayPal, ct))
                    providers.Insert(0, PaymentProvider.PayPal);
                foreach (var provider in providers)
                {
                    var run = ReconciliationRun.Of(form.From!.Value.ToUniversalTime(), form.To!.Value.ToUniversalTime(), caller.UserId, now, provider);
                    db.Add(run);
                    db.Record(caller, now, AuditActions.ReconciliationStarted, AuditSubjects.Reconciliation, $"{run.Id}",
                        after: new { run.Provider, From = run.FromAt, To = run.ToAt }, why: why);
                }

                return null;
            }, ct, errors);
    }

    internal static Task<ActResult> RepairMismatch(
        Guid id, string repair, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<ReconciliationView> logger, CancellationToken ct) =>
        Acts.OnceAsync(reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("repair mismatch", $"{id} {repair}"), clock, logger, async (db, now, why) =>
        {
            if (await db.Mismatches.FromSql($"SELECT * FROM payments.mismatches WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(ct) is not { } mismatch)
                return Problems.Refuse(404, "mismatch_not_found", "There is no such mismatch.");
            if (mismatch.State is not (MismatchState.Open or MismatchState.Parked))
                return Problems.Refuse(409, "mismatch_not_open", "This mismatch is being repaired, or it is over.");
            var isIgnored = repair is Repairs.Ignore;
            if (!isIgnored && !Mismatches.Of(mismatch.Kind).Repairs.Contains(repair))
                return Problems.Refuse(422, "repair_unfit", "This is not repaired that way.");

            var before = new { mismatch.Kind, mismatch.State, mismatch.Repair };
            (mismatch.Repair, mismatch.Attempts, mismatch.DueAt) = (repair, 0, now);
            mismatch.State = isIgnored ? MismatchState.Ignored : MismatchState.Repairing;
            mismatch.ClosedAt = isIgnored ? now : null;
            mismatch.Result = isIgnored ? "A person has said why it is none; see the audit." : null;
            var number = await db.Orders.Where(o => o.Id == mismatch.OrderId).Select(o => (long?)o.Number).SingleOrDefaultAsync(ct);
            db.Record(
                caller, now, isIgnored ? AuditActions.MismatchIgnored : AuditActions.MismatchRepaired,
                number is null ? AuditSubjects.Mismatch : AuditSubjects.Order, $"{(object?)number ?? id}", before,
                new { Mismatch = id, mismatch.Kind, mismatch.State, mismatch.Repair, mismatch.Subject, mismatch.GatewayMinor }, why);
            return null;
        }, ct);

    private static async Task<List<RunView>> Runs(ShopDbContext db, IQueryable<ReconciliationRun> runs, CancellationToken ct)
    {
        var found = await runs.AsNoTracking().Select(r => new
        {
            Run = r, Name = db.People.Where(p => p.Id == r.StartedBy).Select(p => p.Name).FirstOrDefault(),
        }).ToListAsync(ct);
        return
        [
            .. found.Select(f => new RunView(
                f.Run.Id, f.Run.Provider, f.Run.FromAt, f.Run.ToAt, f.Run.DoneUntil, f.Run.State, f.Name, f.Run.CreatedAt, f.Run.EndedAt, f.Run.LastError,
                f.Run.State is JobState.Done ? 100 : (int)Math.Clamp(100 * (f.Run.DoneUntil - f.Run.FromAt) / (f.Run.ToAt - f.Run.FromAt), 0, 99),
                f.Run.Objects, f.Run.Charges, f.Run.GatewayMinor, f.Run.AttemptsMinor, f.Run.OrdersMinor, f.Run.OrdersMinor - f.Run.GatewayMinor,
                f.Run.Mismatches)),
        ];
    }

    private static async Task<List<MismatchView>> Views(ShopDbContext db, IQueryable<Mismatch> mismatches, CancellationToken ct)
    {
        var found = await mismatches.AsNoTracking().Select(m => new
        {
            Mismatch = m, Number = db.Orders.Where(o => o.Id == m.OrderId).Select(o => (long?)o.Number).FirstOrDefault(),
        }).ToListAsync(ct);
        return [.. found.Select(f => Of(f.Mismatch, f.Number))];

        static MismatchView Of(Mismatch m, long? number)
        {
            var kind = Mismatches.Of(m.Kind);
            var canRepair = m.State is MismatchState.Open or MismatchState.Parked;
            return new(m.Id, m.Kind, kind.Title, kind.Side, kind.Meaning, kind.Action, m.Subject, number, m.IntentId, m.OursMinor, m.GatewayMinor, m.Currency, m.At,
                m.FoundAt, m.State, m.Repair, m.Result, m.ClosedAt, canRepair ? [.. kind.Repairs, Repairs.Ignore] : null);
        }
    }
}
