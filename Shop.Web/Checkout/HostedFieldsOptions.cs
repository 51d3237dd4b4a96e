using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace Shop.Web.Checkout;

/// <summary>
/// Where the gateway serves its card form: Stripe's own Elements, or a page that stands in for them. Card numbers are typed there and never
/// come here.
/// </summary>
internal sealed class HostedFieldsOptions
{
    public const string Section = "HostedFields";

    // The release train that our card.js was written for; Stripe serves it by name, and only from there.
    private const string StripeScript = "https://js.stripe.com/dahlia/stripe.js";

    // What Stripe documents for Elements, less the maps of its address field. docs.stripe.com/security/guide#content-security-policy
    private const string StripeScripts = "https://*.js.stripe.com https://js.stripe.com";
    private const string StripeFrames = "https://*.js.stripe.com https://js.stripe.com https://hooks.stripe.com";
    private const string StripeCalls = "https://api.stripe.com";

    /// <summary>A page that stands in for Stripe's fields, in a frame. Null for the real ones.</summary>
    public Uri? Url { get; init; }

    /// <summary>Says whose shop the card is for. It is public, and can do nothing but turn a card into a token.</summary>
    [RegularExpression("^pk_(test|live)_.+")] public string PublishableKey { get; init; } = "";

    /// <summary>False: this shop takes no cards yet, and says so where one would be entered.</summary>
    public bool IsSetUp => PublishableKey.Length > 0;

    [MemberNotNullWhen(true, nameof(Url), nameof(Origin))] public bool IsFramed => Url is not null;

    public string? Origin => Url?.GetLeftPart(UriPartial.Authority);

    /// <summary>Null where the form is a frame.</summary>
    public string? Script => IsSetUp && !IsFramed ? StripeScript : null;

    public string ScriptSources => Script is null ? "" : $" {StripeScripts}";
    public string CallSources => Script is null ? "" : $" {StripeCalls}";
    public string FrameSources => IsFramed ? Origin : Script is null ? "'none'" : StripeFrames;

    /// <summary>The form inside our page; it talks to <paramref name="ours"/> alone.</summary>
    public string Frame(Uri ours) => $"{Origin}/stripe/elements/card"
        + $"?origin={Uri.EscapeDataString(ours.GetLeftPart(UriPartial.Authority))}&pk={Uri.EscapeDataString(PublishableKey)}";

    /// <summary>
    /// The form as a page of its own, for browsers without JavaScript; it returns with <c>?payment_method=</c>. Null where there is none: Stripe's
    /// fields are a script.
    /// </summary>
    public string? Page(Uri returnUrl) => IsFramed ? $"{Origin}/stripe/elements/card/page?return_url={Uri.EscapeDataString(returnUrl.AbsoluteUri)}" : null;
}

/// <summary>A page where a card may be entered: its content security policy lets the gateway's form in, and no other page's does.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TakesCardsAttribute : Attribute;
