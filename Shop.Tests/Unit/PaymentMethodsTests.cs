using Shop.Api.Gateways;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Tests.Unit;

public sealed class PaymentMethodsTests
{
    private static PaymentMethodView Of(int live, OverrideMode? decided) =>
        Assert.Single(PaymentMethods.Of([new GatewaySight(PaymentProvider.Stripe, live, 0, decided)], [PaymentProvider.Stripe]));

    [Fact]
    public void Forcing_a_gateway_takes_no_payment_while_nobody_works_on_payments()
    {
        Assert.Equal(MethodState.Troubled, Of(live: 0, OverrideMode.Forced).State);
        Assert.Equal(MethodState.Available, Of(live: 1, OverrideMode.Forced).State);
    }

    [Fact]
    public void A_stopped_gateway_takes_orders_and_its_shopper_is_told_so()
    {
        var stopped = Of(live: 1, OverrideMode.Stopped);

        Assert.Equal(MethodState.Unavailable, stopped.State);
        Assert.Contains("You can order: your order is saved", stopped.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_order_refused_for_the_declines_before_it_is_offered_no_other_card()
    {
        var reason = Reasons.Of(Reasons.TooManyDeclines);

        Assert.Equal((RetryAdvice.ContactUs, false), (reason.Retry, reason.RetryHelps));
    }
}
