using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Carts;

/// <summary>
/// The Idempotency-Key of a POST that added to a cart, written in the transaction of the change: the same key again answers with the
/// cart as it is now. (A checkout's key is the order's own <c>checkout_key</c>.)
/// </summary>
public sealed class RequestKey
{
    public required Guid Key { get; init; }
    public required string Digest { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class RequestKeyConfiguration : IEntityTypeConfiguration<RequestKey>
{
    public void Configure(EntityTypeBuilder<RequestKey> key)
    {
        key.ToTable("request_keys").HasKey(k => k.Key);
        key.HasIndex(k => k.CreatedAt);
    }
}
