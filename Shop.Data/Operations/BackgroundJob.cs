using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Operations;

/// <summary>
/// Work that comes round by the clock: one row each, so that one replica at a time does it, a failing one is tried less and less often, and a
/// person sees when it last ran and what came of it.
/// </summary>
public sealed class BackgroundJob
{
    /// <summary>Failures in a row after which the page and the metric call it failing. It goes on all the same: nobody may forget a sweep.</summary>
    public const int FailingAfter = 3;

    /// <summary>A word of <see cref="BackgroundJobs"/>.</summary>
    public required string Name { get; init; }

    public required DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }
    public DateTimeOffset? SucceededAt { get; set; }
    public double? TookMs { get; set; }

    /// <summary>What the last run did, or why it failed, in a few words. Nothing personal.</summary>
    public string? Result { get; set; }

    /// <summary>In a row.</summary>
    public int Failures { get; set; }
}

public static class BackgroundJobs
{
    public const string HoldSweep = "hold_sweep";
    public const string PendingSweep = "pending_sweep";
    public const string ReceiptPurge = "receipt_purge";
    public const string AnswerPurge = "answer_purge";
    public const string SourcePurge = "source_purge";
    public const string WebhookWatch = "webhook_watch";
    public const string TelemetryDays = "telemetry_days";
    public const string PatternMining = "pattern_mining";
    public const string DailyReconciliation = "daily_reconciliation";
    public const string CountFold = "count_fold";
    public const string SeriesDays = "series_days";
}

internal sealed class BackgroundJobConfiguration : IEntityTypeConfiguration<BackgroundJob>
{
    public void Configure(EntityTypeBuilder<BackgroundJob> job) => job.ToTable("background_jobs").HasKey(j => j.Name);
}
