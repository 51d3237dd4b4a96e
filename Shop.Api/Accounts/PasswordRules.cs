using System.Collections.Frozen;
using Microsoft.AspNetCore.Identity;
using Shop.Data.Accounts;

namespace Shop.Api.Accounts;

/// <summary>
/// Length is what counts; beyond Identity's own check of it, only what somebody would guess first is refused. No demands for digits or
/// signs: they make passwords that are hard for people and easy for machines.
/// </summary>
internal sealed class PasswordRules : IPasswordValidator<ShopUser>
{
    public const int MinLength = 12;
    private const int MaxLength = 256; // hashing is paid for by us
    private const int LeastOfTheirOwn = 6;
    private const string ShopName = "shop";

    // What lists of leaked passwords have in this length, most frequent first.
    private static readonly FrozenSet<string> Common = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "123456789012", "1234567890123", "12345678901234", "123456789012345", "1234567890123456", "12345678910111213", "123123123123", "111111111111",
        "000000000000", "aaaaaaaaaaaa", "abcdefghijkl", "abcdefghijklm", "abcdefghijklmnop", "abc123abc123", "abcd12345678", "qwertyuiop12",
        "qwertyuiop123", "qwertyuiop[]", "qwertyuiopasdf", "qwerty123456", "qwerty12345678", "qwertyqwerty", "qwerty1234567890", "asdfghjkl123",
        "1q2w3e4r5t6y", "1q2w3e4r5t6y7u", "1q2w3e4r5t6y7u8i", "q1w2e3r4t5y6", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "zaq12wsxcde3", "zxcvbnm12345",
        "password1234", "password12345", "password123456", "password123!", "password1234!", "passwordpassword", "passw0rd1234", "p@ssw0rd1234",
        "p@ssword1234", "mypassword12", "mypassword123", "newpassword1", "iloveyou1234", "iloveyouforever", "letmeinletmein", "welcome12345",
        "welcome123456", "administrator", "adminadminadmin", "admin1234567", "admin12345678", "changeme1234", "changemechangeme", "football1234",
        "baseball1234", "sunshine1234", "princess1234", "superman1234", "trustno1trustno1", "correcthorsebatterystaple", "correct horse battery staple",
        "dragondragon", "monkeymonkey", "liverpool123", "michaeljackson", "jesuschrist1", "thisismypassword", "idontknow123", "computer1234");

    public Task<IdentityResult> ValidateAsync(UserManager<ShopUser> manager, ShopUser user, string? password) => Task.FromResult(password switch
    {
        { Length: > MaxLength } => Refuse($"Please use at most {MaxLength} characters."),
        { } text when Common.Contains(text) => Refuse("This is one of the passwords that are tried first. Please choose another one."),
        { Length: >= MinLength } text when LeftOf(text, user) < LeastOfTheirOwn => Refuse("Please choose a password that is not made of your name or address."),
        _ => IdentityResult.Success,
    });

    /// <summary>How much of it is neither e-mail, nor name, nor the shop.</summary>
    private static int LeftOf(string password, ShopUser user)
    {
        var left = password.ToLowerInvariant();
        var known = user.Person.Email.ToLowerInvariant();
        foreach (var word in (string[])[known, .. known.Split('@', '.', '-', '_', '+'), .. user.Person.Name.ToLowerInvariant().Split(' ', '-'), ShopName])
        {
            if (word.Length >= 3)
                left = left.Replace(word, "", StringComparison.Ordinal);
        }

        return left.Length;
    }

    private static IdentityResult Refuse(string why) => IdentityResult.Failed(new IdentityError { Code = nameof(PasswordRules), Description = why });
}
