using System.Collections.Frozen;

namespace Shop.Data.Orders;

/// <summary>Whose side a failed payment was on. Declines, gateway errors and our errors are three different numbers everywhere.</summary>
public enum Side { Bank, Gateway, Us, Stock, Shopper }

/// <summary>Whether the shopper's money moved. Unknown is said only while we are still asking.</summary>
public enum MoneyTaken { No, Yes, Unknown }

/// <summary>What can help now. What an order's page offers follows from it.</summary>
public enum RetryAdvice
{
    /// <summary>Nothing: this order's payment is over.</summary>
    Never,

    OtherCard,
    SameCardLater,

    /// <summary>Something was mistyped: the same card, entered again.</summary>
    FixDetails,

    ConfirmAtBank,

    /// <summary>We are at it, and whoever pays a second time may pay twice.</summary>
    Wait,

    /// <summary>A person of ours has to act first.</summary>
    ContactUs,
}

/// <param name="Code">The closed word that logs, spans, rows and problem details carry.</param>
/// <param name="Shopper">What a customer reads. Never reveals why a bank suspects a card.</param>
/// <param name="Agent">What support says, and does.</param>
/// <param name="Engineer">Where to look.</param>
public sealed record Reason(string Code, Side Side, MoneyTaken MoneyTaken, RetryAdvice Retry, string Shopper, string Agent, string Engineer)
{
    /// <summary>Whether the shopper paying again, perhaps with another card, can succeed.</summary>
    public bool RetryHelps => Retry is RetryAdvice.OtherCard or RetryAdvice.SameCardLater or RetryAdvice.FixDetails or RetryAdvice.ConfirmAtBank;
}

/// <summary>The taxonomy: every way in which an order does not simply get paid, with words for the three people who ask.</summary>
public static class Reasons
{
    public const string CardDeclined = "card_declined";
    public const string InsufficientFunds = "insufficient_funds";
    public const string CardExpired = "card_expired";
    public const string CardDetailsWrong = "card_details_wrong";
    public const string CardNotAccepted = "card_not_accepted";
    public const string CardRefusedForGood = "card_refused_for_good";
    public const string CardTriedTooOften = "card_tried_too_often";
    public const string DuplicatePayment = "duplicate_payment";
    public const string PayPalDeclined = "paypal_declined";
    public const string PayPalFundingDeclined = "paypal_funding_declined";
    public const string PayPalRefusedForGood = "paypal_refused_for_good";
    public const string SavedPayPalUnusable = "saved_paypal_unusable";
    public const string BankTemporarilyUnavailable = "bank_temporarily_unavailable";
    public const string AuthenticationNeeded = "authentication_needed";
    public const string AuthenticationFailed = "authentication_failed";
    public const string AuthenticationAbandoned = "authentication_abandoned";
    public const string ApprovalNeeded = "approval_needed";
    public const string ApprovalAbandoned = "approval_abandoned";
    public const string GatewayUnreachable = "gateway_unreachable";
    public const string GatewayRateLimited = "gateway_rate_limited";
    public const string GatewayFailed = "gateway_failed";
    public const string PaymentsPaused = "payments_paused";
    public const string GatewayRefusedOurKey = "gateway_refused_our_key";
    public const string GatewayRefusedRequest = "gateway_refused_request";
    public const string GatewayDownTooLong = "gateway_down_too_long";
    public const string OutcomeUnknown = "outcome_unknown";
    public const string PaymentProcessing = "payment_processing";
    public const string PaymentMethodUnusable = "payment_method_unusable";
    public const string SavedMethodRemoved = "saved_method_removed";
    public const string NotConfirmedInTime = "not_confirmed_in_time";
    public const string NotTriedInTime = "not_tried_in_time";
    public const string TooManyDeclines = "too_many_declined_payments";
    public const string SoldOutMeanwhile = "sold_out_meanwhile";
    public const string PaidAfterClosing = "paid_after_closing";
    public const string PaidTwice = "paid_twice";
    public const string RefundedAtGateway = "refunded_at_gateway";
    public const string RefundOnRequest = "refund_on_request";
    public const string CancelledOnRequest = "cancelled_on_request";
    public const string PaymentDisputed = "payment_disputed";
    public const string DisputeLost = "dispute_lost";
    public const string RefundFailed = "refund_failed";
    public const string AmountMismatch = "amount_mismatch";
    public const string WrongAmountReturned = "wrong_amount_returned";
    public const string OurError = "our_error";

    /// <summary>A job with one of these has nothing to do but wait until the gateway is back.</summary>
    public static IReadOnlyList<string> WaitForGateway { get; } = [GatewayUnreachable, GatewayFailed, GatewayRateLimited, GatewayRefusedOurKey, PaymentsPaused, OutcomeUnknown];

    private const string PlainDecline = "Your bank declined this payment. No money was taken. Try another card or contact your bank.";

    private const string PlainPayPalDecline = "PayPal did not accept this payment. No money was taken. Please pay another way, or ask PayPal about your account.";

    private static readonly FrozenDictionary<string, Reason> All = new Reason[]
    {
        new(CardDeclined, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            PlainDecline,
            "The bank said no without a specific cause. The customer can use another card or ask the bank.",
            "card_declined with a general decline code, or a code we do not know; see the attempt's decline and advice codes."),
        new(InsufficientFunds, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            "The card has insufficient funds or is over its limit. No money was taken. Try another card.",
            "Not enough money, or a limit of the card. Another card works.",
            "insufficient_funds, withdrawal_count_limit_exceeded, card_velocity_exceeded or invalid_amount."),
        new(CardExpired, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            "The card has expired. No money was taken. Use another card.",
            "The card is past its date.",
            "expired_card."),
        new(CardDetailsWrong, Side.Shopper, MoneyTaken.No, RetryAdvice.FixDetails,
            "The bank did not accept the card details. No money was taken. Check number, date and security code and try again.",
            "Something was mistyped; entering the card again is enough.",
            "incorrect_cvc, incorrect_number, invalid_expiry_* and the like, or the advice confirm_card_data."),
        new(CardNotAccepted, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            "This card can't be used for this purchase. No money was taken. Try another card.",
            "The card does not support this kind of purchase or currency.",
            "card_not_supported, currency_not_supported, invalid_account, not_permitted, or a test card in live mode."),
        // A lost, stolen or suspected card: neither the shopper's page nor the agent's script may tell a thief. Word for word a plain decline.
        new(CardRefusedForGood, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            PlainDecline,
            "The bank refuses this card for good. Do not retry it and do not guess at the cause; another payment method works.",
            "lost_card, stolen_card, fraudulent, pickup_card, restricted_card, a blocked outcome, or the advice do_not_try_again: never retried, never failed over."),
        new(CardTriedTooOften, Side.Gateway, MoneyTaken.No, RetryAdvice.OtherCard,
            "This card was tried too often today. No money was taken. Use another card.",
            "The gateway accepts this card again after a day. Another card works now.",
            "card_decline_rate_limit_exceeded."),
        new(DuplicatePayment, Side.Bank, MoneyTaken.No, RetryAdvice.SameCardLater,
            "Your bank took this for a repetition of another payment and declined it. No money was taken for this order. Try again in some minutes or use another card.",
            "Look first whether the customer has paid another order of the same amount just now.",
            "duplicate_transaction: same amount and card within a short time."),
        new(PayPalDeclined, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            PlainPayPalDecline,
            "PayPal said no, for this account or this amount. The customer can pay another way; only PayPal can say more.",
            "PAYER_CANNOT_PAY, PAYER_ACCOUNT_RESTRICTED, TRANSACTION_LIMIT_EXCEEDED and the like, or an issue we do not know; see the attempt's code."),
        new(PayPalFundingDeclined, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            "The bank or card that you chose in PayPal was declined. No money was taken. Choose another one in PayPal, or pay another way.",
            "Only what PayPal wanted to take the money from was refused. Choosing something else on PayPal's page works, or another way to pay.",
            "INSTRUMENT_DECLINED, REDIRECT_PAYER_FOR_ALTERNATE_FUNDING or a capture that reads DECLINED: the order at PayPal stays usable."),
        // Word for word the plain one to whoever pays, as with cards.
        new(PayPalRefusedForGood, Side.Bank, MoneyTaken.No, RetryAdvice.OtherCard,
            PlainPayPalDecline,
            "PayPal refuses this payment for good. Do not retry it and do not guess at the cause; another payment method works.",
            "TRANSACTION_REFUSED, COMPLIANCE_VIOLATION, PAYEE_BLOCKED_TRANSACTION, TRANSACTION_BLOCKED_BY_PAYEE or a processor's suspicion: never retried, never failed over."),
        new(SavedPayPalUnusable, Side.Shopper, MoneyTaken.No, RetryAdvice.OtherCard,
            "Your saved PayPal account can't be used any more. No money was taken. Pay with PayPal once more and agree there, or pay another way.",
            "The customer has ended the agreement at PayPal, or it lapsed. Paying with PayPal anew works; the saved one is of no use.",
            "AGREEMENT_ALREADY_CANCELLED, TOKEN_ID_NOT_FOUND or the like for the stored vault token."),
        new(BankTemporarilyUnavailable, Side.Bank, MoneyTaken.No, RetryAdvice.SameCardLater,
            "The payment could not be processed. You have not been charged. Try again in a moment.",
            "The bank or its processor was not available. Trying again usually works.",
            "processing_error, issuer_not_available, reenter_transaction, or the advice try_again_later."),
        new(AuthenticationNeeded, Side.Shopper, MoneyTaken.No, RetryAdvice.ConfirmAtBank,
            "Your bank asks you to confirm this payment. No money is taken until you do.",
            "The customer has to confirm the payment at the bank (3-D Secure); the order page has the button.",
            "requires_action, or authentication_required."),
        new(AuthenticationFailed, Side.Shopper, MoneyTaken.No, RetryAdvice.ConfirmAtBank,
            "The confirmation at your bank did not succeed. No money was taken. Try again or use another card.",
            "3-D Secure was refused or failed. Trying again is safe.",
            "payment_intent_authentication_failure."),
        new(AuthenticationAbandoned, Side.Shopper, MoneyTaken.No, RetryAdvice.Never,
            "The payment was not confirmed at your bank in time, so we closed the order. No money was taken. Your items are free to order again.",
            "The bank asked the customer to confirm (3-D Secure) and never got an answer. The customer can order again.",
            "Closed while action was needed; the timeline says whether the shopper left for the bank and came back."),
        new(ApprovalNeeded, Side.Shopper, MoneyTaken.No, RetryAdvice.ConfirmAtBank,
            "Please agree to the payment at PayPal. No money is taken until you do.",
            "The customer has to agree on PayPal's page; the order page has the button, and another way to pay.",
            "The PayPal order waits for its payer: created and not approved, or payer action required."),
        new(ApprovalAbandoned, Side.Shopper, MoneyTaken.No, RetryAdvice.Never,
            "The payment was not agreed to at PayPal in time, so we closed the order. No money was taken. Your items are free to order again.",
            "The customer was sent to PayPal and did not agree in time. The customer can order again.",
            "Closed while PayPal waited for its payer. Without our capture, which was not sent or was refused, PayPal takes nothing."),
        new(GatewayUnreachable, Side.Gateway, MoneyTaken.No, RetryAdvice.Wait,
            "Our payment provider can't be reached at the moment. No money was taken; your order is saved and we keep trying.",
            "The gateway did not answer. The order is saved and is retried by itself.",
            "Name, connect or TLS failure, or its breaker was open: the call never left."),
        new(GatewayFailed, Side.Gateway, MoneyTaken.No, RetryAdvice.Wait,
            "Our payment provider made a mistake with this payment. No money was taken; your order is saved and we try again.",
            "The gateway failed over the payment and took nothing. The order is saved and is retried by itself.",
            "The confirm ended in a 5xx that its key keeps, and its intent took nothing; the next confirm has a key of its own."),
        new(GatewayRateLimited, Side.Gateway, MoneyTaken.Unknown, RetryAdvice.Wait,
            "Our payment provider is busy. Your order is saved and we keep trying.",
            "The gateway asked us to slow down; retried by itself.",
            "HTTP 429 (rate_limit or lock_timeout)."),
        new(PaymentsPaused, Side.Us, MoneyTaken.No, RetryAdvice.Wait,
            "We have paused payments for a while. No money was taken; your order is saved, and we take the payment when they go on.",
            "Somebody of ours has stopped payments at this gateway. The order is saved and is retried by itself when the stop ends.",
            "An operator's stop, and no fault: the call never left. Who stopped it and why is on /ops/gateways."),
        new(GatewayRefusedOurKey, Side.Us, MoneyTaken.No, RetryAdvice.Wait,
            "We can't take payments right now. No money was taken; your order is saved.",
            "Our account at the gateway is not accepted. Engineers have to act.",
            "HTTP 401/403: key wrong, expired or without permission."),
        new(GatewayRefusedRequest, Side.Us, MoneyTaken.No, RetryAdvice.SameCardLater,
            "We made a mistake with this payment. No money was taken; we are looking into it.",
            "Our request was not accepted by the gateway. Engineers have to act.",
            "HTTP 400/404 invalid_request_error: a bug of ours; the attempt holds code and request id."),
        new(GatewayDownTooLong, Side.Gateway, MoneyTaken.No, RetryAdvice.Never,
            "Our payment provider could not be reached in time, so we closed the order. No money was taken. Your items are free to order again.",
            "The gateway was down until the order's deadline. Nothing was charged, and that is proven; the customer can order again.",
            "Deferred or unknown until the deadline, then closed with proof; see the attempts, and /ops/gateways for the outage."),
        new(OutcomeUnknown, Side.Gateway, MoneyTaken.Unknown, RetryAdvice.Wait,
            "We are confirming your payment with our provider. You don't need to do anything, and please don't pay again.",
            "The gateway's answer was lost. We ask until we know; the customer must not pay twice meanwhile.",
            "Timeout, 5xx or a lost connection after sending; settled by the stored intent id."),
        new(PaymentProcessing, Side.Bank, MoneyTaken.Unknown, RetryAdvice.Wait,
            "The payment is still being processed. We will confirm it as soon as it is done.",
            "The payment is being processed by the bank or by PayPal.",
            "The intent reads processing, or the capture is pending."),
        new(PaymentMethodUnusable, Side.Shopper, MoneyTaken.No, RetryAdvice.FixDetails,
            "The card entry is no longer valid. No money was taken. Please enter the card again.",
            "The card token was used up or expired; entering the card again is enough.",
            "resource_missing or payment_method_unexpected_state on the payment method."),
        new(SavedMethodRemoved, Side.Shopper, MoneyTaken.No, RetryAdvice.OtherCard,
            "What you wanted to pay with is not saved any more. No money was taken. Please choose another way to pay.",
            "The customer removed the saved payment method before it was charged. Any other way to pay works.",
            "The job names a saved method whose token is gone: nothing was sent."),
        new(NotConfirmedInTime, Side.Shopper, MoneyTaken.No, RetryAdvice.Never,
            "The payment was not completed in time, so we closed the order. No money was taken. Your items are free to order again.",
            "The order was closed at its deadline, and nothing can be charged any more.",
            "Deadline or hold expiry; closed with proof that nothing charged."),
        new(NotTriedInTime, Side.Us, MoneyTaken.No, RetryAdvice.Never,
            "A fault on our side kept us from taking the payment in time, so we closed the order. No money was taken. Your items are free to order again.",
            "Nothing the customer did: our payment service did not get to this order before its deadline. The customer can order again.",
            "Never asked, stopped by an operator, or refused for our key or request, until the deadline: look at the job, the worker, the stop and the gateway's credentials."),
        new(TooManyDeclines, Side.Shopper, MoneyTaken.No, RetryAdvice.ContactUs, // another card would be refused as well
            "Too many payments were declined in a short time, so we did not try this one. No money was taken. You can order again in an hour, or contact us.",
            "Many declines came from the same address, account or card; see card testing in operations. A new order works after an hour, with the same card after a day.",
            "CardTesting: refused before its confirm, which was never sent."),
        new(SoldOutMeanwhile, Side.Stock, MoneyTaken.No, RetryAdvice.Never,
            "An item sold out before the payment went through, so we closed the order. No money was taken.",
            "The stock hold had lapsed and the goods were gone.",
            "No live hold and none could be taken before a confirm."),
        new(PaidAfterClosing, Side.Stock, MoneyTaken.Yes, RetryAdvice.Never,
            "Your payment arrived after the items were sold out. We are sending the full amount back the way you paid.",
            "A late capture for goods that are gone; it refunds itself.",
            "Captured after cancellation or decline and the stock could not be re-taken."),
        new(PaidTwice, Side.Us, MoneyTaken.Yes, RetryAdvice.Never,
            "By a fault on our side your payment was taken twice. Your order is paid, and we are sending the second payment back.",
            "Two gateways took the money for this order. The second payment refunds itself; the first one pays the order.",
            "Captured at another gateway while the order was paid: against law 8. Look at the failovers' proofs and both gateways' attempts."),
        new(RefundedAtGateway, Side.Us, MoneyTaken.Yes, RetryAdvice.Never,
            "We have sent this money back.",
            "Somebody refunded it at the gateway itself, past the shop; it was booked afterwards.",
            "A refund of the gateway's that our books did not have; the reconciliation found it."),
        new(RefundOnRequest, Side.Us, MoneyTaken.Yes, RetryAdvice.Never,
            "We are sending your money back, as agreed.",
            "Somebody of ours has refunded it. Who and why is beside the refund.",
            "Asked for by the staff; the audit has the act, the refund its job and attempts."),
        new(CancelledOnRequest, Side.Us, MoneyTaken.No, RetryAdvice.Never,
            "This order was cancelled. No money was taken.",
            "Somebody of ours cancelled it before it was paid; who and why is in the audit. Its goods went back on sale after the gateway had canceled.",
            "cancel_asked_at is set and the deadline moved to it; closed on the way that every deadline takes."),
        new(PaymentDisputed, Side.Bank, MoneyTaken.Yes, RetryAdvice.Never,
            "This payment is under dispute. Until that is decided we can't refund it.",
            "The customer's bank, or PayPal, keeps the money until it has decided. Answer it at the gateway before the deadline (/ops/disputes). A refund now could pay the customer twice.",
            "An open dispute that has taken the money; its state is read from the gateway at each of its events."),
        new(DisputeLost, Side.Bank, MoneyTaken.Yes, RetryAdvice.Never,
            "The dispute was decided in your favour, and this payment was returned to you.",
            "The bank, or PayPal, has given the money back to the customer for good. There is nothing to refund.",
            "A dispute that closed as lost."),
        new(RefundFailed, Side.Bank, MoneyTaken.Yes, RetryAdvice.ContactUs,
            "The money that we sent back was not accepted. We still owe it to you, and a person is finding another way.",
            "The refund came back (a closed account, for example). Ask the customer for another way, then send it again in the queue.",
            "The gateway's refund failed or was canceled; the refund job is parked, its failure reason is the attempt's code."),
        new(AmountMismatch, Side.Us, MoneyTaken.Yes, RetryAdvice.ContactUs,
            "Something went wrong on our side with this payment. We are looking into it and will contact you.",
            "The gateway charged another amount than the order's. Engineers have to act.",
            "The captured amount or currency differs from the order's."),
        new(WrongAmountReturned, Side.Us, MoneyTaken.Yes, RetryAdvice.Never,
            "By a fault on our side another amount was charged. We have sent all of it back; it can take some days to show. Your items are free to order again.",
            "The gateway had charged another amount than the order's. All of it was sent back, and the order is closed.",
            "An amount_differs mismatch was repaired by refunding its charge; nothing was booked as taken."),
        new(OurError, Side.Us, MoneyTaken.Unknown, RetryAdvice.ContactUs,
            "Something went wrong on our side. Your order is saved and a person is looking at it.",
            "We stopped retrying; the job is parked and waits for a person.",
            "A job used up its leases without an outcome; see the job and its trace."),
    }.ToFrozenDictionary(r => r.Code);

    public static IEnumerable<Reason> Every => All.Values;

    public static Reason Of(string code) => All.TryGetValue(code, out var reason)
        ? reason
        : throw new ArgumentOutOfRangeException(nameof(code), code, "Not a reason of the taxonomy.");

    public static bool IsKnown(string code) => All.ContainsKey(code);

    /// <summary>Of a stored code, which may be one of another release: what we have no words for is our own doing.</summary>
    public static Side SideOf(string code) => All.TryGetValue(code, out var reason) ? reason.Side : Side.Us;

    /// <summary>The code as the shopper's own client may have it: one that a bank suspects reads as a plain decline, in codes as in words.</summary>
    public static string ToldAs(string code) => code switch
    {
        CardRefusedForGood => CardDeclined,
        PayPalRefusedForGood => PayPalDeclined,
        _ => code,
    };

    /// <summary>
    /// Whose fault it was that an order ran out of time is told by where it stood: shoppers that did not come back from their bank, gateways
    /// that did not answer and workers of ours that did not ask are not one number.
    /// </summary>
    public static string OutOfTime(PaymentState stood, string? because) => stood switch
    {
        PaymentState.ActionNeeded when because is ApprovalNeeded => ApprovalAbandoned,
        PaymentState.ActionNeeded => AuthenticationAbandoned,
        PaymentState.Deferred when because is not null && Of(because).Side is Side.Us => NotTriedInTime,
        PaymentState.Deferred or PaymentState.Unknown => GatewayDownTooLong,
        PaymentState.None or PaymentState.InFlight => NotTriedInTime,
        _ => NotConfirmedInTime,
    };
}
