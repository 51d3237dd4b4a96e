using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace Shop.Web.Operations;

/// <summary>Which orders a list is about. The times are when they were placed: from included, to excluded.</summary>
public sealed record OrderFilter(
    string? Payment = null, string? Reason = null, string? Gateway = null, DateTimeOffset? From = null, DateTimeOffset? To = null, bool? Synthetic = null,
    long? Before = null)
{
    public static IReadOnlyList<string> Payments { get; } = ["none", "inFlight", "unknown", "actionNeeded", "deferred", "paid", "declined", "abandoned"];
    public static IReadOnlyList<string> Gateways { get; } = ["stripe", "paypal"];

    public bool IsEmpty => this == new OrderFilter();

    public string Address(string path, int? limit = null) => QueryHelpers.AddQueryString(path, new Dictionary<string, string?>
    {
        ["payment"] = Payment, ["reason"] = Reason, ["gateway"] = Gateway, ["from"] = Text(From), ["to"] = Text(To),
        ["synthetic"] = Synthetic switch { true => "true", false => "false", null => null }, ["before"] = Before?.ToString(CultureInfo.InvariantCulture),
        ["limit"] = limit?.ToString(CultureInfo.InvariantCulture),
    });

    /// <summary>As it came from an address or a form: what is no state, no time and no number is not asked for.</summary>
    public static OrderFilter Of(string? payment, string? reason, string? gateway, string? from, string? to, string? synthetic, string? before) => new(
        Payments.Contains(payment) ? payment : null, string.IsNullOrWhiteSpace(reason) ? null : reason.Trim(), Gateways.Contains(gateway) ? gateway : null,
        Time(from), Time(to), bool.TryParse(synthetic, out var only) ? only : null, long.TryParse(before, CultureInfo.InvariantCulture, out var number) ? number : null);

    // A browser's field has no time zone: it is UTC, as the page says.
    private static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;

    private static string? Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
