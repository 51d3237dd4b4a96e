using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Patterns;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>What is found, how it is said, and that nothing is found where nothing is. Seeds are fixed; Load/PatternMinerBenchmark draws fresh ones.</summary>
public sealed class PatternMinerTests
{
    private static readonly PatternOptions Options = new();
    private static readonly PatternMiner Miner = new(Options);
    private static readonly DateTimeOffset Now = PaymentWeeks.Start.AddDays(29).AddHours(18);
    private static readonly Failure Declined = new(Side.Bank, Reasons.InsufficientFunds, "insufficient_funds");
    private static readonly Level Visa = new(PatternFact.CardBrand, "visa");
    private static readonly Level German = new(PatternFact.CardCountry, "DE");

    [Fact]
    public void Of_weeks_in_which_nothing_is_wrong_hardly_anything_is_said()
    {
        List<string> said = [];
        var found = Enumerable.Range(11, 2).Sum(seed => MinerQuality.FalseFindings(seed, weeks: 1, every: TimeSpan.FromMinutes(10), said));

        Assert.True(found <= 2, string.Join('\n', said));
    }

    [Fact]
    public void Eight_more_failures_than_usual_in_one_pair_of_facts_are_found()
    {
        const int Plantings = 60;
        var results = Enumerable.Range(0, Plantings).Select(i => MinerQuality.Recall(seed: 31 * i)).ToList();

        Assert.True(results.Count(r => r.Found) >= 0.9 * Plantings, string.Join('\n', results.Where(r => !r.Found).Select(r => r.Said)));
        Assert.True(results.Count(r => r.Named) >= 0.8 * Plantings, string.Join('\n', results.Where(r => !r.Named).Select(r => r.Said)));
    }

    [Fact]
    public void A_pair_is_said_once_and_neither_of_its_facts_alone()
    {
        var (tries, usual) = Day();
        Fail(tries, t => t.Levels.Contains(Visa) && t.Levels.Contains(German) && t.At > Now.AddHours(-4));

        var finding = Assert.Single(Mine(tries, usual));

        Assert.Equal(new Cell(Visa, German), finding.Cell);
        Assert.Equal(Side.Bank, finding.Side);
        Assert.False(finding.IsOver);
        Assert.True(finding.Began > Now.AddHours(-4));
    }

    [Fact]
    public void One_fact_is_said_where_it_explains_all_its_pairs()
    {
        var (tries, usual) = Day();
        Fail(tries, t => t.Levels.Contains(German) && t.At > Now.AddHours(-4));

        Assert.Equal(new Cell(German, null), Assert.Single(Mine(tries, usual)).Cell);
    }

    [Fact]
    public void Where_everything_fails_it_is_said_of_all_payments()
    {
        var (tries, usual) = Day();
        Fail(tries, t => t.At > Now.AddHours(-2));

        Assert.Equal(default, Assert.Single(Mine(tries, usual)).Cell);
    }

    [Fact]
    public void A_shopper_who_tries_a_bad_card_many_times_is_one()
    {
        var (tries, usual) = Day();
        var at = Now.AddHours(-1);
        var bad = tries.First(t => t.Levels.Contains(Visa));
        tries.AddRange(Enumerable.Range(0, 12).Select(i => bad with { Story = 1_000_000, Order = 999, At = at.AddMinutes(i), Failure = Declined }));

        Assert.Empty(Mine(tries, usual));
    }

    [Fact]
    public void What_is_over_is_said_to_be_over()
    {
        var (tries, usual) = Day();
        var (from, to) = (Now.AddHours(-10), Now.AddHours(-6));
        Fail(tries, t => t.Levels.Contains(German) && t.At > from && t.At < to);

        var finding = Assert.Single(Mine(tries, usual));

        Assert.True(finding.IsOver);
        Assert.True(finding.Began >= from && finding.LastFailure <= to);
    }

    [Fact]
    public void What_fails_each_night_at_the_same_hour_is_found_by_its_hour()
    {
        var tries = new PaymentWeeks(5, ordersADay: 300).Draw(0, 29).Where(t => t.At <= Now).ToList();
        var usual = PaymentWeeks.UsualOf(tries.Where(t => t.At <= Now.AddDays(-1)));
        var usualDays = PaymentWeeks.UsualOf(PaymentWeeks.WithHours(tries.Where(t => t.At <= Now.AddDays(-7))));
        for (var i = 0; i < tries.Count; i++)
        {
            // Too few in any one night to be seen.
            if (tries[i].At > Now.AddDays(-7) && tries[i].At.Hour is 3 && tries[i].Failure is null && i % 2 == 0)
                tries[i] = tries[i] with { Failure = Declined };
        }

        var recent = tries.Where(t => t.At > Now.AddDays(-1)).ToList();
        var findings = Miner.Mine(recent, PaymentWeeks.WithHours(tries.Where(t => t.At > Now.AddDays(-7))), usual, usualDays, Now);

        Assert.Equal(new Level(PatternFact.Hour, "03"), Assert.Single(findings).Cell.First);
    }

    [Fact]
    public void The_same_failures_are_the_same_pattern_however_they_are_put()
    {
        Finding found = new(new(German, null), Outcome.Any, Side.Bank, 3, 4, 0.02, 1e-9, Now, Now, [1, 2, 3, 4], false);

        Assert.True(PatternWatch.IsSame(Said([1, 2, 9, 10]), found));
        Assert.False(PatternWatch.IsSame(Said([1, 8, 9, 10]), found));
    }

    [Fact]
    public void A_pattern_is_said_in_one_sentence()
    {
        var began = new DateTimeOffset(2026, 11, 20, 14, 5, 0, TimeSpan.Zero);
        var pattern = new Pattern
        {
            Id = Guid.NewGuid(), Traffic = PatternTraffic.Shop, Fact1 = PatternFact.CardBrand, Level1 = "visa", Fact2 = PatternFact.CardCountry, Level2 = "DE",
            Outcome = PatternOutcome.Side, OutcomeValue = "Bank", Side = Side.Bank, Failures = 14, Payments = 22, UsualRate = 0.0213, PValue = 1e-18, BeganAt = began,
            LastFailureAt = began.AddHours(2), Orders = [100123, 100145], FoundAt = began, SeenAt = began,
        };

        Assert.Equal("Since 14:05 UTC, 14 of 22 payments with Visa cards from DE were declined by their bank (usual: 2.1 %); for example orders 100123, 100145.",
            pattern.Says(began.AddHours(3)));
        pattern.EndedAt = pattern.LastFailureAt;
        (pattern.Fact1, pattern.Level1, pattern.Fact2, pattern.Level2) = (PatternFact.Gateway, "Stripe", PatternFact.Endpoint, Endpoints.AutomaticRetry);
        (pattern.Outcome, pattern.OutcomeValue, pattern.Side) = (PatternOutcome.Code, "TimeoutException", Side.Gateway);
        Assert.Equal("From 20 Nov 14:05 to 20 Nov 16:05 UTC, 14 of 22 payments at Stripe that we tried again by ourselves failed at the gateway with TimeoutException (usual: 2.1 %); "
            + "for example orders 100123, 100145.", pattern.Says(began.AddDays(1)));
    }

    /// <summary>Four weeks and a day of a shop that is well.</summary>
    private static (List<Try> Day, Usual Usual) Day()
    {
        var tries = new PaymentWeeks(seed: 3, ordersADay: 200).Draw(0, 30);
        return ([.. tries.Where(t => t.At > Now.AddDays(-1) && t.At <= Now)], PaymentWeeks.UsualOf(tries.Where(t => t.At <= Now.AddDays(-1))));
    }

    private static void Fail(List<Try> tries, Func<Try, bool> which)
    {
        for (var i = 0; i < tries.Count; i++)
        {
            if (which(tries[i]) && i % 5 > 0) // not every one of them
                tries[i] = tries[i] with { Failure = Declined };
        }
    }

    private static IReadOnlyList<Finding> Mine(List<Try> tries, Usual usual) => Miner.Mine(tries, [], usual, usual, Now);

    private static Pattern Said(long[] orders) => new()
    {
        Id = Guid.NewGuid(), Traffic = PatternTraffic.Shop, Outcome = PatternOutcome.Any, OutcomeValue = "", Failures = 4, Payments = 4, UsualRate = 0.02, PValue = 1e-9,
        BeganAt = Now, LastFailureAt = Now, Orders = orders, FoundAt = Now, SeenAt = Now,
    };
}
