using System.Text;
using Shop.Payments.Disputes;

namespace Shop.Payments.Gateways;

/// <summary>
/// What a gateway told us about one operation. Not charged is said only where it is known; everything else is unknown, a state with a
/// clock and an owner.
/// </summary>
internal abstract record GatewayAnswer
{
    public Facts Facts { get; init; } = Facts.None;

    /// <summary>About the gateway, never about the card: only this moves a breaker.</summary>
    public virtual bool IsFault => false;

    /// <summary>The word an attempt is filed under.</summary>
    public abstract string Class { get; }

    /// <param name="ApprovalUrl">Where the shopper agrees to the payment, at a gateway that asks them on a page of its own; null where none does.</param>
    public sealed record Created(string Id, string? ApprovalUrl = null) : GatewayAnswer
    {
        public override string Class => "created";

        protected override bool PrintMembers(StringBuilder builder) => false; // the address is the shopper's alone
    }

    /// <summary>The shopper has agreed on the gateway's page. Nothing was taken: only our own confirm takes it.</summary>
    public sealed record Approved : GatewayAnswer
    {
        public override string Class => "approved";
    }

    public sealed record Charged(long AmountMinor, string Currency) : GatewayAnswer
    {
        public override string Class => "charged";
    }

    /// <summary>The bank has set the money aside and waits to be told to hand it over. Nothing was taken yet; canceling sets it free.</summary>
    public sealed record Authorized : GatewayAnswer
    {
        public override string Class => "authorized";
    }

    /// <summary>Which card it is; see the facts.</summary>
    public sealed record MethodRead : GatewayAnswer
    {
        public override string Class => "method_read";
    }

    public sealed record ActionNeeded(string? Url) : GatewayAnswer
    {
        public override string Class => "action_needed";

        protected override bool PrintMembers(StringBuilder builder) => false; // the address is the shopper's alone
    }

    /// <summary>The intent waits for a (new) card. No proof of anything while a confirm may be on its way.</summary>
    public sealed record AwaitsCard(string Reason) : GatewayAnswer
    {
        public override string Class => "awaits_card";
    }

    /// <param name="IsKnown">False for a refusal in words of tomorrow: it is one for a call that is the first of its key, and proves nothing about an earlier one.</param>
    public sealed record NotCharged(Refusal By, string Reason, bool IsKnown = true) : GatewayAnswer
    {
        public override string Class => "not_charged";
        public override bool IsFault => By is Refusal.NotSent or Refusal.OurKey;
    }

    public sealed record Refunded(string Id, long AmountMinor) : GatewayAnswer
    {
        public override string Class => "refunded";
    }

    public sealed record RefundPending(string Id) : GatewayAnswer
    {
        public override string Class => "refund_pending";
    }

    /// <summary>Definitive: the money is still here.</summary>
    public sealed record RefundFailed(string? Id, string Why) : GatewayAnswer
    {
        public override string Class => "refund_failed";
    }

    /// <summary>The intent has no refund that carries our id.</summary>
    public sealed record NoRefund : GatewayAnswer
    {
        public override string Class => "no_refund";
    }

    /// <summary>How a dispute or a fraud warning stands.</summary>
    public sealed record DisputeRead(DisputeFacts Dispute) : GatewayAnswer
    {
        public override string Class => "dispute_read";
    }

    public sealed record Unknown(string Reason, bool Fault) : GatewayAnswer
    {
        public override string Class => "unknown";
        public override bool IsFault => Fault;
    }
}

/// <summary>NotSent: this call never left; an earlier one may have. OurKey and OurRequest: refused before anything was executed. Ended: the gateway failed over it, and its intent took nothing.</summary>
internal enum Refusal { Card, Canceled, NotSent, OurKey, OurRequest, Ended }

/// <summary>What an engineer and the gateway's support ask for. No secrets.</summary>
/// <param name="IsReplayed">The gateway repeated what it had said under this key before: the call has ended, and things may have moved since.</param>
internal sealed record Facts(
    string? GatewayId = null, string? RequestId = null, int? HttpStatus = null, string? Code = null, string? DeclineCode = null,
    string? AdviceCode = null, string? NetworkCode = null, string? ChargeId = null, CardFacts? Card = null, bool IsReplayed = false,
    SavedMethodFacts? Saved = null)
{
    public static Facts None { get; } = new();
}

/// <summary>What may be known of a card, and only in our rows: it prints nothing, so that no log or span holds it.</summary>
/// <param name="Fingerprint">The same for every use of one card. From the gateway as it is; filed as an HMAC (<see cref="CardFingerprints"/>).</param>
internal sealed record CardFacts(string? Brand, string? Last4, string? Country, string? Fingerprint)
{
    public override string ToString() => nameof(CardFacts);
}

/// <summary>What the gateway keeps for the shopper's next order, because they asked for it. Prints nothing: whoever holds the token can charge.</summary>
/// <param name="Label">For people: "Visa •4242", "PayPal".</param>
internal sealed record SavedMethodFacts(string Token, string Label, string? CustomerId)
{
    public override string ToString() => nameof(SavedMethodFacts);
}
