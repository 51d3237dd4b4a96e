using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Patterns;

namespace Shop.Tests.Fixtures;

/// <summary>A shop's payments, drawn: so many orders a day, the usual part of them failing for the usual causes, and nothing wrong unless it is planted.</summary>
internal sealed class PaymentWeeks(int seed, int ordersADay = 100, double failing = 0.02)
{
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private readonly Random _random = new(seed);
    private int _stories;

    private static readonly (string Value, double Share)[] Brands = [("visa", 0.5), ("mastercard", 0.35), ("amex", 0.1), ("diners", 0.05)];
    private static readonly (string Value, double Share)[] Countries = [("DE", 0.55), ("AT", 0.15), ("FR", 0.1), ("NL", 0.08), ("CH", 0.07), ("US", 0.05)];
    private static readonly (string Value, double Share)[] Bands = [("less than 25", 0.3), ("25 to 100", 0.45), ("100 to 300", 0.2), ("300 or more", 0.05)];
    private static readonly (string Value, double Share)[] Endpoints = [("checkout", 0.97), ("automatic_retry", 0.03)];

    private static readonly (Failure Failure, double Share)[] Failures =
    [
        (new(Side.Bank, Reasons.InsufficientFunds, "insufficient_funds"), 0.35), (new(Side.Bank, Reasons.CardDeclined, "generic_decline"), 0.2),
        (new(Side.Bank, Reasons.CardDeclined, "do_not_honor"), 0.15), (new(Side.Shopper, Reasons.CardDetailsWrong, "incorrect_cvc"), 0.1),
        (new(Side.Bank, Reasons.CardExpired, "expired_card"), 0.05), (new(Side.Gateway, Reasons.OutcomeUnknown, Reasons.OutcomeUnknown), 0.1),
        (new(Side.Us, Reasons.GatewayRefusedRequest, "parameter_invalid"), 0.05),
    ];

    /// <summary>Story by story in the order of time, without hours.</summary>
    public List<Try> Draw(double fromDay, double days)
    {
        List<List<Try>> stories = [];
        // As people buy: hardly any at night, most of them in the evening.
        for (var day = fromDay; day < fromDay + days; day++)
        {
            var orders = Poisson(ordersADay);
            for (var i = 0; i < orders; i++)
            {
                double hour;
                do
                    hour = _random.NextDouble() * 24;
                while (_random.NextDouble() > 0.55 - 0.45 * Math.Cos((hour - 5) / 24 * 2 * Math.PI));
                stories.Add(Story(Start.AddDays(day).AddHours(hour)));
            }
        }

        stories.Sort((a, b) => a[0].At.CompareTo(b[0].At));
        List<Try> tries = [];
        foreach (var story in stories)
        {
            tries.AddRange(story.Select(t => t with { Story = _stories, Order = 100_000 + _stories }));
            _stories++;
        }

        return tries;
    }

    // Who was declined often tries again, with the same card or another one, and mostly pays in the end.
    private List<Try> Story(DateTimeOffset at)
    {
        List<Try> story = [One(at)];
        while (story is { Count: < 4 } and [.., { Failure: not null } last] && _random.NextDouble() < 0.6)
        {
            at = at.AddMinutes(1 + 9 * _random.NextDouble());
            var next = _random.NextDouble() < 0.5 ? last : One(at);
            var isRefusedAgain = _random.NextDouble() < 0.3;
            story.Add(next with
            {
                At = at, Levels = [.. next.Levels.Select(l => l.Fact is PatternFact.Endpoint ? l with { Value = "pay_again" } : l)],
                Failure = isRefusedAgain ? last.Failure : null,
            });
        }

        return story;
    }

    private Try One(DateTimeOffset at)
    {
        Level[] levels = _random.NextDouble() < 0.25
            ? [new(PatternFact.Gateway, "PayPal"), new(PatternFact.Method, "PayPal"), new(PatternFact.Endpoint, Pick(Endpoints)), new(PatternFact.Amount, Pick(Bands)), Release(at)]
            :
            [
                new(PatternFact.CardBrand, Pick(Brands)), new(PatternFact.CardCountry, Pick(Countries)), new(PatternFact.Gateway, "Stripe"),
                new(PatternFact.Method, _random.NextDouble() < 0.1 ? "a saved card" : "a card"), new(PatternFact.Endpoint, Pick(Endpoints)),
                new(PatternFact.Amount, Pick(Bands)), Release(at), .. _random.NextDouble() < 0.1 ? [new Level(PatternFact.Flag, Flags.KeepsTheMethod)] : Array.Empty<Level>(),
            ];
        return new(0, 0, at, levels, _random.NextDouble() < failing ? Pick(Failures) : null);
    }

    // A new one twice a week.
    private static Level Release(DateTimeOffset at) => new(PatternFact.Release, $"1.{(int)((at - Start).TotalDays / 3.5)}");

    /// <summary>For the windows of days: the same tries with the hour they were made.</summary>
    public static List<Try> WithHours(IEnumerable<Try> tries) =>
        [.. tries.Select(t => t with { Levels = [.. t.Levels, new(PatternFact.Hour, t.At.Hour.ToString("00", System.Globalization.CultureInfo.InvariantCulture))] })];

    public static Usual UsualOf(IEnumerable<Try> tries) => new(Counts.OfTries(tries));

    /// <summary>Turns the first payments of a random pair from some random time on into failures of one kind, until so many more failed than would have.</summary>
    /// <returns>The pair; null when there are too few payments of it.</returns>
    public Cell? Plant(List<Try> tries, DateTimeOffset from, TimeSpan within, int excess)
    {
        var here = tries.Where(t => t.At >= from && t.At < from + within).ToList();
        for (var attempt = 0; attempt < 1000 && here is not []; attempt++)
        {
            var like = here[_random.Next(here.Count)].Levels;
            var (one, other) = (_random.Next(like.Length), _random.Next(like.Length));
            if (one == other)
                continue;
            var cell = new Cell(like[Math.Min(one, other)], like[Math.Max(one, other)]);
            var mine = here.Where(cell.Holds).ToList();
            var failed = here.Where(t => t.Failure is not null).Select(t => t.Story).ToHashSet();
            var fine = mine.Where(t => !failed.Contains(t.Story)).ToList(); // one try is a story
            if (fine.Count < excess + 2)
                continue;
            // Two facts that say the same (each PayPal payment is at PayPal) or nearly so are no pair that anybody could tell from one of them.
            if (((Level[])[cell.First!.Value, cell.Second!.Value]).Any(single => mine.Count > 0.6 * here.Count(t => t.Levels.Contains(single))))
                continue;

            // Spread over the time as chance has it, and not every one of them.
            var failure = Pick(Failures);
            foreach (var chosen in fine.OrderBy(_ => _random.Next()).Take(excess))
                tries[tries.IndexOf(chosen)] = chosen with { Failure = failure };
            return cell;
        }

        return null;
    }

    public T Pick<T>((T Value, double Share)[] all)
    {
        var at = _random.NextDouble() * all.Sum(a => a.Share);
        foreach (var (value, share) in all)
        {
            if ((at -= share) < 0)
                return value;
        }

        return all[^1].Value;
    }

    public double Next() => _random.NextDouble();

    private int Poisson(double mean)
    {
        var (k, p) = (0, 1.0);
        var limit = Math.Exp(-mean);
        do
        {
            k++;
            p *= _random.NextDouble();
        }
        while (p > limit);
        return k - 1;
    }
}

/// <summary>How good the miner is, measured.</summary>
internal static class MinerQuality
{
    private static readonly PatternOptions Options = new();
    private static readonly PatternMiner Miner = new(Options);

    /// <summary>Looks at weeks in which nothing is wrong, each <paramref name="every"/>, and counts as the shop does: what is of the same failures is one finding.</summary>
    public static int FalseFindings(int seed, int weeks, TimeSpan every, List<string>? said = null)
    {
        var world = new PaymentWeeks(seed);
        var tries = world.Draw(0, 28 + 7 * weeks);
        List<Pattern> found = [];
        Usual? usual = null, usualDays = null;
        var (drawnAt, days) = (DateTimeOffset.MinValue, new List<Try>());
        for (var now = PaymentWeeks.Start.AddDays(28); now < PaymentWeeks.Start.AddDays(28 + 7 * weeks); now += every)
        {
            if (now - drawnAt >= TimeSpan.FromHours(6))
            {
                usual = PaymentWeeks.UsualOf(tries.Where(t => t.At > now - Options.History && t.At <= now.AddDays(-1)));
                usualDays = PaymentWeeks.UsualOf(PaymentWeeks.WithHours(tries.Where(t => t.At > now - Options.History && t.At <= now.AddDays(-7))));
                days = PaymentWeeks.WithHours(tries.Where(t => t.At > now.AddDays(-7) && t.At <= now));
                drawnAt = now;
            }

            var recent = Between(tries, now.AddDays(-1), now);
            foreach (var finding in Miner.Mine(recent, days, usual!, usualDays!, now))
            {
                if (found.Any(p => Shop.Payments.Patterns.PatternWatch.IsSame(p, finding)))
                    continue;
                found.Add(new Pattern
                {
                    Id = Guid.NewGuid(), Traffic = PatternTraffic.Shop, Outcome = finding.Outcome.Kind, OutcomeValue = finding.Outcome.Value, Failures = finding.Failures,
                    Payments = finding.Stories, UsualRate = finding.UsualRate, PValue = finding.PValue, BeganAt = finding.Began, LastFailureAt = finding.LastFailure,
                    Orders = [.. finding.Orders], FoundAt = now, SeenAt = now, Fact1 = finding.Cell.First?.Fact, Level1 = finding.Cell.First?.Value,
                    Fact2 = finding.Cell.Second?.Fact, Level2 = finding.Cell.Second?.Value, Side = finding.Side,
                });
                said?.Add(found[^1].Says(now));
            }
        }

        return found.Count;
    }

    /// <summary>
    /// One planting. Found: a finding whose failures are mostly the planted ones speaks of all the payments they were planted in, and of at most three
    /// times as many. Named: it speaks of just those (gateway PayPal and method PayPal are the same payments).
    /// </summary>
    public static (bool Found, bool Named, string Said) Recall(int seed, int excess = 8)
    {
        var world = new PaymentWeeks(seed);
        var tries = world.Draw(0, 30);
        TimeSpan[] lengths = [TimeSpan.FromHours(3), TimeSpan.FromHours(8), TimeSpan.FromHours(16), TimeSpan.FromHours(23)];
        var from = PaymentWeeks.Start.AddDays(29).AddHours(world.Next() * 12);
        Cell? planted = null;
        var before = tries.Where(t => t.Failure is not null).Select(t => t.Order).ToHashSet();
        var length = lengths[seed % lengths.Length];
        planted = world.Plant(tries, from, length, excess);
        if (planted is not { } pair)
            return Recall(seed + 1_000_003, excess); // nothing there has so many payments in so short a time

        var now = from + length;
        var usual = PaymentWeeks.UsualOf(tries.Where(t => t.At > now - Options.History && t.At <= now.AddDays(-1)));
        var usualDays = PaymentWeeks.UsualOf(PaymentWeeks.WithHours(tries.Where(t => t.At > now - Options.History && t.At <= now.AddDays(-7))));
        var findings = Miner.Mine(Between(tries, now.AddDays(-1), now), PaymentWeeks.WithHours(Between(tries, now.AddDays(-7), now)), usual, usualDays, now);
        var day = Between(tries, now.AddDays(-1), now);
        var there = day.Where(pair.Holds).ToList();
        var mine = findings.Where(f => f.Orders.Count(o => !before.Contains(o)) * 2 > excess && there.TrueForAll(f.Cell.Holds)).ToList();
        return (mine.Exists(f => day.Count(f.Cell.Holds) <= 3 * there.Count), mine.Exists(f => day.Count(f.Cell.Holds) == there.Count), $"{pair} in {length.TotalHours} h: {string.Join(" | ", findings.Select(f => $"{f.Cell} {f.Outcome} {f.Failures}/{f.Stories} p {f.PValue:E1}"))}");
    }

    private static List<Try> Between(List<Try> tries, DateTimeOffset after, DateTimeOffset until) => [.. tries.Where(t => t.At > after && t.At <= until)];
}
