using System.ComponentModel.DataAnnotations;

namespace Shop.Api.Checkout;

/// <summary>Bound from <c>Checkout</c>. The defaults are production values; all scale with <see cref="ShopTime"/>. Its limits are rungs of Timeouts.</summary>
internal sealed class CheckoutOptions
{
    public const string Section = "Checkout";
    public const string DeadlinePolicy = "checkout";

    /// <summary>How long goods stay reserved for a payment.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")] public TimeSpan Hold { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>No payment of an order starts later than this after it was placed.</summary>
    [Range(typeof(TimeSpan), "00:05:00", "1.00:00:00")] public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(60);

    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:10")] public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);
}
