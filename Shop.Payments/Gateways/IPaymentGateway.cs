using System.Text.Json.Serialization;
using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

/// <summary>
/// One gateway in our words. Implementations translate and nothing else: no retries, no logging, no database. Each key names one
/// operation and always comes with the same parameters.
/// </summary>
internal interface IPaymentGateway
{
    PaymentProvider Provider { get; }

    /// <summary>
    /// Whether an intent can be ended at the gateway. Where it cannot, only our own confirm takes money: without an open one nothing can be
    /// charged, and with one its answer is asked for under its key until it comes.
    /// </summary>
    bool CanCancel { get; }

    /// <summary>For the methods a shopper wants kept. Never asked of a gateway that keeps them without one.</summary>
    Task<GatewayAnswer> CreateCustomerAsync(string key, Guid userId, CancellationToken ct);

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

    /// <summary>A dispute, or a warning of one.</summary>
    Task<GatewayAnswer> ReadDisputeAsync(string disputeId, CancellationToken ct);
}

// Stored as JSON beside the key they belong to and read back for a repetition, whatever the configuration says by then.
/// <param name="OrderNumber">For the people who read the gateway's own lists.</param>
/// <param name="SavesMethod">The shopper wants to pay the next order with it.</param>
/// <param name="HasSavedMethod">It is paid with one that the gateway keeps: nobody has to be asked on a page.</param>
internal sealed record NewIntent(
    Guid OrderId, long AmountMinor, string Currency, bool IsCapturedLater = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] string? ReturnUrl = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] string? CancelUrl = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long? OrderNumber = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool SavesMethod = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] string? CustomerId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool HasSavedMethod = false);

/// <param name="ShowsCharge">Asks for the charge along with the answer. Not so in keys from before it did: the same key is always sent with the same bytes.</param>
internal sealed record Confirmation(
    string PaymentToken, string ReturnUrl, bool ShowsCharge = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool SavesMethod = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] string? CustomerId = null);

internal sealed record NewRefund(Guid RefundId, string IntentId, long AmountMinor);
