using System.ComponentModel.DataAnnotations;

namespace Shop.Web.Api;

/// <summary>How long pages wait for the Api. Each total has room for one repetition, and each attempt outlasts the Api's own limit.</summary>
internal sealed class ApiWaits
{
    public const string Section = "ApiWaits";

    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")] public TimeSpan ReadAttempt { get; init; } = TimeSpan.FromSeconds(5);
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")] public TimeSpan ReadTotal { get; init; } = TimeSpan.FromSeconds(11);
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")] public TimeSpan CheckoutAttempt { get; init; } = TimeSpan.FromSeconds(12);
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")] public TimeSpan CheckoutTotal { get; init; } = TimeSpan.FromSeconds(26);

    public bool HasRoomToRepeat => 2 * ReadAttempt < ReadTotal && 2 * CheckoutAttempt < CheckoutTotal;
}
