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

    public string? OrderId => Metadata.GetValueOrDefault("order_id");
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
    public PaymentError? Failure { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];
    public string? Description { get; init; }
    public string? ReceiptEmail { get; init; }

    public bool Refunded => AmountCaptured > 0 && AmountRefunded == AmountCaptured;
    public bool Blocked => Failure is { DeclineCode: "fraudulent" };
}

internal sealed record Refund(string Id, long Created, string Charge, string Intent, long Amount, string Currency) : Fact(Id)
{
    public string Status { get; init; } = "succeeded";
    public string? FailureReason { get; init; }
    public string? Reason { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];

    /// <summary>When the bank's word comes that ends it otherwise than it began; null when none is to come.</summary>
    public long? SettlesAt { get; init; }
}

/// <summary>A card as the shop may know it. The test card's name, never its number, says how it behaves.</summary>
internal sealed record PaymentMethod(string Id, long Created, string TestCard, int ExpMonth, int ExpYear) : Fact(Id)
{
    public string? Name { get; init; }
    public string? Email { get; init; }
    public Dictionary<string, string> Metadata { get; init; } = [];

    /// <summary>A card that belongs to no customer pays once.</summary>
    public string? PaidFor { get; init; }
}

internal sealed record StripeEvent(string Id, long Created, string Type, string ApiVersion, string ObjectJson) : Fact(Id)
{
    public string? RequestId { get; init; }
    public string? IdempotencyKey { get; init; }
    public int Webhooks { get; init; }
    public string? OrderId { get; init; }
    public string? PreviousJson { get; init; }
}

/// <summary>The first answer to an idempotency key, kept with what was asked. Its id is the key.</summary>
internal sealed record SavedAnswer(string Id, long Created, string Fingerprint, int Status, string Body, string RequestId) : Fact(Id);
