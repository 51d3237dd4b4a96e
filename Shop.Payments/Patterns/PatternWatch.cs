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
    /// <summary>What is known of one traffic, and when what could not be read is tried again.</summary>
    private sealed class History
    {
        // One day (UTC) after the other: a question that ends, sums that can be kept, and who pays on two days is two stories as in two windows.
        public Dictionary<DateTimeOffset, Counts> Counted { get; } = [];
        public Usual Usual { get; set; } = new(new());
        public Usual UsualDays { get; set; } = new(new());
        public DateTimeOffset UsualDaysUntil { get; set; }
        public bool IsSummed { get; set; }
        public IReadOnlyList<Try> Days { get; set; } = [];
        public DateTimeOffset DaysNotBefore { get; set; }

        /// <summary>When a day that could not be counted is tried again.</summary>
        public Dictionary<DateTimeOffset, DateTimeOffset> NotBefore { get; } = [];
    }

    // One job at a time has the lease; a replica that takes over counts anew.
    private readonly Dictionary<PatternTraffic, History> _histories = Enum.GetValues<PatternTraffic>().ToDictionary(t => t, _ => new History());
    private readonly PatternMiner _miner = new(options.Value);

    /// <returns>What it found, in a few words.</returns>
    internal async Task<string> LookAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        var (lasting, fresh, isCut) = (0, 0, false);
        foreach (var traffic in Enum.GetValues<PatternTraffic>())
        {
            var (findings, isPart) = await MineAsync(traffic, ct);
            var kept = await contexts.TransactAsync(db => KeepAsync(db, traffic, findings, ct), ct);
            (lasting, fresh, isCut) = (lasting + kept.Lasting, fresh + kept.Fresh.Count, isCut || isPart);
            foreach (var pattern in kept.Fresh.Where(p => p.Traffic is PatternTraffic.Shop))
                logger.PatternFound(pattern.Id, pattern.Failures, pattern.Payments, pattern.UsualRate, pattern.PValue);
        }

        return (lasting + fresh is 0 ? "no pattern" : $"{lasting} patterns last, {fresh} of them new")
            + (isCut ? $"; of the longest windows only the newest {options.Value.MostTries} tries were looked at" : "");
    }

    internal async Task<(IReadOnlyList<Finding> Findings, bool IsCut)> MineAsync(PatternTraffic traffic, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var (now, settings, history) = (clock.GetUtcNow(), options.Value, _histories[traffic]);
        await ReadHistoryAsync(connection, history, traffic, now, ct);
        var tries = await PatternReads.TriesAsync(connection, now - settings.Windows.Max(), now.AddMinutes(1), traffic, settings.MostTries, withHour: false, ct);
        return (_miner.Mine(tries, history.Days, history.Usual, history.UsualDays, now), Math.Max(tries.Count, history.Days.Count) >= settings.MostTries);
    }

    /// <summary>
    /// What of it is not there yet. What can't be read, because that takes longer than any question may, is done without for a while, and what was
    /// read before stays: a thinner history says less.
    /// </summary>
    private async Task ReadHistoryAsync(NpgsqlConnection connection, History history, PatternTraffic traffic, DateTimeOffset now, CancellationToken ct)
    {
        var settings = options.Value;
        // Whole days from before what is looked at: nothing is compared with itself.
        var (first, until, untilDays) = (Day(now - settings.History).AddDays(1), Day(now - settings.Windows.Max()), Day(now - settings.HoursWindow));
        history.IsSummed &= untilDays == history.UsualDaysUntil;
        foreach (var old in history.Counted.Keys.Where(day => day < first).ToList())
            history.IsSummed &= !history.Counted.Remove(old);
        foreach (var old in history.NotBefore.Keys.Where(day => day < first).ToList())
            history.NotBefore.Remove(old);

        for (var day = until.AddDays(-1); day >= first; day = day.AddDays(-1))
        {
            if (history.Counted.ContainsKey(day) || now < history.NotBefore.GetValueOrDefault(day))
                continue;
            try
            {
                history.Counted[day] = await PatternReads.CountAsync(connection, day, day.AddDays(1), traffic, ct);
                history.IsSummed = false; // also for the next run, should this one end here
            }
            catch (NpgsqlException e) when (!ct.IsCancellationRequested)
            {
                history.NotBefore[day] = now + settings.HistoryKept;
                logger.HistoryNotRead(e, traffic, day, now + settings.HistoryKept);
                break; // one such question a run
            }
        }

        if (!history.IsSummed)
        {
            history.Usual = new(Counts.OfAll(history.Counted.Values));
            history.UsualDays = new(Counts.OfAll(history.Counted.Where(c => c.Key < untilDays).Select(c => c.Value)));
            (history.UsualDaysUntil, history.IsSummed) = (untilDays, true);
        }

        if (now < history.DaysNotBefore)
            return;
        try
        {
            history.Days = await PatternReads.TriesAsync(connection, now - settings.HoursWindow, now, traffic, settings.MostTries, withHour: true, ct);
        }
        catch (NpgsqlException e) when (!ct.IsCancellationRequested)
        {
            logger.HistoryNotRead(e, traffic, now - settings.HoursWindow, now + settings.HistoryKept);
        }

        history.DaysNotBefore = now + settings.HistoryKept;
    }

    private static DateTimeOffset Day(DateTimeOffset at) => new(at.UtcDateTime.Date, TimeSpan.Zero);

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
