using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

/// <summary>
/// One gateway in our words. Implementations translate and nothing else: no retries, no logging, no database. Each key names one
/// operation and always comes with the same parameters.
/// </summary>
internal interface IPaymentGateway
{
    PaymentProvider Provider { get; }

    /// <summary>Charges nothing. The id is stored before anything is confirmed, so that every lost answer can be looked up.</summary>
    Task<GatewayAnswer> CreateAsync(string key, NewIntent intent, CancellationToken ct);

    Task<GatewayAnswer> ConfirmAsync(string key, string intentId, Confirmation confirmation, CancellationToken ct);

    /// <summary>Takes what a confirm has set aside, all of it.</summary>
    Task<GatewayAnswer> CaptureAsync(string key, string intentId, CancellationToken ct);

    Task<GatewayAnswer> ReadAsync(string intentId, CancellationToken ct);

    /// <summary>Which card a payment token stands for.</summary>
    Task<GatewayAnswer> ReadMethodAsync(string paymentToken, CancellationToken ct);

    Task<GatewayAnswer> CancelAsync(string key, string intentId, CancellationToken ct);

    Task<GatewayAnswer> RefundAsync(string key, NewRefund refund, CancellationToken ct);

    Task<GatewayAnswer> ReadRefundAsync(string refundId, CancellationToken ct);

    /// <summary>The refund of an intent that carries our id, or that there is none: for a send whose answer was lost.</summary>
    Task<GatewayAnswer> FindRefundAsync(string intentId, Guid refundId, CancellationToken ct);
}

// Stored as JSON beside the key they belong to and read back for a repetition, whatever the configuration says by then.
internal sealed record NewIntent(Guid OrderId, long AmountMinor, string Currency, bool IsCapturedLater = false);

/// <param name="ShowsCharge">Asks for the charge along with the answer. Not so in keys from before it did: the same key is always sent with the same bytes.</param>
internal sealed record Confirmation(string PaymentToken, string ReturnUrl, bool ShowsCharge = false);

internal sealed record NewRefund(Guid RefundId, string IntentId, long AmountMinor);
