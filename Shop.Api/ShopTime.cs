using System.ComponentModel.DataAnnotations;

namespace Shop.Api;

/// <summary>One factor over every wait of the shop, so that drills and tests run the real code in compressed time. Bound from <c>Shop</c>.</summary>
internal sealed class ShopTime
{
    public const string Section = "Shop";

    [Range(0.001, 10)] public double TimeScale { get; init; } = 1;

    public TimeSpan Of(TimeSpan real) => real * TimeScale;
}
