using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Operations;

/// <param name="Sentence">All of it, with times in UTC.</param>
/// <param name="Facts">What the payments have in common: none, one or two.</param>
/// <param name="OutcomeValue">The side, reason or code; empty for any failure.</param>
/// <param name="Orders">Some of the failed ones, the newest first.</param>
internal sealed record PatternView(
    Guid Id, PatternTraffic Traffic, string Sentence, IReadOnlyList<FactView> Facts, PatternOutcome Outcome, string OutcomeValue, Side? Side, int Failures,
    int Payments, double UsualRate, double PValue, DateTimeOffset BeganAt, DateTimeOffset LastFailureAt, DateTimeOffset FoundAt, DateTimeOffset SeenAt,
    DateTimeOffset? EndedAt, IReadOnlyList<long> Orders);

internal sealed record FactView(PatternFact Fact, string Level);

/// <param name="LookedAt">When the miner last came to an end; null before its first time.</param>
internal sealed record PatternList(IReadOnlyList<PatternView> Current, IReadOnlyList<PatternView> Past, DateTimeOffset? LookedAt);

internal static class PatternEndpoints
{
    private const int MaxRows = 100;
    private const int Examples = 20;

    public static void MapPatterns(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/patterns", GetPatterns).WithName(nameof(GetPatterns)).RequireAuthorization(Policies.Agent)
            .WithSummary("Payments that have facts in common and fail together more often than usual: those that last, and those that are over.");

    internal static async Task<Ok<PatternList>> GetPatterns(ReportsDatabase reports, TimeProvider clock, CancellationToken ct, bool past = true)
    {
        await using var db = reports.Open();
        var now = clock.GetUtcNow();
        var current = await db.Patterns.AsNoTracking().Where(p => p.EndedAt == null).OrderBy(p => p.Traffic).ThenByDescending(p => p.FoundAt).Take(MaxRows).ToListAsync(ct);
        var over = past ? await db.Patterns.AsNoTracking().Where(p => p.EndedAt != null).OrderByDescending(p => p.SeenAt).Take(MaxRows).ToListAsync(ct) : [];
        var lookedAt = await db.BackgroundJobs.Where(j => j.Name == Data.Operations.BackgroundJobs.PatternMining).Select(j => j.SucceededAt).FirstOrDefaultAsync(ct);
        return TypedResults.Ok(new PatternList([.. current.Select(p => View(p, now))], [.. over.Select(p => View(p, now))], lookedAt));
    }

    private static PatternView View(Pattern pattern, DateTimeOffset now) => new(
        pattern.Id, pattern.Traffic, pattern.Says(now),
        [
            .. new[] { (pattern.Fact1, pattern.Level1), (pattern.Fact2, pattern.Level2) }.Where(f => f.Item1 is not null).Select(f => new FactView(f.Item1!.Value, f.Item2!)),
        ],
        pattern.Outcome, pattern.OutcomeValue, pattern.Side, pattern.Failures, pattern.Payments, pattern.UsualRate, pattern.PValue, pattern.BeganAt,
        pattern.LastFailureAt, pattern.FoundAt, pattern.SeenAt, pattern.EndedAt, [.. pattern.Orders.Take(Examples)]);
}
