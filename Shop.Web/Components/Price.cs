using System.Globalization;

namespace Shop.Web.Components;

internal static class Price
{
    /// <summary>€1,234.50 from 123450; a currency without a sign of its own is named before the number.</summary>
    public static string Text(long minor, string currency)
    {
        var amount = (Math.Abs((decimal)minor) / 100).ToString("N2", CultureInfo.InvariantCulture);
        return (minor < 0 ? "−" : "") + (currency is "EUR" ? $"€{amount}" : $"{currency} {amount}");
    }
}
