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

    /// <summary>The intent it is about; null when it is about none, does not name it and was not processed yet, or came before this was kept.</summary>
    public string? IntentId { get; set; }

    /// <summary>What it changed, in words; null when it changed nothing, and then <see cref="LastError"/> says why.</summary>
    public string? Changed { get; set; }

    /// <summary>When we went and got it, because it had not come by itself.</summary>
    public DateTimeOffset? FetchedAt { get; init; }
}

public static class StripeEvents
{
    /// <summary>
    /// What the endpoint at Stripe subscribes to (docs/deploying.md says the same), and what is fetched when it did not come. At most 20, or
    /// Stripe refuses that question.
    /// </summary>
    public static IReadOnlyList<string> Subscribed { get; } =
    [
        "charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn", "charge.dispute.updated",
        "charge.refunded", "payment_intent.amount_capturable_updated", "payment_intent.canceled", "payment_intent.payment_failed",
        "payment_intent.processing", "payment_intent.requires_action", "payment_intent.succeeded",
        "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated", "refund.created", "refund.failed", "refund.updated",
    ];
}

public static class PayPalEvents
{
    /// <summary>What the endpoint at PayPal subscribes to; docs/deploying.md says the same.</summary>
    public static IReadOnlyList<string> Subscribed { get; } =
    [
        "CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED", "CUSTOMER.DISPUTE.CREATED",
        "CUSTOMER.DISPUTE.RESOLVED", "CUSTOMER.DISPUTE.UPDATED", "PAYMENT.AUTHORIZATION.CREATED", "PAYMENT.AUTHORIZATION.VOIDED",
        "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.REFUNDED",
        "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.FAILED", "PAYMENT.REFUND.PENDING",
    ];
}

/// <summary>An event that should have come by now. Written once per order and type; <see cref="ArrivedAt"/> when it came after all.</summary>
public sealed class WebhookGap
{
    public required Guid OrderId { get; init; }
    public required string Type { get; init; }
    public required DateTimeOffset ExpectedBy { get; init; }
    public required DateTimeOffset NoticedAt { get; init; }
    public DateTimeOffset? ArrivedAt { get; set; }
}

internal sealed class WebhookReceiptConfiguration : IEntityTypeConfiguration<WebhookReceipt>
{
    public void Configure(EntityTypeBuilder<WebhookReceipt> receipt)
    {
        receipt.ToTable("webhook_receipts", ShopDbContext.PaymentsSchema).HasKey(w => new { w.Provider, w.EventId });
        receipt.HasIndex(w => w.DueAt).HasFilter("state = 'Waiting'");
        receipt.HasIndex(w => w.ReceivedAt);
        receipt.HasIndex(w => w.ReceivedAt, "ix_webhook_receipts_parked").HasFilter("state = 'Parked'");
        receipt.HasIndex(w => w.IntentId);
    }
}

internal sealed class WebhookGapConfiguration : IEntityTypeConfiguration<WebhookGap>
{
    public void Configure(EntityTypeBuilder<WebhookGap> gap)
    {
        gap.ToTable("webhook_gaps", ShopDbContext.PaymentsSchema).HasKey(g => new { g.OrderId, g.Type });
        gap.HasIndex(g => g.NoticedAt);
        gap.HasOne<Orders.Order>().WithMany().HasForeignKey(g => g.OrderId);
    }
}
