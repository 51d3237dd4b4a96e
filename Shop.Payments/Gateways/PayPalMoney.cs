using System.Collections.Frozen;
using System.Globalization;

namespace Shop.Payments.Gateways;

/// <summary>PayPal writes amounts as decimal text, with as many decimals as it gives the currency; we count the currency's smallest unit.</summary>
internal static class PayPalMoney
{
    private const decimal Farthest = 1_000_000_000_000_000m; // PayPal takes no more, and a long holds it in every currency

    // Ours are Stripe's as well. PayPal takes forints and Taiwan dollars whole.
    private static readonly FrozenDictionary<string, (int Ours, int PayPals)> Decimals =
        "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD ILS MXN MYR NOK NZD PHP PLN SEK SGD THB USD".Split(' ')
            .Select(currency => KeyValuePair.Create(currency, (2, 2)))
            .Append(KeyValuePair.Create("HUF", (2, 0))).Append(KeyValuePair.Create("TWD", (2, 0))).Append(KeyValuePair.Create("JPY", (0, 0)))
            .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static IEnumerable<string> Currencies => Decimals.Keys;

    /// <returns>Null for what PayPal cannot take: another currency, or a part of what it takes only whole.</returns>
    public static string? TextOf(long minor, string currency)
    {
        if (!Decimals.TryGetValue(currency, out var decimals))
            return null;

        var amount = minor / Scale(decimals.Ours);
        return decimal.Round(amount, decimals.PayPals) == amount
            ? amount.ToString($"F{decimals.PayPals}", CultureInfo.InvariantCulture) : null;
    }

    /// <returns>Null for what is no amount of this currency.</returns>
    public static long? MinorOf(string? text, string? currency)
    {
        if (currency is null || !Decimals.TryGetValue(currency, out var decimals)
            || !decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var amount)
            || Math.Abs(amount) > Farthest)
            return null;

        var minor = amount * Scale(decimals.Ours);
        return decimal.Truncate(minor) == minor ? (long)minor : null;
    }

    private static decimal Scale(int decimals) => decimals is 0 ? 1m : 100m;
}
