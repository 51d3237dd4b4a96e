using System.Text.Json.Serialization;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

// Times are unix seconds and amounts minor units, as the shop counts them: PayPal's HUF and TWD have no decimals on the wire and two here.
internal sealed record PayPalOrder(string Id, long Created, string Intent, long Amount, string Currency) : Fact(Id)
{
    public const string NeedsPayer = "PAYER_ACTION_REQUIRED";

    public string Status { get; init; } = "CREATED";

    /// <summary>The purchase unit as it was sent.</summary>
    public required RawJson Unit { get; init; }
    public string? CustomId { get; init; }
    public string? InvoiceId { get; init; }
    public string? ReturnUrl { get; init; }
    public string? CancelUrl { get; init; }
    public string? BrandName { get; init; }

    /// <summary>It was created with <c>payment_source.paypal</c>.</summary>
    public bool HasSource { get; init; }

    /// <summary>The shop wants to keep the source for later; the payer has the last word.</summary>
    public bool WantsToKeep { get; init; }
    public bool MayKeep { get; init; }
    public string? CustomerId { get; init; }

    /// <summary>What it is paid with, once that is known: <see cref="FundingSource"/>.</summary>
    public string? Funding { get; init; }
    public string? VaultToken { get; init; }

    /// <summary>Captures and authorizations that PayPal said no to. Nothing else is left of them.</summary>
    public RefusedAttempt[] Refused { get; init; } = [];

    public long Updated { get; init; } = Created;
    public long ExpiresAt { get; init; }

    [JsonIgnore] public bool IsOpen => Status is "CREATED" or NeedsPayer or "APPROVED";

    public override IEnumerable<string?> Keys =>
        [CustomId is null ? null : $"order:{CustomId}", InvoiceId is null ? null : $"invoice:{InvoiceId}", IsOpen ? "open" : null];
}

internal sealed record RefusedAttempt(long At, string Issue);

internal sealed record PayPalCapture(string Id, long Created, string Order, long Amount, string Currency, string Status) : Fact(Id)
{
    /// <summary>Why it is pending, or was denied.</summary>
    public string? Reason { get; init; }
    public string? Authorization { get; init; }
    public string? CustomId { get; init; }
    public string? InvoiceId { get; init; }
    public required string Funding { get; init; }
    public bool IsFinal { get; init; } = true;
    public long Refunded { get; init; }
    public string? Dispute { get; init; }

    /// <summary>The money was taken back.</summary>
    public long? ReversedAt { get; init; }
    public long Updated { get; init; } = Created;

    /// <summary>When it comes to its end, and to which; null when it has.</summary>
    public long? SettlesAt { get; init; }
    public string? SettlesTo { get; init; }

    [JsonIgnore] public bool HasMoney => Status is "COMPLETED" or "PARTIALLY_REFUNDED" or "REFUNDED";
    [JsonIgnore] public bool IsDead => Status is "DECLINED" or "FAILED";
    [JsonIgnore] public long Fee => Amount * 29 / 1000 + 30;

    public override IEnumerable<string?> Keys => [$"order:{Order}", InvoiceId is null ? null : $"invoice:{InvoiceId}", SettlesAt is null ? null : "due"];
}

internal sealed record PayPalAuthorization(string Id, long Created, string Order, long Amount, string Currency, string Status) : Fact(Id)
{
    public string? Reason { get; init; }
    public string? CustomId { get; init; }
    public string? InvoiceId { get; init; }
    public required string Funding { get; init; }
    public long Captured { get; init; }
    public long Updated { get; init; } = Created;
    public long ExpiresAt { get; init; }

    /// <summary>Money is still set aside.</summary>
    public bool IsLive(long now) => Status is "CREATED" or "PARTIALLY_CAPTURED" && now < ExpiresAt;

    public override IEnumerable<string?> Keys => [$"order:{Order}"];
}

internal sealed record PayPalRefund(string Id, long Created, string Capture, long Amount, string Currency, string Status) : Fact(Id)
{
    public string? CustomId { get; init; }
    public string? InvoiceId { get; init; }
    public string? Note { get; init; }
    public long Updated { get; init; } = Created;
    public long? SettlesAt { get; init; }
    public string? SettlesTo { get; init; }

    public override IEnumerable<string?> Keys => [$"capture:{Capture}", InvoiceId is null ? null : $"invoice:{InvoiceId}", SettlesAt is null ? null : "due"];
}

/// <summary>A payer's source, kept for the shop.</summary>
internal sealed record VaultToken(string Id, long Created, string CustomerId, string Funding) : Fact(Id)
{
    public string UsageType { get; init; } = "MERCHANT";
    public bool IsDeleted { get; init; }

    public override IEnumerable<string?> Keys => [$"customer:{CustomerId}"];
}

internal sealed record PayPalDispute(string Id, long Created, string Capture, string Reason, string Stage, string Status) : Fact(Id)
{
    public string? Outcome { get; init; }
    public long Updated { get; init; } = Created;

    public override IEnumerable<string?> Keys => [$"capture:{Capture}"];
}

internal sealed record PayPalEvent(string Id, long Created, string Type, string ResourceType, string Summary, RawJson Resource) : Fact(Id)
{
    public string? OrderId { get; init; }

    public override IEnumerable<string?> Keys => [OrderId is null ? null : $"order:{OrderId}"];
}

/// <summary>What a <c>PayPal-Request-Id</c> did. A repetition is told how that is by now, not what was answered then. Its id is the request's path and id.</summary>
internal sealed record DoneRequest(string Id, long Created, string About, string DebugId) : Fact(Id);

/// <summary>Its id is a digest of the token.</summary>
internal sealed record AccessToken(string Id, long Created, long ExpiresAt) : Fact(Id);

/// <summary>Signs the webhooks; made once.</summary>
internal sealed record SigningKey(string Id, string Pkcs8, string Certificate) : Fact(Id)
{
    public const string TheOne = "paypal signing key";

    /// <summary>By this the certificate is found.</summary>
    public required string CertificateId { get; init; }
}

/// <summary>Where events go, once it was said at run time; until then the configuration holds.</summary>
internal sealed record PayPalWebhookSettings(string Id, PayPalWebhook[] Endpoints) : Fact(Id)
{
    public const string TheOne = "paypal webhooks";
}
