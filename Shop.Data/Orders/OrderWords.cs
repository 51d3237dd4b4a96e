using Shop.Data.Payments;

namespace Shop.Data.Orders;

public sealed record OrderTexts(string Headline, string Explanation, string? NextStep);

/// <summary>What a shopper reads, on a page or in a mail. Why something went wrong is told by the taxonomy (<see cref="Reasons"/>), the rest is here.</summary>
public static class OrderWords
{
    /// <param name="charge">How the open charge stands; null without one.</param>
    /// <param name="refund">How the last refund stands; null without one.</param>
    /// <param name="isAtBank">The shopper may have answered the bank's question by now.</param>
    public static OrderTexts Of(Order order, int charges, JobState? charge = null, RefundState? refund = null, bool isAtBank = false)
    {
        if (order.IsBeingCancelled)
        {
            return new("This order is being cancelled",
                MoneyTakenBy(order, isAtBank) is MoneyTaken.No ? "No money was taken." : "We don't know yet whether money was taken. If it was, all of it goes back to you.",
                "You don't need to do anything. Please don't pay for it again.");
        }

        if (order.Status is OrderStatus.RefundDue && refund is RefundState.Failed)
            return new("Your refund did not arrive", Reasons.Of(Reasons.RefundFailed).Shopper, ContactUs);
        if (order.Status is OrderStatus.Confirming && charge is JobState.Parked)
            return new("Your order is saved, and a person is looking at the payment", Reasons.Of(Reasons.OurError).Shopper, "Please don't pay again: we will tell you how it went.");
        if (order.Status is OrderStatus.ActionNeeded && isAtBank && order.PaysAt is PaymentProvider.Stripe) // PayPal takes nothing by itself
            return new("We are waiting for your bank's answer", "We don't know yet whether your bank has let the payment through.",
                "This page tells you as soon as we know. Please don't pay again until then.");

        var texts = Of(order.Status, order.Payment, order.Reason, order.ActionUrl, order.PaysAt);
        return charges >= MaxCharges && order.ActionUrl is null && IsPayable(order) ? texts with { NextStep = NoMoreTries } : texts;
    }

    public static OrderTexts Of(
        OrderStatus status, PaymentState payment, string? reason, string? actionUrl, PaymentProvider provider = PaymentProvider.Stripe)
    {
        var (headline, explanation, nextStep) = status switch
        {
            OrderStatus.Confirming when payment is PaymentState.Deferred => (
                "Your order is saved, and we take the payment as soon as we can", "No money was taken; we keep trying.",
                "You don't need to do anything. This page tells how it went, and so does an e-mail as soon as it is paid."),
            OrderStatus.Confirming when payment is PaymentState.Unknown => (
                "We are confirming your payment: please don't pay again", "We are asking our provider whether your money was taken.",
                "You can close this page; we will send you an e-mail as soon as it is confirmed."),
            OrderStatus.Confirming => (
                "Your order is saved. We are confirming your payment", "This can take a moment. Please don't pay again.",
                "You can close this page; we will send you an e-mail as soon as it is confirmed."),
            OrderStatus.ActionNeeded when provider is PaymentProvider.PayPal => (
                "Please agree to the payment at PayPal", "PayPal asks you there.",
                actionUrl is null ? "Choose again how you want to pay." : "Go on to PayPal, or choose another way to pay."),
            OrderStatus.ActionNeeded => (
                "Please confirm the payment at your bank", "Your bank wants to be sure that it is you.",
                actionUrl is null ? "Pay again, perhaps with another card." : "Go on to your bank to confirm the payment."),
            OrderStatus.Declined => ("The payment did not go through", "No money was taken.", WayOn(reason is null ? RetryAdvice.OtherCard : Reasons.Of(reason).Retry, provider)),
            OrderStatus.PaymentFailed => ("This order was closed without payment", "No money was taken.", "Put the items in your cart again to order them."),
            OrderStatus.Paid => ("Thank you, your order is paid", "We have received your payment and are preparing your order.", (string?)null),
            OrderStatus.PartShipped => ("Part of your order is on its way", "The rest follows as soon as it is ready.", null),
            OrderStatus.Shipped => ("Your order is on its way", "We have handed it over to the carrier.", null),
            OrderStatus.Delivered => ("Your order was delivered", "We hope you like it.", null),
            OrderStatus.Returned => ("Your return has arrived", "We have received the items that you sent back.", null),
            OrderStatus.Cancelled => ("This order was cancelled", "Nothing will be sent.", null),
            OrderStatus.RefundDue => ("Your money is on its way back", "We are returning the full amount.", ShowsLater(provider)),
            OrderStatus.Refunded => ("You got your money back", "We have returned the full amount.", ShowsLater(provider)),
            OrderStatus.Disputed when reason is Reasons.DisputeLost && provider is PaymentProvider.PayPal => (
                "PayPal has returned this payment to you", "The dispute was decided in your favour.", null),
            OrderStatus.Disputed when provider is PaymentProvider.PayPal => ("PayPal is looking into this payment", "The payment was disputed at PayPal.", null),
            OrderStatus.Disputed when reason is Reasons.DisputeLost => ("Your bank has returned this payment to you", "The dispute was decided in your favour.", null),
            OrderStatus.Disputed => ("Your bank is looking into this payment", "The payment was disputed at your bank.", null),
            var other => throw new ArgumentOutOfRangeException(nameof(status), other, "A status without words."),
        };
        // While the money is still on its way back, the reason says so; once it is back, that is the news.
        return new(headline, reason is null || status is OrderStatus.Refunded ? explanation : Reasons.Of(reason).Shopper, nextStep);
    }

    private static string ShowsLater(PaymentProvider provider) =>
        provider is PaymentProvider.PayPal ? "It can take some days to show." : "It can take your bank some days to show it.";

    private static string? WayOn(RetryAdvice advice, PaymentProvider provider) => advice switch
    {
        RetryAdvice.OtherCard or RetryAdvice.FixDetails or RetryAdvice.ConfirmAtBank when provider is PaymentProvider.PayPal =>
            "Your order is saved: choose something else at PayPal, or pay another way.",
        RetryAdvice.SameCardLater when provider is PaymentProvider.PayPal => "Your order is saved: try again in a few minutes, or pay another way.",
        RetryAdvice.OtherCard => "Your order is saved: pay it with another card.",
        RetryAdvice.FixDetails => "Your order is saved: enter your card again.",
        RetryAdvice.SameCardLater => "Your order is saved: try again in a few minutes, or pay with another card.",
        RetryAdvice.ConfirmAtBank => "Your order is saved: try again and confirm it at your bank, or pay with another card.",
        RetryAdvice.Wait => "You don't need to do anything.",
        RetryAdvice.ContactUs => ContactUs,
        _ => null,
    };

    private const string ContactUs = "If you write to us, please quote the reference below.";

    /// <summary>Whether we have the shopper's money. Unknown while somebody is still asking.</summary>
    /// <param name="isAtBank">The shopper may have answered the bank's question by now.</param>
    public static MoneyTaken MoneyTakenBy(Order order, bool isAtBank = false) => order switch
    {
        { CapturedMinor: > 0, DisputedMinor: > 0, Reason: Reasons.DisputeLost } => MoneyTaken.No, // the bank has given it back
        { CapturedMinor: > 0 } => order.RefundedMinor < order.CapturedMinor ? MoneyTaken.Yes : MoneyTaken.No,
        { Reason: Reasons.AmountMismatch } => MoneyTaken.Yes,
        { Payment: PaymentState.ActionNeeded, PaysAt: PaymentProvider.Stripe } when isAtBank => MoneyTaken.Unknown,
        // Each of these was reached with a proof that nothing charged, whatever the reason's own answer would be.
        { Payment: PaymentState.Deferred or PaymentState.Declined or PaymentState.ActionNeeded or PaymentState.Abandoned } => MoneyTaken.No,
        _ => MoneyTaken.Unknown,
    };

    /// <summary>Charges of one order, the first one included. Somebody who tries out stolen cards must not have an hour of tries.</summary>
    public const int MaxCharges = 5;

    /// <summary>A charge that went on after the shopper's approval is no try of its own. See <see cref="OrderQueries.Tries"/>.</summary>
    public static bool IsTry(PaymentJob charge) => charge.Provider is PaymentProvider.Stripe || charge.PaymentToken is null;

    public const string NoMoreTries = "We have tried this order's payment as often as we can. Please place a new order.";

    public static bool CanPayAgain(Order order, int charges) => charges < MaxCharges && IsPayable(order);

    public static bool IsPayable(Order order) =>
        order is { Payment: PaymentState.Declined or PaymentState.ActionNeeded, Fulfilment: FulfilmentState.Open, IsBeingCancelled: false }
        && (order.Reason is null || Reasons.Of(order.Reason).RetryHelps);
}
