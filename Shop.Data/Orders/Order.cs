using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Accounts;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Data.Orders;

/// <summary>Saved before money moves. Only <see cref="TryApply"/> changes how it stands with the payment.</summary>
public sealed class Order
{
    public required Guid Id { get; init; }

    /// <summary>What people say on the phone; given by the database.</summary>
    public long Number { get; init; }

    /// <summary>The shopper's Idempotency-Key. It names the order: one key, one order.</summary>
    public required Guid CheckoutKey { get; init; }

    /// <summary>SHA-256 of what was ordered under that key; the same key with another body is refused.</summary>
    public required string CheckoutDigest { get; init; }

    public required Guid CartId { get; init; }
    public required Guid PersonId { get; init; }

    /// <summary>Who was signed in when it was placed; null for a guest, who opens it by a signed link.</summary>
    public Guid? UserId { get; init; }

    /// <summary>Where its last charge was asked for; null in orders from before there was a choice. Once it is paid, who has the money.</summary>
    public PaymentProvider? Provider { get; set; }

    /// <summary>What its shopper wants charged, without being asked again, should the gateway they chose be in trouble.</summary>
    public Guid? FallbackMethodId { get; init; }

    /// <summary>Placed by a drill or a probe: it is paid like any other, and never counts as business.</summary>
    public bool IsSynthetic { get; init; }

    /// <summary>Ten Crockford characters of the checkout's trace id, to be read over a phone.</summary>
    public required string Reference { get; init; }

    public required string TraceId { get; init; }
    public PaymentState Payment { get; private set; }
    public FulfilmentState Fulfilment { get; private set; }
    public required string Currency { get; init; }
    public required long TotalMinor { get; init; }

    /// <summary>VAT contained in the total, rounded per line.</summary>
    public required long TaxMinor { get; init; }

    public long CapturedMinor { get; private set; }
    public long RefundedMinor { get; private set; }
    public long DisputedMinor { get; private set; }

    /// <summary>Why it is not paid, a code of <see cref="Reasons"/>; null while nothing went wrong.</summary>
    public string? Reason { get; private set; }

    /// <summary>Where the shopper confirms at the bank, while action is needed.</summary>
    public string? ActionUrl { get; private set; }

    public required DateTimeOffset PlacedAt { get; init; }

    /// <summary>No attempt starts after this; what is still open then is canceled at the gateway and closed. Moved by <see cref="KeepUntil"/> and <see cref="AskToCancel"/>.</summary>
    public required DateTimeOffset DeadlineAt { get; set; }

    /// <summary>When somebody of the staff asked for its end, while it was not paid. Should its payment still go through, the money goes back.</summary>
    public DateTimeOffset? CancelAskedAt { get; private set; }

    /// <summary>Its end was asked for and has not come yet.</summary>
    public bool IsBeingCancelled => CancelAskedAt is not null && Payment is not (PaymentState.Paid or PaymentState.Abandoned);

    public DateTimeOffset? PaidAt { get; private set; }

    public PaymentProvider PaysAt => Provider ?? PaymentProvider.Stripe;

    public List<OrderLine> Lines { get; init; } = [];
    public Person? Person { get; init; }

    public OrderStatus Status => OrderLifecycle.StatusOf(Payment, Fulfilment, new(CapturedMinor, RefundedMinor, DisputedMinor));

    /// <summary>False, and nothing changed, when the event is illegal or already happened in this state.</summary>
    public bool TryApply(PaymentEvent on, DateTimeOffset now, string? reason = null, string? actionUrl = null)
    {
        if (OrderLifecycle.Next(Payment, on) is not { } next)
            return false;

        Payment = next;
        // A bank may be faster with its dispute than we with our own books.
        Reason = on is PaymentEvent.Captured or PaymentEvent.Started ? (Reason is Reasons.PaymentDisputed or Reasons.DisputeLost ? Reason : null) : reason;
        ActionUrl = on is PaymentEvent.ActionAsked ? actionUrl : null;
        if (on is PaymentEvent.Captured)
            (CapturedMinor, PaidAt) = (TotalMinor, now);
        return true;
    }

    /// <summary>Its time is over, so everything that happens at a deadline happens to it: nothing new is sent, and it ends when the gateway has canceled.</summary>
    public void AskToCancel(DateTimeOffset now) => (CancelAskedAt, DeadlineAt) = (now, DeadlineAt < now ? DeadlineAt : now);

    public void KeepUntil(DateTimeOffset at) => DeadlineAt = at > DeadlineAt ? at : DeadlineAt;

    /// <summary>Money arrived for goods that can no longer be sent: the order is cancelled, and what was taken goes back.</summary>
    public void CancelForRefund(string reason) => (Fulfilment, Reason) = (FulfilmentState.Cancelled, reason);

    /// <summary>What banks have taken back, or keep until they have decided.</summary>
    /// <param name="because">A reason about disputes; null when there is none any more. One about something else is left as it is.</param>
    public void SetDisputed(long amountMinor, string? because)
    {
        DisputedMinor = amountMinor;
        if (Reason is null or Reasons.PaymentDisputed or Reasons.DisputeLost)
            Reason = because;
    }

    /// <summary>It has ended, and stays so; what came after that has changed why.</summary>
    public void ExplainEnd(string reason)
    {
        if (Payment is not PaymentState.Abandoned)
            throw new InvalidOperationException($"Order {Number} has not ended.");
        Reason = reason;
    }

    /// <summary>A second gateway took the money as well. Both are facts; what was too much goes back.</summary>
    public void AddCapture(long amountMinor)
    {
        if (amountMinor <= 0 || Payment is not PaymentState.Paid)
            throw new InvalidOperationException($"Order {Number} has no payment yet, so {amountMinor} can't be a second one.");
        CapturedMinor += amountMinor;
    }

    public void AddRefund(long amountMinor)
    {
        if (amountMinor <= 0 || RefundedMinor + amountMinor > CapturedMinor)
            throw new InvalidOperationException($"A refund of {amountMinor} exceeds what is left of order {Number}.");
        RefundedMinor += amountMinor;
    }

    /// <summary>A refund that was on its way came back: the money is here again, and owed.</summary>
    public void TakeBackRefund(long amountMinor)
    {
        if (amountMinor <= 0 || amountMinor > RefundedMinor)
            throw new InvalidOperationException($"A refund of {amountMinor} was never sent for order {Number}.");
        RefundedMinor -= amountMinor;
    }
}

/// <summary>What was bought, as it was shown and priced then.</summary>
public sealed class OrderLine
{
    public required Guid OrderId { get; init; }
    public required string Sku { get; init; }
    public required int Position { get; init; }
    public required string ProductSlug { get; init; }
    public required string ProductName { get; init; }
    public required string VariantName { get; init; }
    public required string PictureId { get; init; }
    public required int Quantity { get; init; }
    public required long UnitPriceMinor { get; init; }
    public required int TaxRateBp { get; init; }
    public required long TotalMinor { get; init; }
    public required long TaxMinor { get; init; }

    /// <summary>VAT contained in a gross amount, rounded half away from zero to the minor unit.</summary>
    public static long TaxIn(long grossMinor, int rateBp)
    {
        var denominator = 10_000L + rateBp;
        return (grossMinor * rateBp * 2 + denominator) / (2 * denominator);
    }
}

internal sealed class OrderConfiguration : IEntityTypeConfiguration<Order>
{
    public void Configure(EntityTypeBuilder<Order> order)
    {
        order.ToTable("orders", t => t.HasCheckConstraint("ck_orders_amounts", "total_minor > 0 AND refunded_minor BETWEEN 0 AND captured_minor"));
        order.HasKey(o => o.Id);
        order.Property(o => o.Number).UseIdentityAlwaysColumn().HasIdentityOptions(startValue: 100_001);
        order.HasIndex(o => o.Number).IsUnique();
        order.HasIndex(o => o.CheckoutKey).IsUnique();
        order.HasIndex(o => o.CartId).IsUnique();
        order.HasIndex(o => o.Reference, "ix_orders_reference");
        order.HasIndex(o => o.Reference, "ix_orders_reference_start").HasOperators("text_pattern_ops"); // for the part of one that is known
        order.HasIndex(o => o.PlacedAt, "ix_orders_placed_at");
        order.HasIndex(o => o.PlacedAt, "ix_orders_synthetic").HasFilter("is_synthetic");
        order.HasIndex(o => o.PaidAt).HasFilter("paid_at IS NOT NULL");
        order.HasIndex(o => new { o.UserId, o.Number });
        order.HasIndex(o => new { o.Payment, o.PlacedAt }).HasFilter("payment NOT IN ('Paid', 'Abandoned')");
        order.HasIndex(o => new { o.Reason, o.PlacedAt }).HasFilter("reason IS NOT NULL");
        order.HasIndex(o => o.FallbackMethodId);
        order.Ignore(o => o.Status).Ignore(o => o.PaysAt).Ignore(o => o.IsBeingCancelled);
        order.HasMany(o => o.Lines).WithOne().HasForeignKey(l => l.OrderId);
        order.HasOne(o => o.Person).WithMany().HasForeignKey(o => o.PersonId);
        order.HasOne<ShopUser>().WithMany().HasForeignKey(o => o.UserId);
        order.HasOne<SavedMethod>().WithMany().HasForeignKey(o => o.FallbackMethodId);
    }
}

internal sealed class OrderLineConfiguration : IEntityTypeConfiguration<OrderLine>
{
    public void Configure(EntityTypeBuilder<OrderLine> line)
    {
        line.ToTable("order_lines", t => t.HasCheckConstraint("ck_order_lines_quantity", "quantity > 0"));
        line.HasKey(l => new { l.OrderId, l.Sku }); // unique per SKU: see StockSql
    }
}
