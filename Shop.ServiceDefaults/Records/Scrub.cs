using System.Text.RegularExpressions;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// Our own lines hold ids and numbers. What somebody else wrote into them, an exception above all, may quote anything; so what looks like an
/// address, a card, a phone number or a secret goes, and what an engineer searches by stays: order numbers, guids, trace ids, gateway ids.
/// </summary>
internal static partial class Scrub
{
    public static string Text(string text)
    {
        var scrubbed = text;
        if (scrubbed.Contains('@', StringComparison.Ordinal) || scrubbed.Contains("%40", StringComparison.Ordinal))
            scrubbed = Address().Replace(scrubbed, "…");
        if (scrubbed.AsSpan().IndexOfAny('?', '#') >= 0)
            scrubbed = Query().Replace(scrubbed, "…");
        scrubbed = Key().Replace(scrubbed, "…");
        scrubbed = Digits().Replace(scrubbed, "…");
        return LongWord().Replace(scrubbed, static word => IsSecret(word.ValueSpan) ? "…" : word.Value);
    }

    // A guid, a trace id and an object of a gateway are no secrets, and the name of a method has no digits in its midst.
    private static bool IsSecret(ReadOnlySpan<char> word) =>
        word.IndexOfAnyInRange('0', '9') >= 0 && word.IndexOfAnyExceptInRange('0', '9') >= 0
        && !Guid.TryParseExact(word, "D", out _) && !Guid.TryParseExact(word, "N", out _) && !GatewayId().IsMatch(word);

    [GeneratedRegex(@"[^\s""'<>()=:,;]+(?:@|%40)[^\s""'<>(),;]+")] private static partial Regex Address();

    [GeneratedRegex(@"(?<=[\w/])[?#][^\s""')]*=[^\s""')]*")] private static partial Regex Query();

    [GeneratedRegex(@"\b(?:(?:sk|rk)_(?:live|test)_|whsec_|[Bb]earer\s+|[Bb]asic\s+)[^\s""',;]+|\b[Pp]assword=[^\s;""']*")] private static partial Regex Key();

    [GeneratedRegex(@"(?<![\w-])(?:\d[ -]?){11,18}\d(?![\w-])|\+\d[\d ()./-]{7,}\d")] private static partial Regex Digits();

    [GeneratedRegex(@"[A-Za-z0-9_-]{25,}")] private static partial Regex LongWord();

    [GeneratedRegex(@"^(?:pi|ch|py|re|pyr|evt|req|cus|dp|du|seti|txn|pay)_[A-Za-z0-9]{8,40}$")] private static partial Regex GatewayId();
}
