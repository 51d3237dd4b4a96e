using System.Diagnostics;
using Microsoft.Extensions.Options;
using Polly;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.Payments.Webhooks;
using Shop.ServiceDefaults;
using Stripe;

namespace Shop.Payments.Gateways;

internal enum GatewayOperation { Create, Confirm, Capture, Read, Cancel, Refund, Customer }

/// <summary>One call and its answer, ready to be filed.</summary>
internal sealed record Asked(
    PaymentProvider Provider, GatewayOperation Operation, string? Key, string? GatewayId, GatewayAnswer Answer, TimeSpan Latency, string? TraceId,
    DateTimeOffset At, bool IsForced = false)
{
    /// <summary>The same as it came over the wire, scrubbed.</summary>
    public IReadOnlyList<Heard> Heard { get; init; } = [];

    public PaymentAttempt ToAttempt(PaymentJob job, string? proof = null) => ToAttempt(Guid.CreateVersion7(At), job.OrderId, job.Id, proof, job);

    public PaymentAttempt ToAttempt(Guid orderId, Guid? jobId, string? proof = null) => ToAttempt(Guid.CreateVersion7(At), orderId, jobId, proof, null);

    private PaymentAttempt ToAttempt(Guid id, Guid orderId, Guid? jobId, string? proof, PaymentJob? job) => new()
    {
        Id = id, OrderId = orderId, JobId = jobId, Provider = Provider, Operation = Operation.ToString().ToLowerInvariant(),
        Key = Key, GatewayId = Answer.Facts.GatewayId ?? GatewayId, ChargeId = Answer.Facts.ChargeId, RequestId = Answer.Facts.RequestId,
        Class = Answer.Class, Reason = Reason, Code = Answer.Facts.Code, DeclineCode = Answer.Facts.DeclineCode, AdviceCode = Answer.Facts.AdviceCode,
        NetworkCode = Answer.Facts.NetworkCode, HttpStatus = Answer.Facts.HttpStatus, CardBrand = Answer.Facts.Card?.Brand,
        CardLast4 = Answer.Facts.Card?.Last4, CardCountry = Answer.Facts.Card?.Country, CardFingerprint = Answer.Facts.Card?.Fingerprint,
        LatencyMs = Latency.TotalMilliseconds, TraceId = TraceId, Proof = proof, At = At, Release = Release.Current, Endpoint = job?.Endpoint,
        Flags = job is null ? null :
        [
            .. job.Wary ? [Flags.LookedAtMoreClosely] : Array.Empty<string>(), .. job.SavesMethod ? [Flags.KeepsTheMethod] : Array.Empty<string>(),
            .. IsForced ? [Flags.GatewayForcedOpen] : Array.Empty<string>(),
        ],
        Answers = [.. Heard.Select((heard, i) => heard.ToAnswer(id, i + 1))],
    };

    /// <summary>The same for the order's timeline.</summary>
    public OutcomeFacts ToFacts() => new()
    {
        Gateway = Provider, Operation = Operation.ToString().ToLowerInvariant(), Key = Key, GatewayId = Answer.Facts.GatewayId ?? GatewayId,
        RequestId = Answer.Facts.RequestId, HttpStatus = Answer.Facts.HttpStatus, Code = Answer.Facts.Code, DeclineCode = Answer.Facts.DeclineCode,
        AdviceCode = Answer.Facts.AdviceCode, LatencyMs = Math.Round(Latency.TotalMilliseconds, 1),
    };

    public string? Reason => Answer switch
    {
        GatewayAnswer.NotCharged no => no.Reason,
        GatewayAnswer.Unknown unknown => unknown.Reason,
        GatewayAnswer.AwaitsCard waits => waits.Reason,
        GatewayAnswer.ActionNeeded => Provider.AsksShopper(),
        GatewayAnswer.Created { ApprovalUrl: not null } => Provider.AsksShopper(),
        _ => null,
    };
}

/// <summary>Every call to a gateway goes through here: breakers, timeout, and a measurement. No connection is held meanwhile.</summary>
internal sealed class GatewayCalls(
    IServiceProvider services, CardFingerprints fingerprints, PaymentTelemetry telemetry, CrashPoints crash, TimeProvider clock, ILogger<GatewayCalls> logger)
{
    public const string StoppedByOperator = "stopped_by_operator";
    public const string NotConfigured = "not_configured";

    public string BreakerOf(PaymentProvider provider) => services.GetKeyedService<GatewayBreakers>(provider)?.Word ?? NotConfigured;

    /// <summary>See <see cref="IPaymentGateway.CanCancel"/>.</summary>
    public bool CanCancel(PaymentProvider provider) => services.GetKeyedService<IPaymentGateway>(provider) is { CanCancel: true };

    /// <summary>The gateways at which an intent can't be ended, as the database names them.</summary>
    public string[] OnlyByConfirm { get; } =
        [.. Enum.GetValues<PaymentProvider>().Where(p => services.GetKeyedService<IPaymentGateway>(p) is { CanCancel: false }).Select(p => $"{p}")];

    /// <summary>Whether a new payment would get through there, as far as this process knows.</summary>
    public bool IsWell(PaymentProvider provider) => services.GetKeyedService<GatewayBreakers>(provider) is { Word: "closed" or "forced" };

    public async Task<Asked> AskAsync(PaymentProvider provider, GatewayOperation operation, string? key, string? gatewayId,
        Func<IPaymentGateway, CancellationToken, Task<GatewayAnswer>> call, CancellationToken ct)
    {
        var gateway = services.GetKeyedService<IPaymentGateway>(provider); // an order may be older than the decision to do without its gateway
        var at = clock.GetUtcNow();
        var started = clock.GetTimestamp();
        var left = false;
        using var ear = Ear.Open();
        GatewayAnswer answer;
        try
        {
            if (gateway is null)
                answer = new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayRefusedOurKey) { Facts = new Facts(Code: NotConfigured) };
            else if (operation is (GatewayOperation.Create or GatewayOperation.Confirm) && services.GetRequiredKeyedService<GatewayBreakers>(provider).IsStopped)
                answer = new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.PaymentsPaused) { Facts = new Facts(Code: StoppedByOperator) };
            else
            {
                answer = await services.GetRequiredKeyedService<ResiliencePipeline<GatewayAnswer>>(provider).ExecuteAsync(async token =>
                {
                    left = true;
                    return await call(gateway, token);
                }, ct);
            }
        }
        catch (Exception e) when (e is ExecutionRejectedException or OperationCanceledException) // a breaker is open, or the budget is spent
        {
            answer = left
                ? new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true) { Facts = new Facts(Code: e.GetType().Name) }
                : new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayUnreachable) { Facts = new Facts(Code: e.GetType().Name) };
        }

        crash.Reach($"after_{operation.ToString().ToLowerInvariant()}_answer");
        if (answer.IsFault && answer.Facts.Code is not StoppedByOperator)
            logger.GatewayFailed(provider, operation, answer.Class, answer.Facts.HttpStatus, answer.Facts.Code, answer.Facts.RequestId);
        else
            logger.GatewayAnswered(
                provider, operation, answer.Class, answer.Facts.HttpStatus, answer.Facts.Code, answer.Facts.RequestId,
                Math.Round(clock.GetElapsedTime(started).TotalMilliseconds, 1));
        if (answer.Facts.Card is { } card)
            answer = answer with { Facts = answer.Facts with { Card = card with { Fingerprint = fingerprints.Of(card.Fingerprint) } } };

        // A confirm that never left proves that it did not charge. A question that never left proves nothing about the confirm before it.
        if (operation is not (GatewayOperation.Create or GatewayOperation.Confirm) && answer is GatewayAnswer.NotCharged { By: not Refusal.Canceled } no)
            answer = new GatewayAnswer.Unknown(no.Reason, Fault: no.IsFault) { Facts = no.Facts };

        var latency = clock.GetElapsedTime(started);
        telemetry.Asked(provider, operation.ToString().ToLowerInvariant(), answer.Class, latency);
        return new(provider, operation, key, gatewayId, answer, latency, Activity.Current?.TraceId.ToHexString(), at, BreakerOf(provider) is "forced")
        {
            Heard = ear.Heard,
        };
    }
}

internal static class AsksShopperExtensions
{
    /// <summary>The reason of an order that waits for its shopper there.</summary>
    public static string AsksShopper(this PaymentProvider provider) =>
        provider is PaymentProvider.PayPal ? Reasons.ApprovalNeeded : Reasons.AuthenticationNeeded;
}

internal static class GatewayExtensions
{
    private const int MaxAnswerBytes = 4 * 1024 * 1024; // a hundred refunds are a tenth of it

    public static void AddGateways(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<PaymentsOptions>().BindConfiguration(PaymentsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddStripe();
        if (configuration[$"{PayPalOptions.Section}:{nameof(PayPalOptions.ClientId)}"] is { Length: > 0 })
            services.AddPayPal();
        services.AddSingleton<CardFingerprints>();
        services.AddSingleton<GatewayCalls>();
        services.AddOptions<AnswerPurgeOptions>().BindConfiguration(AnswerPurgeOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<AnswerPurge>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.AnswerPurge, sp.GetRequiredService<IOptions<AnswerPurgeOptions>>().Value.Every, TimeSpan.FromMinutes(1),
            async (_, ct) => $"{await sp.GetRequiredService<AnswerPurge>().PurgeAsync(ct)} answers deleted"));
        services.AddGatewayHealth();
    }

    /// <summary>Whether the shop has this gateway at all.</summary>
    public static bool HasGateway(this IServiceProvider services, PaymentProvider provider) =>
        services.GetRequiredService<IServiceProviderIsKeyedService>().IsKeyedService(typeof(IPaymentGateway), provider);

    private static void AddStripe(this IServiceCollection services)
    {
        const PaymentProvider stripe = PaymentProvider.Stripe;
        services.AddGatewayOptions(stripe);
        services.AddStripeOptions();
        services.AddGatewayPipeline(stripe);
        services.AddKeyedSingleton<IPaymentGateway>(stripe, (sp, _) => new StripeGateway(new StripeClient(
            apiKey: sp.GetRequiredService<IOptions<StripeOptions>>().Value.ApiKey, apiBase: sp.OptionsOf(stripe).ApiBase,
            httpClient: new SystemNetHttpClient(ClientOf(sp), maxNetworkRetries: 0, enableTelemetry: false))));
    }

    private static void AddPayPal(this IServiceCollection services)
    {
        const PaymentProvider payPal = PaymentProvider.PayPal;
        services.AddGatewayOptions(payPal);
        services.AddPayPalOptions();
        services.AddGatewayPipeline(payPal);
        services.AddKeyedSingleton<IPaymentGateway>(payPal, (sp, _) => new PayPalGateway(
            sp.PayPalClientOf(ClientOf(sp)), sp.OptionsOf(payPal).CaptureMethod is CaptureMethod.Manual,
            sp.GetRequiredService<IOptions<PayPalOptions>>().Value.Live));
        services.AddSingleton(sp => new PayPalCertificates(
            new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = PayPalCertificates.Limit, MaxResponseContentBufferSize = PayPalCertificates.MaxBytes },
            sp.GetRequiredService<IOptions<PayPalOptions>>().Value, sp.GetRequiredService<TimeProvider>()));
    }

    // A client of its own: no resilience handler and no retry below us, or "could not connect" would prove nothing.
    private static HttpClient ClientOf(IServiceProvider services) =>
        new(new Listener(services.GetRequiredService<TimeProvider>(), new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false }))
        {
            Timeout = services.GetRequiredService<IOptions<Timeouts>>().Value.OutsideCall, MaxResponseContentBufferSize = MaxAnswerBytes,
        };

    public static PayPalClient PayPalClientOf(this IServiceProvider services, HttpClient http)
    {
        var options = services.GetRequiredService<IOptions<PayPalOptions>>().Value;
        http.BaseAddress = new Uri($"{(services.OptionsOf(PaymentProvider.PayPal).ApiBase ?? options.Api).TrimEnd('/')}/");
        // Half of a call's time: a token that does not come leaves the call enough of its own to say that it was never sent.
        return new(http, new PayPalToken(http, options.ClientId, options.ClientSecret, http.Timeout / 2, services.GetRequiredService<TimeProvider>()));
    }

    public static GatewayOptions OptionsOf(this IServiceProvider services, PaymentProvider provider) =>
        services.GetRequiredService<IOptionsMonitor<GatewayOptions>>().Get(provider.ToString());
}
