using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace Shop.Web.Checkout;

/// <summary>Where the gateway serves its card form. Card numbers are typed there and never come here.</summary>
internal sealed class HostedFieldsOptions
{
    public const string Section = "HostedFields";

    /// <summary>Null: this shop takes no cards yet, and says so where one would be entered.</summary>
    public Uri? Url { get; init; }

    /// <summary>Says whose shop the card is for. It is public, and can do nothing but turn a card into a token.</summary>
    [RegularExpression("^pk_(test|live)_.+")] public string PublishableKey { get; init; } = "";

    [MemberNotNullWhen(true, nameof(Url), nameof(Origin))] public bool IsSetUp => Url is not null;

    public string? Origin => Url?.GetLeftPart(UriPartial.Authority);

    /// <summary>The form inside our page; it talks to <paramref name="ours"/> alone.</summary>
    public string Frame(Uri ours) => $"{Origin}/stripe/elements/card"
        + $"?origin={Uri.EscapeDataString(ours.GetLeftPart(UriPartial.Authority))}&pk={Uri.EscapeDataString(PublishableKey)}";

    /// <summary>The form as a page of its own, for browsers without JavaScript; it returns with <c>?payment_method=</c>.</summary>
    public string Page(Uri returnUrl) => $"{Origin}/stripe/elements/card/page?return_url={Uri.EscapeDataString(returnUrl.AbsoluteUri)}";
}
