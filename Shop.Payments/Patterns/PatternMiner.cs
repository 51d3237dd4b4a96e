using System.ComponentModel.DataAnnotations;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Payments.Patterns;

internal sealed class PatternOptions : IValidatableObject
{
    public const string Section = "Payments:Patterns";

    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How far back it looks. A short one sees what has just begun, a long one what trickles.</summary>
    public TimeSpan[] Windows { get; init; } = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];

    /// <summary>For what comes back at the same hour of several days.</summary>
    [Range(typeof(TimeSpan), "2.00:00:00", "28.00:00:00")] public TimeSpan HoursWindow { get; init; } = TimeSpan.FromDays(7);
    [Range(2, 28)] public int HoursDays { get; init; } = 3;

    /// <summary>Before the longest window: what is usual.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "90.00:00:00")] public TimeSpan History { get; init; } = TimeSpan.FromDays(28);

    /// <summary>Until the tries of <see cref="HoursWindow"/> are read again, and until what of the history could not be read is tried again.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")] public TimeSpan HistoryKept { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The newest tries of a window that are loaded at most; a run that had to leave some out says so.</summary>
    [Range(100, 1_000_000)] public int MostTries { get; init; } = 100_000;

    /// <summary>Of all that is found, the part that may be false; see <see cref="FalseDiscoveries"/>.</summary>
    [Range(0.000_001, 0.5)] public double FalsePart { get; init; } = 0.01;

    /// <summary>Fewer failed stories are never a pattern, nor is an excess over the usual of fewer than <see cref="LeastExcess"/>.</summary>
    [Range(2, 1000)] public int LeastFailures { get; init; } = 5;
    [Range(1.0, 1000.0)] public double LeastExcess { get; init; } = 4;

    /// <summary>Above this chance a simpler sentence explains a pattern as well.</summary>
    [Range(0.0001, 0.5)] public double Simplify { get; init; } = 0.05;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Windows is [] || Windows.Any(w => w < TimeSpan.FromMinutes(1) || w > TimeSpan.FromDays(7)))
            yield return new($"{Section}: Windows are one or more of a minute to 7 days.", [nameof(Windows)]);
        if (History <= HoursWindow)
            yield return new($"{Section}: History must be longer than HoursWindow.", [nameof(History)]);
    }
}

/// <summary>What is usual, of earlier weeks. A cell with a thin history of its own is taken for what its facts, and in the end all payments, usually are.</summary>
internal sealed class Usual(Counts history)
{
    // Of a shop without any history.
    private const double General = 0.02;
    private const double GeneralWeight = 50;
    private const double ParentWeight = 20;

    /// <summary>Failures and successes, as the rate of a cell is known.</summary>
    /// <param name="rest">Of the same window, what is not in the cell.</param>
    public (double Failures, double Successes) Of(Cell cell, Outcome outcome, (int Stories, int Failures) rest)
    {
        var all = history[default];
        var general = outcome.Kind is PatternOutcome.Any ? General : General / 4;
        var overall = (all.FailuresOf(outcome) + rest.Failures + general * GeneralWeight) / (all.Stories + rest.Stories + GeneralWeight);
        // Of two facts, the one that fails more often: where it is higher than it should be, we say less, not more.
        var expected = cell.Size is 0 ? overall
            : cell is { First: { } first, Second: { } second } ? Math.Max(Shrunk(new(first, null), overall), Shrunk(new(second, null), overall))
            : overall;
        var mine = history[cell];
        var failures = expected * ParentWeight + mine.FailuresOf(outcome);
        return (failures, (1 - expected) * ParentWeight + mine.Stories - mine.FailuresOf(outcome));

        double Shrunk(Cell single, double towards) =>
            (history[single].FailuresOf(outcome) + towards * ParentWeight) / (history[single].Stories + ParentWeight);
    }
}

/// <param name="Stories">Within its time, with <see cref="Failures"/> of them failed.</param>
/// <param name="Orders">The failed ones, the newest first.</param>
/// <param name="IsOver">So much went through since its last failure that it can't be lasting.</param>
internal sealed record Finding(
    Cell Cell, Outcome Outcome, Side? Side, int Failures, int Stories, double UsualRate, double PValue, DateTimeOffset Began, DateTimeOffset LastFailure,
    IReadOnlyList<long> Orders, bool IsOver);

/// <summary>
/// Looks at every fact and pair of facts of the last payments, in several windows and for every kind of failure, and says which fail more often
/// than they usually do. All of it is one family of tests, so that looking in many places finds no more by chance; and of findings that speak of
/// the same failures the simplest one is said.
/// </summary>
internal sealed class PatternMiner(PatternOptions options)
{
    private const int MostFindings = 10;
    private const double OverBelow = 0.05;

    private sealed record Window(IReadOnlyList<Try> Tries, Usual Usual, bool IsByHour);

    /// <param name="Usual">What the failures were tested against: failures and successes, as they usually are.</param>
    private sealed record Candidate(Window Window, Cell Cell, Outcome Outcome, int Failures, int Stories, (double Failures, double Successes) Usual, double P);

    /// <param name="tries">Those of one story one after the other, as far back as the longest window.</param>
    /// <param name="days">The same for <see cref="PatternOptions.HoursWindow"/>; only these have an hour.</param>
    /// <param name="usual">From before <paramref name="tries"/>, as <paramref name="usualDays"/> is from before <paramref name="days"/>.</param>
    public IReadOnlyList<Finding> Mine(IReadOnlyList<Try> tries, IReadOnlyList<Try> days, Usual usual, Usual usualDays, DateTimeOffset now)
    {
        List<Window> windows =
        [
            .. options.Windows.Select(w => new Window([.. tries.Where(t => t.At > now - w && t.At <= now)], usual, IsByHour: false)),
            new([.. days.Where(t => t.At > now - options.HoursWindow && t.At <= now)], usualDays, IsByHour: true),
        ];
        var tests = 0;
        List<Candidate> candidates = [];
        foreach (var window in windows)
            tests += Test(window, candidates);
        if (candidates is [])
            return [];

        var limit = FalseDiscoveries.Limit([.. candidates.Select(c => c.P)], tests, options.FalsePart);
        candidates = [.. candidates.Where(c => c.P <= limit)];
        List<Finding> findings = [];
        while (candidates is not [] && findings.Count < MostFindings)
        {
            var best = Simplest(candidates.MinBy(c => (c.P, c.Cell.Size, -(int)c.Outcome.Kind))!, candidates);
            findings.Add(Describe(best));

            // What is left must be much without what has just been said.
            List<Candidate> rest = [];
            foreach (var window in windows.Where(w => candidates.Any(c => c.Window == w)))
            {
                var left = window with { Tries = [.. window.Tries.Where(t => !best.Cell.Holds(t))] };
                var was = candidates.Where(c => c.Window == window).Select(c => (c.Cell, c.Outcome)).ToHashSet();
                List<Candidate> again = [];
                Test(left, again);
                rest.AddRange(again.Where(c => was.Contains((c.Cell, c.Outcome)) && c.P <= limit));
                windows = [.. windows.Select(w => w == window ? left : w)];
            }

            candidates = rest;
        }

        return findings;
    }

    /// <returns>
    /// How many tests that was. One that could not come to anything, with fewer stories or fewer failures in the whole window than a pattern
    /// needs, is none (Tarone's argument).
    /// </returns>
    private int Test(Window window, List<Candidate> into)
    {
        if (window.Tries.Count(t => t.Failure is not null) < options.LeastFailures)
            return 0;

        var counts = Counts.OfTries(window.Tries, window.IsByHour ? PatternFact.Hour : null);
        var all = counts[default];
        Outcome[] outcomes = [.. all.Outcomes.Where(o => all.FailuresOf(o) >= options.LeastFailures)];
        var tests = 0;
        foreach (var (cell, count) in counts.All)
        {
            if (count.Stories < options.LeastFailures || window.IsByHour != (cell.First?.Fact is PatternFact.Hour || cell.Second?.Fact is PatternFact.Hour))
                continue;

            foreach (var outcome in outcomes)
            {
                tests++;
                var failures = count.FailuresOf(outcome);
                if (failures < options.LeastFailures)
                    continue;
                var (a, b) = window.Usual.Of(cell, outcome, (all.Stories - count.Stories, all.FailuresOf(outcome) - failures));
                if (failures - count.Stories * a / (a + b) < options.LeastExcess || (window.IsByHour && DaysOf(window, cell, outcome) < options.HoursDays))
                    continue;
                into.Add(new(window, cell, outcome, failures, count.Stories, (a, b), Tail.BetaBinomialAtLeast(failures, count.Stories, a, b)));
            }
        }

        return tests;
    }

    private static int DaysOf(Window window, Cell cell, Outcome outcome) =>
        window.Tries.Where(t => IsOf(t, cell, outcome)).Select(t => t.At.UtcDateTime.Date).Distinct().Count();

    private static bool IsOf(Try tried, Cell cell, Outcome outcome) => tried.Failure is { } failure && failure.Outcomes.Contains(outcome) && cell.Holds(tried);

    /// <summary>
    /// One fact instead of two, or none instead of one, where the failures are no more frequent in the smaller part of it. And one more fact, where
    /// it is in a part of it that they are: Fisher's test of the part against the rest of the same payments decides both.
    /// </summary>
    private Candidate Simplest(Candidate found, List<Candidate> candidates)
    {
        List<Candidate> alike = [.. candidates.Where(c => c.Window == found.Window && c.Outcome == found.Outcome)];
        var simple = alike.Where(c => c.Cell.Size < found.Cell.Size && c.Cell.Contains(found.Cell) && Concentration(found, c) >= options.Simplify)
            .OrderBy(c => c.Cell.Size).ThenBy(c => c.P).FirstOrDefault() ?? found;
        List<(Candidate Part, double P)> parts = [.. alike.Where(c => c.Cell.Size > simple.Cell.Size && simple.Cell.Contains(c.Cell)).Select(c => (c, Concentration(c, simple)))];
        var looks = parts.DistinctBy(p => (p.Part.Failures, p.Part.Stories)).Count(); // the same payments under another name are no second look
        return parts is not [] && parts.MinBy(p => (p.P, p.Part.Cell.Size)) is var (part, p) && p * looks < options.Simplify ? part : simple;
    }

    private static double Concentration(Candidate part, Candidate whole) => Tail.HypergeometricAtLeast(part.Failures, part.Stories, whole.Failures, whole.Stories);

    /// <summary>When it began, and when it was over if it is. The times only describe what was found: no test hangs on them.</summary>
    private static Finding Describe(Candidate found)
    {
        var mine = found.Window.Tries.Where(found.Cell.Holds).GroupBy(t => t.Story)
            .Select(story => (At: (story.FirstOrDefault(t => IsOf(t, found.Cell, found.Outcome)) ?? story.First()).At, Failed: story.Any(t => IsOf(t, found.Cell, found.Outcome))))
            .OrderBy(s => s.At).ToList();
        var (a, b) = found.Usual;
        int[] failed = [.. mine.Index().Where(s => s.Item.Failed).Select(s => s.Index)];
        var (first, last, best) = (0, failed.Length - 1, double.MaxValue);
        var most = Math.Min(failed.Length, 60); // pairs of ends; of more failures than these the outer ones are good enough
        for (var i = 0; i < most; i++)
        {
            for (var j = Math.Max(i, failed.Length - most); j < failed.Length; j++)
            {
                var p = Tail.BetaBinomialAtLeast(j - i + 1, failed[j] - failed[i] + 1, a, b);
                if (p < best)
                    (first, last, best) = (i, j, p);
            }
        }

        var (from, to) = (failed[first], failed[last]);
        var rate = (last - first + 1.0) / (to - from + 1);
        var (after, failedAfter) = (mine.Count - to - 1, failed.Length - last - 1);
        var isOver = after > 0 && Tail.BinomialAtMost(failedAfter, after, rate) < OverBelow;
        if (!isOver)
            (to, last) = (mine.Count - 1, failed.Length - 1);
        var (began, ended) = (mine[failed[first]].At, mine[failed[last]].At);
        var failures = found.Window.Tries.Where(t => IsOf(t, found.Cell, found.Outcome) && t.At >= began && t.At <= ended).OrderByDescending(t => t.At).ToList();
        Side[] sides = [.. failures.Select(t => t.Failure!.Side).Distinct()];
        return new(found.Cell, found.Outcome, sides is [var one] ? one : null, last - first + 1, to - from + 1, a / (a + b), found.P, began, ended,
            [.. failures.Select(t => t.Order).Distinct().Take(Pattern.MostOrders)], isOver);
    }
}
