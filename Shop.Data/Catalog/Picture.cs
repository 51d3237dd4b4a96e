using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Catalog;

/// <summary>Content-addressed, so that a picture's URL can be cached for ever: other content has another id.</summary>
public sealed class Picture
{
    /// <summary>The first 20 hex digits of the content's SHA-256.</summary>
    public required string Id { get; init; }

    public required string MediaType { get; init; }
    public required byte[] Content { get; init; }

    public static Picture Of(byte[] content, string mediaType) =>
        new() { Id = Convert.ToHexStringLower(SHA256.HashData(content))[..20], MediaType = mediaType, Content = content };
}

internal sealed class PictureConfiguration : IEntityTypeConfiguration<Picture>
{
    public void Configure(EntityTypeBuilder<Picture> picture) => picture.ToTable("pictures").HasKey(p => p.Id);
}
