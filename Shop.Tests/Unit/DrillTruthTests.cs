using Shop.ServiceDefaults;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;

namespace Shop.Tests.Unit;

/// <summary>What a drill compares with what.</summary>
public sealed class DrillTruthTests
{
    [Theory]
    [InlineData("bank", "no", "bank", "no", "declined", true)]
    [InlineData("bank", "no", "gateway", "no", "declined", false)]
    [InlineData("bank", "no", "bank", "yes", "paid", false)]
    [InlineData("bank", "no", "bank", "unknown", "unknown", null)]
    [InlineData("gateway", "yes", null, "yes", "paid", true)] // over before anybody had to be told
    [InlineData("bank", "yes", null, "yes", "paid", false)] // a decline is told, whatever comes after it
    [InlineData("shopper", "yes", null, "yes", "paid", false)]
    [InlineData("gateway", "no", null, "no", "declined", false)]
    [InlineData(null, "yes", "gateway", "yes", "paid", false)]
    [InlineData(null, "yes", null, "yes", "paid", true)]
    public void What_was_said_agrees_only_with_what_happened(string? side, string money, string? saidSide, string saidMoney, string payment, bool? agrees) =>
        Assert.Equal(agrees, Explained.Agrees(side, money, saidSide, saidMoney, payment));

    [Fact]
    public void The_first_fault_of_an_order_is_known_when_hundreds_of_other_calls_have_come()
    {
        var log = new Shop.Simulator.Gateways.RequestLog();
        log.Add(Call("order-1", "confirm", Fault.AnswerLost));
        log.Add(Call("order-1", "confirm", Fault.Reset));
        log.Add(Call("order-1", "read", Fault.Unavailable503));
        for (var i = 0; i < 600; i++)
            log.Add(Call($"other-{i}", "confirm", null));

        Assert.DoesNotContain(log.NewestFirst(), r => r.Fault is not null);
        Assert.Equal(Fault.AnswerLost, Assert.Single(log.Faulted()).Fault);

        for (var i = 0; i < 10_000; i++)
            log.Add(Call($"later-{i}", "confirm", Fault.Reset));
        Assert.Equal(10_000, log.Faulted().Length);
        Assert.DoesNotContain(log.Faulted(), r => r.OrderId is "order-1");
    }

    private static GatewayRequest Call(string order, string operation, Fault? fault) =>
        new(Gateway.Stripe, "req_1", DateTimeOffset.UnixEpoch, "POST", $"/v1/payment_intents/{order}", operation) { OrderId = order, Fault = fault };
}
