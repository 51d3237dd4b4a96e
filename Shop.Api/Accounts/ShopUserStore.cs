using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.People;

namespace Shop.Api.Accounts;

/// <summary>
/// Identity's store over the shop's context: e-mail and name are the person's, secrets are columns of the user, and nothing is written
/// before the transaction of the caller is.
/// </summary>
internal sealed class ShopUserStore : UserOnlyStore<ShopUser, ShopDbContext, Guid>
{
    // A code has 47 random bits, so this is plenty; ten of them are hashed at once.
    private const int CodeIterations = 10_000;

    public ShopUserStore(ShopDbContext db) : base(db) => AutoSaveChanges = false;

    public override Task<string?> GetUserNameAsync(ShopUser user, CancellationToken ct = default) => Task.FromResult<string?>($"{user.Id}");

    public override Task SetNormalizedUserNameAsync(ShopUser user, string? normalizedName, CancellationToken ct = default) => Task.CompletedTask;

    public override Task<ShopUser?> FindByNameAsync(string normalizedUserName, CancellationToken ct = default) => FindByIdAsync(normalizedUserName, ct);

    public override Task<string?> GetEmailAsync(ShopUser user, CancellationToken ct = default) => Task.FromResult<string?>(user.Person.Email);

    public override Task<string?> GetNormalizedEmailAsync(ShopUser user, CancellationToken ct = default) => Task.FromResult(user.Person.AccountEmail);

    public override Task SetEmailAsync(ShopUser user, string? email, CancellationToken ct = default)
    {
        (user.Person.Email, user.Person.AccountEmail) = (email ?? "", email is null ? null : Person.AccountEmailOf(email));
        return Task.CompletedTask;
    }

    public override Task SetNormalizedEmailAsync(ShopUser user, string? normalizedEmail, CancellationToken ct = default) => Task.CompletedTask;

    public override async Task<ShopUser?> FindByEmailAsync(string normalizedEmail, CancellationToken ct = default) =>
        await Context.Users.Include(u => u.Person).SingleOrDefaultAsync(u => u.Person.AccountEmail == Person.AccountEmailOf(normalizedEmail), ct);

    // It is tracked and its row is locked: what changed is written, and nothing else.
    public override Task<IdentityResult> UpdateAsync(ShopUser user, CancellationToken ct = default) => Task.FromResult(IdentityResult.Success);

    public override Task<string?> GetAuthenticatorKeyAsync(ShopUser user, CancellationToken ct) => Task.FromResult(user.AuthenticatorKey);

    public override Task SetAuthenticatorKeyAsync(ShopUser user, string key, CancellationToken ct)
    {
        user.AuthenticatorKey = key;
        return Task.CompletedTask;
    }

    public override Task ReplaceCodesAsync(ShopUser user, IEnumerable<string> recoveryCodes, CancellationToken ct)
    {
        user.RecoveryCodes = [.. recoveryCodes.Select(code => HashOf(user, code))];
        return Task.CompletedTask;
    }

    public override Task<bool> RedeemCodeAsync(ShopUser user, string code, CancellationToken ct)
    {
        var hash = HashOf(user, code);
        var left = Array.FindAll(user.RecoveryCodes, known => known != hash);
        var isOne = left.Length < user.RecoveryCodes.Length;
        user.RecoveryCodes = left;
        return Task.FromResult(isOne);
    }

    public override Task<int> CountCodesAsync(ShopUser user, CancellationToken ct) => Task.FromResult(user.RecoveryCodes.Length);

    private static string HashOf(ShopUser user, string code) => Convert.ToBase64String(
        Rfc2898DeriveBytes.Pbkdf2(code, user.Id.ToByteArray(bigEndian: true), CodeIterations, HashAlgorithmName.SHA512, outputLength: 32));
}
