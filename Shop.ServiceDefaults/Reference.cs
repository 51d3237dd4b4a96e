using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Shop.ServiceDefaults;

/// <summary>
/// A trace id that can be read over a phone: its first 50 bits in Crockford's base 32, shown as <c>4T7QK-9XW2M</c>.
/// </summary>
public static class Reference
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // no I, L, O, U
    private const int Length = 10;

    /// <summary>Of the current activity; null where nothing is traced.</summary>
    public static string? Current =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, TraceId: var traceId } && traceId != default ? Of(traceId) : null;

    public static string Of(ActivityTraceId traceId)
    {
        Span<byte> bytes = stackalloc byte[16];
        traceId.CopyTo(bytes);
        var bits = BinaryPrimitives.ReadUInt64BigEndian(bytes) >> (64 - 5 * Length);
        Span<char> text = stackalloc char[Length];
        for (var i = Length - 1; i >= 0; i--, bits >>= 5)
            text[i] = Digits[(int)(bits & 31)];

        return Show(text);
    }

    /// <summary>Reads what a person typed: any case, with or without dash and spaces, O for 0, I or L for 1.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out string? canonical)
    {
        canonical = null;
        Span<char> read = stackalloc char[Length];
        var length = 0;
        foreach (var typed in text ?? "")
        {
            if (typed == '-' || char.IsWhiteSpace(typed))
                continue;
            var digit = char.ToUpperInvariant(typed) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };
            if (length == Length || !Digits.Contains(digit, StringComparison.Ordinal))
                return false;
            read[length++] = digit;
        }

        if (length != Length)
            return false;
        canonical = Show(read);
        return true;
    }

    private static string Show(ReadOnlySpan<char> text) => $"{text[..5]}-{text[5..]}";
}
