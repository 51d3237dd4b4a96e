using System.Globalization;

namespace Shop.Simulator.Gateways;

internal static class Money
{
    /// <summary>For people: <c>19.99 EUR</c>. Of the currencies known here only the yen has no decimals.</summary>
    public static string Show(long minor, string currency) =>
        (currency == "jpy" ? $"{minor}" : (minor / 100m).ToString("0.00", CultureInfo.InvariantCulture)) + $" {currency.ToUpperInvariant()}";
}
