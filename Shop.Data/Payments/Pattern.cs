using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>Shop is real shoppers'; Drill is synthetic traffic, which is mined by itself and never mixed with the other.</summary>
public enum PatternTraffic { Shop, Drill }

/// <summary>What is known of a try to pay before anybody knows how it ends. A closed set.</summary>
public enum PatternFact { CardBrand, CardCountry, Gateway, Method, Endpoint, Amount, Release, Flag, Hour }

/// <summary>How a try failed, the coarser before the finer.</summary>
public enum PatternOutcome { Any, Side, Reason, Code }

/// <summary>Words of <see cref="PaymentAttempt.Endpoint"/>: what made us try.</summary>
public static class Endpoints
{
    public const string Checkout = "checkout";
    public const string PayAgain = "pay_again";

    /// <summary>The shopper has agreed on the gateway's page, and that takes the money.</summary>
    public const string Approval = "approval";

    /// <summary>Nobody asked for it now: a try before it was postponed, or unknown, or at a gateway in trouble.</summary>
    public const string AutomaticRetry = "automatic_retry";
}

/// <summary>Words of <see cref="PaymentAttempt.Flags"/>: what was switched on then.</summary>
public static class Flags
{
    public const string LookedAtMoreClosely = "looked_at_more_closely";
    public const string KeepsTheMethod = "keeps_the_method";
    public const string GatewayForcedOpen = "gateway_forced_open";
}

/// <summary>
/// Payments that have one fact or two in common and fail together more often than they should. One row from its first failure until it is
/// over, whatever is learned about it meanwhile.
/// </summary>
public sealed class Pattern
{
    /// <summary>Failed orders that are kept, by which the pattern is known again.</summary>
    public const int MostOrders = 200;

    public required Guid Id { get; init; }
    public required PatternTraffic Traffic { get; init; }

    /// <summary>Null where nothing is in common but the time.</summary>
    public PatternFact? Fact1 { get; set; }
    public string? Level1 { get; set; }
    public PatternFact? Fact2 { get; set; }
    public string? Level2 { get; set; }

    public required PatternOutcome Outcome { get; set; }

    /// <summary>A side, a reason or the gateway's code; empty for any failure.</summary>
    public required string OutcomeValue { get; set; }

    /// <summary>Whose side the failures were on, where it is one.</summary>
    public Side? Side { get; set; }

    /// <summary>Of so many <see cref="Payments"/>; a shopper who tried five times is one.</summary>
    public required int Failures { get; set; }
    public required int Payments { get; set; }

    /// <summary>What part of such payments fails like this otherwise.</summary>
    public required double UsualRate { get; set; }

    public required double PValue { get; set; }
    public required DateTimeOffset BeganAt { get; set; }
    public required DateTimeOffset LastFailureAt { get; set; }

    /// <summary>Numbers of the orders that failed so, the newest first.</summary>
    public required long[] Orders { get; set; }

    public required DateTimeOffset FoundAt { get; init; }

    /// <summary>When it was last there to be found.</summary>
    public required DateTimeOffset SeenAt { get; set; }

    /// <summary>Null while it lasts.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>All of it in one sentence.</summary>
    public string Says(DateTimeOffset now)
    {
        var when = EndedAt is null ? $"Since {Time(BeganAt)}" : $"From {Time(BeganAt)} to {Time(LastFailureAt)}";
        var usual = (UsualRate * 100).ToString("0.0", CultureInfo.InvariantCulture);
        var examples = Orders.Length is 1 ? $"for example order {Orders[0]}" : $"for example orders {string.Join(", ", Orders.Take(3))}";
        return $"{when} UTC, {Failures} of {Payments} {Which()} {How()} (usual: {usual} %); {examples}.";

        string Time(DateTimeOffset at) => at.UtcDateTime.ToString(at.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm" : "d MMM HH:mm", CultureInfo.InvariantCulture);
    }

    private string Which()
    {
        var of = new (PatternFact? Fact, string? Level)[] { (Fact1, Level1), (Fact2, Level2) }.Where(f => f.Fact is not null).ToDictionary(f => f.Fact!.Value, f => f.Level!);
        List<string> words = ["payments"];
        // As people say it, whatever the order in which the facts were tested.
        if (of.ContainsKey(PatternFact.CardBrand) || of.ContainsKey(PatternFact.CardCountry))
        {
            var brand = of.TryGetValue(PatternFact.CardBrand, out var name) ? $"{BrandName(name)} cards" : "cards";
            words.Add($"with {brand}{(of.TryGetValue(PatternFact.CardCountry, out var country) ? $" from {country}" : "")}");
        }

        if (of.TryGetValue(PatternFact.Method, out var method))
            words.Add($"with {method}");
        if (of.TryGetValue(PatternFact.Gateway, out var gateway))
            words.Add($"at {gateway}");
        if (of.TryGetValue(PatternFact.Amount, out var amount))
            words.Add($"of {amount}");
        if (of.TryGetValue(PatternFact.Endpoint, out var endpoint))
        {
            words.Add(endpoint switch
            {
                Endpoints.Checkout => "at checkout",
                Endpoints.PayAgain => "that were tried again by the shopper",
                Endpoints.Approval => "after the shopper's approval",
                Endpoints.AutomaticRetry => "that we tried again by ourselves",
                _ => $"by {endpoint}",
            });
        }

        if (of.TryGetValue(PatternFact.Release, out var release))
            words.Add($"in release {release}");
        if (of.TryGetValue(PatternFact.Flag, out var flag))
            words.Add(flag switch
            {
                Flags.LookedAtMoreClosely => "whose card was looked at more closely",
                Flags.KeepsTheMethod => "that keep the method for the next order",
                Flags.GatewayForcedOpen => "while the gateway was forced open",
                _ => $"with {flag}",
            });
        if (of.TryGetValue(PatternFact.Hour, out var hour))
            words.Add($"between {hour}:00 and {hour}:59 UTC of each day");
        return string.Join(' ', words);
    }

    private string How()
    {
        var plain = Side switch
        {
            Shop.Data.Orders.Side.Bank => "were declined by their bank",
            Shop.Data.Orders.Side.Gateway => "failed at the gateway",
            Shop.Data.Orders.Side.Us => "failed by an error of ours",
            Shop.Data.Orders.Side.Shopper => "failed on the shopper's side",
            Shop.Data.Orders.Side.Stock => "failed for lack of stock",
            _ => "failed",
        };
        return Outcome is PatternOutcome.Reason or PatternOutcome.Code ? $"{plain} with {OutcomeValue}" : plain;
    }

    private static string BrandName(string brand) => brand switch
    {
        "visa" => "Visa", "mastercard" => "Mastercard", "amex" => "American Express", "diners" => "Diners Club", "jcb" => "JCB", "unionpay" => "UnionPay",
        _ => JsonNamingPolicy.CamelCase.ConvertName(brand),
    };
}

internal sealed class PatternConfiguration : IEntityTypeConfiguration<Pattern>
{
    public void Configure(EntityTypeBuilder<Pattern> pattern)
    {
        pattern.ToTable("patterns", ShopDbContext.PaymentsSchema, t =>
        {
            t.HasCheckConstraint("ck_patterns_facts",
                "(fact1 IS NULL) = (level1 IS NULL) AND (fact2 IS NULL) = (level2 IS NULL) AND (fact2 IS NULL OR fact1 IS NOT NULL)");
            t.HasCheckConstraint("ck_patterns_counts", "failures BETWEEN 1 AND payments");
        });
        pattern.HasKey(p => p.Id);
        pattern.HasIndex(p => p.FoundAt).HasFilter("ended_at IS NULL").HasDatabaseName("ix_patterns_open");
        pattern.HasIndex(p => p.SeenAt);
    }
}
