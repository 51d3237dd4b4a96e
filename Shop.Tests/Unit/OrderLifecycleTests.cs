using Shop.Data.Orders;

namespace Shop.Tests.Unit;

public sealed class OrderLifecycleTests
{
    // Every legal step there is. What is not written here is refused, and the test below asks for every pair.
    private static readonly Dictionary<(PaymentState, PaymentEvent), PaymentState> Legal = new()
    {
        [(PaymentState.None, PaymentEvent.Started)] = PaymentState.InFlight,
        [(PaymentState.None, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.None, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.InFlight, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.InFlight, PaymentEvent.Refused)] = PaymentState.Declined,
        [(PaymentState.InFlight, PaymentEvent.AnswerLost)] = PaymentState.Unknown,
        [(PaymentState.InFlight, PaymentEvent.ActionAsked)] = PaymentState.ActionNeeded,
        [(PaymentState.InFlight, PaymentEvent.Postponed)] = PaymentState.Deferred,
        [(PaymentState.InFlight, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.Unknown, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.Unknown, PaymentEvent.Refused)] = PaymentState.Declined,
        [(PaymentState.Unknown, PaymentEvent.ActionAsked)] = PaymentState.ActionNeeded,
        [(PaymentState.Unknown, PaymentEvent.Postponed)] = PaymentState.Deferred,
        [(PaymentState.Unknown, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.ActionNeeded, PaymentEvent.Started)] = PaymentState.InFlight,
        [(PaymentState.ActionNeeded, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.ActionNeeded, PaymentEvent.Refused)] = PaymentState.Declined,
        [(PaymentState.ActionNeeded, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.Deferred, PaymentEvent.Started)] = PaymentState.InFlight,
        [(PaymentState.Deferred, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.Deferred, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.Declined, PaymentEvent.Started)] = PaymentState.InFlight,
        [(PaymentState.Declined, PaymentEvent.Captured)] = PaymentState.Paid,
        [(PaymentState.Declined, PaymentEvent.Closed)] = PaymentState.Abandoned,

        [(PaymentState.Abandoned, PaymentEvent.Captured)] = PaymentState.Paid,
    };

    public static TheoryData<PaymentState, PaymentEvent> EveryPair()
    {
        TheoryData<PaymentState, PaymentEvent> pairs = [];
        foreach (var state in Enum.GetValues<PaymentState>())
        {
            foreach (var on in Enum.GetValues<PaymentEvent>())
                pairs.Add(state, on);
        }

        return pairs;
    }

    [Theory, MemberData(nameof(EveryPair))]
    public void A_payment_moves_only_where_the_table_says(PaymentState from, PaymentEvent on) =>
        Assert.Equal(Legal.TryGetValue((from, on), out var to) ? to : null, OrderLifecycle.Next(from, on));

    [Fact]
    public void Money_that_arrived_is_never_forgotten()
    {
        foreach (var on in Enum.GetValues<PaymentEvent>())
            Assert.Null(OrderLifecycle.Next(PaymentState.Paid, on));
    }

    [Fact]
    public void An_unknown_payment_is_never_started_again() => Assert.Null(OrderLifecycle.Next(PaymentState.Unknown, PaymentEvent.Started));

    [Theory]
    [InlineData(PaymentState.None, FulfilmentState.Open, 0, 0, 0, OrderStatus.Confirming)]
    [InlineData(PaymentState.InFlight, FulfilmentState.Open, 0, 0, 0, OrderStatus.Confirming)]
    [InlineData(PaymentState.Unknown, FulfilmentState.Open, 0, 0, 0, OrderStatus.Confirming)]
    [InlineData(PaymentState.Deferred, FulfilmentState.Open, 0, 0, 0, OrderStatus.Confirming)]
    [InlineData(PaymentState.ActionNeeded, FulfilmentState.Open, 0, 0, 0, OrderStatus.ActionNeeded)]
    [InlineData(PaymentState.Declined, FulfilmentState.Open, 0, 0, 0, OrderStatus.Declined)]
    [InlineData(PaymentState.Abandoned, FulfilmentState.Open, 0, 0, 0, OrderStatus.PaymentFailed)]
    [InlineData(PaymentState.Paid, FulfilmentState.Open, 100, 0, 0, OrderStatus.Paid)]
    [InlineData(PaymentState.Paid, FulfilmentState.PartShipped, 100, 0, 0, OrderStatus.PartShipped)]
    [InlineData(PaymentState.Paid, FulfilmentState.Shipped, 100, 0, 0, OrderStatus.Shipped)]
    [InlineData(PaymentState.Paid, FulfilmentState.Delivered, 100, 0, 0, OrderStatus.Delivered)]
    [InlineData(PaymentState.Paid, FulfilmentState.Returned, 100, 0, 0, OrderStatus.Returned)]
    [InlineData(PaymentState.Paid, FulfilmentState.Cancelled, 100, 0, 0, OrderStatus.RefundDue)]
    [InlineData(PaymentState.Paid, FulfilmentState.Cancelled, 100, 40, 0, OrderStatus.RefundDue)]
    [InlineData(PaymentState.Paid, FulfilmentState.Cancelled, 100, 100, 0, OrderStatus.Refunded)]
    [InlineData(PaymentState.Paid, FulfilmentState.Delivered, 100, 0, 100, OrderStatus.Disputed)]
    public void What_a_person_sees_follows_from_the_facts(
        PaymentState payment, FulfilmentState fulfilment, long captured, long refunded, long disputed, OrderStatus status) =>
        Assert.Equal(status, OrderLifecycle.StatusOf(payment, fulfilment, new Amounts(captured, refunded, disputed)));
}
