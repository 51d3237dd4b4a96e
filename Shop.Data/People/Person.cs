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
        person.HasIndex(p => p.Email);
        person.HasIndex(p => p.AccountEmail).IsUnique();
    }
}
