namespace Shop.Data.Orders;

public enum PaymentState { None, InFlight, Unknown, ActionNeeded, Deferred, Paid, Declined, Abandoned }

public enum PaymentEvent { Started, Captured, Refused, AnswerLost, ActionAsked, Postponed, Closed }

public enum FulfilmentState { Open, PartShipped, Shipped, Delivered, Cancelled, Returned }

public enum OrderStatus
{
    Confirming, ActionNeeded, Declined, PaymentFailed, Paid, PartShipped, Shipped, Delivered, Returned, Cancelled, RefundDue, Refunded, Disputed,
}

public readonly record struct Amounts(long CapturedMinor, long RefundedMinor, long DisputedMinor);

public static class OrderLifecycle
{
    /// <summary>The whole life of a payment. Null means the event is illegal, or already happened, in this state.</summary>
    public static PaymentState? Next(PaymentState from, PaymentEvent on) => (from, on) switch
    {
        // Money that arrived is a fact however late: after a decline, a postponement, even after we gave up. Whether the order
        // can still be filled or refunds itself is decided by ApplyPaymentOutcome; that the money was taken is not.
        (not PaymentState.Paid, PaymentEvent.Captured) => PaymentState.Paid,
        (PaymentState.None or PaymentState.Deferred or PaymentState.Declined or PaymentState.ActionNeeded, PaymentEvent.Started)
            => PaymentState.InFlight, // never from unknown: that is settled first
        (PaymentState.InFlight or PaymentState.Unknown or PaymentState.ActionNeeded, PaymentEvent.Refused) => PaymentState.Declined,
        (PaymentState.InFlight, PaymentEvent.AnswerLost) => PaymentState.Unknown,
        (PaymentState.InFlight or PaymentState.Unknown, PaymentEvent.ActionAsked) => PaymentState.ActionNeeded,
        (PaymentState.InFlight or PaymentState.Unknown, PaymentEvent.Postponed) => PaymentState.Deferred, // carries a proof that nothing charged
        // Closed carries one too: the intent was canceled at the gateway, or no confirm was ever sent.
        (not (PaymentState.Paid or PaymentState.Abandoned), PaymentEvent.Closed) => PaymentState.Abandoned,
        _ => null,
    };

    /// <summary>Fulfilment has its own life; it starts only on a paid order and ends in delivery, return or cancellation.</summary>
    public static bool CanMove(FulfilmentState from, FulfilmentState to) => (from, to) switch
    {
        (FulfilmentState.Open, FulfilmentState.PartShipped or FulfilmentState.Shipped or FulfilmentState.Cancelled) => true,
        (FulfilmentState.PartShipped, FulfilmentState.Shipped) => true,
        (FulfilmentState.Shipped, FulfilmentState.Delivered or FulfilmentState.Returned) => true,
        (FulfilmentState.Delivered, FulfilmentState.Returned) => true,
        _ => false,
    };

    /// <summary>What a person sees. Derived, never stored, so it cannot disagree with the facts it is made of.</summary>
    public static OrderStatus StatusOf(PaymentState payment, FulfilmentState fulfilment, Amounts money) => (payment, fulfilment) switch
    {
        _ when money.DisputedMinor > 0 => OrderStatus.Disputed,
        _ when money.CapturedMinor > 0 && money.RefundedMinor == money.CapturedMinor => OrderStatus.Refunded,
        (PaymentState.Paid, FulfilmentState.Cancelled) => OrderStatus.RefundDue, // money held for goods that nobody will send
        (PaymentState.Abandoned, _) => OrderStatus.PaymentFailed,
        (_, FulfilmentState.Cancelled) => OrderStatus.Cancelled,
        (_, FulfilmentState.Returned) => OrderStatus.Returned,
        (_, FulfilmentState.Delivered) => OrderStatus.Delivered,
        (_, FulfilmentState.Shipped) => OrderStatus.Shipped,
        (_, FulfilmentState.PartShipped) => OrderStatus.PartShipped,
        (PaymentState.Paid, _) => OrderStatus.Paid,
        (PaymentState.ActionNeeded, _) => OrderStatus.ActionNeeded,
        (PaymentState.Declined, _) => OrderStatus.Declined,
        _ => OrderStatus.Confirming, // none, in flight, unknown, deferred: we are on it, and say so
    };
}
