using Shop.Data.Orders;

namespace Shop.Api.Orders;

internal sealed record OrderTexts(string Headline, string Explanation, string? NextStep);

/// <summary>What a shopper reads. Why something went wrong is told by the taxonomy (<see cref="Reasons"/>), the rest is here.</summary>
internal static class OrderWords
{
    public static OrderTexts Of(Order order, int charges)
    {
        var texts = Of(order.Status, order.Payment, order.Reason, order.ActionUrl);
        return charges >= MaxCharges && order.ActionUrl is null && IsPayable(order) ? texts with { NextStep = NoMoreTries } : texts;
    }

    internal static OrderTexts Of(OrderStatus status, PaymentState payment, string? reason, string? actionUrl)
    {
        var (headline, explanation, nextStep) = status switch
        {
            OrderStatus.Confirming when payment is PaymentState.Deferred => (
                "Your order is saved", "We keep trying to take your payment.",
                "You don't need to do anything. This page and an e-mail will tell you how it went."),
            OrderStatus.Confirming => (
                "Your order is saved. We are confirming your payment", "This can take a moment. Please don't pay again.",
                "You can close this page; we will send you an e-mail as soon as it is confirmed."),
            OrderStatus.ActionNeeded => (
                "Please confirm the payment at your bank", "Your bank wants to be sure that it is you.",
                actionUrl is null ? "Pay again, perhaps with another card." : "Go on to your bank to confirm the payment."),
            OrderStatus.Declined => (
                "The payment did not go through", "No money was taken.", "Your order is saved: pay again, perhaps with another card."),
            OrderStatus.PaymentFailed => ("This order was closed without payment", "No money was taken.", "Put the items in your cart again to order them."),
            OrderStatus.Paid => ("Thank you, your order is paid", "We have received your payment and are preparing your order.", (string?)null),
            OrderStatus.PartShipped => ("Part of your order is on its way", "The rest follows as soon as it is ready.", null),
            OrderStatus.Shipped => ("Your order is on its way", "We have handed it over to the carrier.", null),
            OrderStatus.Delivered => ("Your order was delivered", "We hope you like it.", null),
            OrderStatus.Returned => ("Your return has arrived", "We have received the items that you sent back.", null),
            OrderStatus.Cancelled => ("This order was cancelled", "Nothing will be sent.", null),
            OrderStatus.RefundDue => ("Your money is on its way back", "We are returning the full amount.", "It can take your bank some days to show it."),
            OrderStatus.Refunded => ("You got your money back", "We have returned the full amount.", "It can take your bank some days to show it."),
            OrderStatus.Disputed => ("Your bank is looking into this payment", "The payment was disputed at your bank.", null),
            var other => throw new ArgumentOutOfRangeException(nameof(status), other, "A status without words."),
        };
        return new(headline, reason is null ? explanation : Reasons.Of(reason).Shopper, nextStep);
    }

    /// <summary>Whether we have the shopper's money. Unknown while somebody is still asking.</summary>
    public static MoneyTaken MoneyTakenBy(Order order)
    {
        if (order.CapturedMinor > 0)
            return order.RefundedMinor < order.CapturedMinor ? MoneyTaken.Yes : MoneyTaken.No;
        return order.Reason is { } reason ? Reasons.Of(reason).MoneyTaken : MoneyTaken.Unknown;
    }

    /// <summary>Charges of one order, the first one included. Somebody who tries out stolen cards must not have an hour of tries.</summary>
    public const int MaxCharges = 5;

    public const string NoMoreTries = "We have tried this order's payment as often as we can. Please place a new order.";

    public static bool CanPayAgain(Order order, int charges) => charges < MaxCharges && IsPayable(order);

    public static bool IsPayable(Order order) =>
        order is { Payment: PaymentState.Declined or PaymentState.ActionNeeded, Fulfilment: FulfilmentState.Open }
        && (order.Reason is null || Reasons.Of(order.Reason).RetryHelps);
}
