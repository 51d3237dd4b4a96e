using System.Text.RegularExpressions;

namespace Shop.Api.Operations;

/// <summary>What people of the staff write is kept for good, so some things are not to be in it.</summary>
internal static partial class Discretion
{
    private const int Shortest = 13;
    private const int Longest = 19;

    /// <summary>13 to 19 digits, however they are spaced and whatever number stands before or after them, whose check digit is right.</summary>
    public static bool HoldsCard(string text)
    {
        foreach (Match run in Digits().Matches(text))
        {
            int[] digits = [.. run.Value.Where(char.IsAsciiDigit).Select(c => c - '0')];
            for (var start = 0; start + Shortest <= digits.Length; start++)
            {
                // Those that people pay with in shops begin with 2 to 6; of other numbers every tenth has such a check digit too.
                if (digits[start] is < 2 or > 6)
                    continue;
                for (var length = Shortest; length <= Longest && start + length <= digits.Length; length++)
                {
                    if (HasCheckDigit(digits.AsSpan(start, length)))
                        return true;
                }
            }
        }

        return false;
    }

    public static bool HoldsEmail(string text) => Email().IsMatch(text);

    private static bool HasCheckDigit(ReadOnlySpan<int> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)];
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }

    [GeneratedRegex(@"[0-9](?:[\s./–-]{0,3}[0-9]){12,}")]
    private static partial Regex Digits();

    [GeneratedRegex(@"[^\s@]+@[^\s@]+\.[^\s@]+")]
    private static partial Regex Email();
}
