using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Data.Outbox;

public enum OutboxKind
{
    OrderConfirmedMail, PaymentFailedMail, ActionNeededMail, CancelledMail, RefundedMail, OrderLinkMail,
    ConfirmEmailMail, AlreadyRegisteredMail, ResetPasswordMail, PasswordChangedMail, LockedOutMail, SecondFactorChangedMail, InvitationMail,
}

/// <summary>
/// An effect on the outside, promised in the transaction that caused it and delivered by the relay, at least once. It carries ids only:
/// name, address and link are made when it is sent, so that an erased person gets nothing.
/// </summary>
public sealed class OutboxMessage
{
    public required Guid Id { get; init; }
    public required OutboxKind Kind { get; init; }

    /// <summary>What it is about; null when it is about an account.</summary>
    public Guid? OrderId { get; init; }

    /// <summary>Whose account it is about; null when it is about an order.</summary>
    public Guid? PersonId { get; init; }

    /// <summary>Which refund of its order it is about; null when it is about none, or was promised before there could be several.</summary>
    public Guid? RefundId { get; init; }

    public JobState State { get; set; }
    public required DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }
    public int Attempts { get; set; }
    public string? LastError { get; set; }
    public string? TraceParent { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Null although it is done: it was not sent, because it was no longer true or nobody is left to read it.</summary>
    public DateTimeOffset? SentAt { get; set; }

    /// <summary>How often a person had it sent again. Each of those is another mail to a mailbox; a repetition of our own is the same one.</summary>
    public int Copy { get; set; }

    /// <summary>When a person last had it sent again: its link works from then on, for the first one may be dead. Null when nobody did.</summary>
    public DateTimeOffset? AskedAgainAt { get; set; }

    /// <summary>As new: due now, with its tries counted anew.</summary>
    public void AskAgain(DateTimeOffset now)
    {
        if (SentAt is not null)
            Copy++; // it may have arrived: this is another one
        (State, Attempts, DueAt, SentAt, LastError, AskedAgainAt) = (JobState.Waiting, 0, now, null, null, now);
    }

    public static OutboxMessage Of(OutboxKind kind, Guid orderId, DateTimeOffset now, Guid? refundId = null) => new()
    {
        Id = Guid.CreateVersion7(now), Kind = kind, OrderId = orderId, RefundId = refundId, DueAt = now, CreatedAt = now,
        TraceParent = System.Diagnostics.Activity.Current?.Id,
    };

    public static OutboxMessage To(Guid personId, OutboxKind kind, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), Kind = kind, PersonId = personId, DueAt = now, CreatedAt = now,
        TraceParent = System.Diagnostics.Activity.Current?.Id,
    };
}

internal sealed class OutboxMessageConfiguration : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> message)
    {
        message.ToTable("outbox", t => t.HasCheckConstraint("ck_outbox_about", "num_nonnulls(order_id, person_id) = 1")).HasKey(m => m.Id);
        message.HasIndex(m => m.DueAt).HasFilter("state = 'Waiting'");
        message.HasIndex(m => m.CreatedAt).HasFilter("state = 'Parked'").HasDatabaseName("ix_outbox_parked");
        message.HasOne<Order>().WithMany().HasForeignKey(m => m.OrderId);
        message.HasOne<Refund>().WithMany().HasForeignKey(m => m.RefundId);
        message.HasOne<Person>().WithMany().HasForeignKey(m => m.PersonId);
    }
}
