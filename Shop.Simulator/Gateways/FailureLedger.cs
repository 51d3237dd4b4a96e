using Shop.Simulator.Faults;
using Shop.Simulator.PayPal;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Gateways;

/// <summary>Whose doing a failed payment was, of this side's own knowledge: what banks refused, what shoppers left, and which fault was played.</summary>
/// <param name="Side">bank, gateway or shopper.</param>
/// <param name="Because">The code, or the fault's name.</param>
internal sealed record LedgerFailure(DateTimeOffset At, string Side, string Because);

/// <summary>What is true of one order of the shop's, whatever the shop was told.</summary>
/// <param name="Failure">The first one; null while nothing failed.</param>
/// <param name="MoneyTaken">yes or no: whether the shopper's money is with the shop now.</param>
internal sealed record OrderTruth(LedgerFailure? Failure, string MoneyTaken);

internal static class FailureLedger
{
    private const string Bank = "bank";
    private const string Gateways = "gateway";
    private const string Shopper = "shopper";

    // Stripe's own advice for these is that the customer corrects what was entered, or answers the bank.
    private static readonly HashSet<string> Mistyped =
    [
        "incorrect_cvc", "invalid_cvc", "incorrect_number", "invalid_number", "invalid_expiry_month", "invalid_expiry_year", "incorrect_zip", "incorrect_address",
        "incorrect_pin", "invalid_pin",
    ];

    private static readonly HashSet<string> Unanswered =
    [
        "authentication_required", "authentication_not_handled", "payment_intent_authentication_failure", "offline_pin_required", "online_or_offline_pin_required",
    ];

    // Not the bank but Stripe keeps a card back that was declined too often.
    private static readonly HashSet<string> KeptBack = ["card_decline_rate_limit_exceeded"];

    internal static readonly string[] Paying = ["token", "create", "update", "confirm", "capture", "authorize"];

    /// <summary>Whose side a decline with this code is on, by what the gateways say about it.</summary>
    public static string SideOf(string code) =>
        Mistyped.Contains(code) || Unanswered.Contains(code) || Agreement.Contains(code) ? Shopper : KeptBack.Contains(code) ? Gateways : Bank;

    // At PayPal: the payer has ended what we had kept.
    private static readonly HashSet<string> Agreement =
    [
        "AGREEMENT_ALREADY_CANCELLED", "BILLING_AGREEMENT_NOT_FOUND", "TOKEN_EXPIRED", "TOKEN_ID_NOT_FOUND",
    ];

    /// <param name="faulted">Of <see cref="RequestLog.Faulted"/>.</param>
    public static OrderTruth Of(Work work, GatewayRequest[] faulted, string orderId)
    {
        var entries = Ledger.Of(work, orderId);
        var failures = entries.SelectMany(Refusals).Concat(Authentications(work, orderId)).Concat(Faults(faulted, entries, orderId)).OrderBy(f => f.At).ToList();
        if (failures is [] && entries.All(e => e.ChargedMinor is 0))
            failures = [.. entries.SelectMany(Waiting)];
        return new(failures is [var first, ..] ? first : null, entries.Sum(e => e.ChargedMinor - e.RefundedMinor) > 0 ? "yes" : "no");
    }

    private static IEnumerable<LedgerFailure> Refusals(LedgerEntry entry) => entry.All
        .Where(c => c.Status is "failed" or "refused" or "DECLINED" or "FAILED")
        .Select(c => (c.At, Code: c.DeclineCode ?? c.Code ?? c.Status)).Select(c => new LedgerFailure(c.At, SideOf(c.Code), c.Code));

    // The shopper said no at the bank's page: no charge is left behind, only the intent tells.
    private static IEnumerable<LedgerFailure> Authentications(Work work, string orderId) => work.With<PaymentIntent>($"order:{orderId}")
        .Where(i => i.LastError is { Charge: null }).Select(i => new LedgerFailure(DateTimeOffset.FromUnixTimeSeconds(i.Created), SideOf(i.LastError!.Code), i.LastError.Code));

    private static IEnumerable<LedgerFailure> Faults(GatewayRequest[] faulted, LedgerEntry[] entries, string orderId) => faulted
        .Where(r => r.OrderId == orderId || r.IdempotencyKey?.Contains(orderId, StringComparison.Ordinal) is true || entries.Any(e => r.Path.Contains(e.Intent, StringComparison.Ordinal)))
        .Select(r => new LedgerFailure(r.At, Gateways, Page.FaultRow.Name(r.Fault!.Value)));

    // Nobody refused anything: somebody was asked and has not answered.
    private static IEnumerable<LedgerFailure> Waiting(LedgerEntry entry) => entry.Status switch
    {
        "requires_action" => [new(entry.Created, Shopper, "authentication_not_answered")],
        "canceled" or "CREATED" or PayPalOrder.NeedsPayer or "APPROVED" or "VOIDED" => [new(entry.Created, Shopper, "not_agreed_to")],
        _ => [],
    };
}
