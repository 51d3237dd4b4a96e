using System.Text;

namespace Shop.ServiceDefaults.Records;

internal static class RecordText
{
    /// <summary>What a database takes as text: no NUL and no half of a surrogate pair, either of which would have the whole batch refused.</summary>
    public static string Fit(string text, int most)
    {
        if (text.Length > most)
            text = text[..(most - 1)] + "…";
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', ' ') : text;

        var fit = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // gives U+FFFD for a half
            fit.Append(rune.Value == 0 ? " " : rune.ToString());
        return fit.ToString();
    }
}
