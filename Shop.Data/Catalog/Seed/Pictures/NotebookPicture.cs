using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum Binding { Elastic, Spiral, HalfCloth, Trio, Wrap, Reporter, Softcover }

internal enum Paper { Plain, Stripes, Terrazzo, Leaves, Grid, Marbled, Dots, Bare }

/// <summary>Seen from above, on a table, with something to write.</summary>
internal static class NotebookPicture
{
    private const double W = 236, H = 330;

    public static string Draw(Binding binding, Paper paper, Tone tone, Tone second, Dice dice)
    {
        var sketch = new Sketch(Table(tone, dice), 4);
        var turn = dice.Between(6, 11);
        if (binding == Binding.Trio)
        {
            Book(sketch, 268, 248, -turn - 12, 0.86, tone.Mix(second, 0.75), Paper.Plain, binding, second, dice);
            Book(sketch, 300, 244, -turn, 0.86, second, Paper.Plain, binding, tone, dice);
            Book(sketch, 340, 240, turn * 0.6, 0.86, tone, paper, binding, second, dice);
        }
        else
        {
            Book(sketch, 292, 240, -turn, 1.06, tone, paper, binding, second, dice);
        }

        if (dice.Chance(50))
            Pencil(sketch, 522, 236, turn + 8, second.Luma > 0.7 ? second.Dark(0.2) : second);
        else
            Pen(sketch, 522, 236, -turn - 6, tone.Luma > 0.5 ? Palette.Navy.Tone : Palette.Chalk.Tone);
        return sketch.ToString();
    }

    private static Tone Table(Tone tone, Dice dice) =>
        Sketch.Against(tone, [0xE3D6C2, 0xCFD8D8, 0xDCC3B0, 0xC7CDB9, 0xD3CBDA, 0xE5DAB8, 0xB9A38C], dice);

    private static void Book(
        Sketch sketch, double x, double y, double turn, double size, Tone tone, Paper paper, Binding binding, Tone second, Dice dice)
    {
        var r = binding is Binding.HalfCloth or Binding.Trio ? 5 : 14;
        Svg cover = $"M{r} 0H{W - r}Q{W} 0 {W} {r}V{H - r}Q{W} {H} {W - r} {H}H{r}Q0 {H} 0 {H - r}V{r}Q0 0 {r} 0z";
        var (ox, oy) = (x - (W * size / 2), y - (H * size / 2));
        sketch.Draw($"<g transform='rotate({turn} {x} {y}) translate({ox} {oy}) scale({size})'>");
        sketch.Draw($"""
            <path d='{cover}' transform='translate(16 20)' fill='#2a222033'/>
            <path d='{cover}' transform='translate(9 11)' fill='#2a222055'/>
            """);
        if (binding == Binding.Elastic || binding == Binding.HalfCloth)
            sketch.Draw($"<path d='M60 {H - 10}v34l7 -8 7 8V{H - 10}z' fill='{second}'/>");
        sketch.Draw($"""
            <path d='{cover}' transform='translate(6 7)' fill='{tone.Dark(0.45)}'/>
            <path d='{cover}' transform='translate(3 4)' fill='#f4ecd9'/><path d='{cover}' fill='{tone}'/>
            """);
        sketch.Draw($"""
            <g clip-path='{sketch.Clip($"<path d='{cover}'/>")}'>{Pattern(paper, tone, second, dice)}{Bound(binding, tone, second)}</g>
            """);
        sketch.Draw($"""
            <path d='{cover}'
            fill='{sketch.Across((0, Tone.Ink.Fade(0.26)), (0.05, Tone.White.Fade(0.2)), (0.1, Tone.Ink.Fade(0.12)), (0.14,
            Tone.White.Fade(0.12)), (1, Tone.Ink.Fade(0.1)))}'/>
            """);
        sketch.Draw($"{Fitted(binding, tone, second)}</g>");
    }

    private static Svg Bound(Binding binding, Tone tone, Tone second) => binding switch
    {
        Binding.HalfCloth => $"""
            <path d='M0 0H62V{H}H0z' fill='{second}'/><path d='M62 0V{H}' stroke='{tone.Dark(0.35)}' stroke-width='2'/>
            <path d='M{W} 0V54L{W - 54} 0zM{W} {H}V{H - 54}L{W - 54} {H}z' fill='{second}'/>
            """,
        Binding.Softcover or Binding.Trio => $"<path d='M9 30V{H - 30}' stroke='{second}' stroke-width='3' stroke-dasharray='16 9'/>",
        _ => $"<path d='M24 0V{H}' stroke='{tone.Dark(0.3).Fade(0.5)}' stroke-width='2'/>",
    };

    private static Svg Fitted(Binding binding, Tone tone, Tone second)
    {
        switch (binding)
        {
            case Binding.Elastic:
                return $"""
                    <path d='M{W - 34} -3V{H + 5}' stroke='{second.Dark(0.1)}' stroke-width='9' stroke-linecap='butt'/>
                    <path d='M{W - 37} -3V{H + 5}' stroke='{second.Light(0.35)}' stroke-width='2' stroke-linecap='butt'/>
                    """;
            case Binding.Spiral:
                return $"""
                    <path d='{Svg.Each(17, i => $"M18 {16 + (i * 18.6)}h0")}'
                    stroke='{tone.Dark(0.6)}' stroke-width='8'/>
                    <path d='{Svg.Each(17, i => $"M18 {16 + (i * 18.6)}q-34 -10 -32 3q6 9 20 3")}'
                    stroke='#5d5f63' stroke-width='3.5'/>
                    <path d='{Svg.Each(17, i => $"M12 {13 + (i * 18.6)}q-20 -6 -24 1")}'
                    stroke='#e4e6e8' stroke-width='2'/>
                    """;
            case Binding.Reporter:
                return $"""
                    <path d='M0 40H{W}' stroke='{tone.Dark(0.4).Fade(0.6)}' stroke-width='2'/>
                    <path d='{Svg.Each(12, i => $"M{16 + (i * 18.6)} 20q-9 -36 3 -34q9 6 3 22")}'
                    stroke='#5d5f63' stroke-width='3.5'/>
                    """;
            case Binding.Wrap:
                return $"""
                    <path d='M-4 168Q118 150 {W + 6} 166' stroke='{second.Dark(0.35)}' stroke-width='9'/>
                    <path d='M-4 165Q118 147 {W + 6} 163' stroke='{second}' stroke-width='6'/>
                    <path d='M150 160q-10 60 -34 96M152 160q14 56 2 104' stroke='{second.Dark(0.1)}' stroke-width='6'/>
                    <circle cx='151' cy='158' r='12' fill='{second.Dark(0.2)}'/><circle cx='149' cy='156' r='7' fill='{second.Light(0.2)}'/>
                    <path d='M{W - 8} 12V{H - 12}M14 12H{W - 10}M14 {H - 12}H{W - 10}' stroke='{tone.Light(0.45).Fade(0.7)}'
                    stroke-width='2' stroke-dasharray='8 6'/>
                    """;
            default:
                return $"";
        }
    }

    private static Svg Pattern(Paper paper, Tone tone, Tone second, Dice dice)
    {
        var quiet = tone.Luma > 0.55 ? tone.Dark(0.28) : tone.Light(0.32);
        switch (paper)
        {
            case Paper.Stripes:
                var step = dice.Between(26, 40);
                return $"""
                    <path d='{Svg.Each(Enumerable.Range(1, 12), i => $"M0 {i * step}H{W}")}' stroke='{second}'
                    stroke-width='{step * 0.4}'/>
                    """;
            case Paper.Terrazzo:
                return Svg.Each(26, i => $"""
                    <path d='M{dice.Between(4, 226)} {dice.Between(4, 320)}l{dice.Between(8, 24)} {dice.Between(-12, 8)}
                    {dice.Between(-4, 10)} {dice.Between(10, 22)} {dice.Between(-24, -10)} {dice.Between(0, 8)}z'
                    fill='{(i % 3) switch { 0 => second, 1 => quiet, _ => second.Mix(tone, 0.5) }}'/>
                    """);
            case Paper.Leaves:
                return Svg.Each(4, i => Branch(40 + (i * 58), 340, 250 + (i * 43 % 70), i % 2 == 0 ? second : quiet));
            case Paper.Grid:
                return $"""
                    <path d='{Svg.Each(Enumerable.Range(1, 9), i => $"M{i * 26} 0V{H}M0 {i * 36}H{W}")}'
                    stroke='{second}' stroke-width='3'/>
                    """;
            case Paper.Marbled:
                return Svg.Each(13, i => $"""
                    <path d='M-10 {(i * 28) - 10}q40 {30 + (i * 17 % 30)} 80 0t60 10t50 -16t80 12'
                    stroke='{(i % 3) switch { 0 => second, 1 => quiet, _ => second.Light(0.4) }}'
                    stroke-width='{6 + (i * 5 % 9)}' opacity='.8'/>
                    """);
            case Paper.Dots:
                return Sketch.Dots(
                    from row in Enumerable.Range(0, 9) from i in Enumerable.Range(0, 7)
                    select new Point(20 + (i * 38) + (row % 2 * 19), 20 + (row * 37)),
                    15, second);
            case Paper.Bare:
                return $"<path d='M34 90q60 -20 130 4M60 280q60 14 140 -6' stroke='{tone.Dark(0.25).Fade(0.4)}' stroke-width='3'/>";
            default:
                return $"""
                    <path d='M76 70H{W - 64}V118H76z' fill='#f6efdf'/>
                    <path d='M92 88H{W - 80}M92 102H{W - 104}' stroke='#b8ab93' stroke-width='2.5'/>
                    """;
        }
    }

    private static Svg Branch(double x, double y, double h, Tone tone) =>
        $"""
            <path d='M{x} {y}q10 {-h / 2} 0 {-h}' stroke='{tone}' stroke-width='4'/>
            <path d='{Svg.Each(Enumerable.Range(1, 7), i =>
                $"M{x + 4} {y - (i * h / 8)}q24 0 26 -28q-24 4 -26 28q-24 0 -26 -28q24 4 26 28")}' fill='{tone}'/>
            """;

    private static void Pencil(Sketch sketch, double x, double y, double turn, Tone tone)
    {
        sketch.Draw($"""
            <g transform='rotate({turn} {x} {y}) translate({x - 11} {y - 150})'><path d='M8 40h22V290l-11 28-11 -28z' fill='#2a222044'/>
            """);
        sketch.Draw($"""
            <path d='M0 22H22V262H0z' fill='{tone}'/><path d='M0 22H7V262H0z' fill='{tone.Light(0.3)}'/>
            <path d='M15 22h7V262h-7z' fill='{tone.Dark(0.3)}'/>
            <path d='M0 262L11 300 22 262q-5 6 -7 0q-4 6 -8 0q-3 6 -7 0' fill='#ecd2a4'/><path d='M8 288L11 300l3 -12z' fill='{Tone.Ink}'/>
            <path d='M0 8h22v16H0z' fill='{Palette.Brass.Tone}'/><path d='M2 -8q9 -6 18 0V8H2z' fill='#d98c86'/></g>
            """);
    }

    private static void Pen(Sketch sketch, double x, double y, double turn, Tone tone)
    {
        sketch.Draw($"""
            <g transform='rotate({turn} {x} {y}) translate({x - 12} {y - 150})'><path d='M10 20h22V270l-11 40-11 -40z' fill='#2a222044'/>
            """);
        sketch.Draw($"""
            <path d='M0 20Q0 0 12 0T24 20V226H0z'
            fill='{sketch.Across((0, tone.Dark(0.15)), (0.3, tone.Light(0.4)), (1, tone.Dark(0.4)))}'/>
            <path d='M2 226h20l-5 40H7z' fill='{tone.Dark(0.3)}'/><path d='M7 266h10l-5 34z' fill='{Palette.Brass.Tone}'/>
            <path d='M0 118h24v8H0zM0 218h24v8H0z' fill='{Palette.Brass.Tone}'/>
            <path d='M22 12h6V92l-3 6-3 -6z' fill='{Palette.Brass.Tone.Dark(0.1)}'/></g>
            """);
    }
}
