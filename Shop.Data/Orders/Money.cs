namespace Shop.Data.Orders;

/// <summary>Amounts as sentences carry them.</summary>
public static class Money
{
    /// <summary>12.50 from 1250, and 12.50 EUR with its currency.</summary>
    public static string Text(long minor, string? currency = null) => $"{minor / 100}.{minor % 100:00}{(currency is null ? "" : $" {currency}")}";
}
