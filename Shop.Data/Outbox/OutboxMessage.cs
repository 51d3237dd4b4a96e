using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Data.Outbox;

public enum OutboxKind { OrderConfirmedMail, RefundedMail }

/// <summary>
/// An effect on the outside, promised in the transaction that caused it and delivered by the relay, at least once. It carries ids only:
/// name and address are looked up when it is sent, so that an erased person gets nothing.
/// </summary>
public sealed class OutboxMessage
{
    public required Guid Id { get; init; }
    public required OutboxKind Kind { get; init; }
    public required Guid OrderId { get; init; }
    public JobState State { get; set; }
    public required DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }
    public int Attempts { get; set; }
    public string? LastError { get; set; }
    public string? TraceParent { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? SentAt { get; set; }

    public static OutboxMessage Of(OutboxKind kind, Guid orderId, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), Kind = kind, OrderId = orderId, DueAt = now, CreatedAt = now,
        TraceParent = System.Diagnostics.Activity.Current?.Id,
    };
}

internal sealed class OutboxMessageConfiguration : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> message)
    {
        message.ToTable("outbox").HasKey(m => m.Id);
        message.HasIndex(m => m.DueAt).HasFilter("state = 'Waiting'");
        message.HasIndex(m => m.CreatedAt).HasFilter("state = 'Parked'").HasDatabaseName("ix_outbox_parked");
        message.HasOne<Order>().WithMany().HasForeignKey(m => m.OrderId);
    }
}
