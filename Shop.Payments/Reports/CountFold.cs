using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Reports;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Reports;

internal sealed class ReportsOptions
{
    public const string Section = "Payments:Reports";

    /// <summary>Nobody waits for it: what is not folded is read as well. It keeps that little.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")] public TimeSpan Fold { get; init; } = TimeSpan.FromSeconds(5);

    [Range(1, 100_000)] public int Batch { get; init; } = 10_000;

    /// <summary>Days for which minutes are kept: of the series, and of what is counted. What is usual is read from those of four weeks.</summary>
    [Range(30, 366)] public int KeepMinutes { get; init; } = 30;

    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan Tidy { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>Keeps the numbers of the dashboard short to read: what was counted is added up, and what is old is thrown away.</summary>
internal sealed class CountFold(IDbContextFactory<ShopDbContext> contexts, IOptions<ReportsOptions> options)
{
    private const int PurgeBatch = 10_000;

    /// <returns>How many rows it added up.</returns>
    internal async Task<long> FoldAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        var (folded, all) = (0L, 0L);
        do
        {
            folded = await db.FoldCountsAsync(options.Value.Batch, ct);
            all += folded;
        }
        while (folded == options.Value.Batch);
        return all;
    }

    /// <returns>How many days of series and how many minutes of counts it threw away.</returns>
    internal async Task<(int Days, int Minutes)> TidyAsync(CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        var days = await db.Database.SqlQuery<int>($"""SELECT telemetry.keep_series({options.Value.KeepMinutes}) AS "Value" """).SingleAsync(ct);
        var (deleted, minutes) = (0, 0);
        do
        {
            deleted = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM reports.counts WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM reports.counts WHERE grain = 'minute' AND at < now() - make_interval(days => {options.Value.KeepMinutes})
                    LIMIT {PurgeBatch} FOR UPDATE SKIP LOCKED))
                """, ct);
            minutes += deleted;
        }
        while (deleted == PurgeBatch);
        return (days, minutes);
    }
}

internal static class ReportsExtensions
{
    public static void AddReports(this IServiceCollection services)
    {
        services.AddOptions<ReportsOptions>().BindConfiguration(ReportsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<CountFold>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.CountFold, sp.GetRequiredService<IOptions<ReportsOptions>>().Value.Fold, TimeSpan.FromSeconds(30),
            async (_, ct) => $"{await sp.GetRequiredService<CountFold>().FoldAsync(ct)} rows added up"));
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.SeriesDays, sp.GetRequiredService<IOptions<ReportsOptions>>().Value.Tidy, TimeSpan.FromMinutes(2),
            async (_, ct) =>
            {
                var (days, minutes) = await sp.GetRequiredService<CountFold>().TidyAsync(ct);
                return $"{days} days of series and {minutes} minutes of counts deleted";
            }));
    }
}
