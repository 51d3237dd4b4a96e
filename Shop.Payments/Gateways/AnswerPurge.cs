using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;

namespace Shop.Payments.Gateways;

internal sealed class AnswerPurgeOptions
{
    public const string Section = "Payments:AnswerPurge";

    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00")] public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);
    [Range(1, 10_000)] public int Batch { get; init; } = 1000;
}

/// <summary>The answers as they came are for finding out what happened. After a month the attempt says enough.</summary>
internal sealed class AnswerPurge(IDbContextFactory<ShopDbContext> contexts, IOptions<AnswerPurgeOptions> options, TimeProvider clock)
{
    /// <returns>How many it deleted.</returns>
    internal async Task<int> PurgeAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        var before = clock.GetUtcNow() - options.Value.Keep;
        await using var db = await contexts.CreateDbContextAsync(ct);
        var (deleted, all) = (0, 0);
        do
        {
            deleted = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM payments.gateway_answers WHERE (attempt_id, n) IN (
                    SELECT attempt_id, n FROM payments.gateway_answers WHERE at < {before} ORDER BY at LIMIT {options.Value.Batch} FOR UPDATE SKIP LOCKED)
                """, ct);
            all += deleted;
        }
        while (deleted == options.Value.Batch);
        return all;
    }
}
