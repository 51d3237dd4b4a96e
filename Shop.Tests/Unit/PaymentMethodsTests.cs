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

    private static IReadOnlyList<PaymentMethodView> Both(GatewaySight card, GatewaySight payPal) =>
        PaymentMethods.Of([card, payPal], [PaymentProvider.Stripe, PaymentProvider.PayPal]);

    private static GatewaySight Sight(PaymentProvider provider, bool isWell, OverrideMode? decided = null) => new(provider, 1, isWell ? 0 : 1, decided);

    [Fact]
    public void Paypal_comes_first_while_cards_are_in_trouble_and_steps_back_when_they_are_not()
    {
        var well = Both(Sight(PaymentProvider.Stripe, true), Sight(PaymentProvider.PayPal, true));
        var troubled = Both(Sight(PaymentProvider.Stripe, false), Sight(PaymentProvider.PayPal, true));
        var both = Both(Sight(PaymentProvider.Stripe, false), Sight(PaymentProvider.PayPal, false));
        var other = Both(Sight(PaymentProvider.Stripe, true), Sight(PaymentProvider.PayPal, true, OverrideMode.Stopped));

        Assert.Equal(["card", "paypal"], well.Select(m => m.Method));
        Assert.Equal(["paypal", "card"], troubled.Select(m => m.Method));
        Assert.Equal(["card", "paypal"], both.Select(m => m.Method));
        Assert.Equal(["card", "paypal"], other.Select(m => m.Method));
        Assert.Contains("You can pay with PayPal right away", troubled[1].Text, StringComparison.Ordinal);
        Assert.DoesNotContain("right away", both[0].Text, StringComparison.Ordinal);
        Assert.Contains("You can pay with a card right away", other[1].Text, StringComparison.Ordinal);
        Assert.All(well, m => Assert.Null(m.Text));
    }

    [Fact]
    public void An_order_refused_for_the_declines_before_it_is_offered_no_other_card()
    {
        var reason = Reasons.Of(Reasons.TooManyDeclines);

        Assert.Equal((RetryAdvice.ContactUs, false), (reason.Retry, reason.RetryHelps));
    }
}
