using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;

namespace Shop.ServiceDefaults;

public static class HttpClients
{
    /// <summary>A request with this header may be sent twice: the receiver makes one effect of both.</summary>
    public const string IdempotencyKey = "Idempotency-Key";

    /// <summary>Changes the defaults of clients without deadlines of their own, as in <c>HttpClients:Retry:MaxRetryAttempts</c>.</summary>
    public const string Section = "HttpClients";

    /// <summary>
    /// Replaces the default waits (10 s an attempt, 30 s in all, 3 retries) of one client by rungs of <see cref="Timeouts"/>.
    /// <paramref name="total"/> also bounds the reading of the body. What may be retried stays the same.
    /// </summary>
    public static IHttpClientBuilder WithDeadlines(
        this IHttpClientBuilder http, Func<Timeouts, TimeSpan> attempt, Func<Timeouts, TimeSpan> total, int retries = 1)
    {
#pragma warning disable EXTEXP0001 // The only way to take back what the defaults added.
        http.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        http.AddResilience((options, timeouts) =>
        {
            options.TotalRequestTimeout.Timeout = total(timeouts);
            options.AttemptTimeout.Timeout = attempt(timeouts);
            options.CircuitBreaker.SamplingDuration = TimeSpan.FromTicks(Math.Max(options.CircuitBreaker.SamplingDuration.Ticks, 2 * attempt(timeouts).Ticks));
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

    internal static void AddHttpClientDefaults(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http =>
        {
            http.AddResilience((_, _) => { }).Configure(configuration.GetSection(Section));
            http.AddHttpMessageHandler(() => new NextEndpoint());
            http.AddHttpMessageHandler(sp => new OutboundLog(sp.GetRequiredService<TimeProvider>(), sp.GetRequiredService<ILogger<OutboundLog>>()));
            http.AddServiceDiscovery();
            http.AddHttpMessageHandler(() => new NextEndpoint.Memory());
        });
    }

    private static IHttpStandardResiliencePipelineBuilder AddResilience(
        this IHttpClientBuilder http, Action<HttpStandardResilienceOptions, Timeouts> configure)
    {
        // By authority: one pipeline for all clients would have one breaker for all, and one dead service would cut off every other.
        var pipeline = http.AddStandardResilienceHandler().Configure((options, services) =>
        {
            options.OnlyWhatMayBeRepeated();
            configure(options, services.GetRequiredService<IOptions<Timeouts>>().Value);
        }).SelectPipelineByAuthority();

        // The pipeline's work ends with the response's headers. Only the client's own limit covers a body that never ends.
        http.ConfigureHttpClient((services, client) =>
        {
            var options = services.GetRequiredService<IOptionsMonitor<HttpStandardResilienceOptions>>().Get(pipeline.PipelineName);
            client.Timeout = options.TotalRequestTimeout.Timeout + TimeSpan.FromSeconds(1);
        });
        return pipeline;
    }

    /// <summary>
    /// A lost answer proves nothing about the effect: an unsafe request is repeated only if it carries a key. The standard handler would
    /// repeat every POST. PUT and DELETE as well: the second one meets what the first has done, and would be answered as a conflict.
    /// </summary>
    private static void OnlyWhatMayBeRepeated(this HttpStandardResilienceOptions options)
    {
        var isTransient = options.Retry.ShouldHandle;
        options.Retry.ShouldHandle = async args =>
            await isTransient(args) && !IsRefusal(args.Outcome) && MayBeRepeated(RequestOf(args.Outcome, args.Context));

        var isFailure = options.CircuitBreaker.ShouldHandle;
        options.CircuitBreaker.ShouldHandle = async args => await isFailure(args) && !IsRefusal(args.Outcome);

        // Too many requests is an answer of a service that is well. Asking again makes it worse, and if it counted as a failure, one visitor
        // above the limit would open the breaker for all the others.
        static bool IsRefusal(Outcome<HttpResponseMessage> outcome) => outcome.Result?.StatusCode is HttpStatusCode.TooManyRequests;

        static bool MayBeRepeated(HttpRequestMessage? request) => request is not null
            && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Options
                || request.Method == HttpMethod.Trace || request.Headers.Contains(IdempotencyKey));

#pragma warning disable EXTEXP0001 // After an exception there is no response to ask.
        static HttpRequestMessage? RequestOf(Outcome<HttpResponseMessage> outcome, ResilienceContext context) =>
            outcome.Result?.RequestMessage ?? context.GetRequestMessage();
#pragma warning restore EXTEXP0001
    }
}
