using Shop.Payments.Patterns;

namespace Shop.Tests.Unit;

/// <summary>Against values worked out in exact fractions.</summary>
public sealed class PatternTailTests
{
    [Theory]
    [InlineData(8, 15, 0.02, 1.4530960792399275e-10)]
    [InlineData(14, 22, 0.021, 8.854337169348455e-19)]
    [InlineData(2, 10, 0.1, 0.2639010709)]
    [InlineData(50, 100, 0.5, 0.5397946186935894)]
    [InlineData(0, 10, 0.1, 1)]
    [InlineData(11, 10, 0.1, 0)]
    public void The_binomial_tail_is_exact(int k, int n, double p, double expected) => Close(expected, Tail.BinomialAtLeast(k, n, p));

    [Theory]
    [InlineData(5, 10, 1, 1, 0.5454545454545454)] // without any knowledge every count is as likely
    [InlineData(8, 15, 2, 98, 9.905776695818304e-08)]
    [InlineData(3, 20, 9, 411, 0.010594762373152666)]
    public void A_rate_known_from_history_has_a_heavier_tail(int k, int n, double failures, double successes, double expected)
    {
        Close(expected, Tail.BetaBinomialAtLeast(k, n, failures, successes));
        if (failures > 1)
            Assert.True(expected > Tail.BinomialAtLeast(k, n, failures / (failures + successes)));
    }

    [Fact]
    public void With_a_long_history_it_is_the_binomial() =>
        Close(Tail.BinomialAtLeast(8, 15, 0.02), Tail.BetaBinomialAtLeast(8, 15, 0.02e8, 0.98e8), 1e-3);

    [Theory]
    [InlineData(8, 15, 9, 55, 4.1269016639172734e-05)]
    [InlineData(3, 4, 4, 8, 0.24285714285714285)] // Fisher's lady with her tea
    public void Fishers_tail_is_exact(int k, int n, int failures, int all, double expected) => Close(expected, Tail.HypergeometricAtLeast(k, n, failures, all));

    [Fact]
    public void At_most_is_what_at_least_leaves() => Close(1 - Tail.BinomialAtLeast(4, 20, 0.3), Tail.BinomialAtMost(3, 20, 0.3));

    [Fact]
    public void Of_many_tests_those_are_believed_that_Benjamini_and_Hochberg_believe()
    {
        // Their own example of 1995: 15 p-values at 0.05, of which the first four are believed.
        double[] ps = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0];

        Assert.Equal(0.0095, FalseDiscoveries.Limit(ps, ps.Length, 0.05, anyDependence: false));
        Assert.Equal(0.0019, FalseDiscoveries.Limit(ps, ps.Length, 0.05)); // however they depend on each other: 3.3 times as strict
        Assert.Equal(0, FalseDiscoveries.Limit([0.02], 100, 0.05));
    }

    private static void Close(double expected, double actual, double part = 1e-9) =>
        Assert.True(Math.Abs(actual - expected) <= part * Math.Max(expected, 1e-300), $"{actual} is not {expected}");
}
