using System.Globalization;
using System.Net.Mail;
using Shop.Web.Edge;

namespace Shop.Web.Checkout;

/// <summary>
/// One checkout as the shopper fills it in. Its key, the cart's version and the total are those of the page that was looked at, so sending the
/// form again (a double click, a reload, a second try after a lost answer) is the same checkout.
/// </summary>
public sealed record CheckoutForm
{
    public string Email { get; init; } = "";
    public string Name { get; init; } = "";
    public string Line1 { get; init; } = "";
    public string Line2 { get; init; } = "";
    public string PostalCode { get; init; } = "";
    public string City { get; init; } = "";
    public string Phone { get; init; } = "";
    public string Country { get; } = "DE";
    public PaymentWay Way { get; init; } = PaymentWay.Card;
    public string? PaymentToken { get; init; }

    /// <summary>To be kept for the next order.</summary>
    public bool Saves { get; init; }

    /// <summary>What may be charged instead, of those that are kept, while cards are in trouble.</summary>
    public Guid? Fallback { get; init; }

    public long CartVersion { get; init; }
    public long TotalMinor { get; init; }
    public Guid Key { get; init; } = Guid.CreateVersion7();

    public static CheckoutForm Read(IFormCollection form)
    {
        var way = PaymentWay.Read(form[nameof(Way)]) ?? PaymentWay.Card;
        return new()
        {
            Way = way, Saves = ReadSaves(form, way),
            Fallback = way.Method is "card" && Guid.TryParse(form[nameof(Fallback)], out var other) ? other : null,
            Email = Text(form, nameof(Email)),
            Name = Text(form, nameof(Name)),
            Line1 = Text(form, nameof(Line1)),
            Line2 = Text(form, nameof(Line2)),
            PostalCode = Text(form, nameof(PostalCode)),
            City = Text(form, nameof(City)),
            Phone = Text(form, nameof(Phone)),
            PaymentToken = ReadCard(form, way),
            CartVersion = long.TryParse(form[nameof(CartVersion)], CultureInfo.InvariantCulture, out var version) ? version : 0,
            TotalMinor = long.TryParse(form[nameof(TotalMinor)], CultureInfo.InvariantCulture, out var total) ? total : 0,
            Key = Guid.TryParse(form[nameof(Key)], out var key) ? key : Guid.CreateVersion7(),
        };
    }

    /// <summary>Each way has a box of its own, as only one of them is seen.</summary>
    public static string SaveName(PaymentWay way) => way.Method is "paypal" ? "SavePayPal" : "SaveCard";

    public static bool ReadSaves(IFormCollection form, PaymentWay way) => way.Saved is null && form.ContainsKey(SaveName(way));

    /// <summary>The card that was entered, if it is what they pay with.</summary>
    public static string? ReadCard(IFormCollection form, PaymentWay way) => way.IsCardEntered ? CardToken(form[nameof(PaymentToken)]) : null;

    /// <summary>The gateway's name for a card: <c>pm_…</c>. Anything else, card numbers above all, stops here.</summary>
    public static string? CardToken(string? word) =>
        Tokens.Clean(word) is { } token && token.StartsWith("pm_", StringComparison.Ordinal) ? token : null;

    /// <summary>What is wrong, by field, in words to show beside it; the Api checks again.</summary>
    public Dictionary<string, string> Check()
    {
        var wrong = new Dictionary<string, string>();
        if (Email.Length > 254 || !MailAddress.TryCreate(Email, out var address) || address.Address != Email)
            wrong[nameof(Email)] = "Enter an e-mail address, such as name@example.org.";
        Require(nameof(Name), Name, "Enter the name of the person who receives the parcel.");
        Require(nameof(Line1), Line1, "Enter the street and house number.");
        if (Line2.Length > 100)
            wrong[nameof(Line2)] = "Use no more than 100 characters.";
        if (PostalCode.Length != 5 || !PostalCode.All(char.IsAsciiDigit))
            wrong[nameof(PostalCode)] = "Enter five digits.";
        Require(nameof(City), City, "Enter the town or city.");
        if (Phone is not "" && (Phone.Length > 40 || Phone.Count(char.IsAsciiDigit) is < 5 or > 15 || !Phone.All(c => char.IsAsciiDigit(c) || " ()/.-".Contains(c, StringComparison.Ordinal) || (c == '+' && Phone[0] == '+' && Phone.LastIndexOf('+') == 0))))
            wrong[nameof(Phone)] = "Enter a phone number, such as +49 30 1234567, or leave it empty.";
        if (Way.IsCardEntered && PaymentToken is null)
            wrong[nameof(PaymentToken)] = "Enter your card details.";
        return wrong;

        void Require(string field, string value, string message)
        {
            if (value is "")
                wrong[field] = message;
            else if (value.Length > 100)
                wrong[field] = "Use no more than 100 characters.";
        }
    }

    private static string Text(IFormCollection form, string field) => form[field].ToString().Trim();
}
