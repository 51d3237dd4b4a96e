using System.Globalization;

namespace Shop.Data.Catalog.Seed.Goods;

/// <summary>Small grammar for texts that are put together.</summary>
internal static class Words
{
    /// <summary>With its article: "an oak", "a pine".</summary>
    public static string A(string noun) =>
        $"{("aeio".Contains(char.ToLowerInvariant(noun[0]), StringComparison.Ordinal) ? "an" : "a")} {noun}";

    /// <summary>As printed on a label: 9.5, never 9,5.</summary>
    public static string Cm(double cm) => cm.ToString("0.#", CultureInfo.InvariantCulture);

    public static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";
}
