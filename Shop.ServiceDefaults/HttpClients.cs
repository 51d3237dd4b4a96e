using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace Shop.ServiceDefaults;

public static class HttpClients
{
    /// <summary>A request with this header may be sent twice: the receiver makes one effect of both.</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>
    /// Replaces the default waits (10 s an attempt, 30 s in all, 3 retries) of one client. <paramref name="total"/> also bounds the
    /// reading of the body. What may be retried stays the same.
    /// </summary>
    public static IHttpClientBuilder WithDeadlines(this IHttpClientBuilder http, TimeSpan attempt, TimeSpan total, int retries = 1)
    {
#pragma warning disable EXTEXP0001 // The only way to take back what the defaults added.
        http.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        http.AddResilience(total, options =>
        {
            options.AttemptTimeout.Timeout = attempt;
            options.CircuitBreaker.SamplingDuration = TimeSpan.FromTicks(Math.Max(options.CircuitBreaker.SamplingDuration.Ticks, 2 * attempt.Ticks));
            options.Retry.Delay = TimeSpan.FromMilliseconds(200);
            options.Retry.MaxRetryAttempts = Math.Max(retries, 1);
            if (retries == 0)
                options.Retry.ShouldHandle = static _ => PredicateResult.False();
        });

        // Added last it would be innermost: behind discovery, and every retry would go to the endpoint that just failed.
        return http.ConfigureAdditionalHttpMessageHandlers((handlers, _) =>
        {
            var resilience = handlers[^1];
            handlers.RemoveAt(handlers.Count - 1);
            handlers.Insert(0, resilience);
        });
    }

    internal static void AddHttpClientDefaults(this IServiceCollection services)
    {
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http =>
        {
            http.AddResilience(total: TimeSpan.FromSeconds(30), _ => { });
            http.AddServiceDiscovery();
        });
    }

    private static void AddResilience(this IHttpClientBuilder http, TimeSpan total, Action<HttpStandardResilienceOptions> configure)
    {
        // By authority: one pipeline for all clients would have one breaker for all, and one dead service would cut off every other.
        http.AddStandardResilienceHandler(options =>
        {
            options.TotalRequestTimeout.Timeout = total;
            options.Retry.OnlyWhatMayBeRepeated();
            configure(options);
        }).SelectPipelineByAuthority();

        // The pipeline's work ends with the response's headers. Only the client's own limit covers a body that never ends.
        http.ConfigureHttpClient(client => client.Timeout = total + TimeSpan.FromSeconds(1));
    }

    /// <summary>
    /// A lost answer proves nothing about the effect: an unsafe request is repeated only if it carries a key. The standard handler
    /// would repeat every POST.
    /// </summary>
    private static void OnlyWhatMayBeRepeated(this HttpRetryStrategyOptions retry)
    {
        var isTransient = retry.ShouldHandle;
        retry.ShouldHandle = async args => await isTransient(args) && MayBeRepeated(RequestOf(args.Outcome, args.Context));

        static bool MayBeRepeated(HttpRequestMessage? request) => request is not null
            && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options
                || request.Method == HttpMethod.Trace || request.Headers.Contains(IdempotencyKey));

#pragma warning disable EXTEXP0001 // After an exception there is no response to ask.
        static HttpRequestMessage? RequestOf(Outcome<HttpResponseMessage> outcome, ResilienceContext context) =>
            outcome.Result?.RequestMessage ?? context.GetRequestMessage();
#pragma warning restore EXTEXP0001
    }
}
