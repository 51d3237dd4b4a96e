namespace Shop.Web.Accounts;

/// <summary>What the forms say of a new password beforehand. The Api decides.</summary>
internal static class PasswordRule
{
    public const int Shortest = 12;
    public const string Words = "At least 12 characters. A few words in a row are easy to remember and hard to guess.";
}
