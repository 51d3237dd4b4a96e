using System.Security.Cryptography;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Load;

/// <summary>How good the miner is, on fresh seeds, looking each minute as it does in the shop. Figures for people, and the two that are promised.</summary>
public sealed class PatternMinerBenchmark(ITestOutputHelper output)
{
    [Fact]
    public void False_findings_a_week_and_recall()
    {
        const int Weeks = 2;
        const int Plantings = 300;
        var seed = RandomNumberGenerator.GetInt32(1_000_000);
        List<string> said = [];
        var wrong = Enumerable.Range(0, Weeks).Sum(i => MinerQuality.FalseFindings(seed + i, 1, TimeSpan.FromMinutes(1), said));
        var results = Enumerable.Range(0, Plantings).Select(i => MinerQuality.Recall(seed + 31 * i)).ToList();

        output.WriteLine($"seed {seed}: {wrong} false findings in {Weeks} weeks of 100 orders a day; of {Plantings} plantings of 8 "
            + $"{results.Count(r => r.Found)} found, {results.Count(r => r.Named)} named exactly");
        said.ForEach(output.WriteLine);
        Assert.True(wrong <= Weeks);
        Assert.True(results.Count(r => r.Found) >= 0.9 * Plantings);
    }
}
