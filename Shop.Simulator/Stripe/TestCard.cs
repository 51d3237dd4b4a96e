using Shop.Simulator.Gateways;

namespace Shop.Simulator.Stripe;

/// <summary>One of Stripe's published test cards: its number, the name by which servers use it, and what its bank does.</summary>
internal sealed record TestCard(string Number, string Name, string Meaning, string Brand = "visa")
{
    public Refusal? Refusal { get; init; }

    /// <summary>Of the bank.</summary>
    public string Country { get; init; } = "US";

    /// <summary>The bank asks the shopper first; a refusal, if there is one, comes after that.</summary>
    public bool AsksShopper { get; init; }
    public bool OnlyUntilSetUp { get; init; }

    public RefundFate Refunds { get; init; }

    /// <summary>Why the payment is taken back as soon as it was made.</summary>
    public string? Disputed { get; init; }

    /// <summary>Its bank warns of the payment as soon as it was made.</summary>
    public bool IsWarnedOf { get; init; }

    public string Last4 => Number[^4..];

    /// <summary>The same for the same card; drawn from its name, so nothing about a number can be worked out of it.</summary>
    public string Fingerprint => Ids.Stable(Name, 16);

    public const string Inquiry = "inquiry";

    public static IReadOnlyList<TestCard> All { get; } =
    [
        new("4242424242424242", "pm_card_visa", "succeeds"),
        new("5555555555554444", "pm_card_mastercard", "succeeds", "mastercard"),
        new("378282246310005", "pm_card_amex", "succeeds (four-digit CVC)", "amex"),
        new("4000056655665556", "pm_card_visa_debit", "succeeds"),
        new("4000002760000016", "pm_card_de", "succeeds, from Germany") { Country = "DE" },
        new("4000000400000008", "pm_card_at", "succeeds, from Austria") { Country = "AT" },
        new("4000002500000003", "pm_card_fr", "succeeds, from France") { Country = "FR" },
        new("4000000000000077", "pm_card_bypassPending", "succeeds"),
        new("4000000000007726", "pm_card_pendingRefund", "succeeds; its refunds are pending first") { Refunds = RefundFate.ArriveLater },
        new("4000000000005126", "pm_card_refundFail", "succeeds; its refunds fail later") { Refunds = RefundFate.ComeBack },
        new("4000000000000259", "pm_card_createDispute", "succeeds, then disputed as fraud") { Disputed = "fraudulent" },
        new("4000000000002685", "pm_card_createDisputeProductNotReceived", "succeeds, then disputed as not received") { Disputed = "product_not_received" },
        new("4000000000001976", "pm_card_createDisputeInquiry", "succeeds, then the bank inquires") { Disputed = Inquiry },
        new("4000000000005423", "pm_card_createIssuerFraudRecord", "succeeds, then the bank warns of fraud") { IsWarnedOf = true },
        new("4000000000000002", "pm_card_visa_chargeDeclined", "declined by the bank") { Refusal = Refusal.Generic },
        new("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient funds") { Refusal = Refusal.InsufficientFunds },
        new("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", "lost card") { Refusal = Refusal.Hard("lost_card", "41") },
        new("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", "stolen card") { Refusal = Refusal.Hard("stolen_card", "43") },
        new("4000000000006975", "pm_card_visa_chargeDeclinedVelocityLimitExceeded", "over its limit") { Refusal = Refusal.Velocity },
        new("4000000000000069", "pm_card_chargeDeclinedExpiredCard", "expired card") { Refusal = Refusal.Expired },
        new("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", "incorrect CVC") { Refusal = Refusal.IncorrectCvc },
        new("4000000000000119", "pm_card_chargeDeclinedProcessingError", "processing error") { Refusal = Refusal.ProcessingError },
        new("4000000000000341", "pm_card_chargeCustomerFail", "is accepted, then declined") { Refusal = Refusal.Generic },
        new("4100000000000019", "pm_card_radarBlock", "blocked as fraud") { Refusal = Refusal.Fraud },
        new("4000002760003184", "pm_card_authenticationRequired", "asks the shopper (3-D Secure)") { AsksShopper = true },
        new("4000002500003155", "pm_card_authenticationRequiredOnSetup", "asks the shopper until it is saved (3-D Secure)")
            { AsksShopper = true, OnlyUntilSetUp = true },
        new("4000000000003220", "pm_card_threeDSecure2Required", "asks the shopper (3-D Secure 2)") { AsksShopper = true },
        new("4000008260003178", "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "asks the shopper, then insufficient funds")
            { AsksShopper = true, Refusal = Refusal.InsufficientFunds },
    ];

    private static readonly Dictionary<string, TestCard> ByTheirNames = All.ToDictionary(c => c.Name);

    public static TestCard? ByNumber(string number) => All.FirstOrDefault(c => c.Number == number);

    public static TestCard? ByName(string name) => ByTheirNames.GetValueOrDefault(name == "pm_card_chargeDeclined" ? "pm_card_visa_chargeDeclined" : name);
}

/// <summary>What becomes of money that is sent back to a card.</summary>
internal enum RefundFate { Arrive, ArriveLater, ComeBack }

/// <summary>How a bank says no.</summary>
internal sealed record Refusal(string Code, string? DeclineCode, string Advice, string? NetworkCode, string Message)
{
    public static Refusal Generic { get; } = new("card_declined", "generic_decline", "try_again_later", "01", "Your card was declined.");
    public static Refusal InsufficientFunds { get; } =
        new("card_declined", "insufficient_funds", "try_again_later", "51", "Your card has insufficient funds.");
    public static Refusal Velocity { get; } = new("card_declined", "card_velocity_exceeded", "try_again_later", "65",
        "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.");
    public static Refusal Expired { get; } = new("expired_card", "expired_card", "do_not_try_again", "54", "Your card has expired.");
    public static Refusal IncorrectCvc { get; } =
        new("incorrect_cvc", "incorrect_cvc", "confirm_card_data", "82", "Your card's security code is incorrect.");
    public static Refusal ProcessingError { get; } = new("processing_error", "processing_error", "try_again_later", "96",
        "An error occurred while processing your card. Try again in a little bit.");
    public static Refusal Fraud { get; } = new("card_declined", "fraudulent", "do_not_try_again", null, "Your card was declined.");
    public static Refusal AuthenticationRequired { get; } = new("authentication_required", "authentication_required", "confirm_card_data", "1A",
        "Your card was declined. This transaction requires authentication.");

    /// <summary>As banks say <paramref name="code"/>: a decline code, or an error code that is one of its own.</summary>
    public static Refusal Of(string code) => code switch
    {
        "insufficient_funds" => InsufficientFunds,
        "card_velocity_exceeded" => Velocity,
        "expired_card" => Expired,
        "incorrect_cvc" => IncorrectCvc,
        "processing_error" => ProcessingError,
        "fraudulent" => Fraud,
        "authentication_required" => AuthenticationRequired,
        "card_decline_rate_limit_exceeded" => new(code, null, "try_again_later", null,
            "This card has been declined too many times. You can try to charge this card again after 24 hours."),
        "invalid_cvc" or "incorrect_number" or "invalid_number" or "invalid_expiry_month" or "invalid_expiry_year" or "incorrect_zip" or "incorrect_address" =>
            new(code, code, "confirm_card_data", null, "Your card's details are incorrect."),
        "lost_card" => Hard(code, "41"),
        "stolen_card" => Hard(code, "43"),
        "pickup_card" => Hard(code, "04"),
        "restricted_card" => Hard(code, "62"),
        "merchant_blacklist" or "revocation_of_authorization" or "revocation_of_all_authorizations" or "stop_payment_order" or "card_not_supported"
            or "currency_not_supported" or "invalid_account" or "new_account_information_available" or "not_permitted" => Hard(code, null),
        _ => Generic with { DeclineCode = code }, // the rest is soft, and a code of tomorrow is taken for that
    };

    public static Refusal Hard(string reason, string? networkCode) => new("card_declined", reason, "do_not_try_again", networkCode, "Your card was declined.");
}
