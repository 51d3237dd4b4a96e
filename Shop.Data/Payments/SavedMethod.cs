using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.Accounts;

namespace Shop.Data.Payments;

/// <summary>
/// What a gateway keeps for somebody's next order, because they asked for it. Whoever holds the token can charge with it, so it is in no log
/// and no answer. Removed, only that there was one is left here: orders and jobs still refer to it.
/// </summary>
public sealed class SavedMethod
{
    public const string RemovedLabel = "removed";

    public required Guid Id { get; init; }
    public required Guid UserId { get; init; }
    public required PaymentProvider Provider { get; init; }

    /// <summary>Null once it was removed.</summary>
    public string? Token { get; private set; }

    /// <summary>The gateway's customer that it belongs to; null where the gateway keeps methods without one.</summary>
    public string? CustomerId { get; private set; }

    /// <summary>For its owner: "Visa •4242", "PayPal".</summary>
    public required string Label { get; set; }

    /// <summary>Word for word what its owner agreed to.</summary>
    public required string ConsentText { get; init; }

    public required DateTimeOffset ConsentedAt { get; init; }
    public DateTimeOffset? RemovedAt { get; private set; }

    public static SavedMethod Of(
        Guid userId, PaymentProvider provider, string token, string? customerId, string label, DateTimeOffset consentedAt, DateTimeOffset now,
        string? consentText = null) => new()
        {
            Id = Guid.CreateVersion7(now), UserId = userId, Provider = provider, Token = token, CustomerId = customerId, Label = label,
            ConsentText = consentText ?? ConsentTo(provider), ConsentedAt = consentedAt,
        };

    /// <summary>What stands beside the box that the shopper ticks.</summary>
    public static string ConsentTo(PaymentProvider provider) => provider switch
    {
        PaymentProvider.PayPal =>
            "Save my PayPal account for my next orders. It is kept at PayPal and charged only when I order; I can remove it in my account at any time.",
        _ => "Save this card for my next orders. It is kept at our payment provider and charged only when I order; I can remove it in my account at any time.",
    };

    /// <summary>
    /// Erased from this row, so no later order is charged with it. What was sent for earlier payments (their jobs and gateway keys, which must
    /// stay byte for byte) still names it, and the gateway is not told: it still has it.
    /// </summary>
    public void Remove(DateTimeOffset now) => (Token, CustomerId, Label, RemovedAt) = (null, null, RemovedLabel, RemovedAt ?? now);
}

/// <summary>Who somebody is at a gateway that keeps methods for customers of its own. Exists only for those who had one kept.</summary>
public sealed class GatewayCustomer
{
    public required Guid UserId { get; init; }
    public required PaymentProvider Provider { get; init; }
    public required string CustomerId { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class SavedMethodConfiguration : IEntityTypeConfiguration<SavedMethod>
{
    public void Configure(EntityTypeBuilder<SavedMethod> method)
    {
        method.ToTable("saved_methods", ShopDbContext.PaymentsSchema, t => t.HasCheckConstraint(
            "ck_saved_methods_token", "token IS NOT NULL OR removed_at IS NOT NULL")).HasKey(m => m.Id);
        method.HasIndex(m => m.UserId);
        method.HasIndex(m => new { m.Provider, m.Token }).IsUnique();
        method.HasOne<ShopUser>().WithMany().HasForeignKey(m => m.UserId);
    }
}

internal sealed class GatewayCustomerConfiguration : IEntityTypeConfiguration<GatewayCustomer>
{
    public void Configure(EntityTypeBuilder<GatewayCustomer> customer)
    {
        customer.ToTable("gateway_customers", ShopDbContext.PaymentsSchema).HasKey(c => new { c.UserId, c.Provider });
        customer.HasOne<ShopUser>().WithMany().HasForeignKey(c => c.UserId);
    }
}
