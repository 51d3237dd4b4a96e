namespace Shop.Simulator.PayPal;

/// <summary>What a payer can choose on the approval page, and what comes of it.</summary>
/// <param name="Outcome">Of a capture or an authorization: an issue it is refused with, or PENDING; null: it succeeds.</param>
internal sealed record FundingSource(string Name, string Label, string Meaning, string? Outcome = null)
{
    /// <summary>Why a pending capture waits, and what it becomes.</summary>
    public string PendingReason { get; init; } = "PENDING_REVIEW";
    public string PendingEnd { get; init; } = "COMPLETED";

    /// <summary>What becomes of a refund that is pending first; null: it is completed at once.</summary>
    public string? RefundEnd { get; init; }

    /// <summary>Why the payment is disputed as soon as it was made.</summary>
    public string? Disputed { get; init; }

    public static IReadOnlyList<FundingSource> All { get; } =
    [
        new("balance", "PayPal balance", "succeeds"),
        new("bank", "Bank account ••1234", "succeeds"),
        new("declined", "Mastercard ••0002", "declined: another source has to be chosen", "INSTRUMENT_DECLINED"),
        new("review", "Visa ••7726", "is reviewed first, then completed", "PENDING"),
        new("echeck", "Bank account ••0341 (eCheck)", "waits for the bank, which says no", "PENDING") { PendingReason = "ECHECK", PendingEnd = "DECLINED" },
        new("restricted", "Visa ••9979", "the account may not pay", "PAYER_ACCOUNT_RESTRICTED"),
        new("refund-later", "Visa ••7727", "succeeds; its refunds are pending first") { RefundEnd = "COMPLETED" },
        new("refund-fails", "Visa ••5126", "succeeds; its refunds are pending and fail") { RefundEnd = "FAILED" },
        new("disputed", "Visa ••0259", "succeeds, then disputed") { Disputed = "MERCHANDISE_OR_SERVICE_NOT_RECEIVED" },
    ];

    public static FundingSource? ByName(string? name) => All.FirstOrDefault(s => s.Name == name);
}

/// <summary>There is one payer in this world.</summary>
internal static class Payer
{
    public const string Id = "SIMPAYER12345";
    public const string Email = "payer@example.com";
}
