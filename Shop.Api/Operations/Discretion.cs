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
            var (digits, beginnings) = (new List<int>(), new HashSet<int>());
            for (var i = 0; i < run.Length; i++)
            {
                if (!char.IsAsciiDigit(run.ValueSpan[i]))
                    continue;
                if (i == 0 || !char.IsAsciiDigit(run.ValueSpan[i - 1]))
                    beginnings.Add(digits.Count);
                digits.Add(run.ValueSpan[i] - '0');
            }

            // Of all numbers every tenth has such a check digit. Those that people pay with in shops begin with 2 to 6, and where a group of digits
            // does, unless it is written in one with what stands before it.
            var isInOne = Long().IsMatch(run.ValueSpan);
            for (var start = 0; start + Shortest <= digits.Count; start++)
            {
                if (digits[start] is < 2 or > 6 || !(isInOne || beginnings.Contains(start)))
                    continue;
                for (var length = Shortest; length <= Longest && start + length <= digits.Count; length++)
                {
                    if (HasCheckDigit(digits, start, length))
                        return true;
                }
            }
        }

        return false;
    }

    public static bool HoldsEmail(string text) => Email().IsMatch(text);

    private static bool HasCheckDigit(List<int> digits, int start, int length)
    {
        var sum = 0;
        for (var i = 0; i < length; i++)
        {
            var digit = digits[start + length - 1 - i];
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum % 10 == 0;
    }

    [GeneratedRegex(@"[0-9](?:[\s./–-]{0,3}[0-9]){12,}")]
    private static partial Regex Digits();

    [GeneratedRegex("[0-9]{13}")]
    private static partial Regex Long();

    [GeneratedRegex(@"[^\s@]+@[^\s@]+\.[^\s@]+")]
    private static partial Regex Email();
}
