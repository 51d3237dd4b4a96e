using System.Globalization;
using System.Text.RegularExpressions;
using Shop.Api.Checkout;
using Shop.ServiceDefaults;

namespace Shop.Api.Search;

/// <summary>What a person of the staff typed, read as all that it may be. Most can only be one thing.</summary>
internal sealed partial record SearchTerm
{
    public const int MaxLength = 200;

    // Where we deliver: what stands before a number when it is dialled from abroad.
    private static readonly string[] CountryCodes = ["351", "352", "353", "358", "31", "32", "33", "34", "39", "43", "45", "46", "48", "49"];
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>As an order's number, or the part of one that is known: its beginning or its end.</summary>
    public long? Number { get; private init; }

    /// <summary>How many digits of it were typed: an end of it may begin with a 0.</summary>
    public int NumberLength { get; private init; }

    /// <summary>Whole, as it is kept.</summary>
    public string? Reference { get; private init; }

    /// <summary>Its beginning, as it is kept.</summary>
    public string? ReferenceStart { get; private init; }

    /// <summary>What it could have been with one slip of the finger: a digit wrong, missing, too many, or two swapped.</summary>
    public string[] ReferencesAlike { get; private init; } = [];

    /// <summary>Whole.</summary>
    public string? Email { get; private init; }

    /// <summary>A part of an address or of a name, at least three characters.</summary>
    public string? Part { get; private init; }

    /// <summary>The words of a name.</summary>
    public string[] Words { get; private init; } = [];

    /// <summary>Ends of a phone number, from the last digit to the first: with and without what is dialled before it.</summary>
    public string[] PhoneBackwards { get; private init; } = [];

    /// <summary>The four digits at the end of a card.</summary>
    public string? Last4 { get; private init; }

    /// <summary>The id of something at a gateway, or of a request to it.</summary>
    public string? GatewayId { get; private init; }

    public Guid? Id { get; private init; }
    public string? TraceId { get; private init; }

    /// <summary>In words: what this search looks like.</summary>
    public required IReadOnlyList<string> Understood { get; init; }

    /// <summary>It may be about a person: it is audited, and one hit is shown and not jumped to.</summary>
    public bool IsPersonal => Email is not null || Part is not null || Words is not [] || PhoneBackwards is not [] || Last4 is not null;

    /// <summary>Never what was typed: a record prints its members.</summary>
    public override string ToString() => nameof(SearchTerm);

    public static SearchTerm Read(string typed)
    {
        var text = Blanks().Replace(typed.Trim(), " ");
        var bare = text.Replace(" ", "", StringComparison.Ordinal);
        List<string> understood = [];

        if (text.Contains('@', StringComparison.Ordinal))
        {
            var isWhole = CheckoutRequest.IsEmail(bare);
            return new SearchTerm
            {
                Email = isWhole ? bare : null, Part = bare.Trim('@').Length >= 3 ? bare : null,
                Understood = [isWhole ? "an e-mail address" : "a part of an e-mail address"],
            };
        }

        if (Guid.TryParse(bare, out var id))
        {
            // 32 hexadecimal digits without dashes may be either.
            var trace = bare.Length is 32 ? bare.ToLowerInvariant() : null;
            return new SearchTerm { Id = id, TraceId = trace, Understood = [trace is null ? "one of our ids" : "a trace id or one of our ids"] };
        }

        if (GatewayShape().IsMatch(bare))
            return new SearchTerm { GatewayId = bare, Understood = [bare.StartsWith("req_", StringComparison.Ordinal) ? "the id of a request to Stripe" : "an id of a gateway"] };

        var digits = DigitsOf(bare);
        var isNumber = digits.Length > 0 && NumberShape().IsMatch(bare);
        var isDialled = digits.Length >= 5 && PhoneShape().IsMatch(text);
        var hasName = text.Any(char.IsLetter) && NameShape().IsMatch(text);
        var term = new SearchTerm { Understood = understood };

        if (isNumber && digits.Length <= 15)
        {
            term = term with { Number = long.Parse(digits, CultureInfo.InvariantCulture), NumberLength = digits.Length };
            understood.Add("an order number, or its beginning or end");
        }

        if (isNumber && digits.Length is 4 && !bare.StartsWith('#'))
        {
            term = term with { Last4 = digits };
            understood.Add("the last four digits of a card");
        }

        if (!bare.StartsWith('#') && (isDialled || (isNumber && digits.Length >= 4)))
        {
            term = term with { PhoneBackwards = EndsOf(digits) };
            understood.Add("a phone number, or its end");
        }

        if (TryReference(bare, out var whole, out var start, out var alike))
        {
            term = term with { Reference = whole, ReferenceStart = start, ReferencesAlike = alike };
            // Ten letters may be a name as well, and it is looked for as one; but it is not said of every name.
            if (whole is not null ? text.Any(char.IsDigit) || bare.Contains('-', StringComparison.Ordinal) : text.Any(char.IsDigit) && !isNumber)
                understood.Insert(0, whole is not null ? "a reference" : start is not null ? "the beginning of a reference" : "a reference with a slip in it");
        }

        // What PayPal calls its things looks like nothing in particular.
        if (PayPalShape().IsMatch(bare) && !hasName)
        {
            term = term with { GatewayId = bare.ToUpperInvariant() };
            understood.Add("an id of PayPal");
        }
        else if (DebugIdShape().IsMatch(bare) && bare.Any(char.IsAsciiLetter) && bare.Any(char.IsAsciiDigit))
        {
            term = term with { GatewayId = bare.ToLowerInvariant() };
            understood.Add("PayPal's id of a request");
        }

        if (hasName && !text.Any(char.IsDigit))
        {
            var words = text.Split([' ', ',', ';'], StringSplitOptions.RemoveEmptyEntries).Take(5).ToArray();
            if (words.Any(w => w.Length >= 3))
            {
                term = term with { Words = words, Part = words is [var one] ? one : null };
                understood.Add(words is [_] ? "a name, or a part of an e-mail address" : "a name");
            }
        }
        else if (text.Any(char.IsLetter) && bare.Length >= 3 && PartShape().IsMatch(bare) && !IsWrittenAsId(text, term))
        {
            term = term with { Part = bare };
            understood.Add("a part of an e-mail address");
        }

        return term;
    }

    /// <summary>
    /// Ten characters may be a reference, and seventeen an id of PayPal, or somebody's mailbox. As we and PayPal show them, in capitals, they are
    /// no mailbox; nor is what somebody reads out in groups.
    /// </summary>
    private static bool IsWrittenAsId(string text, SearchTerm term) => term is not { Reference: null, GatewayId: null }
        && (!text.Any(char.IsLower) || text.Contains(' ', StringComparison.Ordinal) || DebugIdShape().IsMatch(text));

    /// <summary>With the country's code, with a 0 in front, or with neither: what is left at the end is the same number.</summary>
    private static string[] EndsOf(string digits)
    {
        var core = digits;
        if (core.StartsWith("00", StringComparison.Ordinal))
            core = core[2..];
        List<string> ends = [Backwards(digits)];
        if (core.Length >= 9 && CountryCodes.FirstOrDefault(c => core.StartsWith(c, StringComparison.Ordinal)) is { } code)
            ends.Add(Backwards(core[code.Length..].TrimStart('0')));
        else if (core.StartsWith('0'))
            ends.Add(Backwards(core.TrimStart('0')));
        return [.. ends.Where(e => e.Length >= 4).Distinct()];
    }

    private static string Backwards(string digits) => string.Concat(digits.Reverse());

    /// <returns>True when it may be one, whole, in part or with a slip in it.</returns>
    private static bool TryReference(string text, out string? whole, out string? start, out string[] alike)
    {
        (whole, start, alike) = (null, null, []);
        if (ServiceDefaults.Reference.TryParse(text, out whole))
        {
            alike = [.. Slips(whole.Replace("-", "", StringComparison.Ordinal)).Where(s => s.Length == 10).Select(Shown).Distinct()];
            return true;
        }

        Span<char> read = stackalloc char[12];
        var length = 0;
        foreach (var typed in text)
        {
            if (typed == '-')
                continue;
            // A letter that no reference has may be the slip.
            var digit = char.ToUpperInvariant(typed) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };
            if (length == 12 || !char.IsAsciiLetterOrDigit(digit))
                return false;
            read[length++] = digit;
        }

        var known = read[..length].ToString();
        if (length is >= 9 and <= 11)
            alike = [.. Slips(known).Where(s => s.Length == 10 && s.All(c => Crockford.Contains(c, StringComparison.Ordinal))).Select(Shown).Distinct()];
        if (length is >= 4 and < 10 && known.All(c => Crockford.Contains(c, StringComparison.Ordinal)))
            start = length > 5 ? $"{known[..5]}-{known[5..]}" : known;
        return start is not null || alike is not [];
    }

    private static string Shown(string ten) => $"{ten[..5]}-{ten[5..]}";

    private static IEnumerable<string> Slips(string typed)
    {
        for (var i = 0; i <= typed.Length; i++)
        {
            if (i < typed.Length)
                yield return typed.Remove(i, 1);
            if (i + 1 < typed.Length)
                yield return $"{typed[..i]}{typed[i + 1]}{typed[i]}{typed[(i + 2)..]}";
            foreach (var digit in Crockford)
            {
                yield return typed.Insert(i, $"{digit}");
                if (i < typed.Length && typed[i] != digit)
                    yield return $"{typed[..i]}{digit}{typed[(i + 1)..]}";
            }
        }
    }

    private static string DigitsOf(string text) => string.Concat(text.Where(char.IsAsciiDigit));

    [GeneratedRegex(@"[\s\u00A0]+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^(pi|ch|py|re|pyr|dp|du|evt|req|pm|cus|seti|txn|issfr|trr)_[A-Za-z0-9]{4,190}$|^PP-[A-Z]-[A-Z0-9-]{2,60}$|^PP-R-[A-Z0-9-]{2,60}$|^WH-[A-Z0-9-]{10,80}$")]
    private static partial Regex GatewayShape();

    [GeneratedRegex("^[A-Z0-9]{17}$", RegexOptions.IgnoreCase)]
    private static partial Regex PayPalShape();

    [GeneratedRegex("^(f[0-9a-f]{12}|[0-9a-f]{13})$", RegexOptions.IgnoreCase)]
    private static partial Regex DebugIdShape();

    [GeneratedRegex("^#?[0-9.'-]+$")]
    private static partial Regex NumberShape();

    [GeneratedRegex(@"^\+?[0-9 ()/.-]+$")]
    private static partial Regex PhoneShape();

    [GeneratedRegex(@"^[\p{L}\p{M}\p{Zs}.,;'’-]+$")]
    private static partial Regex NameShape();

    [GeneratedRegex(@"^[\p{L}\p{N}._+-]+$")]
    private static partial Regex PartShape();
}
