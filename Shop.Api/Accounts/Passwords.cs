using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Shop.Data.Accounts;

namespace Shop.Api.Accounts;

/// <summary>Never called with a connection in hand: a hash takes a tenth of a second, and connections are few.</summary>
internal sealed class Passwords
{
    private readonly PasswordHasher<ShopUser> _hasher;
    private readonly string _nobodys;

    public Passwords(IOptions<PasswordHasherOptions> options)
    {
        _hasher = new PasswordHasher<ShopUser>(options);
        _nobodys = Hash(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));
    }

    public string Hash(string password) => _hasher.HashPassword(null!, password);

    /// <summary>As much work when there is nothing to compare with: an address that nobody has must not answer faster.</summary>
    /// <returns>Whether it is right, and a hash of today's strength when the stored one is of an older one.</returns>
    public (bool IsRight, string? Rehashed) Check(string? hash, string password) =>
        _hasher.VerifyHashedPassword(null!, hash ?? _nobodys, password) switch
        {
            PasswordVerificationResult.Failed => (false, null),
            _ when hash is null => (false, null),
            PasswordVerificationResult.SuccessRehashNeeded => (true, Hash(password)),
            _ => (true, null),
        };

    /// <summary>Why this password can't be taken, for the person who chose it; empty when it can.</summary>
    public static async Task<string[]> ErrorsOf(UserManager<ShopUser> users, ShopUser user, string? password)
    {
        List<string> errors = [];
        foreach (var rule in users.PasswordValidators)
            errors.AddRange((await rule.ValidateAsync(users, user, password ?? "")).Errors.Select(e => e.Description));
        return [.. errors];
    }
}
