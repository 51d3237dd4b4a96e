namespace Shop.Web.Operations.Charts;

/// <summary>Round numbers for an axis that begins at zero.</summary>
public static class Ticks
{
    /// <param name="max">The highest value to be shown.</param>
    /// <param name="most">How many steps there may be at most.</param>
    /// <param name="smallest">No step is smaller: half an order is none.</param>
    /// <returns>From 0 to the first round number that is not below <paramref name="max"/>; never just 0.</returns>
    public static IReadOnlyList<double> Of(double max, int most = 4, double smallest = 1)
    {
        var step = smallest;
        for (var power = smallest; step * most < max; power *= 10)
        {
            foreach (var factor in (ReadOnlySpan<double>)[1, 2, 5, 10])
            {
                step = power * factor;
                if (step * most >= max)
                    break;
            }
        }

        var count = Math.Max(1, (int)Math.Ceiling(max / step));
        return [.. Enumerable.Range(0, count + 1).Select(i => i * step)];
    }
}
