using System.Text;

namespace Aspire.Hosting;

internal static class CommandLine
{
    /// <summary>Words at blanks; double quotes keep them together, a backslash takes a quote literally.</summary>
    internal static IReadOnlyList<string> Split(string? line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool quoted = false, any = false;
        for (var i = 0; i < (line?.Length ?? 0); i++)
        {
            var c = line![i];
            if (c == '\\' && i + 1 < line.Length && line[i + 1] == '"')
            {
                word.Append(line[++i]);
                any = true;
            }
            else if (c == '"')
            {
                quoted = !quoted;
                any = true;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (any)
                    words.Add(word.ToString());
                word.Clear();
                any = false;
            }
            else
            {
                word.Append(c);
                any = true;
            }
        }
        if (any)
            words.Add(word.ToString());
        return words;
    }
}
