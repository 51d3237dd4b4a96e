using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Catalog;

public sealed class Category
{
    public required string Slug { get; init; }
    public required string Name { get; set; }
    public required string Description { get; set; }
    public required string PictureId { get; set; }
    public required int Position { get; set; }
}

internal sealed class CategoryConfiguration : IEntityTypeConfiguration<Category>
{
    public void Configure(EntityTypeBuilder<Category> category)
    {
        category.ToTable("categories").HasKey(c => c.Slug);
        category.HasOne<Picture>().WithMany().HasForeignKey(c => c.PictureId);
    }
}
