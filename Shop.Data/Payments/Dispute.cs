using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

public enum DisputeKind { Dispute, FraudWarning }

/// <summary>Ended: it closed and took nothing; an inquiry that was answered, a warning after which nothing more can be done.</summary>
public enum DisputeOutcome { Won, Lost, Ended }

/// <summary>A bank that takes a payment back, asks about it, or warns of it: as the gateway last said when it was asked.</summary>
public sealed class Dispute
{
    public required Guid Id { get; init; }

    /// <summary>Null while it is about no payment that we know.</summary>
    public Guid? OrderId { get; set; }

    public required PaymentProvider Provider { get; init; }
    public required string GatewayId { get; init; }
    public required DisputeKind Kind { get; init; }
    public string? IntentId { get; set; }
    public string? ChargeId { get; set; }

    /// <summary>What is disputed; of a warning, what was charged.</summary>
    public required long AmountMinor { get; set; }

    public required string Currency { get; init; }

    /// <summary>The bank's reason, in the gateway's word.</summary>
    public required string Reason { get; set; }

    /// <summary>The gateway's word.</summary>
    public required string Status { get; set; }

    /// <summary>The bank keeps the money while it is open. An inquiry and a warning take nothing: there a refund is the remedy.</summary>
    public required bool TakesMoney { get; set; }

    public required bool IsLive { get; init; }

    /// <summary>Until when the bank waits for our answer; null while it waits for none.</summary>
    public DateTimeOffset? RespondBy { get; set; }

    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>When the question was sent whose answer this is: one that was sent earlier knows less.</summary>
    public required DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }
    public DisputeOutcome? Outcome { get; set; }
}

internal sealed class DisputeConfiguration : IEntityTypeConfiguration<Dispute>
{
    public void Configure(EntityTypeBuilder<Dispute> dispute)
    {
        dispute.ToTable("disputes", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint("ck_disputes_outcome", "(closed_at IS NULL) = (outcome IS NULL)"));
        dispute.HasKey(d => d.Id);
        dispute.HasIndex(d => d.GatewayId).IsUnique();
        dispute.HasIndex(d => d.OrderId);
        dispute.HasIndex(d => d.RespondBy).HasFilter("closed_at IS NULL").HasDatabaseName("ix_disputes_open");
        dispute.HasIndex(d => d.ClosedAt);
        dispute.HasOne<Order>().WithMany().HasForeignKey(d => d.OrderId);
    }
}
