using System.Text.RegularExpressions;
using Shop.Api.Carts;
using Shop.Data.Payments;

namespace Shop.Api.Checkout;

/// <param name="TotalMinor">What the shopper was shown. Another total is refused, so nobody pays what they did not see.</param>
/// <param name="PaymentToken">The gateway's token for what was entered on its own form; no card ever comes here. None for PayPal, nor for a saved method.</param>
/// <param name="SavedMethod">One that was kept for the signed-in shopper.</param>
/// <param name="SaveMethod">The signed-in shopper has ticked the box beside <c>saveText</c>.</param>
/// <param name="Phone">Nobody has to give one.</param>
/// <param name="FallbackMethod">Saved, at another gateway, and to be charged without asking again should this one be in trouble.</param>
internal sealed partial record CheckoutRequest(
    string? Email, string? Name, string? Line1, string? Line2, string? PostalCode, string? City, string? Country, int? CartVersion, long? TotalMinor,
    string? PaymentToken, string? Provider, Guid? SavedMethod = null, bool SaveMethod = false, Guid? FallbackMethod = null, string? Phone = null)
{
    private const int MaxLength = 200;

    // Where we deliver, and what a postal code looks like there.
    private static readonly Dictionary<string, Regex> PostalCodes = new(StringComparer.Ordinal)
    {
        ["AT"] = FourDigits(), ["BE"] = FourDigits(), ["DE"] = FiveDigits(), ["DK"] = FourDigits(), ["ES"] = FiveDigits(), ["FI"] = FiveDigits(),
        ["FR"] = FiveDigits(), ["IE"] = Eircode(), ["IT"] = FiveDigits(), ["LU"] = FourDigits(), ["NL"] = DutchCode(), ["PL"] = PolishCode(),
        ["PT"] = PortugueseCode(), ["SE"] = SwedishCode(),
    };

    public static IReadOnlyCollection<string> Countries => PostalCodes.Keys;

    /// <summary>Without the blanks that people and their keyboards leave around what they type.</summary>
    public CheckoutRequest Trimmed() => this with
    {
        Email = Email?.Trim(), Name = Name?.Trim(), Line1 = Line1?.Trim(), Line2 = string.IsNullOrWhiteSpace(Line2) ? null : Line2.Trim(),
        PostalCode = PostalCode?.Trim().ToUpperInvariant(), City = City?.Trim(), Phone = string.IsNullOrWhiteSpace(Phone) ? null : Phone.Trim(), Country = Country?.Trim().ToUpperInvariant(),
    };

    /// <summary>By field, in the names of the JSON; empty when all is well.</summary>
    public Dictionary<string, string[]> Errors()
    {
        Dictionary<string, string[]> errors = [];
        Require(IsEmail(Email), "email", "Please enter a valid e-mail address.");
        Text(Name, "name", "Please enter your name.");
        Text(Line1, "line1", "Please enter street and house number.");
        Require(Line2 is null || IsText(Line2), "line2", $"Please use at most {MaxLength} characters.");
        Text(City, "city", "Please enter the town.");
        if (Country is null || !PostalCodes.TryGetValue(Country, out var postalCode))
            errors["country"] = [$"We deliver to {string.Join(", ", Countries)}."];
        else
            Require(PostalCode is not null && postalCode.IsMatch(PostalCode), "postalCode", "Please check the postal code.");
        Require(Phone is null || IsPhone(Phone), "phone", "Please check the phone number: digits, such as +49 30 1234567.");
        Require(CartVersion is not null, "cartVersion", "Please say which version of the cart this is.");
        Require(TotalMinor is > 0, "totalMinor", "Please say which total was shown.");
        Payment(errors, PaymentToken, Provider, SavedMethod);
        Require(FallbackMethod is null || Provider is "stripe", "fallbackMethod", "Only a card can have another way to pay behind it.");
        return errors;

        void Text(string? value, string field, string missing) => Require(
            value is { Length: > 0 } && IsText(value), field,
            value is { Length: > MaxLength } ? $"Please use at most {MaxLength} characters." : missing);

        void Require(bool holds, string field, string otherwise)
        {
            if (!holds)
                errors[field] = [otherwise];
        }
    }

    private static bool IsPhone(string phone) => phone.Length <= 40 && PhoneShape().IsMatch(phone) && phone.Count(char.IsAsciiDigit) is >= 5 and <= 15;

    public static bool IsEmail(string? email) => email is { Length: <= MaxLength } && EmailShape().IsMatch(email);

    public static void Payment(Dictionary<string, string[]> errors, string? paymentToken, string? provider, Guid? savedMethod)
    {
        var way = ProviderOf(provider);
        if (way is null)
            errors["provider"] = ["Please choose a way to pay."];
        if (way is PaymentProvider.PayPal || savedMethod is not null)
        {
            if (paymentToken is not null)
                errors["paymentToken"] = ["Please choose one way to pay."];
        }
        else if (paymentToken is null || !TokenShape().IsMatch(paymentToken))
            errors["paymentToken"] = ["Please enter your card again."];
    }

    public static PaymentProvider? ProviderOf(string? provider) => provider switch
    {
        "stripe" => PaymentProvider.Stripe,
        "paypal" => PaymentProvider.PayPal,
        _ => null,
    };

    /// <summary>
    /// What is ordered, by whom, at which price. Not the payment token: a form sent twice may carry two tokens for one card, and is one order.
    /// </summary>
    public string Digest() => IdempotencyKey.DigestOf(
    [
        "checkout", $"{CartVersion}", $"{TotalMinor}", Email!, Name!, Line1!, Line2 ?? "", PostalCode!, City!, Country!, Provider!,
        .. Phone is null ? Array.Empty<string>() : [Phone], // without one it is what it was before one could be given
    ]);

    public PaymentChoice Choice() => new(ProviderOf(Provider)!.Value, SavedMethod, SaveMethod && SavedMethod is null, FallbackMethod);

    /// <summary>Never what was typed: a record prints its members.</summary>
    public override string ToString() => nameof(CheckoutRequest);

    private static bool IsText(string value) => value.Length <= MaxLength && !value.Any(char.IsControl);

    // Shape only: whether it exists is found out by writing to it.
    [GeneratedRegex(@"^[^@\s""<>\p{C}]{1,64}@[^@\s""<>.\p{C}]+(\.[^@\s""<>.\p{C}]+)+$")]
    private static partial Regex EmailShape();

    [GeneratedRegex(@"^\+?[0-9 ()/.-]+$")]
    private static partial Regex PhoneShape();

    [GeneratedRegex("^pm_[A-Za-z0-9_]{1,190}$")]
    private static partial Regex TokenShape();

    [GeneratedRegex("^[0-9]{4}$")]
    private static partial Regex FourDigits();

    [GeneratedRegex("^[0-9]{5}$")]
    private static partial Regex FiveDigits();

    [GeneratedRegex("^[0-9]{4} ?[A-Z]{2}$")]
    private static partial Regex DutchCode();

    [GeneratedRegex("^[0-9]{2}-[0-9]{3}$")]
    private static partial Regex PolishCode();

    [GeneratedRegex("^[0-9]{4}-[0-9]{3}$")]
    private static partial Regex PortugueseCode();

    [GeneratedRegex("^[0-9]{3} ?[0-9]{2}$")]
    private static partial Regex SwedishCode();

    [GeneratedRegex("^[A-Z][0-9][0-9W] ?[A-Z0-9]{4}$")]
    private static partial Regex Eircode();
}
