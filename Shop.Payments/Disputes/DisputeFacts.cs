using Shop.Data.Payments;

namespace Shop.Payments.Disputes;

/// <summary>A dispute or a warning as the gateway has it now.</summary>
/// <param name="AmountMinor">What is disputed; of a warning, what was charged.</param>
/// <param name="Reason">The bank's, in the gateway's word.</param>
/// <param name="Status">The gateway's word.</param>
/// <param name="TakesMoney">The bank keeps the money while it is open, and for good if it is lost.</param>
/// <param name="RespondBy">Null while nobody waits for our answer.</param>
/// <param name="Outcome">Null while it is open.</param>
/// <param name="OrderId">Ours, where the gateway repeats it and names no intent.</param>
internal sealed record DisputeFacts(
    string GatewayId, DisputeKind Kind, string? IntentId, string? ChargeId, long AmountMinor, string Currency, string Reason, string Status, bool TakesMoney,
    bool IsLive, DateTimeOffset? RespondBy, DateTimeOffset OpenedAt, DisputeOutcome? Outcome,
    Guid? OrderId = null);
