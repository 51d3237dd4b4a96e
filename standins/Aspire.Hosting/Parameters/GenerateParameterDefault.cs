using System.Security.Cryptography;
using Aspire.Hosting.Publishing;

namespace Aspire.Hosting.ApplicationModel;

public sealed class GenerateParameterDefault : ParameterDefault
{
    // Without i, l, o: a value may have to be read aloud.
    private const string Lowers = "abcdefghjkmnpqrstuvwxyz";
    private const string Uppers = "ABCDEFGHJKMNPQRSTUVWXYZ";
    private const string Digits = "0123456789";
    private const string Specials = "-_.{}~()*+!";

    public int MinLength { get; set; } = 22;
    public bool Lower { get; set; } = true;
    public bool Upper { get; set; } = true;
    public bool Numeric { get; set; } = true;
    public bool Special { get; set; } = true;
    public int MinLower { get; set; }
    public int MinUpper { get; set; }
    public int MinNumeric { get; set; }
    public int MinSpecial { get; set; }

    public override string GetDefaultValue()
    {
        (bool Use, string Alphabet, int Min)[] sets =
            [(Lower, Lowers, MinLower), (Upper, Uppers, MinUpper), (Numeric, Digits, MinNumeric), (Special, Specials, MinSpecial)];
        if (sets.FirstOrDefault(s => !s.Use && s.Min > 0) is { Alphabet: not null })
            throw new ArgumentException("A minimum was asked of a kind of characters that is switched off.");

        var all = string.Concat(sets.Where(s => s.Use).Select(s => s.Alphabet));
        if (all.Length == 0)
            throw new ArgumentException("At least one kind of characters must be allowed.");

        var required = sets.Where(s => s.Use).SelectMany(s => RandomNumberGenerator.GetItems<char>(s.Alphabet, s.Min)).ToArray();
        char[] value = [.. required, .. RandomNumberGenerator.GetItems<char>(all, Math.Max(0, MinLength - required.Length))];
        RandomNumberGenerator.Shuffle<char>(value);
        return new string(value);
    }

    public override void WriteToManifest(ManifestPublishingContext context)
    {
        var writer = context.Writer;
        writer.WriteStartObject("generate");
        writer.WriteNumber("minLength", MinLength);
        foreach (var (name, allowed) in new[] { ("lower", Lower), ("upper", Upper), ("numeric", Numeric), ("special", Special) })
        {
            if (!allowed)
                writer.WriteBoolean(name, false);
        }
        foreach (var (name, min) in new[] { ("minLower", MinLower), ("minUpper", MinUpper), ("minNumeric", MinNumeric), ("minSpecial", MinSpecial) })
        {
            if (min != 0)
                writer.WriteNumber(name, min);
        }
        writer.WriteEndObject();
    }
}
