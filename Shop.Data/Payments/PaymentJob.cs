using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

public enum PaymentProvider
{
    Stripe,
    [JsonStringEnumMemberName("paypal")] PayPal, // as in addresses; a naming policy would make payPal of it
}

/// <summary>Look only asks the gateway how things stand (the shopper came back from the bank); Charge takes the money and settles its own unknowns; Close cancels at the gateway and gives up; Refund gives back.</summary>
public enum PaymentJobKind { Charge, Close, Refund, Look }

public enum JobState { Waiting, Done, Parked }

/// <summary>
/// One row of the durable queue. A worker leases it for a while by the database's clock and writes only under its lease token, so one
/// that died gives the job back by doing nothing, and one that was only paused wakes up with a dead token.
/// </summary>
public sealed class PaymentJob
{
    public required Guid Id { get; init; }
    public required Guid OrderId { get; init; }
    public required PaymentJobKind Kind { get; init; }
    public required PaymentProvider Provider { get; init; }

    /// <summary>
    /// The gateway's token for what the shopper entered (a payment method id). At a gateway that asks for the approval on a page of its own it is
    /// the approved intent's id; null until then, and where the operation needs none.
    /// </summary>
    public string? PaymentToken { get; init; }

    public Guid? RefundId { get; init; }

    /// <summary>Something before it from the same source was declined: Payments looks more closely before it confirms.</summary>
    public bool Wary { get; init; }

    /// <summary>A drill's own request asked for it, and no card is being tried out. That its order is synthetic does not say so: anybody may hold its key.</summary>
    public bool IsSynthetic { get; init; }

    /// <summary>The shopper wants to pay the next order with it too.</summary>
    public bool SavesMethod { get; init; }

    /// <summary>Word for word what the shopper ticked for that; null when nothing is to be saved, and in jobs of the release before this column.</summary>
    public string? ConsentText { get; init; }

    /// <summary>What the gateway keeps and is charged now; null where the shopper enters or approves something.</summary>
    public Guid? SavedMethodId { get; init; }

    /// <summary>Nobody asked for it now: the order's own gateway is in trouble, and its shopper has agreed to this one beforehand.</summary>
    public bool Automatic { get; init; }

    public JobState State { get; set; }
    public required DateTimeOffset DueAt { get; set; }
    public DateTimeOffset LeasedUntil { get; set; } = DateTimeOffset.UnixEpoch;
    public long LeaseToken { get; set; }

    /// <summary>Leases since the last outcome; six without one park the job.</summary>
    public int Leases { get; set; }

    /// <summary>Times the gateway was really asked; sets the back-off.</summary>
    public int Attempts { get; set; }

    /// <summary>W3C traceparent of the request that asked for it: the first attempt continues that trace.</summary>
    public string? TraceParent { get; init; }

    public string? LastReason { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? DoneAt { get; set; }

    /// <summary>The order's first charge: both were made in one moment, which is the first part of their ids.</summary>
    private bool IsOfTheCheckout => TimeOrderedId.MillisecondOf(Id) == TimeOrderedId.MillisecondOf(OrderId);

    /// <summary>A word of <see cref="Endpoints"/>: what makes us try now. Null for what is no charge.</summary>
    public string? Endpoint => Kind is not PaymentJobKind.Charge ? null
        : Automatic || Attempts > 0 ? Endpoints.AutomaticRetry
        : IsOfTheCheckout ? Endpoints.Checkout
        : Provider is PaymentProvider.PayPal && PaymentToken is not null ? Endpoints.Approval
        : Endpoints.PayAgain;

    public static PaymentJob Of(PaymentJobKind kind, Guid orderId, PaymentProvider provider, DateTimeOffset now,
        DateTimeOffset? dueAt = null, string? paymentToken = null, Guid? refundId = null, bool wary = false, bool savesMethod = false,
        Guid? savedMethodId = null, bool automatic = false, string? consentText = null, bool synthetic = false) => new()
        {
            Id = Guid.CreateVersion7(now), OrderId = orderId, Kind = kind, Provider = provider, PaymentToken = paymentToken, RefundId = refundId, Wary = wary,
            SavesMethod = savesMethod, ConsentText = savesMethod ? consentText ?? SavedMethod.ConsentTo(provider) : null, SavedMethodId = savedMethodId, Automatic = automatic, IsSynthetic = synthetic,
            DueAt = dueAt ?? now, CreatedAt = now, TraceParent = System.Diagnostics.Activity.Current?.Id,
        };
}

internal sealed class PaymentJobConfiguration : IEntityTypeConfiguration<PaymentJob>
{
    public void Configure(EntityTypeBuilder<PaymentJob> job)
    {
        job.ToTable("payment_jobs", ShopDbContext.PaymentsSchema).HasKey(j => j.Id);
        job.Ignore(j => j.Endpoint);
        job.HasIndex(j => j.DueAt).HasFilter("state = 'Waiting'");
        job.HasIndex(j => j.OrderId, "ix_payment_jobs_order_id");
        job.HasIndex(j => j.CreatedAt).HasFilter("state = 'Parked'").HasDatabaseName("ix_payment_jobs_parked");
        job.HasIndex(j => new { j.Provider, j.CreatedAt }).HasFilter("kind = 'Charge'").HasDatabaseName("ix_payment_jobs_charges");
        // Never two tries for one order at the same time: the second one would be the double charge.
        job.HasIndex(j => j.OrderId, "ux_payment_jobs_open_charge").IsUnique().HasFilter("state <> 'Done' AND kind = 'Charge'");
        job.HasIndex(j => j.SavedMethodId);
        job.HasOne<Order>().WithMany().HasForeignKey(j => j.OrderId);
        job.HasOne<SavedMethod>().WithMany().HasForeignKey(j => j.SavedMethodId);
    }
}
