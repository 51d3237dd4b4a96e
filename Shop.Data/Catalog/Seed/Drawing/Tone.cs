namespace Shop.Data.Catalog.Seed.Drawing;

internal readonly record struct Tone(byte R, byte G, byte B, double Alpha = 1)
{
    public static readonly Tone White = 0xFFFFFF;
    public static readonly Tone Ink = 0x1D1A1C;

    public static implicit operator Tone(int rgb) => new((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb);

    /// <summary>How bright it looks, 0 to 1.</summary>
    public double Luma => ((0.299 * R) + (0.587 * G) + (0.114 * B)) / 255;

    public Tone Mix(Tone other, double part) => new(Between(R, other.R, part), Between(G, other.G, part), Between(B, other.B, part), Alpha);

    public Tone Light(double part) => Mix(White, part);

    public Tone Dark(double part) => Mix(Ink, part);

    public Tone Fade(double alpha) => this with { Alpha = alpha };

    public double DistanceTo(Tone other) => Math.Sqrt(Math.Pow(R - other.R, 2) + Math.Pow(G - other.G, 2) + Math.Pow(B - other.B, 2));

    public override string ToString() =>
        Alpha >= 1 ? $"#{R:x2}{G:x2}{B:x2}" : $"#{R:x2}{G:x2}{B:x2}{(byte)Math.Round(Alpha * 255):x2}";

    private static byte Between(byte from, byte to, double part) => (byte)Math.Round(from + ((to - from) * part));
}

/// <summary>A colour as the shop calls it and as the picture shows it.</summary>
internal sealed record Colour(string Name, Tone Tone)
{
    public string Lower => Name.ToLowerInvariant();
}
