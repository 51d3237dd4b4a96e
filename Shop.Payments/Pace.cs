using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Shop.Payments;

internal sealed class PaceOptions
{
    public const string Section = "Shop";

    /// <summary>One factor over every wait, so that drills and tests run the real code in compressed time.</summary>
    [Range(0.001, 10)] public double TimeScale { get; init; } = 1;
}

/// <summary>
/// How long we choose to wait. Limits (a lease, a budget, a call's timeout) do not scale: the outside world is as slow as it is.
/// </summary>
internal sealed class Pace(IOptions<PaceOptions> options, TimeProvider clock)
{
    public TimeSpan Of(TimeSpan wait) => wait * options.Value.TimeScale;

    public Task WaitAsync(TimeSpan wait, CancellationToken ct) => Task.Delay(Of(wait), clock, ct);
}
