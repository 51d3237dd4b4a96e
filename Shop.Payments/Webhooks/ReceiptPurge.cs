using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Webhooks;

internal sealed class ReceiptPurgeOptions
{
    public const string Section = "Payments:ReceiptPurge";

    /// <summary>Longer than any gateway sends an event again, or the second one would count as new.</summary>
    [Range(typeof(TimeSpan), "7.00:00:00", "365.00:00:00")] public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);

    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromHours(1);
    [Range(1, 10_000)] public int Batch { get; init; } = 1000;
}

/// <summary>A raw event holds names and addresses. Those we are done with are deleted after a month; the others still wait for somebody.</summary>
internal sealed class ReceiptPurge(
    IDbContextFactory<ShopDbContext> contexts, IOptions<ReceiptPurgeOptions> options, TimeProvider clock, ILogger<ReceiptPurge> logger)
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
            // In batches, each a transaction of its own: no statement runs into its limit, and two replicas pass each other by.
            deleted = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM payments.webhook_receipts WHERE (provider, event_id) IN (
                    SELECT provider, event_id FROM payments.webhook_receipts
                    WHERE state = 'Done' AND received_at < {before} ORDER BY received_at LIMIT {options.Value.Batch} FOR UPDATE SKIP LOCKED)
                """, ct);
            all += deleted;
        }
        while (deleted == options.Value.Batch);

        if (all > 0)
            logger.ReceiptsPurged(all);
        return all;
    }
}
