using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

/// <summary>Radii at rim and foot, height and how far the belly bulges, in drawing units.</summary>
internal sealed record MugShape(double Rim, double Foot, double Height, double Belly, bool Handle, bool Saucer);

internal enum Glaze { Plain, Dipped, Speckled, Ribbed, Striped, Dotted, Sprigged, Banded }

internal static class MugPicture
{
    private const double Base = 398;

    public static string Draw(MugShape cup, Glaze glaze, Tone tone, Tone second, Dice dice)
    {
        var sketch = new Sketch(dice, tone);
        var x = cup.Handle ? 298.0 : 320;
        var foot = cup.Saucer ? Base - 20 : Base;
        var top = foot - cup.Height;

        sketch.Shadow(x + 34, Base + 6, cup.Saucer ? cup.Rim * 2 : cup.Foot * 1.9, 30);
        if (cup.Saucer)
            Saucer(sketch, x, cup.Rim * 1.62, tone);
        if (cup.Handle)
            Handle(sketch, x + cup.Rim - 8, top, cup, glaze == Glaze.Dipped ? second : tone);

        double belly = cup.Belly, low = cup.Foot;
        sketch.Round(
            $"""
                M{x - cup.Rim} {top}C{x - cup.Rim - belly} {top + (cup.Height * 0.5)} {x - low - (belly * 1.3)} {foot - (cup.Height * 0.12)}
                {x - low} {foot - 4}A{low} {low * 0.17} 0 0 0 {x + low} {foot - 4}C{x + low + (belly * 1.3)} {foot - (cup.Height * 0.12)}
                {x + cup.Rim + belly} {top + (cup.Height * 0.5)} {x + cup.Rim} {top}z
                """,
            tone, Painted(glaze, x, top, foot, cup.Rim + belly, tone, second, dice));

        Rim(sketch, x, top, cup.Rim, glaze == Glaze.Banded ? second : tone, dice);
        return sketch.ToString();
    }

    private static void Saucer(Sketch sketch, double x, double r, Tone tone)
    {
        sketch.Draw($"<ellipse cx='{x}' cy='{Base - 2}' rx='{r}' ry='{r * 0.2}' fill='{tone.Dark(0.34)}'/>");
        sketch.Draw($"""
            <ellipse cx='{x}' cy='{Base - 9}' rx='{r}' ry='{r * 0.2}'
            fill='{sketch.Across((0, tone.Light(0.1)), (0.3, tone.Light(0.34)), (1, tone.Dark(0.16)))}'/>
            """);
        sketch.Draw($"""
            <ellipse cx='{x}' cy='{Base - 9}' rx='{r * 0.66}' ry='{r * 0.125}'
            fill='{sketch.Across((0, tone.Dark(0.2)), (0.7, tone.Dark(0.02)), (1, tone.Light(0.12)))}'/>
            """);
        sketch.Shadow(x + 18, Base - 8, r * 0.62, r * 0.11, 0.5);
    }

    private static void Handle(Sketch sketch, double x, double top, MugShape cup, Tone tone)
    {
        var (h, reach) = (cup.Height, Math.Clamp(cup.Height * 0.5, 62, 92));
        Svg d = $"""
            M{x - 6} {top + (h * 0.17)}C{x + reach} {top + (h * 0.04)} {x + reach} {top + (h * 0.74)} {x - (cup.Rim - cup.Foot) * 0.5}
            {top + (h * 0.74)}
            """;
        var width = Math.Clamp(h * 0.115, 15, 25);
        sketch.Draw(Sketch.Line(d, width, tone.Dark(0.3)));
        sketch.Draw($"<g transform='translate(-2 -3)'>{Sketch.Line(d, width * 0.68, tone.Dark(0.06))}</g>");
        sketch.Draw($"<g transform='translate(-2 -6)'>{Sketch.Line(d, width * 0.16, Tone.White.Fade(0.55))}</g>");
    }

    private static void Rim(Sketch sketch, double x, double top, double r, Tone tone, Dice dice)
    {
        var flat = r * 0.19;
        sketch.Draw($"""
            <ellipse cx='{x}' cy='{top}' rx='{r}' ry='{flat}'
            fill='{sketch.Across((0, tone.Light(0.2)), (0.3, tone.Light(0.5)), (1, tone.Dark(0.1)))}'/>
            """);
        var inside = sketch.Across((0, tone.Dark(0.5)), (0.6, tone.Dark(0.2)), (1, tone.Light(0.05)));
        sketch.Draw($"<ellipse cx='{x}' cy='{top + 1}' rx='{r - 6}' ry='{flat - 4}' fill='{inside}'/>");
        if (dice.Chance(45))
            return;

        Tone drink = dice.Pick<Tone>(0x4A2C1C, 0x8A4B1E, 0x6B4A34, 0xC08B58);
        var hole = sketch.Clip($"<ellipse cx='{x}' cy='{top + 1}' rx='{r - 6}' ry='{flat - 4}'/>");
        sketch.Draw($"""
            <g clip-path='{hole}'>
            <ellipse cx='{x}' cy='{top + (flat * 0.62)}' rx='{r - 8}' ry='{flat - 4}'
            fill='{sketch.Across((0, drink.Dark(0.3)), (0.5, drink), (1, drink.Light(0.22)))}'/>
            <path d='M{x - (r * 0.6)} {top + (flat * 0.2)}q{r * 0.3} {-flat * 0.3} {r * 0.66} {-flat * 0.28}'
            stroke='{Tone.White.Fade(0.35)}' stroke-width='3'/></g>
            """);
        for (var i = -1; i <= 1; i++)
            sketch.Draw(Sketch.Line($"M{x + (i * r * 0.34)} {top - 14}c-16 -20 16 -34 0 -58s12 -26 4 -40", 7, Tone.White.Fade(0.28)));
    }

    private static Svg Painted(Glaze glaze, double x, double top, double foot, double r, Tone tone, Tone second, Dice dice)
    {
        var h = foot - top;
        Svg Bands(IEnumerable<double> at, double width, Tone colour) =>
            $"""
                <path d='{Svg.Each(at, y => $"M{x - r - 9} {top + y}a{r + 9} {r * 0.19} 0 0 0 {(r + 9) * 2} 0")}'
                stroke='{colour}' stroke-width='{width}'/>
                """;

        switch (glaze)
        {
            case Glaze.Dipped:
                var line = h * dice.Within(0.48, 0.66);
                return $"""
                    <path d='M{x - r - 9} {top + line}q{r * 0.5} {dice.Between(24, 44)} {r + 9} {dice.Between(20, 30)}t{r + 9}
                    -20V{top - 40}H{x - r - 9}z' fill='{second}'/>
                    """;
            case Glaze.Speckled:
                var few = Enumerable.Range(0, 44).Select(_ => new Point(x + dice.Within(-r, r), top + dice.Within(0, h + 12))).ToArray();
                var dark = tone.Luma > 0.4 ? tone.Dark(0.62) : tone.Light(0.6);
                return $"{Sketch.Dots(few.Take(30), 3, dark.Fade(0.75))}{Sketch.Dots(few.Skip(30), 5.5, dark.Fade(0.6))}";
            case Glaze.Ribbed:
                var ribs = Enumerable.Range(1, 13).Select(i => x - (r * Math.Cos(i * Math.PI / 14))).ToArray();
                Svg down = $"{Svg.Each(ribs, at => $"M{at} {top + 34}V{foot - 4}")}";
                return $"""
                    <path d='{down}' stroke='{tone.Dark(0.4).Fade(0.7)}' stroke-width='4'/>
                    <path d='{down}' transform='translate(5)' stroke='{tone.Light(0.5).Fade(0.6)}' stroke-width='3'/>
                    """;
            case Glaze.Striped:
                var step = h / dice.Between(5, 8);
                return Bands(Enumerable.Range(1, 9).Select(i => i * step), step * 0.42, second);
            case Glaze.Dotted:
                var size = dice.Between(15, 22);
                return Sketch.Dots(
                    from row in Enumerable.Range(0, 8) from i in Enumerable.Range(-5, 11)
                    let at = (i + (row % 2 * 0.5)) * 0.29
                    where Math.Abs(at) < 1.5
                    select new Point(x + (r * Math.Sin(at)), top + 30 + (row * size * 1.75) + (r * 0.17 * Math.Cos(at))), size, second);
            case Glaze.Sprigged:
                return Svg.Each(Enumerable.Range(-2, 5), i =>
                    Sprig(x + (r * Math.Sin(i * 0.58)), foot - 8, h * dice.Within(0.52, 0.74), second));
            case Glaze.Banded:
                return $"{Bands([h * 0.02], h * 0.3, second)}{Bands([h * 0.24], 4, second.Dark(0.2))}";
            default:
                return $"""
                    {Bands([h - 12], 3, tone.Dark(0.3).Fade(0.5))}
                    <path d='M{x - (r * 0.62)} {top + (h * 0.2)}q-5 {h * 0.3} 4 {h * 0.56}' stroke='#ffffff88' stroke-width='9'/>
                    """;
        }
    }

    private static Svg Sprig(double x, double y, double height, Tone tone)
    {
        var leaves = Svg.Each(Enumerable.Range(1, 5).Select(i => (Y: y - (height * i / 5.6), W: 20 - (i * 1.5))), l =>
            $"M{x} {l.Y}q{l.W} -4 {l.W} -22q-{l.W} 4 -{l.W} 22q-{l.W} -4 -{l.W} -22q{l.W} 4 {l.W} 22");
        return $"<path d='M{x} {y}v{-height * 0.9}' stroke='{tone}' stroke-width='3'/><path d='{leaves}' fill='{tone}'/>";
    }
}
