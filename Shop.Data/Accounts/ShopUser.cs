using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shop.Data.People;

namespace Shop.Data.Accounts;

/// <summary>Each may do what those before it may. More than a shopper is staff.</summary>
public enum Role { Shopper, Agent, Operator, Admin }

/// <summary>
/// Somebody who can sign in. The id is that of their person, which alone holds e-mail and name; nothing here has to be blanked when the
/// person is erased. Every change happens under the row's lock (<see cref="UserLocks"/>), so there is no concurrency stamp.
/// </summary>
public sealed class ShopUser : IdentityUser<Guid>
{
    /// <summary>One role, not a set: with four that include each other, two at once could only contradict each other.</summary>
    public Role Role { get; set; }

    /// <summary>Base 32, of the app that was proven to know it.</summary>
    public string? AuthenticatorKey { get; set; }

    /// <summary>Shown to its owner and not proven yet; the old one works until then.</summary>
    public string? NewAuthenticatorKey { get; set; }

    /// <summary>Hashes of those that are left.</summary>
    public string[] RecoveryCodes { get; set; } = [];

    /// <summary>The period of the newest code that was accepted: it, and all before it, are spent.</summary>
    public long LastCodeStep { get; set; }

    /// <summary>
    /// Wrong codes and passwords of who has a session, apart from those at the front door: there anybody can fail, and must not keep the
    /// owner from finishing a sign-in or changing the password.
    /// </summary>
    public int SessionFailedCount { get; set; }

    /// <summary>Until then no code and no password of a session is looked at.</summary>
    public DateTimeOffset? SessionLockoutEnd { get; set; }

    public DateTimeOffset? DisabledAt { get; set; }
    public DateTimeOffset? LastSignInAt { get; set; }
    public required DateTimeOffset CreatedAt { get; init; }
    public Person Person { get; init; } = null!;

    public bool IsStaff => Role > Role.Shopper;

    public bool IsSessionLocked(DateTimeOffset now) => SessionLockoutEnd > now;

    public static ShopUser Of(Person person, Role role, DateTimeOffset now) => new()
    {
        Id = person.Id, Person = person, Role = role, CreatedAt = now, SecurityStamp = NewStamp(),
    };

    /// <summary>True when this failure was the last one allowed. One that comes while it is locked does not count.</summary>
    public bool CountSessionFailure(DateTimeOffset now, LockoutOptions limits)
    {
        if (IsSessionLocked(now) || ++SessionFailedCount < limits.MaxFailedAccessAttempts)
            return false;

        (SessionFailedCount, SessionLockoutEnd) = (0, now + limits.DefaultLockoutTimeSpan);
        return true;
    }

    /// <summary>A code works once: whoever saw it being typed, or caught it on its way, can do nothing with it.</summary>
    public bool TryUseCode(string? code, DateTimeOffset now)
    {
        if (!TwoFactorEnabled || Totp.StepOf(AuthenticatorKey, code, now) is not { } step || step <= LastCodeStep)
            return false;

        LastCodeStep = step;
        return true;
    }

    /// <summary>Every link that was mailed for the old one is dead.</summary>
    public void ChangePassword(string? hash)
    {
        (PasswordHash, SecurityStamp) = (hash, NewStamp());
        Unlock();
    }

    /// <summary>What failed before was too early, and no guess.</summary>
    public void ConfirmEmail()
    {
        (EmailConfirmed, SecurityStamp) = (true, NewStamp());
        Unlock();
    }

    public void Unlock() => (AccessFailedCount, LockoutEnd, SessionFailedCount, SessionLockoutEnd) = (0, null, 0, null);

    public void ForgetSecondFactor() =>
        (TwoFactorEnabled, AuthenticatorKey, NewAuthenticatorKey, RecoveryCodes, LastCodeStep) = (false, null, null, [], 0);

    private static string NewStamp() => $"{Guid.NewGuid():N}";
}

public static class UserLocks
{
    /// <summary>The user with their person, locked for the rest of the transaction; rows that only refer to the user do not wait.</summary>
    public static async Task<ShopUser?> LockUserAsync(this ShopDbContext db, Guid id, CancellationToken ct) =>
        await db.Users.FromSql($"SELECT * FROM accounts.users WHERE id = {id} FOR NO KEY UPDATE").Include(u => u.Person).SingleOrDefaultAsync(ct);

    /// <summary>
    /// A user together with everybody who is an admin, in one order for all: of two admins who demote each other, the second one sees
    /// what the first one did.
    /// </summary>
    public static Task<List<ShopUser>> LockWithAdminsAsync(this ShopDbContext db, Guid id, CancellationToken ct) =>
        db.Users.FromSql($"SELECT * FROM accounts.users WHERE id = {id} OR role = 'Admin' ORDER BY id FOR NO KEY UPDATE")
            .Include(u => u.Person).ToListAsync(ct);
}

internal sealed class ShopUserConfiguration : IEntityTypeConfiguration<ShopUser>
{
    public void Configure(EntityTypeBuilder<ShopUser> user)
    {
        user.ToTable("users", ShopDbContext.AccountsSchema).HasKey(u => u.Id);
        user.Property(u => u.SecurityStamp).IsRequired();
        // The person has the address, nobody has a user name or a phone, and everybody can be locked out.
        user.Ignore(u => u.UserName).Ignore(u => u.NormalizedUserName).Ignore(u => u.Email).Ignore(u => u.NormalizedEmail)
            .Ignore(u => u.PhoneNumber).Ignore(u => u.PhoneNumberConfirmed).Ignore(u => u.LockoutEnabled).Ignore(u => u.ConcurrencyStamp);
        user.HasOne(u => u.Person).WithOne().HasForeignKey<ShopUser>(u => u.Id);
        user.HasIndex(u => u.Role).HasFilter("role <> 'Shopper'").HasDatabaseName("ix_users_staff");
    }
}
