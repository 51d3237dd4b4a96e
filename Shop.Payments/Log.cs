using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments;

/// <summary>Every log line this service can write. Event ids are stable: alerts and dashboards refer to them.</summary>
internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Information, "Captured {AmountMinor} for order {OrderId} with {Provider}")]
    public static partial void Captured(this ILogger logger, Guid orderId, long amountMinor, PaymentProvider provider);

    [LoggerMessage(3002, LogLevel.Information, "{Provider} declined order {OrderId}: {Reason}")]
    public static partial void Declined(this ILogger logger, Guid orderId, PaymentProvider provider, string reason);

    [LoggerMessage(3003, LogLevel.Information, "{Provider} asks the shopper of order {OrderId} to confirm at the bank")]
    public static partial void ActionAsked(this ILogger logger, Guid orderId, PaymentProvider provider);

    [LoggerMessage(3004, LogLevel.Warning, "The answer of {Provider} about order {OrderId} is unknown ({Reason}); asking again until it is known")]
    public static partial void AnswerLost(this ILogger logger, Guid orderId, PaymentProvider provider, string reason);

    [LoggerMessage(3005, LogLevel.Warning, "Order {OrderId} was not charged by {Provider} ({Reason}); next try at {Until}")]
    public static partial void Postponed(this ILogger logger, Guid orderId, PaymentProvider provider, string reason, DateTimeOffset until);

    [LoggerMessage(3006, LogLevel.Information, "Order {OrderId} is closed: {Reason}; proof: {Proof}")]
    public static partial void Closed(this ILogger logger, Guid orderId, string reason, string? proof);

    [LoggerMessage(3007, LogLevel.Error, "{Kind} job {JobId} of order {OrderId} is parked: {Reason}")]
    public static partial void Parked(this ILogger logger, PaymentJobKind kind, Guid jobId, Guid orderId, string reason);

    [LoggerMessage(3008, LogLevel.Warning, "The lease of job {JobId} (order {OrderId}) ran out before its outcome was written")]
    public static partial void LeaseLost(this ILogger logger, Guid jobId, Guid orderId);

    [LoggerMessage(3009, LogLevel.Error, "{Kind} job {JobId} of order {OrderId} failed in lease {Lease}")]
    public static partial void WorkFailed(this ILogger logger, Exception exception, PaymentJobKind kind, Guid jobId, Guid orderId, int lease);

    [LoggerMessage(3010, LogLevel.Error, "A loop failed and goes on")]
    public static partial void LoopFailed(this ILogger logger, Exception exception);

    [LoggerMessage(3011, LogLevel.Warning, "Not listening to notices; polling goes on")]
    public static partial void NoticesLost(this ILogger logger, Exception exception);

    [LoggerMessage(3012, LogLevel.Warning, "Nobody was told about order {OrderId}; whoever waits for it polls")]
    public static partial void NoticeNotSent(this ILogger logger, Exception exception, Guid orderId);

    [LoggerMessage(3013, LogLevel.Critical, "The gateway charged another amount than order {OrderId} has")]
    public static partial void AmountMismatch(this ILogger logger, Exception exception, Guid orderId);

    [LoggerMessage(3014, LogLevel.Error, "Refund {RefundId} of order {OrderId} failed: {Why}")]
    public static partial void RefundFailed(this ILogger logger, Guid orderId, Guid refundId, string why);

    [LoggerMessage(3015, LogLevel.Information, "A look at the gateway settled order {OrderId}: {Payment} ({Reason})")]
    public static partial void LookSettled(this ILogger logger, Guid orderId, PaymentState payment, string? reason);

    [LoggerMessage(3016, LogLevel.Information, "The shop may hold {Planned} of the server's {Room} connections")]
    public static partial void ConnectionsFit(this ILogger logger, int planned, int room);

    [LoggerMessage(3017, LogLevel.Warning, "Nobody could ask the server how many connections it gives: {Why}")]
    public static partial void ConnectionsNotCounted(this ILogger logger, string why);

    [LoggerMessage(3018, LogLevel.Warning, "{Provider} failed to {Operation}: {Class}, status {Status}, {Code}, request {RequestId}")]
    public static partial void GatewayFailed(
        this ILogger logger, PaymentProvider provider, GatewayOperation operation, string @class, int? status, string? code, string? requestId);

    [LoggerMessage(3019, LogLevel.Information, "{Provider} answered {Operation}: {Class}, status {Status}, {Code}, request {RequestId}, in {Milliseconds} ms")]
    public static partial void GatewayAnswered(
        this ILogger logger, PaymentProvider provider, GatewayOperation operation, string @class, int? status, string? code, string? requestId, double milliseconds);

    [LoggerMessage(3025, LogLevel.Information, "Lease {Lease} of {Kind} job {JobId} of order {OrderId}")]
    public static partial void Leased(this ILogger logger, PaymentJobKind kind, Guid jobId, Guid orderId, int lease);

    [LoggerMessage(3020, LogLevel.Warning, "The {Breaker} breaker of {Provider} is {State}; it opened for {Reason} ({Code})")]
    public static partial void CircuitChanged(
        this ILogger logger, PaymentProvider provider, string breaker, BreakerState state, string? reason, string? code);

    [LoggerMessage(3021, LogLevel.Warning, "{Provider} by an operator's decision: {Mode}")]
    public static partial void GatewayOverridden(this ILogger logger, PaymentProvider provider, string mode);

    [LoggerMessage(3022, LogLevel.Information, "{Provider} is used again: {Count} jobs that waited for it are due now")]
    public static partial void BroughtForward(this ILogger logger, PaymentProvider provider, int count);

    [LoggerMessage(3023, LogLevel.Warning, "Order {OrderId} is not charged: {Declines} declines from one {Kind}")]
    public static partial void CardTestingRefused(this ILogger logger, Guid orderId, SourceKind kind, int declines);

    [LoggerMessage(3024, LogLevel.Warning, "Every charge's card is looked at: {IsHigh}, with {Declines} declines or more in the shop within {Window}")]
    public static partial void EveryCardLookedAt(this ILogger logger, bool isHigh, int declines, TimeSpan window);

    [LoggerMessage(3030, LogLevel.Warning, "{Kind} {GatewayId} of {Provider} about order {OrderId} is {Status} ({Reason}): {AmountMinor} {Currency}, to be answered by {RespondBy}")]
    public static partial void DisputeChanged(
        this ILogger logger, PaymentProvider provider, DisputeKind kind, string gatewayId, Guid? orderId, string status, string reason, long amountMinor, string currency,
        DateTimeOffset? respondBy);

    [LoggerMessage(3040, LogLevel.Warning, "Webhook of {Provider} refused: {Why}")]
    public static partial void WebhookRefused(this ILogger logger, PaymentProvider provider, string why);

    [LoggerMessage(3041, LogLevel.Debug, "Webhook {EventId} ({Type}) of {Provider} stored; new: {IsNew}")]
    public static partial void WebhookStored(this ILogger logger, PaymentProvider provider, string eventId, string type, bool isNew);

    [LoggerMessage(3042, LogLevel.Information, "Webhook {EventId} ({Type}) changed nothing: {Why}")]
    public static partial void WebhookIgnored(this ILogger logger, string eventId, string type, string why);

    [LoggerMessage(3043, LogLevel.Information, "Webhook {EventId} ({Type}) changed order {OrderId}")]
    public static partial void WebhookApplied(this ILogger logger, string eventId, string type, Guid orderId);

    [LoggerMessage(3044, LogLevel.Error, "Webhook {EventId} ({Type}) is parked: {Why}")]
    public static partial void WebhookParked(this ILogger logger, string eventId, string type, string why);

    [LoggerMessage(3045, LogLevel.Error, "A webhook could not be stored; the gateway sends it again")]
    public static partial void WebhookNotStored(this ILogger logger, Exception exception);

    [LoggerMessage(3046, LogLevel.Information, "Deleted {Count} events that were done with long ago")]
    public static partial void ReceiptsPurged(this ILogger logger, int count);

    [LoggerMessage(3047, LogLevel.Warning, "{Count} orders are paid, and the gateway's event about it has not come")]
    public static partial void WebhooksMissing(this ILogger logger, int count);

    [LoggerMessage(3048, LogLevel.Information, "Fetched {Count} events that were not delivered")]
    public static partial void EventsFetched(this ILogger logger, int count);

    [LoggerMessage(3061, LogLevel.Warning, "Asking again about order {OrderId} ({Payment}): {Why}")]
    public static partial void QuestionAskedAgain(this ILogger logger, Guid orderId, string payment, string why);

    [LoggerMessage(3062, LogLevel.Error, "Periodic job {Job} failed, {Failures} times in a row now")]
    public static partial void PeriodicJobFailed(this ILogger logger, Exception exception, string job, int failures);

    [LoggerMessage(3063, LogLevel.Information, "Reconciliation {RunId} compared {Charges} charges; difference {DifferenceMinor}, {Mismatches} mismatches")]
    public static partial void Reconciled(this ILogger logger, Guid runId, int charges, long differenceMinor, int mismatches);

    [LoggerMessage(3064, LogLevel.Error, "Mismatch {MismatchId}: {Kind} {Subject}, order {OrderId}")]
    public static partial void MismatchFound(this ILogger logger, Guid mismatchId, string kind, string subject, Guid? orderId);

    [LoggerMessage(3065, LogLevel.Warning, "Reconciliation {RunId} stopped and goes on later")]
    public static partial void ReconciliationInterrupted(this ILogger logger, Exception exception, Guid runId);

    [LoggerMessage(3066, LogLevel.Information, "Repair {Repair} of mismatch {MismatchId}: {State}, {Result}")]
    public static partial void Repaired(this ILogger logger, Guid mismatchId, string repair, MismatchState state, string result);

    [LoggerMessage(3067, LogLevel.Error, "Repair {Repair} of mismatch {MismatchId} failed")]
    public static partial void RepairFailed(this ILogger logger, Exception exception, Guid mismatchId, string repair);

    [LoggerMessage(3068, LogLevel.Warning, "PayPal lists no transactions for us (the app needs Transaction Search): only what our own books name is compared")]
    public static partial void TransactionsNotListed(this ILogger logger);

    [LoggerMessage(3069, LogLevel.Warning, "Pattern {PatternId}: {Failures} of {Payments} payments that have something in common failed (usual rate {UsualRate}, p {PValue}); see /ops/patterns")]
    public static partial void PatternFound(this ILogger logger, Guid patternId, int failures, int payments, double usualRate, double pValue);

    [LoggerMessage(3070, LogLevel.Warning, "The tries of {Traffic} from {From} could not be read, so patterns are looked for without them; tried again at {RetryAt}")]
    public static partial void HistoryNotRead(this ILogger logger, Exception exception, PatternTraffic traffic, DateTimeOffset from, DateTimeOffset retryAt);

    [LoggerMessage(3060, LogLevel.Information, "Closing {Count} orders whose time ran out")]
    public static partial void HoldsExpired(this ILogger logger, int count);

    [LoggerMessage(3080, LogLevel.Information, "Sent {Kind} {MessageId} of order {OrderId}")]
    public static partial void Sent(this ILogger logger, OutboxKind kind, Guid messageId, Guid? orderId);

    [LoggerMessage(3081, LogLevel.Warning, "{Kind} {MessageId} of order {OrderId} was not sent (try {Attempt}): {Why}")]
    public static partial void NotSent(this ILogger logger, OutboxKind kind, Guid messageId, Guid? orderId, int attempt, string why);

    [LoggerMessage(3082, LogLevel.Error, "{Kind} {MessageId} of order {OrderId} is parked after {Attempt} tries: {Why}")]
    public static partial void MessageParked(this ILogger logger, OutboxKind kind, Guid messageId, Guid? orderId, int attempt, string why);

    [LoggerMessage(3083, LogLevel.Warning, "Smtp:Host is not configured: mails wait in the outbox")]
    public static partial void NoMailServer(this ILogger logger);

    [LoggerMessage(3084, LogLevel.Information, "{Kind} {MessageId} of order {OrderId} is not sent any more: {Why}")]
    public static partial void MailDropped(this ILogger logger, OutboxKind kind, Guid messageId, Guid? orderId, string why);
}
