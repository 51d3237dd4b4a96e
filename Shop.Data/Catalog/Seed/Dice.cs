namespace Shop.Data.Catalog.Seed;

/// <summary>Chance that falls the same way on every machine and runtime: SplitMix64 from a hash of a word. Not for secrets.</summary>
internal sealed class Dice
{
    private ulong _state = 0xCBF29CE484222325;

    public Dice(string word)
    {
        foreach (var letter in word)
            _state = (_state ^ letter) * 0x100000001B3;
    }

    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Both ends included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public double Within(double low, double high) => low + ((high - low) * (Next() >> 11) / (1UL << 53));

    public bool Chance(int percent) => Below(100) < percent;

    public T Pick<T>(params T[] from) => from[Below(from.Length)];

    /// <summary>The same elements in another order.</summary>
    public T[] Shuffle<T>(IEnumerable<T> from)
    {
        T[] all = [.. from];
        for (var i = all.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (all[i], all[j]) = (all[j], all[i]);
        }

        return all;
    }

    private ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
