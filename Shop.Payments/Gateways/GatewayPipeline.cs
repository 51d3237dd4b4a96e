using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Payments.Gateways;

internal static class GatewayPipeline
{
    // Polly.Core alone: AddResiliencePipeline and Polly's metrics are in Polly.Extensions. So: keyed singletons, and our own count.
    public static void AddGatewayPipeline(this IServiceCollection services, PaymentProvider provider)
    {
        services.AddKeyedSingleton(provider, (sp, _) => new GatewayBreakers(
            provider, sp.GetRequiredService<PaymentTelemetry>(), sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<GatewayBreakers>>()));
        services.AddKeyedSingleton(provider, (sp, _) => Build(
            sp.GetRequiredService<IOptionsMonitor<GatewayOptions>>().Get(provider.ToString()),
            sp.GetRequiredService<IOptions<Timeouts>>().Value.OutsideCall, sp.GetRequiredKeyedService<GatewayBreakers>(provider),
            sp.GetRequiredService<TimeProvider>()));
    }

    /// <summary>No retry here. The queue is the one place that retries; a second one multiplies load when a gateway is down.</summary>
    internal static ResiliencePipeline<GatewayAnswer> Build(GatewayOptions options, TimeSpan timeout, GatewayBreakers breakers, TimeProvider clock)
    {
        return new ResiliencePipelineBuilder<GatewayAnswer> { TimeProvider = clock }
            .AddCircuitBreaker(Breaker("busy", options.BusyWindow, options.BusyCalls, options.BusyRatio))
            // Inside, because the outer one counts a rejection by an inner one as a success and not the other way round.
            .AddCircuitBreaker(Breaker("steady", options.SteadyWindow, options.SteadyCalls, options.SteadyRatio))
            .AddCircuitBreaker(Breaker("quiet", options.QuietWindow, options.QuietCalls, options.QuietRatio))
            .AddTimeout(timeout)
            .Build();

        CircuitBreakerStrategyOptions<GatewayAnswer> Breaker(string name, TimeSpan window, int calls, double ratio) => new()
        {
            Name = name, SamplingDuration = window, MinimumThroughput = calls, FailureRatio = ratio, BreakDuration = options.Break,
            ManualControl = breakers.Control,
            // A decline is an answer. An exception is none, whatever it is: taken for a success, it would close a breaker that probes.
            ShouldHandle = args => ValueTask.FromResult(
                !breakers.IsForced && (args.Outcome.Result is { IsFault: true } || args.Outcome.Exception is not (null or BrokenCircuitException))),
            OnOpened = args => Changed(name, BreakerState.Open, clock.GetUtcNow() + args.BreakDuration, args.Outcome.Result),
            OnHalfOpened = _ => Changed(name, BreakerState.HalfOpen),
            OnClosed = _ => Changed(name, BreakerState.Closed),
        };

        ValueTask Changed(string breaker, BreakerState state, DateTimeOffset? openUntil = null, GatewayAnswer? after = null)
        {
            breakers.Change(breaker, state, openUntil, after);
            return default;
        }
    }
}
