using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Carts;

/// <summary>A row, so that nothing is lost with a process. Checkout claims it: a cart becomes at most one order.</summary>
public sealed class Cart
{
    public required Guid Id { get; init; }

    /// <summary>SHA-256 of the 256-bit token in the visitor's cookie; the token itself is stored nowhere.</summary>
    public required byte[] TokenHash { get; init; }

    /// <summary>Rises with every change of a line. A checkout of an older version is refused, so nobody buys what they did not see.</summary>
    public int Version { get; set; }

    public Guid? OrderId { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Filled by a drill or a probe: it never counts as business, and neither does its order.</summary>
    public bool IsSynthetic { get; init; }

    /// <summary>What browsers told about this cart's checkout, JSON; its order's timeline begins with it.</summary>
    public string? Reports { get; init; }

    public List<CartLine> Lines { get; init; } = [];

    public static byte[] HashToken(string token) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(token));
}

/// <summary>One line per SKU; two lines of one mug would take one from stock (UPDATE … FROM applies one joined row).</summary>
public sealed class CartLine
{
    public const int MaxQuantity = 99;
    public const int MaxLines = 50;

    public required Guid CartId { get; init; }
    public required string Sku { get; init; }
    public required int Quantity { get; set; }
    public required DateTimeOffset AddedAt { get; init; }
}

internal sealed class CartConfiguration : IEntityTypeConfiguration<Cart>
{
    public void Configure(EntityTypeBuilder<Cart> cart)
    {
        cart.ToTable("carts").HasKey(c => c.Id);
        cart.HasIndex(c => c.TokenHash).IsUnique();
        cart.HasIndex(c => c.UpdatedAt);
        cart.Property(c => c.Reports).HasColumnType("jsonb");
        cart.HasMany(c => c.Lines).WithOne().HasForeignKey(l => l.CartId).OnDelete(DeleteBehavior.Cascade);
    }
}

internal sealed class CartLineConfiguration : IEntityTypeConfiguration<CartLine>
{
    public void Configure(EntityTypeBuilder<CartLine> line)
    {
        line.ToTable("cart_lines", t => t.HasCheckConstraint("ck_cart_lines_quantity", $"quantity BETWEEN 1 AND {CartLine.MaxQuantity}"));
        line.HasKey(l => new { l.CartId, l.Sku });
        line.HasOne<Catalog.Variant>().WithMany().HasForeignKey(l => l.Sku);
    }
}
