using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Patterns;

/// <summary>Mines what real shoppers and, by itself, what drills tried, and keeps each pattern in one row for as long as it lasts.</summary>
internal sealed class PatternWatch(IDbContextFactory<ShopDbContext> contexts, IOptions<PatternOptions> options, TimeProvider clock, ILogger<PatternWatch> logger)
{
    private sealed record History(Usual Usual, Usual UsualDays, IReadOnlyList<Try> Days, DateTimeOffset At);

    // One job at a time has the lease; a replica that takes over counts anew.
    private readonly Dictionary<PatternTraffic, History> _histories = [];
    private readonly PatternMiner _miner = new(options.Value);

    /// <returns>What it found, in a few words.</returns>
    internal async Task<string> LookAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        var (lasting, fresh) = (0, 0);
        foreach (var traffic in Enum.GetValues<PatternTraffic>())
        {
            var findings = await MineAsync(traffic, ct);
            var kept = await contexts.TransactAsync(db => KeepAsync(db, traffic, findings, ct), ct);
            (lasting, fresh) = (lasting + kept.Lasting, fresh + kept.Fresh.Count);
            foreach (var pattern in kept.Fresh.Where(p => p.Traffic is PatternTraffic.Shop))
                logger.PatternFound(pattern.Id, pattern.Failures, pattern.Payments, pattern.UsualRate, pattern.PValue);
        }

        return lasting + fresh is 0 ? "no pattern" : $"{lasting} patterns last, {fresh} of them new";
    }

    internal async Task<IReadOnlyList<Finding>> MineAsync(PatternTraffic traffic, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var (now, settings) = (clock.GetUtcNow(), options.Value);
        var recent = now - settings.Windows.Max();
        if (!_histories.TryGetValue(traffic, out var history) || now - history.At >= settings.HistoryKept)
        {
            // From before what is looked at: nothing is compared with itself.
            var usual = await PatternReads.UsualAsync(connection, now - settings.History, recent, traffic, ct);
            var usualDays = await PatternReads.UsualAsync(connection, now - settings.History, now - settings.HoursWindow, traffic, ct);
            var days = await PatternReads.TriesAsync(connection, now - settings.HoursWindow, now, traffic, settings.MostTries, withHour: true, ct);
            _histories[traffic] = history = new(usual, usualDays, days, now);
        }

        var tries = await PatternReads.TriesAsync(connection, recent, now.AddMinutes(1), traffic, settings.MostTries, withHour: false, ct);
        return _miner.Mine(tries, history.Days, history.Usual, history.UsualDays, now);
    }

    private async Task<(int Lasting, IReadOnlyList<Pattern> Fresh)> KeepAsync(
        ShopDbContext db, PatternTraffic traffic, IReadOnlyList<Finding> findings, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var since = now - options.Value.HoursWindow;
        var known = await db.Patterns.Where(p => p.Traffic == traffic && (p.EndedAt == null || p.SeenAt > since)).OrderBy(p => p.FoundAt).ToListAsync(ct);
        List<Pattern> fresh = [], met = [];
        foreach (var finding in findings)
        {
            var pattern = known.Except(met).FirstOrDefault(p => IsSame(p, finding));
            if (pattern is null)
            {
                pattern = New(traffic, finding, now);
                db.Patterns.Add(pattern);
                fresh.Add(pattern);
            }

            met.Add(pattern);
            Follow(pattern, finding, now);
        }

        foreach (var gone in known.Except(met).Where(p => p.EndedAt is null))
            gone.EndedAt = now;
        return (met.Count(p => p.EndedAt is null), fresh);
    }

    /// <summary>Of the same failures: however they are put, it is the same pattern.</summary>
    internal static bool IsSame(Pattern known, Finding found) =>
        2 * known.Orders.Intersect(found.Orders).Count() >= Math.Min(known.Orders.Length, found.Orders.Count);

    private static Pattern New(PatternTraffic traffic, Finding found, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), Traffic = traffic, Outcome = found.Outcome.Kind, OutcomeValue = found.Outcome.Value, Failures = found.Failures,
        Payments = found.Stories, UsualRate = found.UsualRate, PValue = found.PValue, BeganAt = found.Began, LastFailureAt = found.LastFailure,
        Orders = [.. found.Orders], FoundAt = now, SeenAt = now,
    };

    private static void Follow(Pattern pattern, Finding found, DateTimeOffset now)
    {
        // What is over and only still within a window is not seen again, and stays what it was.
        if (pattern.EndedAt is not null && found.IsOver && found.LastFailure <= pattern.LastFailureAt)
            return;
        (pattern.Fact1, pattern.Level1) = (found.Cell.First?.Fact, found.Cell.First?.Value);
        (pattern.Fact2, pattern.Level2) = (found.Cell.Second?.Fact, found.Cell.Second?.Value);
        (pattern.Outcome, pattern.OutcomeValue, pattern.Side) = (found.Outcome.Kind, found.Outcome.Value, found.Side);
        (pattern.Failures, pattern.Payments, pattern.UsualRate, pattern.PValue) = (found.Failures, found.Stories, found.UsualRate, found.PValue);
        (pattern.BeganAt, pattern.LastFailureAt, pattern.Orders) = (found.Began, found.LastFailure, [.. found.Orders]);
        (pattern.SeenAt, pattern.EndedAt) = (now, found.IsOver ? found.LastFailure : null);
    }
}

internal static class PatternExtensions
{
    public static void AddPatterns(this IServiceCollection services)
    {
        services.AddOptions<PatternOptions>().BindConfiguration(PatternOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PatternWatch>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.PatternMining, sp.GetRequiredService<IOptions<PatternOptions>>().Value.Every, TimeSpan.FromSeconds(30),
            (_, ct) => sp.GetRequiredService<PatternWatch>().LookAsync(ct)));
    }
}
