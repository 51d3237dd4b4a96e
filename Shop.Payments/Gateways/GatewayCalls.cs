using System.Diagnostics;
using Microsoft.Extensions.Options;
using Polly;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;
using Stripe;

namespace Shop.Payments.Gateways;

internal enum GatewayOperation { Create, Confirm, Capture, Read, Cancel, Refund, Customer }

/// <summary>One call and its answer, ready to be filed.</summary>
internal sealed record Asked(
    PaymentProvider Provider, GatewayOperation Operation, string? Key, string? GatewayId, GatewayAnswer Answer, TimeSpan Latency, string? TraceId,
    DateTimeOffset At)
{
    public PaymentAttempt ToAttempt(Guid orderId, Guid? jobId, string? proof = null) => new()
    {
        Id = Guid.CreateVersion7(At), OrderId = orderId, JobId = jobId, Provider = Provider, Operation = Operation.ToString().ToLowerInvariant(),
        Key = Key, GatewayId = Answer.Facts.GatewayId ?? GatewayId, ChargeId = Answer.Facts.ChargeId, RequestId = Answer.Facts.RequestId,
        Class = Answer.Class, Reason = Reason, Code = Answer.Facts.Code, DeclineCode = Answer.Facts.DeclineCode, AdviceCode = Answer.Facts.AdviceCode,
        NetworkCode = Answer.Facts.NetworkCode, HttpStatus = Answer.Facts.HttpStatus, CardBrand = Answer.Facts.Card?.Brand,
        CardLast4 = Answer.Facts.Card?.Last4, CardCountry = Answer.Facts.Card?.Country, CardFingerprint = Answer.Facts.Card?.Fingerprint,
        LatencyMs = Latency.TotalMilliseconds, TraceId = TraceId, Proof = proof, At = At,
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
internal sealed class GatewayCalls(IServiceProvider services, CardFingerprints fingerprints, CrashPoints crash, TimeProvider clock, ILogger<GatewayCalls> logger)
{
    public const string StoppedByOperator = "stopped_by_operator";

    public string BreakerOf(PaymentProvider provider) => services.GetRequiredKeyedService<GatewayBreakers>(provider).Word;

    /// <summary>See <see cref="IPaymentGateway.CanCancel"/>.</summary>
    public bool CanCancel(PaymentProvider provider) => services.GetRequiredKeyedService<IPaymentGateway>(provider).CanCancel;

    /// <summary>The gateways at which an intent can't be ended, as the database names them.</summary>
    public string[] OnlyByConfirm { get; } =
        [.. Enum.GetValues<PaymentProvider>().Where(p => services.GetKeyedService<IPaymentGateway>(p) is { CanCancel: false }).Select(p => $"{p}")];

    /// <summary>Whether a new payment would get through there, as far as this process knows.</summary>
    public bool IsWell(PaymentProvider provider) => services.GetKeyedService<GatewayBreakers>(provider) is { Word: "closed" or "forced" };

    public async Task<Asked> AskAsync(PaymentProvider provider, GatewayOperation operation, string? key, string? gatewayId,
        Func<IPaymentGateway, CancellationToken, Task<GatewayAnswer>> call, CancellationToken ct)
    {
        var gateway = services.GetRequiredKeyedService<IPaymentGateway>(provider);
        var pipeline = services.GetRequiredKeyedService<ResiliencePipeline<GatewayAnswer>>(provider);
        var breakers = services.GetRequiredKeyedService<GatewayBreakers>(provider);
        var at = clock.GetUtcNow();
        var started = clock.GetTimestamp();
        var left = false;
        GatewayAnswer answer;
        try
        {
            answer = breakers.IsStopped && operation is (GatewayOperation.Create or GatewayOperation.Confirm)
                ? new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.PaymentsPaused) { Facts = new Facts(Code: StoppedByOperator) }
                : await pipeline.ExecuteAsync(async token =>
                {
                    left = true;
                    return await call(gateway, token);
                }, ct);
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
        if (answer.Facts.Card is { } card)
            answer = answer with { Facts = answer.Facts with { Card = card with { Fingerprint = fingerprints.Of(card.Fingerprint) } } };

        // A confirm that never left proves that it did not charge. A question that never left proves nothing about the confirm before it.
        if (operation is not (GatewayOperation.Create or GatewayOperation.Confirm) && answer is GatewayAnswer.NotCharged { By: not Refusal.Canceled } no)
            answer = new GatewayAnswer.Unknown(no.Reason, Fault: no.IsFault) { Facts = no.Facts };

        return new(provider, operation, key, gatewayId, answer, clock.GetElapsedTime(started), Activity.Current?.TraceId.ToHexString(), at);
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

    public static void AddStripe(this IServiceCollection services)
    {
        const PaymentProvider stripe = PaymentProvider.Stripe;
        services.AddGatewayOptions(stripe);
        services.AddOptions<PaymentsOptions>().BindConfiguration(PaymentsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddGatewayPipeline(stripe);
        services.AddKeyedSingleton<IPaymentGateway>(stripe, (sp, _) =>
        {
            var options = sp.GetRequiredService<IOptionsMonitor<GatewayOptions>>().Get(stripe.ToString());
            // A client of its own: no resilience handler and no retry below us, or "could not connect" would prove nothing.
            var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false })
            {
                Timeout = sp.GetRequiredService<IOptions<Timeouts>>().Value.OutsideCall, MaxResponseContentBufferSize = MaxAnswerBytes,
            };
            return new StripeGateway(new StripeClient(
                apiKey: options.ApiKey, httpClient: new SystemNetHttpClient(http, maxNetworkRetries: 0, enableTelemetry: false), apiBase: options.ApiBase));
        });
        services.AddSingleton<CardFingerprints>();
        services.AddSingleton<GatewayCalls>();
        services.AddGatewayHealth();
    }
}
