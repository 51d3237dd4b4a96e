namespace Shop.ServiceDefaults.Records;

/// <summary>
/// A histogram with the same fixed buckets everywhere, so that those of several minutes and processes are added up and still tell their
/// percentiles. Bucket 0 is up to 0.1 ms; each further one ends a fifth later than the one before, so a percentile is at most 20 % off. The last one,
/// 72, begins at 42 s and has no end.
/// </summary>
public static class SeriesBuckets
{
    public const int Count = 73;

    /// <summary>Seconds.</summary>
    private const double First = 0.0001;

    private const double Growth = 1.2;
    private static readonly double LogGrowth = Math.Log(Growth);

    public static int Of(double seconds) =>
        seconds <= First || double.IsNaN(seconds) ? 0 : Math.Min(Count - 1, (int)Math.Ceiling((Math.Log(seconds / First) / LogGrowth) - 1e-9));

    /// <summary>Where a bucket ends, in seconds.</summary>
    public static double UpperOf(int bucket) => First * Math.Pow(Growth, bucket);

    /// <summary>Adds <paramref name="more"/>, which may be shorter, to <paramref name="sum"/>.</summary>
    public static void Add(long[] sum, int[] more)
    {
        for (var i = 0; i < more.Length && i < sum.Length; i++)
            sum[i] += more[i];
    }

    /// <summary>What <paramref name="share"/> of the values do not exceed, in seconds; null when there is none. Never above <paramref name="max"/>.</summary>
    public static double? Percentile(long[] buckets, double share, double max)
    {
        var all = buckets.Sum();
        if (all is 0)
            return null;

        var rank = Math.Max(1, (long)Math.Ceiling(share * all));
        var seen = 0L;
        for (var i = 0; i < buckets.Length; i++)
        {
            seen += buckets[i];
            if (seen >= rank)
                return Math.Min(i == Count - 1 ? max : UpperOf(i), max);
        }

        return max;
    }

    /// <summary>Without the empty ones at the end: most requests are fast, and rows are kept for a month.</summary>
    public static int[] Trim(int[] buckets)
    {
        var last = Array.FindLastIndex(buckets, count => count > 0);
        return buckets[..(last + 1)];
    }
}
