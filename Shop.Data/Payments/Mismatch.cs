using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

public enum MismatchState
{
    Open,

    /// <summary>A person has asked for a repair, and Payments is at it.</summary>
    Repairing,

    /// <summary>The repair came to no end; a person looks at it again.</summary>
    Parked,

    /// <summary>Repaired, or gone in a later run.</summary>
    Closed,

    /// <summary>A person has said why it is none.</summary>
    Ignored,
}

/// <summary>Something that orders, payment books and gateway do not agree on. Found once, however often it is seen.</summary>
public sealed class Mismatch
{
    public required Guid Id { get; init; }

    /// <summary>A word of <see cref="Mismatches"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>What it is about: the gateway's id of it, or our refund's.</summary>
    public required string Subject { get; init; }

    public Guid? OrderId { get; init; }
    public required PaymentProvider Provider { get; init; }
    public string? IntentId { get; init; }
    public long? OursMinor { get; set; }
    public long? GatewayMinor { get; set; }
    public required string Currency { get; init; }

    /// <summary>When what it is about happened: a run over this moment finds it again, or closes it.</summary>
    public required DateTimeOffset At { get; init; }

    public required DateTimeOffset FoundAt { get; init; }
    public required Guid LastRunId { get; set; }
    public MismatchState State { get; set; }

    /// <summary>What was asked for last, a word of <see cref="Repairs"/>.</summary>
    public string? Repair { get; set; }

    public DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }
    public int Attempts { get; set; }

    /// <summary>What came of the repair, or why it is closed.</summary>
    public string? Result { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }
}

public static class Repairs
{
    public const string Refund = "refund";
    public const string MarkPaid = "mark_paid";
    public const string BookRefund = "book_refund";
    public const string Release = "release";
    public const string Ignore = "ignore";
}

/// <param name="Side">Whose books are wrong, as far as can be said.</param>
/// <param name="Meaning">For the agent who reads the list.</param>
/// <param name="Action">For the operator who does something about it.</param>
/// <param name="Repairs">What can be asked for; ignoring, with a reason, always can.</param>
public sealed record MismatchKind(string Code, string Title, string Side, string Meaning, string Action, IReadOnlyList<string> Repairs);

/// <summary>Every way in which the three sides can disagree, with words for those who have to put it right.</summary>
public static class Mismatches
{
    public const string ChargedNotBooked = "charged_not_booked";
    public const string BookedNotCharged = "booked_not_charged";
    public const string BookedWithoutAttempt = "booked_without_attempt";
    public const string DoubleCharge = "double_charge";
    public const string AmountDiffers = "amount_differs";
    public const string RefundNotBooked = "refund_not_booked";
    public const string RefundBookedNotDone = "refund_booked_not_done";
    public const string UnknownOrder = "unknown_order";
    public const string OpenIntentOfClosedOrder = "open_intent_of_closed_order";
    public const string AttemptWithoutGatewayObject = "attempt_without_gateway_object";

    private static readonly FrozenDictionary<string, MismatchKind> All = new MismatchKind[]
    {
        new(ChargedNotBooked, "Charged, not booked", "us",
            "The gateway took the money, and the order does not know.",
            "Mark it paid: the gateway is asked again, and only its answer is booked. If the goods are gone by now, the money returns by itself.",
            [Repairs.MarkPaid]),
        new(BookedNotCharged, "Booked, not charged", "us",
            "The order counts as paid, and the gateway has no charge for it.",
            "Do not send the goods. Asking the gateway again shows whether it was only late; otherwise the order needs an engineer.",
            [Repairs.MarkPaid]),
        new(BookedWithoutAttempt, "Paid without an attempt", "us",
            "Order and gateway agree, but our list of attempts lacks the answer that paid it.",
            "Ask the gateway again: its answer is filed with the order.",
            [Repairs.MarkPaid]),
        new(DoubleCharge, "Charged twice", "us",
            "The order is paid, and the gateway took money for it once more.",
            "Refund: what is left of the second charge goes back. The first one stays.",
            [Repairs.Refund]),
        new(AmountDiffers, "Another amount", "us",
            "The gateway took another amount, or another currency, than the order says.",
            "Refund: the whole charge goes back, and an order that is still open is closed. Then talk to the customer.",
            [Repairs.Refund]),
        new(RefundNotBooked, "Refunded, not booked", "us",
            "The gateway sent money back, and the order does not know: somebody did it at the gateway itself.",
            "Book the refund: the gateway is asked again, and its answer is booked.",
            [Repairs.BookRefund]),
        new(RefundBookedNotDone, "Refund booked, not done", "gateway",
            "The order says that money went back, and the gateway has no such refund, or one that failed.",
            "Refund: the gateway is asked once more, and if it has none, the refund is sent again. The same money cannot go back twice.",
            [Repairs.Refund]),
        new(UnknownOrder, "Money without an order", "gateway",
            "The gateway took money on an intent that none of our orders has. Perhaps another shop uses the account.",
            "Refund it, if it is nobody's; ignore it, with the reason, if it is another shop's.",
            [Repairs.Refund]),
        new(OpenIntentOfClosedOrder, "Open intent of a closed order", "us",
            "The order was given up, and its intent at the gateway could still be paid.",
            "Release: the intent is canceled at the gateway. Should it have been paid meanwhile, the order hears of it.",
            [Repairs.Release]),
        new(AttemptWithoutGatewayObject, "Unknown to the gateway", "gateway",
            "We hold the id of an intent that the gateway does not know. Perhaps the keys of another account are in use.",
            "Check the gateway's key. Then ignore it, with the reason.",
            []),
    }.ToFrozenDictionary(k => k.Code);

    public static IEnumerable<MismatchKind> Every => All.Values;

    public static MismatchKind Of(string code) => All.TryGetValue(code, out var kind)
        ? kind
        : throw new ArgumentOutOfRangeException(nameof(code), code, "Not a kind of mismatch.");
}

internal sealed class MismatchConfiguration : IEntityTypeConfiguration<Mismatch>
{
    public void Configure(EntityTypeBuilder<Mismatch> mismatch)
    {
        mismatch.ToTable("mismatches", ShopDbContext.PaymentsSchema).HasKey(m => m.Id);
        mismatch.HasIndex(m => new { m.Kind, m.Subject }).IsUnique();
        mismatch.HasIndex(m => m.At);
        mismatch.HasIndex(m => m.DueAt).HasFilter("state = 'Repairing'");
        mismatch.HasIndex(m => m.OrderId);
        mismatch.HasIndex(m => m.LastRunId);
        mismatch.HasIndex(m => m.FoundAt, "ix_mismatches_unsettled").HasFilter("state IN ('Open', 'Repairing', 'Parked')");
        mismatch.HasOne<Order>().WithMany().HasForeignKey(m => m.OrderId);
        mismatch.HasOne<ReconciliationRun>().WithMany().HasForeignKey(m => m.LastRunId);
    }
}
