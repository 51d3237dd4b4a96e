using System.Text.Json;
using System.Text.Json.Serialization;
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

    /// <param name="facts">Becomes <see cref="Data"/>; what is null is left out. No personal data, no card, no secret.</param>
    public static TimelineEntry Of(
        Guid orderId, DateTimeOffset at, string kind, string summary, string? reason = null, bool forShopper = true, object? facts = null) =>
        new()
        {
            Id = NextId(at), OrderId = orderId, At = at, Kind = kind, Summary = summary, Reason = reason, ForShopper = forShopper,
            Data = facts is null ? null : JsonSerializer.Serialize(facts, facts.GetType(), FactsJson),
            TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString(),
        };

    // What one transaction tells has one time, and is to be read in the order in which it was told: the 12 bits behind the millisecond count.
    private static int _told;

    private static Guid NextId(DateTimeOffset at)
    {
        Span<byte> id = stackalloc byte[16];
        Guid.CreateVersion7(at).TryWriteBytes(id, bigEndian: true, out _);
        var told = Interlocked.Increment(ref _told);
        id[6] = (byte)(0x70 | ((told >> 8) & 0x0F));
        id[7] = (byte)told;
        return new Guid(id, bigEndian: true);
    }

    public static readonly JsonSerializerOptions FactsJson = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
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
    public const string RefundReplaced = "refund.replaced";
    public const string DisputeOpened = "dispute.opened";
    public const string DisputeChanged = "dispute.changed";
    public const string DisputeClosed = "dispute.closed";
    public const string FraudWarned = "fraud.warned";
    public const string Webhook = "webhook.received";
    public const string WebhookMissing = "webhook.missing";
    public const string WebhookLate = "webhook.late";
    public const string AskedAgain = "payment.asked_again";
    public const string Canceled = "payment.canceled";
    public const string FailedOver = "payment.failed_over";

    /// <summary>A second gateway took the money as well.</summary>
    public const string PaidTwice = "payment.paid_twice";

    public const string Repaired = "reconciliation.repaired";
    public const string HoldExpired = "hold.expired";
    public const string Parked = "job.parked";
    public const string Unparked = "job.retried";
    public const string MailSent = "mail.sent";

    /// <summary>What somebody of the staff wrote down about the order.</summary>
    public const string Note = "staff.note";

    public const string AskedNow = "staff.asked_now";
    public const string HoldExtended = "staff.hold_extended";
    public const string CancelAsked = "staff.cancel_asked";

    /// <summary>The shopper came back from the bank's page to ours.</summary>
    public const string BackFromBank = "bank.returned";

    /// <summary>What only the shopper's browser could see; see its facts for what it was.</summary>
    public const string Browser = "browser.reported";
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
