using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Catalog;

/// <summary>What a page is about. Prices live on its variants, stock in <see cref="Inventory.StockItem"/>.</summary>
public sealed class Product
{
    public required Guid Id { get; init; }
    public required string Slug { get; init; }
    public required string Name { get; set; }
    public required string Summary { get; set; }

    /// <summary>Plain text; a blank line separates paragraphs.</summary>
    public required string Description { get; set; }

    public required string CategorySlug { get; set; }
    public required string PictureId { get; set; }

    /// <summary>VAT contained in the price, in basis points: 1900 is 19 %.</summary>
    public required int TaxRateBp { get; set; }

    /// <summary>Place in the shop window, 1 first.</summary>
    public required int Rank { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
    public List<Variant> Variants { get; init; } = [];

    /// <summary>Postgres' xmin: the second of two staff editors is told. Sales do not touch this row.</summary>
    public uint Version { get; private set; }
}

/// <summary>What can be put in a cart.</summary>
public sealed class Variant
{
    public required string Sku { get; init; }
    public required Guid ProductId { get; init; }
    public required string Name { get; set; }
    public required long PriceMinor { get; set; }
    public required string Currency { get; set; }
    public required int Position { get; set; }
}

internal sealed class ProductConfiguration : IEntityTypeConfiguration<Product>
{
    public void Configure(EntityTypeBuilder<Product> product)
    {
        product.ToTable("products").HasKey(p => p.Id);
        product.HasIndex(p => p.Slug).IsUnique();
        product.HasOne<Category>().WithMany().HasForeignKey(p => p.CategorySlug);
        product.HasOne<Picture>().WithMany().HasForeignKey(p => p.PictureId);
        product.HasMany(p => p.Variants).WithOne().HasForeignKey(v => v.ProductId);
        product.Property(p => p.Version).IsRowVersion();
    }
}

internal sealed class VariantConfiguration : IEntityTypeConfiguration<Variant>
{
    public void Configure(EntityTypeBuilder<Variant> variant) =>
        variant.ToTable("variants", t => t.HasCheckConstraint("ck_variants_price", "price_minor > 0")).HasKey(v => v.Sku);
}
