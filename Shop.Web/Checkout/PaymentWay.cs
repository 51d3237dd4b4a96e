namespace Shop.Web.Checkout;

/// <summary>What a shopper pays with: a card that is entered now, PayPal, or one of the two that we keep for them.</summary>
/// <param name="Method">card or paypal.</param>
/// <param name="Saved">Which of those that are kept; null for one that is not.</param>
public sealed record PaymentWay(string Method, Guid? Saved = null)
{
    public static readonly PaymentWay Card = new("card");
    public static readonly PaymentWay PayPal = new("paypal");

    /// <summary>The gateway that takes it.</summary>
    public string Provider => Method is "paypal" ? "paypal" : "stripe";

    public bool IsCardEntered => this == Card;

    /// <summary>Null for anything that no form of ours sends.</summary>
    public static PaymentWay? Read(string? word) => word?.Split(':', 2) switch
    {
        ["card" or "paypal"] => new(word),
        ["card" or "paypal", var id] when Guid.TryParse(id, out var saved) => new(word[..word.IndexOf(':', StringComparison.Ordinal)], saved),
        _ => null,
    };

    public override string ToString() => Saved is { } id ? $"{Method}:{id}" : Method;
}
