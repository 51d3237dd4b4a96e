using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>What somebody may conclude who read the intent while others went on with it.</summary>
public sealed class ReadingTests
{
    private static readonly GatewayAnswer AwaitsCard = new GatewayAnswer.AwaitsCard(Reasons.AuthenticationFailed);

    private static Order Order(params PaymentEvent[] events)
    {
        var order = Any.Order(Any.Person(), Guid.NewGuid(), ("sku", 1));
        Assert.All(events, e => Assert.True(order.TryApply(e, Any.Now)));
        return order;
    }

    private static Order AtTheBank() => Order(PaymentEvent.Started, PaymentEvent.ActionAsked);

    private static PaymentIntent Intent(int confirm, bool open) => new()
    {
        OrderId = Guid.NewGuid(), Provider = PaymentProvider.Stripe, GatewayId = "pi_1", Confirm = confirm, ConfirmOpen = open, AmountMinor = 1250,
        Currency = "EUR", CreatedAt = Any.Now,
    };

    [Fact]
    public void A_bank_that_waited_and_gave_the_card_back_has_refused_it()
    {
        var before = new Reading(AtTheBank(), Intent(1, open: false));

        Assert.Equal(new PaymentNews.Refused(Reasons.AuthenticationFailed), before.NewsOf(AwaitsCard, AtTheBank(), Intent(1, open: false)));
    }

    [Fact]
    public void What_was_read_while_the_confirm_was_under_way_declines_nobody()
    {
        var before = new Reading(Order(PaymentEvent.Started), Intent(1, open: true));

        Assert.Null(before.NewsOf(AwaitsCard, AtTheBank(), Intent(1, open: false)));
    }

    [Fact]
    public void What_was_read_before_a_postponed_confirm_was_repeated_declines_nobody()
    {
        var before = new Reading(Order(PaymentEvent.Started, PaymentEvent.Postponed), Intent(1, open: false));

        Assert.Null(before.NewsOf(AwaitsCard, AtTheBank(), Intent(1, open: false)));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(1, true)]
    public void What_was_read_before_another_card_was_sent_declines_nobody(int confirm, bool open)
    {
        var before = new Reading(AtTheBank(), Intent(1, open: false));

        Assert.Null(before.NewsOf(AwaitsCard, AtTheBank(), Intent(confirm, open)));
    }

    [Fact]
    public void Money_and_a_cancellation_are_facts_whoever_reads_them_and_when()
    {
        var before = new Reading(Order(), Intent(0, open: false));

        Assert.IsType<PaymentNews.Captured>(before.NewsOf(new GatewayAnswer.Charged(1250, "EUR"), Order(), Intent(1, open: true)));
        Assert.IsType<PaymentNews.Closed>(before.NewsOf(
            new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime), Order(), Intent(1, open: true)));
    }
}
