using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Shop.Simulator.PayPal;

/// <summary>Money as PayPal writes it: a string with the currency's decimals.</summary>
internal static partial class Amounts
{
    private static readonly string[] Known =
    [
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
    ];

    /// <summary>These have no decimals at PayPal, whatever the standard says.</summary>
    private static readonly string[] Whole = ["HUF", "JPY", "TWD"];

    /// <summary>In minor units of the standard, in which only the yen of them has none.</summary>
    public static (long Minor, string Currency) Read(JsonNode? money, string field)
    {
        var currency = PayPalFailure.Text(money, "currency_code", field) ?? throw PayPalFailure.Missing($"{field}/currency_code");
        var value = PayPalFailure.Text(money, "value", field) ?? throw PayPalFailure.Missing($"{field}/value");
        if (!Known.Contains(currency))
            throw PayPalFailure.Refused("INVALID_CURRENCY_CODE", "Currency code is invalid or is not currently supported.", $"{field}/currency_code", currency);
        if (value.Length > 32 || !Syntax().IsMatch(value))
            throw PayPalFailure.Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", $"{field}/value", value);

        var amount = decimal.Parse(value, NumberStyles.Number, CultureInfo.InvariantCulture);
        if (amount <= 0)
            throw PayPalFailure.Refused("CANNOT_BE_ZERO_OR_NEGATIVE", "Must be greater than zero.", $"{field}/value", value);
        if (Whole.Contains(currency) && amount != decimal.Truncate(amount))
            throw PayPalFailure.Refused("DECIMALS_NOT_SUPPORTED", "Currency does not support decimals.", $"{field}/value", value);
        if (amount * 100 != decimal.Truncate(amount * 100))
            throw PayPalFailure.Refused("DECIMAL_PRECISION", "The value of the field should not be more than two decimal places.", $"{field}/value", value);
        if (amount > 9_999_999.99m)
            throw PayPalFailure.Refused("MAX_VALUE_EXCEEDED", "Should be less than or equal to 9999999.99.", $"{field}/value", value);
        return ((long)(amount * Units(currency)), currency);
    }

    public static JsonObject Json(long minor, string currency) => new()
    {
        ["currency_code"] = currency,
        ["value"] = ((decimal)minor / Units(currency)).ToString(Whole.Contains(currency) ? "0" : "0.00", CultureInfo.InvariantCulture),
    };

    private static long Units(string currency) => currency == "JPY" ? 1 : 100;

    [GeneratedRegex(@"^-?([0-9]+|[0-9]*\.[0-9]+)$")]
    private static partial Regex Syntax();
}
