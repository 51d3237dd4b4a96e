using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Orders;

/// <summary>
/// One thing that happened to an order, written in the transaction of what it tells. Append-only: a trigger refuses changes.
/// </summary>
public sealed class TimelineEntry
{
    public required Guid Id { get; init; }
    public required Guid OrderId { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>A word of <see cref="TimelineKinds"/>.</summary>
    public required string Kind { get; init; }

    public string? Reason { get; init; }

    /// <summary>One sentence that may be shown to the shopper when <see cref="ForShopper"/>; never personal data.</summary>
    public required string Summary { get; init; }

    public required bool ForShopper { get; init; }

    /// <summary>Facts for the engineer, JSON.</summary>
    public string? Data { get; init; }

    public string? TraceId { get; init; }

    public static TimelineEntry Of(
        Guid orderId, DateTimeOffset at, string kind, string summary, string? reason = null, bool forShopper = true, string? data = null) =>
        new()
        {
            Id = Guid.CreateVersion7(at), OrderId = orderId, At = at, Kind = kind, Summary = summary, Reason = reason, ForShopper = forShopper,
            Data = data, TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString(),
        };
}

public static class TimelineKinds
{
    public const string Placed = "order.placed";
    public const string PaymentStarted = "payment.started";
    public const string PaymentAsked = "payment.asked";
    public const string Paid = "payment.paid";
    public const string Declined = "payment.declined";
    public const string ActionNeeded = "payment.action_needed";
    public const string Unknown = "payment.unknown";
    public const string Deferred = "payment.deferred";
    public const string Closed = "payment.closed";
    public const string Ignored = "payment.news_ignored";
    public const string RefundOwed = "refund.owed";
    public const string Refunded = "refund.done";
    public const string RefundFailed = "refund.failed";
    public const string Webhook = "webhook.received";
    public const string WebhookMissing = "webhook.missing";
    public const string WebhookLate = "webhook.late";
    public const string AskedAgain = "payment.asked_again";
    public const string Repaired = "reconciliation.repaired";
    public const string HoldExpired = "hold.expired";
    public const string Parked = "job.parked";
    public const string Unparked = "job.retried";
    public const string MailSent = "mail.sent";
}

internal sealed class TimelineEntryConfiguration : IEntityTypeConfiguration<TimelineEntry>
{
    public void Configure(EntityTypeBuilder<TimelineEntry> entry)
    {
        entry.ToTable("order_timeline").HasKey(t => t.Id);
        entry.HasIndex(t => new { t.OrderId, t.At });
        entry.Property(t => t.Data).HasColumnType("jsonb");
        entry.HasOne<Order>().WithMany().HasForeignKey(t => t.OrderId);
    }
}
