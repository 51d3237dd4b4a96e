using System.Text.Json;
using System.Text.Json.Serialization;

namespace Shop.Payments.Gateways;

// PayPal's JSON, as far as we use it. What it sends may lack anything, whatever its documents promise: a member, a whole object, an element.

internal sealed record PayPalOrder(
    string? Id, string? Status, string? CreateTime, IReadOnlyList<PayPalUnit?>? PurchaseUnits, PayPalSource? PaymentSource, IReadOnlyList<PayPalLink?>? Links);

internal sealed record PayPalUnit(string? CustomId, PayPalAmount? Amount, PayPalPayments? Payments);

internal sealed record PayPalPayments(
    IReadOnlyList<PayPalPayment?>? Authorizations, IReadOnlyList<PayPalPayment?>? Captures, IReadOnlyList<PayPalPayment?>? Refunds);

/// <summary>An authorization, a capture or a refund: they look alike.</summary>
internal sealed record PayPalPayment(
    string? Id, string? Status, PayPalStatusDetails? StatusDetails, PayPalAmount? Amount, string? CustomId, string? InvoiceId, string? CreateTime,
    PayPalProcessorResponse? ProcessorResponse);

/// <summary>A capture or refund by itself, and what it belongs to.</summary>
internal sealed record PayPalRelated(PayPalSupplement? SupplementaryData, IReadOnlyList<PayPalLink?>? Links);

internal sealed record PayPalSupplement(PayPalRelatedIds? RelatedIds);

internal sealed record PayPalRelatedIds(string? OrderId);

internal sealed record PayPalStatusDetails(string? Reason);

internal sealed record PayPalProcessorResponse(string? ResponseCode, string? PaymentAdviceCode);

internal sealed record PayPalAmount(string? CurrencyCode, string? Value);

internal sealed record PayPalLink(string? Href, string? Rel);

internal sealed record PayPalSource(PayPalWallet? Paypal);

internal sealed record PayPalWallet(PayPalWalletAttributes? Attributes);

internal sealed record PayPalWalletAttributes(PayPalVaulted? Vault);

internal sealed record PayPalVaulted(string? Id, PayPalCustomer? Customer);

internal sealed record PayPalCustomer(string? Id);

internal sealed record PayPalDispute(
    string? DisputeId, string? Status, string? Reason, string? CreateTime, string? DisputeLifeCycleStage, string? SellerResponseDueDate, PayPalAmount? DisputeAmount,
    PayPalDisputeOutcome? DisputeOutcome, IReadOnlyList<PayPalDisputed?>? DisputedTransactions);

internal sealed record PayPalDisputeOutcome(string? OutcomeCode);

/// <summary>The capture that is disputed, with our own id of the order.</summary>
internal sealed record PayPalDisputed(string? SellerTransactionId, string? Custom);

internal sealed record PayPalError(string? Name, string? DebugId, IReadOnlyList<PayPalErrorDetail?>? Details, IReadOnlyList<PayPalLink?>? Links)
{
    /// <summary>The first that is named: PayPal tells one at a time for whatever is about the payment itself.</summary>
    public string? Issue => Details?.FirstOrDefault(d => d?.Issue is { Length: > 0 })?.Issue;
}

internal sealed record PayPalErrorDetail(string? Issue);

internal sealed record PayPalTokenReply(string? AccessToken, long? ExpiresIn)
{
    public override string ToString() => nameof(PayPalTokenReply);
}

// What we send. Members that are null are left out, and their order is fixed: the same parameters are always the same bytes.

internal sealed record PayPalNewOrder(
    string Intent, IReadOnlyList<PayPalNewUnit> PurchaseUnits, PayPalNewSource? PaymentSource, PayPalExperience? ApplicationContext);

internal sealed record PayPalNewUnit(string CustomId, string InvoiceId, string? Description, PayPalAmount Amount);

internal sealed record PayPalConfirm(PayPalNewSource? PaymentSource);

internal sealed record PayPalNewSource(PayPalNewWallet Paypal);

internal sealed record PayPalNewWallet(string? VaultId = null, PayPalExperience? ExperienceContext = null, PayPalNewAttributes? Attributes = null)
{
    public override string ToString() => nameof(PayPalNewWallet);
}

internal sealed record PayPalExperience(
    string? ReturnUrl, string? CancelUrl, string UserAction = "PAY_NOW", string ShippingPreference = "NO_SHIPPING", string? PaymentMethodPreference = null);

internal sealed record PayPalNewAttributes(PayPalCustomer? Customer, PayPalNewVault? Vault);

internal sealed record PayPalNewVault(string StoreInVault = "ON_SUCCESS", string UsageType = "MERCHANT");

internal sealed record PayPalNewCapture(bool FinalCapture);

internal sealed record PayPalNewRefund(PayPalAmount Amount, string CustomId, string InvoiceId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PayPalOrder))]
[JsonSerializable(typeof(PayPalPayment))]
[JsonSerializable(typeof(PayPalRelated))]
[JsonSerializable(typeof(PayPalDispute))]
[JsonSerializable(typeof(PayPalError))]
[JsonSerializable(typeof(PayPalTokenReply))]
[JsonSerializable(typeof(PayPalNewOrder))]
[JsonSerializable(typeof(PayPalConfirm))]
[JsonSerializable(typeof(PayPalNewCapture))]
[JsonSerializable(typeof(PayPalNewRefund))]
internal sealed partial class PayPalJson : JsonSerializerContext;
