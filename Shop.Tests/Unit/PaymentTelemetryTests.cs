using System.Diagnostics;
using Shop.Data.Payments;
using Shop.Payments;

namespace Shop.Tests.Unit;

public sealed class PaymentTelemetryTests : IDisposable
{
    private const string Checkout = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private readonly ActivityListener _listener = new()
    {
        ShouldListenTo = source => source.Name == PaymentTelemetry.Name,
        Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
    };

    public PaymentTelemetryTests() => ActivitySource.AddActivityListener(_listener);

    public void Dispose() => _listener.Dispose();

    private static PaymentJob Job(int attempts, PaymentJobKind kind = PaymentJobKind.Charge) => new()
    {
        Id = Guid.NewGuid(), OrderId = Guid.NewGuid(), Kind = kind, Provider = PaymentProvider.Stripe, DueAt = default, CreatedAt = default,
        Attempts = attempts, TraceParent = Checkout,
    };

    [Fact]
    public void The_first_attempt_continues_the_checkouts_trace()
    {
        using var activity = PaymentTelemetry.Start(Job(attempts: 0));

        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", activity!.TraceId.ToHexString());
        Assert.Empty(activity.Links);
    }

    [Theory]
    [InlineData(1, PaymentJobKind.Charge)]
    [InlineData(0, PaymentJobKind.Refund)]
    [InlineData(0, PaymentJobKind.Look)]
    public void What_comes_later_has_a_trace_of_its_own_linked_to_it(int attempts, PaymentJobKind kind)
    {
        using var activity = PaymentTelemetry.Start(Job(attempts, kind));

        Assert.NotEqual("4bf92f3577b34da6a3ce929d0e0e4736", activity!.TraceId.ToHexString());
        Assert.Equal("4bf92f3577b34da6a3ce929d0e0e4736", Assert.Single(activity.Links).Context.TraceId.ToHexString());
    }
}
