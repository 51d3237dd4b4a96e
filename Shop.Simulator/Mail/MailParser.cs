using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Shop.Simulator.Mail;

/// <summary>Reads what a shop's mailer writes: headers, encoded words, multiparts, quoted-printable and base64. Attachments are left out.</summary>
internal static partial class MailParser
{
    private const int DeepestPart = 8;

    public static ReceivedMail Parse(ReadOnlySpan<byte> message, string from, string[] to, DateTimeOffset at)
    {
        // One character per byte: parts in several character sets can be cut apart as text and decoded after that.
        var raw = Encoding.Latin1.GetString(message);
        var (headers, body) = Split(raw);
        string? text = null, html = null;
        Read(headers, body, 0, ref text, ref html);
        return new ReceivedMail(Guid.CreateVersion7().ToString("N"), at, from, to)
        {
            Subject = Value(headers, "Subject") ?? "",
            Text = text,
            Html = html,
            Headers = [.. headers],
            Bytes = message.Length,
        };
    }

    private static void Read(List<KeyValuePair<string, string>> headers, string body, int depth, ref string? text, ref string? html)
    {
        var type = Value(headers, "Content-Type") ?? "text/plain";
        var media = type.Split(';')[0].Trim().ToLowerInvariant();
        if (media.StartsWith("multipart/", StringComparison.Ordinal) && Parameter(type, "boundary") is { Length: > 0 } boundary && depth < DeepestPart)
        {
            foreach (var part in Parts(body, boundary))
            {
                var (partHeaders, partBody) = Split(part);
                Read(partHeaders, partBody, depth + 1, ref text, ref html);
            }

            return;
        }

        if (media is not ("text/plain" or "text/html")
            || Value(headers, "Content-Disposition")?.StartsWith("attachment", StringComparison.OrdinalIgnoreCase) is true)
            return;

        var decoded = Charset(Parameter(type, "charset")).GetString(Decode(body, Value(headers, "Content-Transfer-Encoding"))).TrimEnd('\r', '\n');
        if (media == "text/html")
            html ??= decoded;
        else
            text ??= decoded;
    }

    private static (List<KeyValuePair<string, string>> Headers, string Body) Split(string raw)
    {
        var end = raw.StartsWith("\r\n", StringComparison.Ordinal) ? 0 : raw.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var head = end < 0 ? raw : raw[..end];
        var body = end < 0 ? "" : raw[(end + (end == 0 ? 2 : 4))..];

        List<KeyValuePair<string, string>> headers = [];
        foreach (var line in Folded().Replace(head, " ").Split("\r\n"))
        {
            if (line.Split(':', 2) is [{ Length: > 0 } name, var value])
                headers.Add(new(name.Trim(), Words(Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(value.Trim())))));
        }

        return (headers, body);
    }

    private static IEnumerable<string> Parts(string body, string boundary)
    {
        // The line break before a boundary belongs to the boundary.
        var pieces = Regex.Split($"\r\n{body}", $@"\r\n--{Regex.Escape(boundary)}(?=--|[ \t]*\r\n)");
        foreach (var piece in pieces.Skip(1).TakeWhile(p => !p.StartsWith("--", StringComparison.Ordinal)))
            yield return piece.IndexOf("\r\n", StringComparison.Ordinal) is >= 0 and var line ? piece[(line + 2)..] : "";
    }

    private static byte[] Decode(string body, string? encoding)
    {
        switch (encoding?.Trim().ToLowerInvariant())
        {
            case "base64":
                var packed = new string([.. body.Where(c => !char.IsWhiteSpace(c))]);
                var bytes = new byte[(packed.Length * 3 / 4) + 3];
                return Convert.TryFromBase64String(packed, bytes, out var length) ? bytes[..length] : Encoding.Latin1.GetBytes(body);
            case "quoted-printable":
                return Quoted(SoftBreak().Replace(body, ""), underscoreIsSpace: false);
            default:
                return Encoding.Latin1.GetBytes(body);
        }
    }

    private static byte[] Quoted(string text, bool underscoreIsSpace)
    {
        List<byte> bytes = new(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '=' && i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Add(b);
                i += 2;
            }
            else
            {
                bytes.Add(underscoreIsSpace && text[i] == '_' ? (byte)' ' : (byte)text[i]);
            }
        }

        return [.. bytes];
    }

    /// <summary><c>=?utf-8?B?…?=</c>; the space between two such words is no part of the text.</summary>
    private static string Words(string header)
    {
        var joined = BetweenWords().Replace(header, "$1");
        return EncodedWord().Replace(joined, m => Charset(m.Groups[1].Value).GetString(
            m.Groups[2].ValueSpan is "B" or "b" ? Decode(m.Groups[3].Value, "base64") : Quoted(m.Groups[3].Value, underscoreIsSpace: true)));
    }

    private static string? Value(List<KeyValuePair<string, string>> headers, string name) =>
        headers.Find(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static string? Parameter(string header, string name) =>
        header.Split(';').Skip(1).Select(p => p.Split('=', 2)).FirstOrDefault(p => p.Length == 2 && p[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim().Trim('"');

    private static Encoding Charset(string? name) => name?.ToLowerInvariant() switch
    {
        "iso-8859-1" or "latin1" or "windows-1252" => Encoding.Latin1,
        _ => Encoding.UTF8,
    };

    [GeneratedRegex(@"\r\n[ \t]+")] private static partial Regex Folded();
    [GeneratedRegex(@"=[ \t]*\r\n")] private static partial Regex SoftBreak();
    [GeneratedRegex(@"(\?=)\s+(?==\?)")] private static partial Regex BetweenWords();
    [GeneratedRegex(@"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")] private static partial Regex EncodedWord();
}
