using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.People;

/// <summary>
/// The one table that holds personal data; everything else carries the id. A guest is one row per order. Erasing a person blanks the row.
/// Never put one into a log: a record or an entity prints what it holds.
/// </summary>
public sealed class Person
{
    public required Guid Id { get; init; }
    public required string Email { get; set; }

    /// <summary>What this person signs in with (<see cref="AccountEmailOf"/>); one account per address, none for a guest.</summary>
    public string? AccountEmail { get; set; }

    public required string Name { get; set; }
    public required string Line1 { get; set; }
    public string? Line2 { get; set; }
    public required string PostalCode { get; set; }
    public required string City { get; set; }

    /// <summary>ISO 3166-1 alpha-2.</summary>
    public required string Country { get; set; }

    /// <summary>As it was typed; null when none was given.</summary>
    public string? Phone { get; set; }

    /// <summary>Its digits from the last to the first, kept by the database: people quote the end of a number, whatever stands before it.</summary>
    public string? PhoneBackwards { get; private set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>One writing for every way to type an address.</summary>
    public static string AccountEmailOf(string email) => email.Trim().ToLowerInvariant();

    /// <summary>Somebody with an account who has ordered nothing yet, so there is no address of theirs.</summary>
    public static Person WithAccount(string email, string name, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), Email = email.Trim(), AccountEmail = AccountEmailOf(email), Name = name.Trim(), Line1 = "", PostalCode = "", City = "",
        Country = "", CreatedAt = now,
    };
}

internal sealed class PersonConfiguration : IEntityTypeConfiguration<Person>
{
    public void Configure(EntityTypeBuilder<Person> person)
    {
        person.ToTable("people").HasKey(p => p.Id);
        person.HasIndex(p => p.Email, "ix_people_email");
        person.Property(p => p.PhoneBackwards).HasComputedColumnSql("reverse(regexp_replace(phone, '[^0-9]', '', 'g'))", stored: true);
        person.HasIndex(p => p.PhoneBackwards).HasFilter("phone_backwards IS NOT NULL").HasOperators("text_pattern_ops");
        // For a part of it, and for one that was mistyped.
        person.HasIndex(p => p.Email, "ix_people_email_like").HasMethod("gin").HasOperators("gin_trgm_ops");
        person.HasIndex(p => p.Name, "ix_people_name_like").HasMethod("gin").HasOperators("gin_trgm_ops");
        person.HasIndex(p => p.AccountEmail).IsUnique();
    }
}
