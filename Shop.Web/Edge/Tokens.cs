namespace Shop.Web.Edge;

internal static class Tokens
{
    /// <summary>What a browser sends back goes into a header of ours: nothing but a plain, short word may.</summary>
    public static string? Clean(string? word) =>
        word is { Length: > 0 and <= 128 } && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? word : null;
}
