using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Payments;

/// <summary>A gateway's event as it arrived, stored and deduplicated before it is acknowledged; processing is ours to repeat.</summary>
public sealed class WebhookReceipt
{
    public required PaymentProvider Provider { get; init; }
    public required string EventId { get; init; }
    public required string Type { get; init; }
    public required byte[] Payload { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }
    public JobState State { get; set; }
    public DateTimeOffset DueAt { get; set; }
    public int Attempts { get; set; }

    /// <summary>Attempts that do not count towards parking it: the gateway could not be asked, or sent the event again.</summary>
    public int Forgiven { get; set; }

    public string? LastError { get; set; }
    public DateTimeOffset? ProcessedAt { get; set; }
}

internal sealed class WebhookReceiptConfiguration : IEntityTypeConfiguration<WebhookReceipt>
{
    public void Configure(EntityTypeBuilder<WebhookReceipt> receipt)
    {
        receipt.ToTable("webhook_receipts", ShopDbContext.PaymentsSchema).HasKey(w => new { w.Provider, w.EventId });
        receipt.HasIndex(w => w.DueAt).HasFilter("state = 'Waiting'");
        receipt.HasIndex(w => w.ReceivedAt);
        receipt.HasIndex(w => w.ReceivedAt, "ix_webhook_receipts_parked").HasFilter("state = 'Parked'");
    }
}
