using System.Net;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Disputes;
using Stripe;
using Dispute = Stripe.Dispute;
using EarlyFraudWarning = Stripe.Radar.EarlyFraudWarning;
using EarlyFraudWarningService = Stripe.Radar.EarlyFraudWarningService;
using PaymentIntent = Stripe.PaymentIntent;
using Refund = Stripe.Refund;

namespace Shop.Payments.Gateways;

/// <summary>Translates between our words and Stripe's.</summary>
internal sealed class StripeGateway(IStripeClient client) : IPaymentGateway
{
    private const string RefundId = "refund_id";
    private const string LatestCharge = "latest_charge"; // which card it was is written there

    private readonly CustomerService _customers = new(client);
    private readonly PaymentIntentService _intents = new(client);
    private readonly PaymentMethodService _methods = new(client);
    private readonly RefundService _refunds = new(client);
    private readonly DisputeService _disputes = new(client);
    private readonly EarlyFraudWarningService _warnings = new(client);

    public PaymentProvider Provider => PaymentProvider.Stripe;
    public bool CanCancel => true;

    public Task<GatewayAnswer> CreateCustomerAsync(string key, Guid userId, CancellationToken ct) => AskAsync(
        () => _customers.CreateAsync(new() { Metadata = new() { ["user_id"] = userId.ToString() } }, Once(key), ct), // no name, no address: ours to keep
        created => created.Id is { Length: > 0 } ? new GatewayAnswer.Created(created.Id) : new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true));

    public Task<GatewayAnswer> CreateAsync(string key, NewIntent intent, CancellationToken ct) => AskAsync(
        () => _intents.CreateAsync(new()
        {
            Customer = intent.CustomerId,
            Amount = intent.AmountMinor,
            Currency = intent.Currency.ToLowerInvariant(),
            // PaymentMethodTypes is gone in the next API version. Redirects are how a bank asks its customer where no script runs.
            AutomaticPaymentMethods = new() { Enabled = true, AllowRedirects = "always" },
            CaptureMethod = intent.IsCapturedLater ? "manual" : null, // the account's own otherwise
            Metadata = new() { ["order_id"] = intent.OrderId.ToString() },
        }, Once(key), ct),
        created => created.Id is { Length: > 0 }
            ? new GatewayAnswer.Created(created.Id) { Facts = FactsOf(created) } : new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true));

    public Task<GatewayAnswer> ConfirmAsync(string key, string intentId, Confirmation confirmation, CancellationToken ct) => AskAsync(
        () => _intents.ConfirmAsync(
            intentId,
            new()
            {
                PaymentMethod = confirmation.PaymentToken, ReturnUrl = confirmation.ReturnUrl, Expand = confirmation.ShowsCharge ? [LatestCharge] : null,
                SetupFutureUsage = confirmation.SavesMethod ? "on_session" : null, // it is only ever charged when its owner orders
            },
            Once(key), ct),
        OutcomeOf);

    public Task<GatewayAnswer> CaptureAsync(string key, string intentId, CancellationToken ct) =>
        AskAsync(() => _intents.CaptureAsync(intentId, new() { Expand = [LatestCharge] }, Once(key), ct), OutcomeOf);

    public Task<GatewayAnswer> ReadAsync(string intentId, CancellationToken ct) =>
        AskAsync(() => _intents.GetAsync(intentId, new() { Expand = [LatestCharge] }, cancellationToken: ct), OutcomeOf);

    public Task<GatewayAnswer> ReadMethodAsync(string paymentToken, CancellationToken ct) => AskAsync(
        () => _methods.GetAsync(paymentToken, cancellationToken: ct),
        method => new GatewayAnswer.MethodRead
        {
            Facts = new(method.Id, method.StripeResponse?.RequestId, (int?)method.StripeResponse?.StatusCode, Card: CardOf(method)),
        });

    public Task<GatewayAnswer> CancelAsync(string key, string intentId, CancellationToken ct) =>
        AskAsync(() => _intents.CancelAsync(intentId, new() { CancellationReason = "abandoned" }, Once(key), ct), OutcomeOf);

    public Task<GatewayAnswer> RefundAsync(string key, NewRefund refund, CancellationToken ct) => AskAsync(
        () => _refunds.CreateAsync(new()
        {
            PaymentIntent = refund.IntentId,
            Amount = refund.AmountMinor,
            Metadata = new() { [RefundId] = refund.RefundId.ToString() },
        }, Once(key), ct),
        OutcomeOf);

    public Task<GatewayAnswer> ReadRefundAsync(string refundId, CancellationToken ct) =>
        AskAsync(() => _refunds.GetAsync(refundId, cancellationToken: ct), OutcomeOf);

    public Task<GatewayAnswer> FindRefundAsync(string intentId, Guid refundId, CancellationToken ct) => AskAsync(
        // Newest first, and one page of them: an order is not refunded a hundred times.
        () => _refunds.ListAsync(new() { PaymentIntent = intentId, Limit = 100 }, cancellationToken: ct),
        list =>
        {
            Refund[] ours = [.. list.Data.Where(r => RefundIdOf(r) == refundId)];
            var answer = (ours.FirstOrDefault(r => r.Status is not ("failed" or "canceled")) ?? ours.FirstOrDefault()) is { } refund
                ? OutcomeOf(refund) : new GatewayAnswer.NoRefund();
            return answer with
            {
                Facts = answer.Facts with { RequestId = list.StripeResponse?.RequestId, HttpStatus = (int?)list.StripeResponse?.StatusCode },
            };
        });

    public Task<GatewayAnswer> ReadDisputeAsync(string disputeId, CancellationToken ct) => disputeId.StartsWith("issfr_", StringComparison.Ordinal)
        ? AskAsync(() => _warnings.GetAsync(disputeId, new() { Expand = ["charge"] }, cancellationToken: ct), StandOf) // a warning has no amount of its own
        : AskAsync(() => _disputes.GetAsync(disputeId, cancellationToken: ct), StandOf);

    /// <summary>Our id of a refund; null when it is none of ours.</summary>
    public static Guid? RefundIdOf(Refund refund) =>
        refund.Metadata?.GetValueOrDefault(RefundId) is { } text && Guid.TryParse(text, out var id) ? id : null;

    private static RequestOptions Once(string key) => new() { IdempotencyKey = key };

    private static GatewayAnswer OutcomeOf(PaymentIntent intent)
    {
        GatewayAnswer answer = intent.Status switch
        {
            "succeeded" => new GatewayAnswer.Charged(intent.AmountReceived, intent.Currency.ToUpperInvariant()),
            "requires_capture" => new GatewayAnswer.Authorized(),
            "requires_action" => new GatewayAnswer.ActionNeeded(intent.NextAction?.RedirectToUrl?.Url),
            "canceled" => new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime), // the one status that proves it
            "requires_payment_method" or "requires_confirmation" => new GatewayAnswer.AwaitsCard(
                intent.LastPaymentError is { } error ? ReasonOf(error) : Reasons.AuthenticationFailed),
            "processing" => new GatewayAnswer.Unknown(Reasons.PaymentProcessing, Fault: false),
            // A word of tomorrow; or no word, and then it is no answer of Stripe's.
            _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: string.IsNullOrEmpty(intent.Status)),
        };
        return answer with { Facts = FactsOf(intent) };
    }

    private static GatewayAnswer OutcomeOf(Refund refund)
    {
        GatewayAnswer answer = refund.Status switch
        {
            _ when string.IsNullOrEmpty(refund.Id) => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true),
            "succeeded" => new GatewayAnswer.Refunded(refund.Id, refund.Amount),
            "failed" or "canceled" => new GatewayAnswer.RefundFailed(refund.Id, refund.FailureReason ?? refund.Status),
            "pending" or "requires_action" => new GatewayAnswer.RefundPending(refund.Id),
            _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
        };
        return answer with { Facts = FactsOf(refund) };
    }

    private static GatewayAnswer StandOf(Dispute dispute) => string.IsNullOrEmpty(dispute.Status)
        ? new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true)
        : new GatewayAnswer.DisputeRead(new(
            dispute.Id, DisputeKind.Dispute, dispute.PaymentIntentId, dispute.ChargeId, dispute.Amount, dispute.Currency.ToUpperInvariant(), dispute.Reason,
            dispute.Status, TakesMoney: dispute.Status is not ("prevented" or "warning_needs_response" or "warning_under_review" or "warning_closed"),
            dispute.Livemode, dispute.Status is "needs_response" or "warning_needs_response" && dispute.EvidenceDetails?.DueBy is { } by ? Utc(by) : null,
            Utc(dispute.Created), dispute.Status switch
            {
                "won" => DisputeOutcome.Won,
                "lost" => DisputeOutcome.Lost,
                "warning_closed" or "prevented" => DisputeOutcome.Ended,
                _ => null,
            }))
        {
            Facts = new(dispute.Id, dispute.StripeResponse?.RequestId, (int?)dispute.StripeResponse?.StatusCode, dispute.Status, ChargeId: dispute.ChargeId),
        };

    private static GatewayAnswer StandOf(EarlyFraudWarning warning) => warning.Charge is not { } charge
        ? new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true)
        : new GatewayAnswer.DisputeRead(new(
            warning.Id, DisputeKind.FraudWarning, warning.PaymentIntentId, warning.ChargeId, charge.Amount, charge.Currency.ToUpperInvariant(), warning.FraudType,
            warning.Actionable ? "actionable" : "not_actionable", TakesMoney: false, warning.Livemode, RespondBy: null, Utc(warning.Created),
            warning.Actionable ? null : DisputeOutcome.Ended)) // refunded or disputed since: nothing is left to do about it
        {
            Facts = new(warning.Id, warning.StripeResponse?.RequestId, (int?)warning.StripeResponse?.StatusCode, warning.FraudType, ChargeId: warning.ChargeId),
        };

    private static DateTimeOffset Utc(DateTime at) => new(DateTime.SpecifyKind(at, DateTimeKind.Utc));

    private static async Task<GatewayAnswer> AskAsync<T>(Func<Task<T>> call, Func<T, GatewayAnswer> read)
    {
        try
        {
            return read(await call());
        }
        catch (Exception e) when (FailureOf(e) is { } answer)
        {
            return answer;
        }
    }

    private static GatewayAnswer? FailureOf(Exception e) => e switch
    {
        StripeException stripe => FailureOf(stripe) with { Facts = FactsOf(stripe) },
        // Proof, as nobody below us retries: what cannot connect has sent nothing.
        HttpRequestException
        {
            HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError,
        } => new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayUnreachable),
        // What Stripe.net refuses before it sends anything is a bug of ours, and must be seen. A date out of range is in the answer.
        ArgumentException and not ArgumentOutOfRangeException => null,
        // Whatever else is thrown, nobody knows how far the call came: timeouts (TaskCanceledException), resets, half an answer, a body that
        // is no object of Stripe's (the package throws what its JSON reader throws, or trips over a null).
        _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true) { Facts = new Facts(Code: e.GetType().Name) },
    };

    private static GatewayAnswer FailureOf(StripeException e) => ((int)e.HttpStatusCode, e.StripeError) switch
    {
        (401 or 403, _) => new GatewayAnswer.NotCharged(Refusal.OurKey, Reasons.GatewayRefusedOurKey),
        (429, _) => new GatewayAnswer.Unknown(Reasons.GatewayRateLimited, Fault: true),
        (>= 400 and < 500, { Type: "card_error" } card) => new GatewayAnswer.NotCharged(Refusal.Card, ReasonOf(card)),
        (409, _) or (_, { Type: "idempotency_error" }) => // something was sent under this key, so this refusal proves nothing about it
            new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
        (400, { PaymentIntent.Status: "succeeded" or "canceled" or "requires_action" or "requires_capture" or "processing" } state) =>
            OutcomeOf(state.PaymentIntent),
        (400, { Code: "payment_intent_unexpected_state" }) => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
        (400 or 404, { Param: "payment_method" } or { Code: "payment_method_unexpected_state" or "token_already_used" }) =>
            new GatewayAnswer.NotCharged(Refusal.Card, Reasons.PaymentMethodUnusable),
        (400, { Code: "charge_already_refunded" or "charge_disputed" } spent) => new GatewayAnswer.RefundFailed(null, spent.Code),
        (400 or 404, { Type: "invalid_request_error" }) => new GatewayAnswer.NotCharged(Refusal.OurRequest, Reasons.GatewayRefusedRequest),
        _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true), // 424, 5xx, or a proxy's HTML (StripeError is null then)
    };

    private static string ReasonOf(StripeError error) => StripeReasons.Of(error.Code, error.DeclineCode, error.AdviceCode, error.NetworkAdviceCode);

    private static Facts FactsOf(PaymentIntent intent) => new(
        intent.Id, intent.StripeResponse?.RequestId, (int?)intent.StripeResponse?.StatusCode, intent.LastPaymentError?.Code,
        intent.LastPaymentError?.DeclineCode, intent.LastPaymentError?.AdviceCode, intent.LastPaymentError?.NetworkDeclineCode, intent.LatestChargeId,
        CardOf(intent.LatestCharge) ?? CardOf(intent.LastPaymentError?.PaymentMethod), IsReplay(intent.StripeResponse), SavedOf(intent));

    /// <summary>What it was confirmed with stays with its customer, as they wanted.</summary>
    private static SavedMethodFacts? SavedOf(PaymentIntent intent) =>
        intent is { Status: "succeeded", SetupFutureUsage: "on_session", PaymentMethodId: { Length: > 0 } method, CustomerId: { Length: > 0 } customer }
            ? new(method, LabelOf(CardOf(intent.LatestCharge)), customer) : null;

    private static string LabelOf(CardFacts? card) => card is { Brand: { Length: > 0 } brand, Last4: { } digits }
        ? $"{brand switch { "amex" => "American Express", _ => $"{char.ToUpperInvariant(brand[0])}{brand[1..]}" }} •{digits}" : "Card";

    private static Facts FactsOf(Refund refund) => new(
        refund.Id, refund.StripeResponse?.RequestId, (int?)refund.StripeResponse?.StatusCode, refund.FailureReason, ChargeId: refund.ChargeId,
        IsReplayed: IsReplay(refund.StripeResponse));

    private static Facts FactsOf(StripeException e) => new(
        e.StripeError?.PaymentIntent?.Id, e.StripeResponse?.RequestId, e.HttpStatusCode is 0 ? null : (int)e.HttpStatusCode,
        e.StripeError?.Code ?? e.StripeError?.Type, e.StripeError?.DeclineCode, e.StripeError?.AdviceCode, e.StripeError?.NetworkDeclineCode,
        e.StripeError?.Charge, CardOf(e.StripeError?.PaymentMethod), IsReplay(e.StripeResponse));

    private static CardFacts? CardOf(Charge? charge) => charge?.PaymentMethodDetails?.Card is { } card
        ? new(card.Brand, card.Last4, card.Country, card.Fingerprint) : null;

    private static CardFacts? CardOf(PaymentMethod? method) => method?.Card is { } card
        ? new(card.Brand, card.Last4, card.Country, card.Fingerprint) : null;

    private static bool IsReplay(StripeResponse? response) =>
        response?.Headers is { } headers && headers.TryGetValues("Idempotent-Replayed", out var values) && values.Contains("true");
}
