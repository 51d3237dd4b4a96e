using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Payments.Gateways;

internal static class GatewayPipeline
{
    // Polly.Core alone: AddResiliencePipeline and Polly's metrics are in Polly.Extensions. So: a keyed singleton, and our own count.
    public static void AddGatewayPipeline(this IServiceCollection services, PaymentProvider provider) =>
        services.AddKeyedSingleton(provider, (sp, _) => Build(
            provider, sp.GetRequiredService<IOptionsMonitor<GatewayOptions>>().Get(provider.ToString()),
            sp.GetRequiredService<IOptions<Timeouts>>().Value.OutsideCall, sp.GetRequiredService<PaymentTelemetry>(),
            sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<ResiliencePipeline<GatewayAnswer>>>()));

    /// <summary>No retry here. The queue is the one place that retries; a second one multiplies load when a gateway is down.</summary>
    internal static ResiliencePipeline<GatewayAnswer> Build(
        PaymentProvider provider, GatewayOptions options, TimeSpan timeout, PaymentTelemetry telemetry, TimeProvider clock, ILogger logger)
    {
        return new ResiliencePipelineBuilder<GatewayAnswer> { TimeProvider = clock }
            .AddCircuitBreaker(Breaker("busy", options.BusyWindow, options.BusyCalls, options.BusyRatio))
            // Inside, because the outer one counts a rejection by the inner one as a success and not the other way round.
            .AddCircuitBreaker(Breaker("quiet", options.QuietWindow, options.QuietCalls, options.QuietRatio))
            .AddTimeout(timeout)
            .Build();

        CircuitBreakerStrategyOptions<GatewayAnswer> Breaker(string name, TimeSpan window, int calls, double ratio) => new()
        {
            Name = name, SamplingDuration = window, MinimumThroughput = calls, FailureRatio = ratio, BreakDuration = options.Break,
            ShouldHandle = new PredicateBuilder<GatewayAnswer>().HandleResult(answer => answer.IsFault), // a decline is an answer
            OnOpened = args => Changed(name, CircuitState.Open, args.Outcome.Result?.Class),
            OnHalfOpened = _ => Changed(name, CircuitState.HalfOpen, null),
            OnClosed = _ => Changed(name, CircuitState.Closed, null),
        };

        ValueTask Changed(string breaker, CircuitState state, string? after)
        {
            telemetry.CircuitChanged(provider, breaker, state.ToString());
            logger.CircuitChanged(provider, breaker, state, after);
            return default;
        }
    }
}
