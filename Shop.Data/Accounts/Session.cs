using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Accounts;

/// <summary>Somebody signed in on one device. A row and not a signed ticket, so that it ends the moment it is revoked.</summary>
public sealed class Session
{
    public required Guid Id { get; init; }

    /// <summary>SHA-256 of the 256-bit token in the visitor's cookie; the token itself is stored nowhere.</summary>
    public required byte[] TokenHash { get; init; }

    public required Guid UserId { get; init; }

    /// <summary>What its owner recognises it by, such as "Chromium on Linux".</summary>
    public required string Device { get; init; }

    /// <summary>The password was right, the second factor is still to come: good for that and for nothing else.</summary>
    public required bool Pending { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>Moves along while it is used, up to its absolute end.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? SecondFactorAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }

    public static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

internal sealed class SessionConfiguration : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> session)
    {
        session.ToTable("sessions", ShopDbContext.AccountsSchema).HasKey(s => s.Id);
        session.HasIndex(s => s.TokenHash).IsUnique();
        session.HasIndex(s => s.UserId);
        session.HasIndex(s => s.ExpiresAt);
        session.HasOne<ShopUser>().WithMany().HasForeignKey(s => s.UserId);
    }
}
