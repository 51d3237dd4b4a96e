using System.ComponentModel.DataAnnotations;

namespace Shop.Simulator.Shoppers;

/// <summary>Where the synthetic shoppers buy.</summary>
internal sealed class ShopOptions
{
    public const string Section = "Simulator:Shop";

    /// <summary>Its Api; without one there are no shoppers and no drill.</summary>
    public Uri? Api { get; init; }

    /// <summary>Its storefront, where they look at goods and come back from PayPal; without one they do that at the Api.</summary>
    public Uri? Web { get; init; }

    /// <summary>For one answer of the shop, which waits itself until a payment is settled.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:02:00")] public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a shopper looks at an order that is not settled yet before they go on.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:02:00")] public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks at an order.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:30")] public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Between two shoppers of a drill, on average.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")] public TimeSpan Pace { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>After the last fault is over: for every payment to be settled.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")] public TimeSpan Settle { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>For a whole drill, whatever happens in it.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Longest { get; init; } = TimeSpan.FromMinutes(15);
}
