using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Payments.Patterns;

/// <summary>One fact and what it was: the card's country, DE.</summary>
internal readonly record struct Level(PatternFact Fact, string Value);

/// <summary>The payments that have no fact, one or two in common. Facts are in the order of <see cref="PatternFact"/>, so that a pair is one pair.</summary>
internal readonly record struct Cell(Level? First, Level? Second)
{
    public int Size => First is null ? 0 : Second is null ? 1 : 2;

    /// <summary>All that <paramref name="other"/> holds is in here as well.</summary>
    public bool Contains(Cell other) => (First is null || First == other.First || First == other.Second) && (Second is null || Second == other.Second || Second == other.First);

    public bool Holds(Try tried) => (First is not { } first || tried.Levels.Contains(first)) && (Second is not { } second || tried.Levels.Contains(second));

    /// <summary>Every cell a try with these levels is part of.</summary>
    public static IEnumerable<Cell> Of(Level[] levels)
    {
        yield return new(null, null);
        for (var i = 0; i < levels.Length; i++)
        {
            yield return new(levels[i], null);
            for (var j = i + 1; j < levels.Length; j++)
            {
                if (levels[j].Fact != levels[i].Fact) // of two flags at once nothing is learned that one of them does not tell
                    yield return new(levels[i], levels[j]);
            }
        }
    }
}

internal readonly record struct Outcome(PatternOutcome Kind, string Value)
{
    public static Outcome Any { get; } = new(PatternOutcome.Any, "");
}

/// <param name="Code">The gateway's; the reason where it gave none.</param>
internal sealed record Failure(Side Side, string Reason, string Code)
{
    /// <summary>Of the tests that this failure belongs to, each once.</summary>
    public IReadOnlyList<Outcome> Outcomes { get; } =
    [
        Outcome.Any, new(PatternOutcome.Side, $"{Side}"), new(PatternOutcome.Reason, Reason),
        .. Code == Reason ? Array.Empty<Outcome>() : [new(PatternOutcome.Code, Code)],
    ];
}

/// <summary>One try of an order's payment.</summary>
/// <param name="Story">Whose it is. What one shopper tries is one story however often it fails, and counts once wherever it is counted.</param>
/// <param name="Levels">Sorted by their fact.</param>
/// <param name="Failure">Null when it did not fail, or not yet.</param>
internal sealed record Try(int Story, long Order, DateTimeOffset At, Level[] Levels, Failure? Failure);

/// <summary>How many stories of each cell there were, and how many of them failed in each way.</summary>
internal sealed class Counts
{
    internal sealed class Of
    {
        private int _lastStory = -1;
        private Dictionary<Outcome, (int Failures, int LastStory)>? _failures; // in most cells of a day nothing fails

        public int Stories { get; private set; }

        public int FailuresOf(Outcome outcome) => _failures?.GetValueOrDefault(outcome).Failures ?? 0;

        public IEnumerable<Outcome> Outcomes => _failures?.Keys ?? Enumerable.Empty<Outcome>();

        public void Add(Try tried)
        {
            if (tried.Story != _lastStory)
                (Stories, _lastStory) = (Stories + 1, tried.Story);
            foreach (var outcome in tried.Failure?.Outcomes ?? [])
            {
                _failures ??= [];
                if (!_failures.TryGetValue(outcome, out var seen) || seen.LastStory != tried.Story)
                    _failures[outcome] = (seen.Failures + 1, tried.Story);
            }
        }

        public void Add(Of others)
        {
            Stories += others.Stories;
            foreach (var (outcome, (failures, _)) in others._failures ?? [])
                (_failures ??= [])[outcome] = (FailuresOf(outcome) + failures, -1);
        }
    }

    private static readonly Of Nothing = new();
    private readonly Dictionary<Cell, Of> _cells = [];

    public Of this[Cell cell] => _cells.GetValueOrDefault(cell, Nothing);

    public IEnumerable<(Cell Cell, Of Count)> All => _cells.Select(c => (c.Key, c.Value));

    /// <param name="tries">Those of one story one after the other.</param>
    /// <param name="only">Of the cells with something in common, only those with this fact.</param>
    public static Counts OfTries(IEnumerable<Try> tries, PatternFact? only = null)
    {
        var counts = new Counts();
        foreach (var tried in tries)
            counts.Add(tried, only);
        return counts;
    }

    public static Counts OfAll(IEnumerable<Counts> all)
    {
        var sum = new Counts();
        foreach (var (cell, count) in all.SelectMany(c => c._cells))
            sum.At(cell).Add(count);
        return sum;
    }

    /// <summary>After those of the same story.</summary>
    public void Add(Try tried, PatternFact? only = null)
    {
        foreach (var cell in Cell.Of(tried.Levels))
        {
            if (only is null || cell.Size is 0 || cell.First?.Fact == only || cell.Second?.Fact == only)
                At(cell).Add(tried);
        }
    }

    private Of At(Cell cell) => _cells.TryGetValue(cell, out var there) ? there : _cells[cell] = new Of();
}
