using System.Text.Json.Serialization;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

// Times are unix seconds and amounts minor units, as on the wire.
internal sealed record PaymentIntent(string Id, long Created, long Amount, string Currency) : Fact(Id)
{
    public string Status { get; init; } = "requires_payment_method";
    public required string ClientSecret { get; init; }
    public string CaptureMethod { get; init; } = "automatic_async";
    public bool IsAutomatic { get; init; } = true;
    public string AllowRedirects { get; init; } = "always";
    public string[]? AllowedTypes { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];
    public string? PaymentMethod { get; init; }
    public string? LatestCharge { get; init; }
    public long AmountCapturable { get; init; }
    public long AmountReceived { get; init; }
    public PaymentError? LastError { get; init; }
    public PendingAction? Action { get; init; }
    public long? CanceledAt { get; init; }
    public string? CancellationReason { get; init; }
    public string? Description { get; init; }
    public string? ReceiptEmail { get; init; }
    public string? SetupFutureUsage { get; init; }
    public string? StatementDescriptor { get; init; }
    public string? StatementDescriptorSuffix { get; init; }
    public Dictionary<string, string>? Shipping { get; init; }
    public string? RequestThreeDSecure { get; init; }

    public string? Customer { get; init; }

    [JsonIgnore] public string? OrderId => Metadata.GetValueOrDefault("order_id");

    public override IEnumerable<string?> Keys =>
        [OrderId is { } order ? $"order:{order}" : null, Customer is { } customer ? $"customer:{customer}" : null, Action is { } action ? $"token:{action.Token}" : null];
}

internal sealed record SetupIntent(string Id, long Created, string ClientSecret) : Fact(Id)
{
    public string Status { get; init; } = "requires_payment_method";
    public string Usage { get; init; } = "off_session";
    public string? Customer { get; init; }
    public string? PaymentMethod { get; init; }
    public string? Description { get; init; }
    public string? CancellationReason { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];
    public PaymentError? LastError { get; init; }
    public PendingAction? Action { get; init; }

    public override IEnumerable<string?> Keys => [Customer is null ? null : $"customer:{Customer}", Action is { } action ? $"token:{action.Token}" : null];
}

/// <summary>The bank's page that the shopper has to visit; the token makes its address unguessable.</summary>
internal sealed record PendingAction(string Token, string Url, string? ReturnUrl);

/// <summary>Why the last attempt failed, in Stripe's words. Charge and payment method are ids.</summary>
internal sealed record PaymentError(string Type, string Code, string Message)
{
    public string? DeclineCode { get; init; }
    public string? AdviceCode { get; init; }
    public string? NetworkDeclineCode { get; init; }
    public string? Param { get; init; }
    public string? Charge { get; init; }
    public string? PaymentMethod { get; init; }
}

internal sealed record Charge(string Id, long Created, string Intent, long Amount, string Currency) : Fact(Id)
{
    public required string PaymentMethod { get; init; }
    public required string Status { get; init; }
    public bool Captured { get; init; }
    public long AmountCaptured { get; init; }
    public long AmountRefunded { get; init; }

    /// <summary>Was held and is let go again without ever having moved. To Stripe's callers that is a refund too.</summary>
    public long AmountReleased { get; init; }
    public PaymentError? Failure { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];
    public string? Customer { get; init; }
    public string? Description { get; init; }
    public string? ReceiptEmail { get; init; }
    public string? BalanceTransaction { get; init; }
    public string? Dispute { get; init; }

    /// <summary>When its balance transaction is there to be seen; null when it is, or none will be.</summary>
    public long? SettlesAt { get; init; }

    [JsonIgnore] public bool Refunded => AmountRefunded + AmountReleased is > 0 and var gone && gone == (AmountReleased > 0 ? Amount : AmountCaptured);
    [JsonIgnore] public bool Blocked => Failure is { DeclineCode: "fraudulent" };

    public override IEnumerable<string?> Keys =>
        [$"intent:{Intent}", Customer is { } customer ? $"customer:{customer}" : null, SettlesAt is null ? null : "due"];
}

internal sealed record Refund(string Id, long Created, string Charge, string Intent, long Amount, string Currency) : Fact(Id)
{
    public string Status { get; init; } = "succeeded";
    public string? FailureReason { get; init; }
    public string? Reason { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];

    public string? BalanceTransaction { get; init; }
    public string? FailureBalanceTransaction { get; init; }

    /// <summary>When the bank's word comes that ends it otherwise than it began; null when none is to come.</summary>
    public long? SettlesAt { get; init; }

    public override IEnumerable<string?> Keys => [$"intent:{Intent}", $"charge:{Charge}", SettlesAt is null ? null : "due"];
}

/// <summary>The shopper's bank takes a payment back, or asks about it.</summary>
internal sealed record Dispute(string Id, long Created, string Charge, string Intent, long Amount, string Currency, string Reason, string Status) : Fact(Id)
{
    public string? BalanceTransaction { get; init; }

    /// <summary>The one that brings the money back when it is won.</summary>
    public string? Reinstatement { get; init; }

    public bool HasEvidence { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];

    [JsonIgnore] public bool IsClosed => Status is "won" or "lost" or "warning_closed";

    [JsonIgnore] public bool IsInquiry => Status.StartsWith("warning_", StringComparison.Ordinal);

    public override IEnumerable<string?> Keys => [$"intent:{Intent}", $"charge:{Charge}"];
}

/// <summary>The shopper's bank warns that a payment may be fraud. Whether something can still be done about it follows from the charge.</summary>
internal sealed record EarlyFraudWarning(string Id, long Created, string Charge, string Intent, string FraudType) : Fact(Id)
{
    public override IEnumerable<string?> Keys => [$"intent:{Intent}", $"charge:{Charge}"];
}

/// <summary>A movement of the merchant's balance. The amount is signed, the fee is not.</summary>
internal sealed record BalanceTransaction(string Id, long Created, string Type, string Source, long Amount, long Fee, string Currency, long AvailableOn) : Fact(Id)
{
    public override IEnumerable<string?> Keys => [$"source:{Source}", $"type:{Type}"];
}

internal sealed record Customer(string Id, long Created) : Fact(Id)
{
    public string? Name { get; init; }
    public string? Email { get; init; }
    public string? Phone { get; init; }
    public string? Description { get; init; }
    public string? DefaultPaymentMethod { get; init; }
    public Dictionary<string, string>? Address { get; init; }
    public Dictionary<string, string>? Shipping { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];
    public bool IsDeleted { get; init; }

    public override IEnumerable<string?> Keys => [Email is null ? null : $"email:{Email}"];
}

/// <summary>A card as the shop may know it. The test card's name, never its number, says how it behaves.</summary>
internal sealed record PaymentMethod(string Id, long Created, string TestCard, int ExpMonth, int ExpYear) : Fact(Id)
{
    public string? Name { get; init; }
    public string? Email { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];

    /// <summary>The payment that used it: a card that belongs to no customer serves one, however often that is tried again.</summary>
    public string? UsedBy { get; init; }
    public string? Customer { get; init; }

    /// <summary>Its bank was asked while it was saved, and need not be asked again.</summary>
    public bool IsSetUp { get; init; }

    public override IEnumerable<string?> Keys => [Customer is null ? null : $"customer:{Customer}"];
}

internal sealed record StripeEvent(string Id, long Created, string Type, string ApiVersion, RawJson ObjectJson) : Fact(Id)
{
    public string? RequestId { get; init; }
    public string? IdempotencyKey { get; init; }
    public int Webhooks { get; init; }
    public string? OrderId { get; init; }
    public RawJson? PreviousJson { get; init; }

    public override IEnumerable<string?> Keys => [OrderId is null ? null : $"order:{OrderId}"];
}

/// <summary>The first answer to an idempotency key, kept with what was asked. Its id is the key.</summary>
internal sealed record SavedAnswer(string Id, long Created, string Fingerprint, int Status, RawJson Body, string RequestId) : Fact(Id);
