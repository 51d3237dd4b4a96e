using System.Collections.Frozen;

namespace Shop.Data.Orders;

/// <summary>Whose side a failure was on. Declines, gateway errors and our errors are three different numbers everywhere.</summary>
public enum Side { Bank, Gateway, Us, Stock, Shopper }

/// <summary>Whether the shopper's money moved. Unknown is said only while we are still asking.</summary>
public enum MoneyTaken { No, Yes, Unknown }

/// <param name="Code">The closed word that logs, spans, rows and problem details carry.</param>
/// <param name="RetryHelps">Whether trying again, perhaps with another card, can succeed.</param>
/// <param name="Shopper">What a customer reads. Never reveals why a bank suspects a card.</param>
/// <param name="Agent">What support says, and does.</param>
/// <param name="Engineer">Where to look.</param>
public sealed record Reason(string Code, Side Side, MoneyTaken MoneyTaken, bool RetryHelps, string Shopper, string Agent, string Engineer);

/// <summary>The taxonomy: every way in which an order does not simply get paid, with words for the three people who ask.</summary>
public static class Reasons
{
    public const string CardDeclined = "card_declined";
    public const string InsufficientFunds = "insufficient_funds";
    public const string CardExpired = "card_expired";
    public const string CardDetailsWrong = "card_details_wrong";
    public const string CardNotAccepted = "card_not_accepted";
    public const string CardRefusedForGood = "card_refused_for_good";
    public const string BankTemporarilyUnavailable = "bank_temporarily_unavailable";
    public const string AuthenticationNeeded = "authentication_needed";
    public const string AuthenticationFailed = "authentication_failed";
    public const string GatewayUnreachable = "gateway_unreachable";
    public const string GatewayRateLimited = "gateway_rate_limited";
    public const string GatewayRefusedOurKey = "gateway_refused_our_key";
    public const string GatewayRefusedRequest = "gateway_refused_request";
    public const string OutcomeUnknown = "outcome_unknown";
    public const string PaymentProcessing = "payment_processing";
    public const string PaymentMethodUnusable = "payment_method_unusable";
    public const string NotConfirmedInTime = "not_confirmed_in_time";
    public const string SoldOutMeanwhile = "sold_out_meanwhile";
    public const string PaidAfterClosing = "paid_after_closing";
    public const string AmountMismatch = "amount_mismatch";
    public const string OurError = "our_error";

    private static readonly FrozenDictionary<string, Reason> All = new Reason[]
    {
        new(CardDeclined, Side.Bank, MoneyTaken.No, true,
            "Your bank declined this payment. No money was taken. Try another card or contact your bank.",
            "The bank said no without a specific cause. The customer can use another card or ask the bank.",
            "card_declined with a general decline code; see the attempt's decline and advice codes."),
        new(InsufficientFunds, Side.Bank, MoneyTaken.No, true,
            "The card has insufficient funds or is over its limit. No money was taken. Try another card.",
            "Not enough money, or a daily limit. Another card works.",
            "insufficient_funds, withdrawal_count_limit_exceeded or card_velocity_exceeded."),
        new(CardExpired, Side.Bank, MoneyTaken.No, true,
            "The card has expired. No money was taken. Use another card.",
            "The card is past its date.",
            "expired_card."),
        new(CardDetailsWrong, Side.Shopper, MoneyTaken.No, true,
            "The bank did not accept the card details. No money was taken. Check number, date and security code and try again.",
            "Something was mistyped; entering the card again is enough.",
            "incorrect_cvc, incorrect_number, invalid_expiry_* and the like."),
        new(CardNotAccepted, Side.Bank, MoneyTaken.No, true,
            "This card can't be used for this purchase. No money was taken. Try another card.",
            "The card does not support this kind of purchase or currency.",
            "card_not_supported, currency_not_supported, invalid_account, not_permitted."),
        // A lost, stolen or suspected card: neither the shopper's page nor the agent's script may tell a thief which.
        new(CardRefusedForGood, Side.Bank, MoneyTaken.No, true,
            "Your card was declined. No money was taken. Use another payment method.",
            "The bank refuses this card for good. Do not retry it and do not guess at the cause; another payment method works.",
            "lost_card, stolen_card, fraudulent, pickup_card, restricted_card or a blocked outcome: never retried, never failed over."),
        new(BankTemporarilyUnavailable, Side.Bank, MoneyTaken.No, true,
            "The payment could not be processed. You have not been charged. Try again in a moment.",
            "The bank or its processor was not available. Trying again usually works.",
            "processing_error, issuer_not_available, reenter_transaction, try_again_later."),
        new(AuthenticationNeeded, Side.Shopper, MoneyTaken.No, true,
            "Your bank asks you to confirm this payment. No money is taken until you do.",
            "The customer has to confirm the payment at the bank (3-D Secure); the order page has the button.",
            "requires_action, or authentication_required."),
        new(AuthenticationFailed, Side.Shopper, MoneyTaken.No, true,
            "The confirmation at your bank did not succeed. No money was taken. Try again or use another card.",
            "3-D Secure was refused or abandoned.",
            "payment_intent_authentication_failure."),
        new(GatewayUnreachable, Side.Gateway, MoneyTaken.No, true,
            "Our payment provider can't be reached at the moment. No money was taken; your order is saved and we keep trying.",
            "The gateway did not answer. The order is saved and is retried by itself.",
            "Name, connect or TLS failure, or its breaker was open: the call never left."),
        new(GatewayRateLimited, Side.Gateway, MoneyTaken.Unknown, true,
            "Our payment provider is busy. Your order is saved and we keep trying.",
            "The gateway asked us to slow down; retried by itself.",
            "HTTP 429 (rate_limit or lock_timeout)."),
        new(GatewayRefusedOurKey, Side.Us, MoneyTaken.No, true,
            "We can't take payments right now. No money was taken; your order is saved.",
            "Our account at the gateway is not accepted. Engineers have to act.",
            "HTTP 401/403: key wrong, expired or without permission."),
        new(GatewayRefusedRequest, Side.Us, MoneyTaken.No, true,
            "We made a mistake with this payment. No money was taken; we are looking into it.",
            "Our request was not accepted by the gateway. Engineers have to act.",
            "HTTP 400/404 invalid_request_error: a bug of ours; the attempt holds code and request id."),
        new(OutcomeUnknown, Side.Gateway, MoneyTaken.Unknown, false,
            "We are confirming your payment with our provider. You don't need to do anything, and please don't pay again.",
            "The gateway's answer was lost. We ask until we know; the customer must not pay twice meanwhile.",
            "Timeout, 5xx or a lost connection after sending; settled by the stored intent id."),
        new(PaymentProcessing, Side.Bank, MoneyTaken.Unknown, false,
            "Your bank is processing the payment. We will confirm it as soon as it is done.",
            "The payment is being processed by the bank.",
            "The intent reads processing."),
        new(PaymentMethodUnusable, Side.Shopper, MoneyTaken.No, true,
            "The card entry is no longer valid. No money was taken. Please enter the card again.",
            "The card token was used up or expired; entering the card again is enough.",
            "resource_missing or payment_method_unexpected_state on the payment method."),
        new(NotConfirmedInTime, Side.Shopper, MoneyTaken.No, false,
            "The payment was not completed in time, so we closed the order. No money was taken. Your items are free to order again.",
            "The order was closed at its deadline; the intent was canceled at the gateway first.",
            "Deadline or hold expiry; closed with proof that nothing charged."),
        new(SoldOutMeanwhile, Side.Stock, MoneyTaken.No, false,
            "An item sold out before the payment went through, so we closed the order. No money was taken.",
            "The stock hold had lapsed and the goods were gone.",
            "No live hold and none could be taken before a confirm."),
        new(PaidAfterClosing, Side.Stock, MoneyTaken.Yes, false,
            "Your payment arrived after the items were sold out. We are sending the full amount back to your card.",
            "A late capture for goods that are gone; it refunds itself.",
            "Captured after cancellation or decline and the stock could not be re-taken."),
        new(AmountMismatch, Side.Us, MoneyTaken.Yes, false,
            "Something went wrong on our side with this payment. We are looking into it and will contact you.",
            "The gateway charged another amount than the order's. Engineers have to act.",
            "The captured amount or currency differs from the order's."),
        new(OurError, Side.Us, MoneyTaken.Unknown, false,
            "Something went wrong on our side. Your order is saved and a person is looking at it.",
            "We stopped retrying; the job is parked and waits for a person.",
            "A job used up its leases without an outcome; see the job and its trace."),
    }.ToFrozenDictionary(r => r.Code);

    public static IEnumerable<Reason> Every => All.Values;

    public static Reason Of(string code) => All.TryGetValue(code, out var reason)
        ? reason
        : throw new ArgumentOutOfRangeException(nameof(code), code, "Not a reason of the taxonomy.");

    public static bool IsKnown(string code) => All.ContainsKey(code);
}
