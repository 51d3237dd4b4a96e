using System.Text.RegularExpressions;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// Our own lines hold ids and numbers. What somebody else wrote into them, an exception above all, may quote anything; so what looks like an
/// address, a card, a phone number or a secret goes, and what an engineer searches by stays: order numbers, guids, gateway ids, and the line's own
/// trace. Any other 32 hexadecimal digits may be a key.
/// </summary>
internal static partial class Scrub
{
    private const int ShortestPhone = 9;

    /// <param name="own">Ids of the line itself, which may stand in it as 32 digits.</param>
    public static string Text(string text, params IReadOnlyList<string?> own)
    {
        var scrubbed = text;
        if (scrubbed.Contains('@', StringComparison.Ordinal) || scrubbed.Contains("%40", StringComparison.Ordinal))
            scrubbed = Address().Replace(scrubbed, "…");
        if (scrubbed.AsSpan().IndexOfAny('?', '#') >= 0)
            scrubbed = Query().Replace(scrubbed, "…");
        scrubbed = Key().Replace(scrubbed, "…");
        scrubbed = Digits().Replace(scrubbed, "…");
        scrubbed = LocalPhone().Replace(scrubbed, static number => number.Value.Count(char.IsAsciiDigit) >= ShortestPhone ? "…" : number.Value);
        return LongWord().Replace(scrubbed, word => IsSecret(word.Value) && !own.Contains(word.Value, StringComparer.OrdinalIgnoreCase) ? "…" : word.Value);
    }

    // A guid as such and an object of a gateway are no secrets, and the name of a method has no digits in its midst.
    private static bool IsSecret(string word) =>
        word.AsSpan().IndexOfAnyInRange('0', '9') >= 0 && word.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0
        && !Guid.TryParseExact(word, "D", out _) && !GatewayId().IsMatch(word);

    [GeneratedRegex(@"[^\s""'<>()=:,;]+(?:@|%40)[^\s""'<>(),;]+")] private static partial Regex Address();

    [GeneratedRegex(@"(?<=[\w/])[?#][^\s""')]*=[^\s""')]*")] private static partial Regex Query();

    [GeneratedRegex(@"\b(?:(?:sk|rk)_(?:live|test)_|whsec_|[Bb]earer\s+|[Bb]asic\s+)[^\s""',;]+|\b(?i:password|passwd|pwd|passphrase|secret|api[_-]?key)[""']?\s*[=:]\s*[""']?[^\s;,""']+")]
    private static partial Regex Key();

    [GeneratedRegex(@"(?<![\w-])(?:\d[ -]?){11,18}\d(?![\w-])|\+\d[\d ()./-]{7,}\d")] private static partial Regex Digits();

    // As people write their number at home: "0170 1234567", "(030) 123 456 78", "0170/1234567".
    [GeneratedRegex(@"(?<![\w-])\(?0\d{1,5}\)?[ /-]{0,3}\d(?:[ -]?\d){2,12}(?![\w-])")] private static partial Regex LocalPhone();

    [GeneratedRegex(@"[A-Za-z0-9_-]{25,}")] private static partial Regex LongWord();

    [GeneratedRegex(@"^(?:pi|ch|py|re|pyr|evt|req|cus|dp|du|seti|txn|pay)_[A-Za-z0-9]{8,40}$")] private static partial Regex GatewayId();
}
