using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>
/// The one intent an order has at a gateway. Its id is stored before it is confirmed, so that every lost answer can be looked up by an id
/// we hold. Only when it is proven to take nothing any more may another one stand in its place.
/// </summary>
public sealed class PaymentIntent
{
    public required Guid OrderId { get; init; }
    public required PaymentProvider Provider { get; init; }

    /// <summary>The gateway's id; null until the answer to the create was stored.</summary>
    public string? GatewayId { get; set; }

    /// <summary>
    /// Number of the confirm whose answer counts: <c>order:{id}:confirm:{n}</c>. Advances only after a definitive no, so that a repeated
    /// confirm is the same one for the gateway. 0: none was sent, which proves that nothing charged. Goes on counting over all rounds.
    /// </summary>
    public int Confirm { get; set; }

    /// <summary>Set before a confirm is sent and cleared by its definitive answer: while set, the confirm may be running.</summary>
    public bool ConfirmOpen { get; set; }

    /// <summary>Number of the create that made it: more than one when the intent before it was of no use any more.</summary>
    public int Round { get; private set; } = 1;

    /// <summary>When the gateway said that it is canceled: it takes nothing any more, and a new charge needs another one.</summary>
    public DateTimeOffset? CanceledAt { get; private set; }

    /// <summary>Where the shopper agrees to it on the gateway's own page; null where nobody has to be sent there.</summary>
    public string? ApprovalUrl { get; private set; }

    /// <summary>The gateway's customer it was created for; only what that one had kept can pay it.</summary>
    public string? CustomerId { get; private set; }

    /// <summary>It was created to have the shopper's method kept.</summary>
    public bool SavesMethod { get; private set; }

    /// <summary>The confirm that <see cref="ProofKind"/> is about.</summary>
    public int? ProofConfirm { get; private set; }

    public string? ProofKind { get; private set; }

    /// <summary>The call whose answer proved it.</summary>
    public Guid? ProofAttemptId { get; private set; }

    /// <summary>
    /// What proves that it took nothing and takes nothing by itself, a word of <see cref="ProofKinds"/>; null while that is not known. Law 8
    /// stands on this and on nothing else.
    /// </summary>
    public string? Proof => ConfirmOpen ? null
        : Confirm == 0 ? ProofKinds.NeverConfirmed
        : CanceledAt is not null ? ProofKinds.Canceled
        : ProofConfirm == Confirm ? ProofKind : null;

    /// <summary>The confirm that was open has its definitive answer.</summary>
    /// <param name="proof">What that proves, a word of <see cref="ProofKinds"/>; null when it may still take money by itself.</param>
    public void Settle(string? proof, Guid? attemptId)
    {
        // That this confirm was not executed says nothing about the one before it, which may still wait for the shopper at the bank.
        if (proof is ProofKinds.NeverLeft or ProofKinds.NotExecuted && Confirm > 1 && !(ProofConfirm >= Confirm - 1))
            proof = null;
        (ConfirmOpen, ProofConfirm, ProofKind, ProofAttemptId) = (false, proof is null ? null : Confirm, proof, proof is null ? null : attemptId);
    }

    public void Cancel(DateTimeOffset now, Guid? attemptId)
    {
        CanceledAt ??= now;
        Settle(ProofKinds.Canceled, attemptId);
    }

    /// <summary>The gateway has made it: the first one, or one in the place of an intent that takes nothing any more.</summary>
    /// <param name="round">Number of the create that made it.</param>
    public void Made(string gatewayId, int round, string? approvalUrl = null, string? customerId = null, bool savesMethod = false)
    {
        if (GatewayId == gatewayId)
            return;
        if (GatewayId is not null && Proof is null)
            throw new InvalidOperationException($"Intent {GatewayId} may still take money.");
        (Round, CanceledAt) = (round, null);
        (GatewayId, ApprovalUrl, CustomerId, SavesMethod) = (gatewayId, approvalUrl, customerId, savesMethod);
    }

    public required long AmountMinor { get; init; }
    public required string Currency { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>
/// A gateway key, written before the call that carries it, with the parameters it stands for: the same key must always be sent with the
/// same bytes, also by another process after a crash.
/// </summary>
public sealed class GatewayKey
{
    public required string Key { get; init; }
    public required Guid OrderId { get; init; }
    public required string Parameters { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class PaymentIntentConfiguration : IEntityTypeConfiguration<PaymentIntent>
{
    public void Configure(EntityTypeBuilder<PaymentIntent> intent)
    {
        intent.ToTable("payment_intents", ShopDbContext.PaymentsSchema).HasKey(i => new { i.OrderId, i.Provider });
        intent.HasIndex(i => i.GatewayId).IsUnique();
        intent.Ignore(i => i.Proof);
        intent.HasOne<Order>().WithMany().HasForeignKey(i => i.OrderId);
    }
}

internal sealed class GatewayKeyConfiguration : IEntityTypeConfiguration<GatewayKey>
{
    public void Configure(EntityTypeBuilder<GatewayKey> key)
    {
        key.ToTable("gateway_keys", ShopDbContext.PaymentsSchema).HasKey(k => k.Key);
        key.HasIndex(k => k.OrderId);
        key.HasOne<Order>().WithMany().HasForeignKey(k => k.OrderId);
    }
}
