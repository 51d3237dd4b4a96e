using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Shop.Data.Orders;

namespace Shop.Payments.Gateways;

/// <summary>What PayPal's issue means for the call it refused.</summary>
internal enum PayPalSays
{
    /// <summary>A definitive no to this payment.</summary>
    Declined,

    /// <summary>Only the order itself says what is true: it may have been paid by the call whose answer was lost.</summary>
    AskTheOrder,

    /// <summary>The order can't be paid any more, unless it is already.</summary>
    Ended,

    /// <summary>PayPal wants to see the shopper first.</summary>
    AskTheShopper,

    /// <summary>Something is on its way.</summary>
    Wait,

    NoRefund,
    OurAccount,
    OurRequest,
}

/// <summary>PayPal's issues in our words. Total: of one of tomorrow the order itself is asked, and it is counted.</summary>
internal static class PayPalReasons
{
    private static readonly Meter Meter = new(PaymentTelemetry.Name);
    private static readonly Counter<long> Unknown =
        Meter.CreateCounter<long>(StripeReasons.UnknownCodes, "{answer}", "Answers with a code that has no words yet");

    private static readonly FrozenDictionary<string, (PayPalSays Says, string Reason)> Issues = Table(
        (PayPalSays.Declined, Reasons.PayPalFundingDeclined, """
            INSTRUMENT_DECLINED REDIRECT_PAYER_FOR_ALTERNATE_FUNDING PAYMENT_SOURCE_DECLINED_BY_PROCESSOR PAYMENT_SOURCE_CANNOT_BE_USED
            PAYMENT_SOURCE_INFO_CANNOT_BE_VERIFIED PAYMENT_SOURCE_NOT_SUPPORTED CARD_EXPIRED REFERENCED_CARD_EXPIRED INVALID_EXPIRY_DATE
            CARD_BRAND_NOT_SUPPORTED ALIAS_DECLINED_BY_PROCESSOR BANK_NOT_SUPPORTED_FOR_VERIFICATION CURRENCY_NOT_SUPPORTED_FOR_BANK
            """),
        (PayPalSays.Declined, Reasons.PayPalDeclined, """
            PAYER_CANNOT_PAY PAYER_ACCOUNT_RESTRICTED PAYER_ACCOUNT_LOCKED_OR_CLOSED TRANSACTION_LIMIT_EXCEEDED
            TRANSACTION_RECEIVING_LIMIT_EXCEEDED MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED DOMESTIC_TRANSACTION_REQUIRED
            DECLINED_DUE_TO_RELATED_TXN INVALID_PAYER_ID
            """),
        // A thief learns nothing from these: shoppers read a plain decline.
        (PayPalSays.Declined, Reasons.PayPalRefusedForGood, """
            TRANSACTION_REFUSED COMPLIANCE_VIOLATION PAYEE_BLOCKED_TRANSACTION TRANSACTION_BLOCKED_BY_PAYEE
            """),
        (PayPalSays.Declined, Reasons.SavedPayPalUnusable, """
            AGREEMENT_ALREADY_CANCELLED BILLING_AGREEMENT_NOT_FOUND BILLING_AGREEMENT_ID_MISMATCH TOKEN_EXPIRED TOKEN_ID_NOT_FOUND
            IDENTIFIER_NOT_FOUND MISMATCHED_VAULT_ID_TO_PAYMENT_SOURCE
            """),
        (PayPalSays.OurAccount, Reasons.GatewayRefusedOurKey, """
            PERMISSION_DENIED INVALID_ACCOUNT_STATUS PAYEE_ACCOUNT_INVALID PAYEE_ACCOUNT_LOCKED_OR_CLOSED PAYEE_ACCOUNT_RESTRICTED
            PAYEE_ACCOUNT_NOT_VERIFIED AUTH_CAPTURE_NOT_ENABLED
            """),
        (PayPalSays.AskTheOrder, Reasons.OutcomeUnknown, """
            ORDER_ALREADY_CAPTURED ORDER_ALREADY_AUTHORIZED ORDER_COMPLETED_OR_VOIDED DUPLICATE_INVOICE_ID AUTHORIZATION_ALREADY_CAPTURED
            AUTHORIZATION_VOIDED AUTHORIZATION_DENIED PREVIOUSLY_CAPTURED PREVIOUSLY_VOIDED CANNOT_BE_VOIDED MAX_CAPTURE_COUNT_EXCEEDED
            MAX_AUTHORIZATION_COUNT_EXCEEDED
            """),
        (PayPalSays.Ended, Reasons.NotConfirmedInTime, """
            ORDER_EXPIRED AUTHORIZATION_EXPIRED
            """),
        (PayPalSays.AskTheShopper, Reasons.AuthenticationNeeded, """
            ORDER_NOT_APPROVED PAYER_ACTION_REQUIRED CONSENT_NEEDED
            """),
        (PayPalSays.Wait, Reasons.OutcomeUnknown, """
            ORDER_COMPLETION_IN_PROGRESS PREVIOUS_REQUEST_IN_PROGRESS
            """),
        (PayPalSays.Wait, Reasons.PaymentProcessing, """
            PENDING_CAPTURE
            """),
        (PayPalSays.NoRefund, Reasons.RefundFailed, """
            CAPTURE_FULLY_REFUNDED REFUND_AMOUNT_EXCEEDED REFUND_AMOUNT_TOO_LOW REFUND_CAPTURE_CURRENCY_MISMATCH CURRENCY_MISMATCH
            REFUND_FAILED_INSUFFICIENT_FUNDS REFUND_IS_RESTRICTED REFUND_NOT_ALLOWED REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK
            REFUND_TIME_LIMIT_EXCEEDED PARTIAL_REFUND_NOT_ALLOWED MAX_NUMBER_OF_REFUNDS_EXCEEDED TRANSACTION_DISPUTED
            PLATFORM_FEE_EXCEEDED PLATFORM_FEE_NOT_ENABLED
            """),
        // What only a request of ours could be told, or one that this shop never makes: cards, banks, platforms, several units, shipping.
        (PayPalSays.OurRequest, Reasons.GatewayRefusedRequest, """
            ACTION_DOES_NOT_MATCH_INTENT AMOUNT_CANNOT_BE_SPECIFIED AMOUNT_MISMATCH APPLE_PAY_AMOUNT_MISMATCH
            AUTHORIZATION_AMOUNT_EXCEEDED AUTHORIZATION_CURRENCY_MISMATCH AUTH_CAPTURE_CURRENCY_MISMATCH BILLING_ADDRESS_INVALID
            BLIK_ONE_CLICK_MISSING_REQUIRED_PARAMETER CANCEL_URL_REQUIRED CANNOT_BE_NEGATIVE CANNOT_BE_ZERO_OR_NEGATIVE
            CARD_EXPIRY_REQUIRED CARD_NUMBER_REQUIRED CITY_REQUIRED CRYPTOGRAM_REQUIRED DECIMALS_NOT_SUPPORTED DECIMAL_PRECISION
            DONATION_ITEMS_NOT_SUPPORTED DUPLICATE_REFERENCE_ID EMV_DATA_REQUIRED GOOGLE_PAY_GATEWAY_MERCHANT_ID_MISMATCH
            IBAN_COUNTRY_NOT_SUPPORTED INCOMPATIBLE_PARAMETER_VALUE INVALID_ARRAY_MAX_ITEMS INVALID_ARRAY_MIN_ITEMS INVALID_COUNTRY_CODE
            INVALID_CURRENCY_CODE INVALID_FX_RATE_ID INVALID_GOOGLE_PAY_TOKEN INVALID_IBAN INVALID_PARAMETER_SYNTAX
            INVALID_PARAMETER_VALUE INVALID_PAYEE_PRICING_TIER_ID INVALID_PICKUP_ADDRESS INVALID_PLATFORM_FEES_ACCOUNT
            INVALID_PLATFORM_FEES_AMOUNT INVALID_PREVIOUS_TRANSACTION_REFERENCE INVALID_RESOURCE_ID INVALID_SECURITY_CODE_LENGTH
            INVALID_STRING_LENGTH INVALID_STRING_MAX_LENGTH ITEM_TOTAL_MISMATCH ITEM_TOTAL_REQUIRED MALFORMED_REQUEST_JSON
            MAX_CAPTURE_AMOUNT_EXCEEDED MAX_VALUE_EXCEEDED MERCHANT_INITIATED_WITH_AUTHENTICATION_RESULTS
            MERCHANT_INITIATED_WITH_MULTIPLE_PURCHASE_UNITS MERCHANT_INITIATED_WITH_SECURITY_CODE MISSING_CRYPTOGRAM
            MISSING_PICKUP_ADDRESS MISSING_PREVIOUS_REFERENCE MISSING_REQUIRED_PARAMETER MULTIPLE_ITEM_CATEGORIES
            MULTIPLE_SHIPPING_ADDRESS_NOT_SUPPORTED MULTIPLE_SHIPPING_OPTION_SELECTED MULTIPLE_SHIPPING_TYPE_NOT_SUPPORTED
            MULTI_CURRENCY_ORDER NOT_ELIGIBLE_FOR_PAYPAL_TRANSACTION_ID_PROCESSING NOT_ELIGIBLE_FOR_PNREF_PROCESSING
            NOT_ELIGIBLE_FOR_TOKEN_PROCESSING NOT_ENABLED_FOR_APPLE_PAY NOT_ENABLED_FOR_BANK_PROCESSING NOT_ENABLED_FOR_CARD_PROCESSING
            NOT_ENABLED_FOR_GOOGLE_PAY NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE NOT_SUPPORTED ONE_OF_PARAMETERS_REQUIRED
            ONLY_ONE_BANK_SOURCE_ALLOWED ORDER_CANNOT_BE_SAVED ORDER_COMPLETE_ON_PAYMENT_APPROVAL PAYEE_FX_RATE_ID_CURRENCY_MISMATCH
            PAYEE_FX_RATE_ID_EXPIRED PAYEE_NOT_ENABLED_FOR_BANK_PROCESSING PAYEE_NOT_ENABLED_FOR_CARD_PROCESSING
            PAYEE_PRICING_TIER_ID_NOT_ENABLED PAYMENT_SOURCE_MISMATCH PAYMENT_TYPE_NOT_SUPPORTED_FOR_INTENT PAYPAL_REQUEST_ID_REQUIRED
            PAYPAL_TRANSACTION_ID_EXPIRED PAYPAL_TRANSACTION_ID_NOT_FOUND PERMISSION_DENIED_FOR_DONATION_ITEMS PLATFORM_FEES_NOT_SUPPORTED
            PLATFORM_FEE_PAYEE_CANNOT_BE_SAME_AS_PAYER PNREF_EXPIRED PNREF_NOT_FOUND POSTAL_CODE_REQUIRED
            PREFERRED_PAYMENT_SOURCE_MISMATCH PREFERRED_SHIPPING_OPTION_AMOUNT_MISMATCH PREVIOUS_TRANSACTION_REFERENCE_HAS_CHARGEBACK
            PREVIOUS_TRANSACTION_REFERENCE_VOIDED REFERENCE_ID_REQUIRED REQUIRED_PARAMETER_FOR_CUSTOMER_INITIATED_PAYMENT
            RETURN_URL_REQUIRED SAVE_ORDER_NOT_SUPPORTED SETUP_ERROR_FOR_BANK SHIPPING_ADDRESS_INVALID SHIPPING_OPTIONS_NOT_SUPPORTED
            SHIPPING_OPTION_NOT_SELECTED SHIPPING_TYPE_NOT_SUPPORTED_FOR_CLIENT TAX_TOTAL_MISMATCH TAX_TOTAL_REQUIRED UNSUPPORTED_INTENT
            UNSUPPORTED_INTENT_FOR_PAYMENT_SOURCE UNSUPPORTED_PAYMENT_INSTRUCTION UNSUPPORTED_PROCESSING_INSTRUCTION
            UNSUPPORTED_SHIPPING_TYPE VAULT_INSTRUCTION_DUPLICATED VAULT_INSTRUCTION_REQUIRED
            """));

    public static bool Knows(string issue) => Issues.ContainsKey(issue);

    /// <param name="issue">Null where PayPal gave none.</param>
    public static (PayPalSays Says, string Reason) Of(string? issue)
    {
        if (issue is not null && Issues.TryGetValue(issue, out var meaning))
            return meaning;

        Unknown.Add(1);
        Activity.Current?.SetTag("shop.payment.unknown_code", issue ?? "none");
        return (PayPalSays.AskTheOrder, Reasons.PayPalDeclined);
    }

    /// <summary>Of a capture or authorization that reads declined. A processor's code is there for cards alone.</summary>
    public static string OfDecline(string? responseCode, string? adviceCode) => (responseCode, adviceCode) switch
    {
        ("9500" or "9510" or "9520" or "9530" or "9540", _) or (_, "03" or "21") => Reasons.PayPalRefusedForGood, // suspected; do not try again
        _ => Reasons.PayPalFundingDeclined,
    };

    private static FrozenDictionary<string, (PayPalSays Says, string Reason)> Table(params (PayPalSays Says, string Reason, string Issues)[] rows) => rows
        .SelectMany(row => row.Issues.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries), (row, issue) => (issue, row.Says, row.Reason))
        .ToFrozenDictionary(row => row.issue, row => (row.Says, row.Reason));
}
