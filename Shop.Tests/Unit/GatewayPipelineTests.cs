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
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Unit;

public sealed class GatewayPipelineTests(ITestOutputHelper output) : IDisposable
{
    private static readonly GatewayAnswer Fault =
        new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true) { Facts = new Facts(HttpStatus: 503) };

    private static readonly GatewayAnswer Decline = new GatewayAnswer.NotCharged(Refusal.Card, Reasons.CardDeclined);
    private static readonly GatewayOptions Production = new();

    private readonly SteppedClock _clock = new(Any.Now);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private GatewayBreakers _breakers = null!;

    public void Dispose() => _services.Dispose();

    private ResiliencePipeline<GatewayAnswer> Pipeline(GatewayOptions? options = null)
    {
        _breakers = new(
            PaymentProvider.Stripe, new PaymentTelemetry(_services.GetRequiredService<IMeterFactory>()), _clock, NullLogger<GatewayBreakers>.Instance);
        return GatewayPipeline.Build(options ?? Production, TimeSpan.FromSeconds(10), _breakers, _clock);
    }

    /// <returns>Whether the call was let through.</returns>
    private static async Task<bool> CallAsync(ResiliencePipeline<GatewayAnswer> pipeline, GatewayAnswer answer)
    {
        try
        {
            Assert.Same(answer, await pipeline.ExecuteAsync(_ => ValueTask.FromResult(answer)));
            return true;
        }
        catch (BrokenCircuitException)
        {
            return false;
        }
    }

    private async Task<ResiliencePipeline<GatewayAnswer>> OpenAsync()
    {
        var pipeline = Pipeline();
        while (await CallAsync(pipeline, Fault))
        {
        }

        Assert.True(_breakers.IsOpen);
        return pipeline;
    }

    [Fact]
    public async Task Three_faults_of_a_quiet_shop_open_the_circuit_and_it_says_why()
    {
        var pipeline = Pipeline();
        for (var i = 0; i < 3; i++)
        {
            Assert.True(await CallAsync(pipeline, Fault));
            _clock.Advance(TimeSpan.FromMinutes(4)); // a quarter of an hour is enough for them
        }

        Assert.Equal((BreakerState.Open, Reasons.OutcomeUnknown, "HTTP 503"), (_breakers.Sight.State, _breakers.Sight.Reason, _breakers.Sight.Code));
        Assert.Equal(Production.Break, _breakers.Sight.OpenUntil - _breakers.Sight.Since);
    }

    [Fact]
    public async Task Any_number_of_declines_leaves_it_closed()
    {
        var pipeline = Pipeline();
        for (var i = 0; i < 100; i++)
            Assert.True(await CallAsync(pipeline, Decline));

        Assert.Equal(BreakerState.Closed, _breakers.Sight.State);
    }

    [Theory]
    [InlineData(0.1, 1, null)]
    [InlineData(1, 240, null)]
    [InlineData(10, 90, null)]
    [InlineData(60, 30, null)]
    [InlineData(300, 30, null)]
    [InlineData(1, 900, "without the steady one")] // what the middle breaker is for
    public async Task An_outage_is_noticed_soon_by_shops_of_every_size(double ordersPerMinute, int withinSeconds, string? without)
    {
        var options = without is null ? Production : new GatewayOptions { SteadyCalls = 1000 };
        var pipeline = Pipeline(options);
        var between = TimeSpan.FromMinutes(1 / ordersPerMinute);
        for (var good = TimeSpan.Zero; good < TimeSpan.FromMinutes(30); good += between) // create and confirm, half an hour long
        {
            await CallAsync(pipeline, Decline);
            await CallAsync(pipeline, Decline);
            _clock.Advance(between);
        }

        // Each order is tried when it comes, and again by the queue's own back-off.
        var began = _clock.GetUtcNow();
        var faults = 0;
        SortedSet<(DateTimeOffset At, int Order, int Attempt)> due = [];
        for (var order = 0; order < 5000; order++)
            due.Add((began + order * between, order, 1));
        while (_breakers.Sight.State is BreakerState.Closed)
        {
            var (at, order, attempt) = due.Min;
            due.Remove(due.Min);
            _clock.Advance(at - _clock.GetUtcNow());
            await CallAsync(pipeline, Fault);
            faults++;
            due.Add((at + Backoff.AfterFailure(attempt, 0.5), order, attempt + 1));
        }

        var took = (_clock.GetUtcNow() - began).TotalSeconds;
        output.WriteLine($"{ordersPerMinute} orders a minute: open after {faults} faults, {took:F0} s {without}");
        if (without is not null)
            Assert.InRange(took, 200, withinSeconds);
        else if (ordersPerMinute < 1)
            Assert.Equal(3, faults); // the shop is that quiet: seconds say nothing
        else
            Assert.InRange(took, 0, withinSeconds);
    }

    [Fact]
    public async Task After_the_break_one_call_finds_out_and_a_good_answer_closes_it()
    {
        var pipeline = await OpenAsync();
        _clock.Advance(Production.Break);
        Assert.False(_breakers.IsOpen);
        var (asked, answers) = (new TaskCompletionSource(), new TaskCompletionSource<GatewayAnswer>());

        var probe = pipeline.ExecuteAsync(async _ =>
        {
            asked.SetResult();
            return await answers.Task;
        }).AsTask();
        await asked.Task;
        Assert.False(await CallAsync(pipeline, Decline)); // meanwhile nobody else
        Assert.Equal(BreakerState.HalfOpen, _breakers.Sight.State);
        answers.SetResult(Decline);
        await probe;

        Assert.Equal(BreakerState.Closed, _breakers.Sight.State);
        Assert.True(await CallAsync(pipeline, Decline));
        Assert.Equal([BreakerState.Open, BreakerState.Closed], _breakers.TakeChanges().Select(c => c.State)); // the probe is no news
    }

    [Fact]
    public async Task A_probe_that_fails_opens_it_for_another_break_and_the_trouble_goes_on_since_it_began()
    {
        var pipeline = await OpenAsync();
        var since = _breakers.Sight.Since;
        _clock.Advance(Production.Break);

        Assert.True(await CallAsync(pipeline, Fault));

        Assert.True(_breakers.IsOpen);
        Assert.Equal((since, _clock.GetUtcNow() + Production.Break), (_breakers.Sight.Since, _breakers.Sight.OpenUntil));
    }

    [Fact]
    public async Task An_exception_is_no_good_answer()
    {
        var pipeline = await OpenAsync();
        _clock.Advance(Production.Break);

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await pipeline.ExecuteAsync(new Func<CancellationToken, ValueTask<GatewayAnswer>>(_ => throw new InvalidOperationException("a bug"))));

        Assert.True(_breakers.IsOpen);
    }

    [Fact]
    public async Task A_forced_gateway_is_asked_at_once_and_however_ill_it_is_and_starts_afresh_afterwards()
    {
        var pipeline = await OpenAsync();

        await _breakers.OverrideAsync(OverrideMode.Forced, CancellationToken.None);
        for (var i = 0; i < 50; i++)
            Assert.True(await CallAsync(pipeline, Fault));
        await _breakers.OverrideAsync(null, CancellationToken.None);

        for (var i = 0; i < 3; i++)
            Assert.True(await CallAsync(pipeline, Fault));
        Assert.False(await CallAsync(pipeline, Fault));
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
