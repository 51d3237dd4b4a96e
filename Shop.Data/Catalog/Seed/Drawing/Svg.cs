using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Shop.Data.Catalog.Seed.Drawing;

/// <summary>Markup in which every number has at most one decimal and a point: small, and the same bytes on every machine.</summary>
[InterpolatedStringHandler]
internal sealed class Svg(int literalLength, int formattedCount)
{
    private readonly StringBuilder _text = new(literalLength + (formattedCount * 6));

    /// <summary>Long markup is written in lines: a break counts as one space, and as nothing between two elements.</summary>
    public void AppendLiteral(string text)
    {
        var lines = text.Split('\n');
        _text.Append(lines[0]);
        foreach (var line in lines.Skip(1))
        {
            if (!line.StartsWith('<') && !(_text.Length > 0 && _text[^1] == '>'))
                _text.Append(' ');
            _text.Append(line);
        }
    }

    public void AppendFormatted(string text) => _text.Append(text);

    public void AppendFormatted(Svg markup) => _text.Append(markup._text);

    public void AppendFormatted(Tone tone) => _text.Append(tone.ToString());

    // Adding zero turns -0 into 0.
    public void AppendFormatted(double number) => _text.Append((Math.Round(number, 1) + 0).ToString("0.#", CultureInfo.InvariantCulture));

    public void AppendFormatted(int number) => _text.Append(number);

    public void AppendFormatted(Point point)
    {
        AppendFormatted(point.X);
        _text.Append(' ');
        AppendFormatted(point.Y);
    }

    public override string ToString() => _text.ToString();

    public static Svg Each<T>(IEnumerable<T> items, Func<T, Svg> part) => $"{string.Concat(items.Select(i => part(i).ToString()))}";

    public static Svg Each(int count, Func<int, Svg> part) => Each(Enumerable.Range(0, count), part);

    public static string Of(Svg markup) => markup.ToString();
}

internal readonly record struct Point(double X, double Y)
{
    public static Point operator +(Point a, Point b) => new(a.X + b.X, a.Y + b.Y);

    /// <summary>The point at that angle (degrees, clockwise from the right) and distance.</summary>
    public Point Away(double degrees, double distance) =>
        new(X + (Math.Cos(degrees * Math.PI / 180) * distance), Y + (Math.Sin(degrees * Math.PI / 180) * distance));
}
