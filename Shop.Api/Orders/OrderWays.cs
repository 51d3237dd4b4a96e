using Shop.Api.Gateways;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Orders;

internal static class OrderWays
{
    /// <summary>What the shopper may choose now, best first.</summary>
    /// <param name="charge">How the open charge stands; null without one.</param>
    /// <param name="methods">What one can pay with right now, best first.</param>
    public static IEnumerable<PaymentMethodView> Of(
        Order order, int charges, JobState? charge, bool isAtBank, IReadOnlyList<PaymentMethodView> methods) => order.Payment switch
        {
            _ when charges >= OrderWords.MaxCharges || order.IsBeingCancelled => [],
            PaymentState.Declined => OrderWords.IsPayable(order) ? methods : [],
            // While the bank may be letting it through there is nothing to choose: the answer comes first.
            PaymentState.ActionNeeded => OrderWords.IsPayable(order) && (!isAtBank || order.PaysAt is not PaymentProvider.Stripe) ? methods : [],
            // The same way is what we are trying already.
            PaymentState.Deferred when charge is JobState.Waiting && order.Fulfilment is FulfilmentState.Open =>
                methods.Where(m => m.State is MethodState.Available && m.Method != PaymentMethods.MethodOf(order.PaysAt)),
            _ => [],
        };
}
