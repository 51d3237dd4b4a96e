using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.CircuitBreaker;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;

namespace Shop.Tests.Unit;

public sealed class GatewayPipelineTests
{
    private static readonly GatewayAnswer Fault = new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true);
    private static readonly GatewayAnswer Decline = new GatewayAnswer.NotCharged(Refusal.Card, Reasons.CardDeclined);

    private static ResiliencePipeline<GatewayAnswer> Pipeline(GatewayOptions? options = null)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        return GatewayPipeline.Build(
            PaymentProvider.Stripe, options ?? new(), TimeSpan.FromSeconds(10), new PaymentTelemetry(meters), TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task Three_faults_of_a_quiet_shop_open_the_circuit()
    {
        var pipeline = Pipeline();
        for (var i = 0; i < 3; i++)
            Assert.Same(Fault, await pipeline.ExecuteAsync(_ => ValueTask.FromResult(Fault)));

        await Assert.ThrowsAsync<BrokenCircuitException>(async () => await pipeline.ExecuteAsync(_ => ValueTask.FromResult(Fault)));
    }

    [Fact]
    public async Task Any_number_of_declines_leaves_it_closed()
    {
        var pipeline = Pipeline();
        for (var i = 0; i < 100; i++)
            Assert.Same(Decline, await pipeline.ExecuteAsync(_ => ValueTask.FromResult(Decline)));
    }

    [Fact]
    public async Task A_busy_hour_does_not_hide_an_outage()
    {
        var pipeline = Pipeline();
        for (var i = 0; i < 30; i++)
            await pipeline.ExecuteAsync(_ => ValueTask.FromResult(Decline));
        var calls = 0;

        for (var i = 0; i < 200; i++)
        {
            try
            {
                await pipeline.ExecuteAsync(_ =>
                {
                    calls++;
                    return ValueTask.FromResult(Fault);
                });
            }
            catch (BrokenCircuitException)
            {
            }
        }

        Assert.InRange(calls, 20, 60);
    }

    [Theory]
    [InlineData(1, 60)]
    [InlineData(2, 120)]
    [InlineData(3, 240)]
    [InlineData(4, 480)]
    [InlineData(5, 960)]
    [InlineData(9, 960)]
    public void Failures_wait_longer_each_time_and_never_all_together(int attempts, double seconds)
    {
        Assert.Equal(seconds * 0.8, Backoff.AfterFailure(attempts, 0).TotalSeconds, 3);
        Assert.Equal(seconds * 1.2, Backoff.AfterFailure(attempts, 1).TotalSeconds, 3);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 5)]
    [InlineData(2, 10)]
    [InlineData(3, 20)]
    [InlineData(4, 30)]
    [InlineData(50, 30)]
    public void An_unknown_is_asked_about_soon(int attempts, double seconds) =>
        Assert.Equal(seconds, Backoff.AfterSilence(attempts, 0.5).TotalSeconds, 3);
}
