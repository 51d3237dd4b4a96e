using System.ComponentModel.DataAnnotations;

namespace Shop.Api.RateLimits;

/// <summary>Bound from <c>RateLimits</c>. An office, a campus or a mobile network may stand behind one address.</summary>
internal sealed class RateLimitOptions : IValidatableObject
{
    public const string Section = "RateLimits";

    /// <summary>For drills and tests, where all the world comes from one address.</summary>
    public bool Lifted { get; init; }

    /// <summary>Every request that may change something: a shopper makes some ten to twenty of them on the way to an order.</summary>
    public RateLimit Writes { get; init; } = new() { Permits = 600, Window = TimeSpan.FromMinutes(1) };

    /// <summary>Several endpoints share it, and an office signs in at nine.</summary>
    public RateLimit SignIn { get; init; } = new() { Permits = 20, Window = TimeSpan.FromMinutes(1) };

    public RateLimit Mail { get; init; } = new() { Permits = 10, Window = TimeSpan.FromMinutes(10) };

    /// <summary>What browsers tell about themselves. A page tells five things at most.</summary>
    public RateLimit Reports { get; init; } = new() { Permits = 60, Window = TimeSpan.FromMinutes(1) };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, limit) in new[] { (nameof(Writes), Writes), (nameof(SignIn), SignIn), (nameof(Mail), Mail), (nameof(Reports), Reports) })
        {
            if (limit is not { Permits: >= 1 and <= 1_000_000 } || limit.Window < TimeSpan.FromSeconds(1) || limit.Window > TimeSpan.FromDays(1))
                yield return new($"{Section}:{name} needs 1 to 1,000,000 Permits in a Window of one second to one day.", [name]);
        }
    }
}

internal sealed class RateLimit
{
    public int Permits { get; init; }
    public TimeSpan Window { get; init; }
}
