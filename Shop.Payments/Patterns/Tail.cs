namespace Shop.Payments.Patterns;

/// <summary>Exact tails: how likely at least, or at most, so many are by chance alone.</summary>
internal static class Tail
{
    /// <summary>At least <paramref name="k"/> of <paramref name="n"/> where each fails with probability <paramref name="p"/>.</summary>
    public static double BinomialAtLeast(int k, int n, double p) => k <= 0 ? 1 : k > n || p <= 0 ? 0 : p >= 1 ? 1
        : Sum(k, n, k > n * p, i => LogChoose(n, i) + i * Math.Log(p) + (n - i) * Math.Log(1 - p));

    public static double BinomialAtMost(int k, int n, double p) => k >= n ? 1 : 1 - BinomialAtLeast(k + 1, n, p);

    /// <summary>
    /// The same where the rate itself is known only from history: Beta(a, b), which are failures and successes that were seen. The thinner the
    /// history, the heavier this tail; with a long one it is the binomial.
    /// </summary>
    public static double BetaBinomialAtLeast(int k, int n, double a, double b) => k <= 0 ? 1 : k > n ? 0
        : Sum(k, n, k > n * a / (a + b), i => LogChoose(n, i) + LogBeta(i + a, n - i + b) - LogBeta(a, b));

    /// <summary>
    /// Fisher's: at least <paramref name="k"/> of the <paramref name="failures"/> among <paramref name="all"/> fall into a part of
    /// <paramref name="n"/>, if they fall anywhere alike.
    /// </summary>
    public static double HypergeometricAtLeast(int k, int n, int failures, int all)
    {
        var most = Math.Min(n, failures);
        return k <= Math.Max(0, n + failures - all) ? 1 : k > most ? 0
            : Sum(k, most, k > (double)n * failures / all, i => LogChoose(failures, i) + LogChoose(all - failures, n - i) - LogChoose(all, n));
    }

    // From whichever end is the short one, so that a tiny tail is not the difference of two that are nearly 1.
    private static double Sum(int from, int to, bool isUpperTail, Func<int, double> log)
    {
        double sum = 0;
        if (!isUpperTail)
        {
            for (var i = 0; i < from; i++)
                sum += Math.Exp(log(i));
            return Math.Clamp(1 - sum, 0, 1);
        }

        for (var i = from; i <= to; i++)
        {
            var term = Math.Exp(log(i));
            sum += term;
            if (term < sum * 1e-16)
                break;
        }

        return Math.Min(sum, 1);
    }

    internal static double LogChoose(int n, int k) => k < 0 || k > n ? double.NegativeInfinity : LogGamma(n + 1) - LogGamma(k + 1) - LogGamma(n - k + 1);

    private static double LogBeta(double a, double b) => LogGamma(a) + LogGamma(b) - LogGamma(a + b);

    // Lanczos' approximation, g = 7; right to 15 digits where we use it.
    private static readonly double[] Lanczos =
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
        9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    internal static double LogGamma(double x)
    {
        if (x < 0.5)
            return Math.Log(Math.PI / Math.Abs(Math.Sin(Math.PI * x))) - LogGamma(1 - x);
        x -= 1;
        var sum = Lanczos[0];
        for (var i = 1; i < Lanczos.Length; i++)
            sum += Lanczos[i] / (x + i);
        var t = x + 7.5;
        return 0.5 * Math.Log(2 * Math.PI) + (x + 0.5) * Math.Log(t) - t + Math.Log(sum);
    }
}

/// <summary>
/// Which of many tests may be believed. Benjamini and Yekutieli's procedure keeps the expected share of false ones below a level however the
/// tests hang together; Benjamini and Hochberg's needs them to be positively dependent. Ours are the same payments cut in many ways, where one
/// part's excess is another part's lack, so the stricter one is used.
/// </summary>
internal static class FalseDiscoveries
{
    /// <summary>The largest p that may be believed; 0 when none may.</summary>
    /// <param name="tests">How many were made; those without a p are counted as 1.</param>
    public static double Limit(IReadOnlyCollection<double> ps, int tests, double level, bool anyDependence = true)
    {
        var share = level / tests / (anyDependence ? Harmonic(tests) : 1);
        var limit = 0.0;
        foreach (var (i, p) in ps.Order().Index())
        {
            if (p <= share * (i + 1))
                limit = p;
        }

        return limit;
    }

    private static double Harmonic(int n)
    {
        double sum = 0;
        for (var i = 1; i <= n; i++)
            sum += 1.0 / i;
        return sum;
    }
}
