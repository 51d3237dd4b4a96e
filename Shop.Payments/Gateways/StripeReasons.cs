using Shop.Data.Orders;

namespace Shop.Payments.Gateways;

/// <summary>Stripe's codes in our words. Total: a code of tomorrow is a plain decline.</summary>
internal static class StripeReasons
{
    public static string Of(string? code, string? declineCode) =>
        Known(declineCode) ?? Known(code) ?? Reasons.CardDeclined;

    private static string? Known(string? code) => code switch
    {
        "insufficient_funds" or "withdrawal_count_limit_exceeded" or "card_velocity_exceeded" => Reasons.InsufficientFunds,
        "expired_card" => Reasons.CardExpired,
        "incorrect_cvc" or "invalid_cvc" or "incorrect_number" or "invalid_number" or "invalid_expiry_month" or "invalid_expiry_year"
            or "incorrect_zip" or "incorrect_address" or "incorrect_pin" or "invalid_pin" => Reasons.CardDetailsWrong,
        "processing_error" or "issuer_not_available" or "reenter_transaction" or "approve_with_id" or "try_again_later"
            => Reasons.BankTemporarilyUnavailable,
        "authentication_required" or "offline_pin_required" or "online_or_offline_pin_required" => Reasons.AuthenticationNeeded,
        "payment_intent_authentication_failure" => Reasons.AuthenticationFailed,
        // Fraud declines read the same to everybody: a thief learns nothing from them.
        "lost_card" or "stolen_card" or "pickup_card" or "restricted_card" or "fraudulent" or "merchant_blacklist"
            or "revocation_of_authorization" or "revocation_of_all_authorizations" or "stop_payment_order" or "card_decline_rate_limit_exceeded"
            => Reasons.CardRefusedForGood,
        "card_not_supported" or "currency_not_supported" or "invalid_account" or "new_account_information_available" or "not_permitted"
            or "testmode_decline" or "duplicate_transaction" or "invalid_amount" => Reasons.CardNotAccepted,
        "generic_decline" or "do_not_honor" or "call_issuer" or "no_action_taken" or "security_violation" or "service_not_allowed"
            or "transaction_not_allowed" or "do_not_try_again" or "card_declined" or "pin_try_exceeded" => Reasons.CardDeclined,
        _ => null,
    };
}
