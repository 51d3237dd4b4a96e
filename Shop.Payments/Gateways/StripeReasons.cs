using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Shop.Data.Orders;

namespace Shop.Payments.Gateways;

/// <summary>Stripe's codes in our words. Total: a code of tomorrow is a plain decline, and is counted.</summary>
internal static class StripeReasons
{
    public const string UnknownCodes = "shop.payments.codes.unknown";

    private static readonly Meter Meter = new(PaymentTelemetry.Name);
    private static readonly Counter<long> Unknown = Meter.CreateCounter<long>(UnknownCodes, "{answer}", "Answers with a code that has no words yet");

    private static readonly FrozenDictionary<string, string> Words = Table(
        (Reasons.InsufficientFunds, "insufficient_funds withdrawal_count_limit_exceeded card_velocity_exceeded invalid_amount"),
        (Reasons.CardExpired, "expired_card"),
        (Reasons.CardDetailsWrong, """
            incorrect_cvc invalid_cvc incorrect_number invalid_number invalid_expiry_month invalid_expiry_year incorrect_zip incorrect_address
            incorrect_pin invalid_pin postal_code_invalid
            """),
        (Reasons.BankTemporarilyUnavailable, """
            processing_error issuer_not_available reenter_transaction approve_with_id try_again_later payment_method_provider_timeout
            payment_intent_payment_attempt_failed
            """),
        (Reasons.AuthenticationNeeded, """
            authentication_required offline_pin_required online_or_offline_pin_required payment_intent_action_required
            invoice_payment_intent_requires_action
            """),
        (Reasons.AuthenticationFailed, """
            payment_intent_authentication_failure setup_intent_authentication_failure authentication_not_handled
            payment_intent_payment_attempt_expired payment_method_customer_decline
            """),
        // A thief learns nothing from these: shoppers read a plain decline.
        (Reasons.CardRefusedForGood, """
            lost_card stolen_card pickup_card restricted_card fraudulent merchant_blacklist revocation_of_authorization
            revocation_of_all_authorizations stop_payment_order do_not_try_again
            """),
        (Reasons.CardTriedTooOften, "card_decline_rate_limit_exceeded"),
        (Reasons.DuplicatePayment, "duplicate_transaction"),
        (Reasons.CardNotAccepted, """
            card_not_supported currency_not_supported invalid_account new_account_information_available not_permitted testmode_decline
            live_mode_test_card payment_method_currency_mismatch payment_method_unsupported_type payment_intent_incompatible_payment_method
            invalid_card_type country_unsupported
            """),
        (Reasons.CardDeclined, """
            card_declined generic_decline do_not_honor call_issuer no_action_taken security_violation service_not_allowed transaction_not_allowed
            payment_method_provider_decline payment_method_not_available refer_to_customer pin_try_exceeded
            """),
        (Reasons.PaymentMethodUnusable, """
            payment_method_unexpected_state token_already_used token_in_use payment_method_invalid_parameter
            payment_method_billing_details_address_missing
            """),
        (Reasons.GatewayRateLimited, "rate_limit lock_timeout payment_intent_rate_limit_exceeded"),
        (Reasons.OutcomeUnknown, "idempotency_key_in_use payment_intent_unexpected_state intent_invalid_state"),
        (Reasons.GatewayRefusedOurKey, """
            api_key_expired platform_api_key_expired secret_key_required livemode_mismatch testmode_charges_only account_invalid no_account
            platform_account_required tls_version_unsupported not_allowed_on_standard_account sensitive_data_access_expired
            """),
        (Reasons.RefundFailed, "charge_already_refunded charge_disputed refund_disputed_payment charge_not_refundable"),
        // What only a request of ours could be told, or one that this shop never makes: bank debits, gift cards, invoices, tax, terminals.
        (Reasons.GatewayRefusedRequest, """
            account_closed account_country_invalid_address account_error_country_change_requires_additional_steps account_information_mismatch
            account_number_invalid acss_debit_session_incomplete alipay_upgrade_required amount_too_large amount_too_small anomalous_request
            application_fees_not_allowed balance_insufficient balance_invalid_parameter bank_account_bad_routing_numbers bank_account_declined
            bank_account_exists bank_account_restricted bank_account_unusable bank_account_unverified bank_account_verification_failed
            billing_invalid_mandate bitcoin_upgrade_required capture_charge_authorization_expired capture_unauthorized_payment
            cardholder_phone_number_required charge_already_captured charge_exceeds_source_limit charge_exceeds_transaction_limit
            charge_expired_for_capture charge_invalid_parameter clearing_code_unsupported country_code_invalid coupon_expired
            customer_max_payment_methods customer_max_subscriptions customer_session_expired customer_tax_location_invalid debit_not_authorized
            email_invalid financial_connections_account_inactive financial_connections_account_pending_account_numbers
            financial_connections_account_unavailable_account_numbers financial_connections_no_successful_transaction_refresh
            forwarding_api_inactive forwarding_api_invalid_parameter forwarding_api_retryable_upstream_error
            forwarding_api_upstream_connection_error forwarding_api_upstream_connection_timeout forwarding_api_upstream_error
            gift_card_balance_insufficient gift_card_code_exists gift_card_inactive instant_payouts_config_disabled
            instant_payouts_currency_disabled instant_payouts_limit_exceeded instant_payouts_unsupported intent_verification_method_missing
            invalid_characters invalid_charge_amount invalid_mandate_reference_prefix_format invalid_source_usage invalid_tax_location
            invoice_no_customer_line_items invoice_no_payment_method_types invoice_no_subscription_line_items invoice_not_editable
            invoice_on_behalf_of_not_editable invoice_upcoming_none missing order_creation_failed order_required_settings
            order_status_invalid order_upstream_timeout out_of_inventory ownership_declaration_not_allowed parameter_invalid_empty
            parameter_invalid_integer parameter_invalid_string_blank parameter_invalid_string_empty parameter_missing parameter_unknown
            parameters_exclusive payment_intent_fx_quote_invalid payment_intent_invalid_parameter
            payment_intent_konbini_rejected_confirmation_number payment_intent_mandate_invalid payment_method_bank_account_already_verified
            payment_method_bank_account_blocked payment_method_configuration_failures payment_method_invalid_parameter_testmode
            payment_method_microdeposit_failed payment_method_microdeposit_processing_error
            payment_method_microdeposit_verification_amounts_invalid payment_method_microdeposit_verification_amounts_mismatch
            payment_method_microdeposit_verification_attempts_exceeded payment_method_microdeposit_verification_descriptor_code_mismatch
            payment_method_microdeposit_verification_timeout payment_method_unactivated payout_reconciliation_not_ready payouts_limit_exceeded
            payouts_not_allowed product_inactive progressive_onboarding_limit_exceeded request_blocked resource_already_exists resource_missing
            return_intent_already_processed routing_number_invalid sepa_unsupported_account setup_attempt_failed setup_intent_invalid_parameter
            setup_intent_mandate_invalid setup_intent_mobile_wallet_unsupported setup_intent_setup_attempt_expired setup_intent_unexpected_state
            shipping_address_invalid shipping_calculation_failed sku_inactive state_unsupported status_transition_invalid
            storer_capability_missing storer_capability_not_active stripe_tax_inactive tax_id_invalid tax_id_prohibited
            taxes_calculation_failed terminal_location_country_unsupported terminal_reader_busy terminal_reader_collected_data_invalid
            terminal_reader_hardware_fault terminal_reader_invalid_location_for_activation
            terminal_reader_invalid_location_for_payment terminal_reader_offline terminal_reader_timeout token_card_network_invalid
            transfer_source_balance_parameters_mismatch transfers_not_allowed url_invalid
            """));

    public static bool Knows(string code) => Words.ContainsKey(code);

    /// <summary>The decline code says more than the error's own code; an advice says whether this card may ever be tried again.</summary>
    /// <param name="networkAdviceCode">The card network's own two digits.</param>
    public static string Of(string? code, string? declineCode, string? adviceCode = null, string? networkAdviceCode = null)
    {
        var known = Known(declineCode) ?? Known(code);
        if (known is null || declineCode is { Length: > 0 } && !Knows(declineCode))
            Count(declineCode ?? code);

        var reason = known ?? Reasons.CardDeclined;
        return Advice(adviceCode, networkAdviceCode) switch
        {
            // Beats the code. Only what already asks for another card, and may be told, stays as it is.
            RetryAdvice.OtherCard when reason is not (Reasons.CardExpired or Reasons.CardNotAccepted or Reasons.CardTriedTooOften)
                => Reasons.CardRefusedForGood,
            // Stripe sends it along with nearly every general decline. Only where there is no word of the bank it is the news: a decline must
            // read alike whether the bank suspects the card or not.
            RetryAdvice.SameCardLater when reason is Reasons.CardDeclined && Known(declineCode) is null => Reasons.BankTemporarilyUnavailable,
            RetryAdvice.FixDetails when reason is Reasons.CardDeclined => Reasons.CardDetailsWrong,
            _ => reason,
        };
    }

    private static RetryAdvice? Advice(string? stripes, string? networks) => (stripes, networks) switch
    {
        ("do_not_try_again", _) => RetryAdvice.OtherCard,
        ("try_again_later", _) => RetryAdvice.SameCardLater,
        ("confirm_card_data", _) => RetryAdvice.FixDetails,
        (_, "03" or "21") => RetryAdvice.OtherCard, // do not try again; the cardholder has cancelled
        (_, "02" or "24" or "25" or "26" or "27" or "28" or "29" or "30") => RetryAdvice.SameCardLater, // after an hour, up to ten days
        _ => null,
    };

    private static string? Known(string? code) => code is null ? null : Words.GetValueOrDefault(code);

    // The code itself is the attempt's, and the span's; on a metric, whatever Stripe invents would become a time series.
    private static void Count(string? code)
    {
        Unknown.Add(1);
        Activity.Current?.SetTag("shop.payment.unknown_code", code ?? "none");
    }

    private static FrozenDictionary<string, string> Table(params (string Reason, string Codes)[] rows) => rows
        .SelectMany(row => row.Codes.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries), (row, code) => (code, row.Reason))
        .ToFrozenDictionary(pair => pair.code, pair => pair.Reason);
}
