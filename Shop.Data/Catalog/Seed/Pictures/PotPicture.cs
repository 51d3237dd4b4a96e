using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum Pot { Classic, Ribbed, Footed, Basket, Speckled, Dipped, Faceted }

internal static class PotPicture
{
    private static readonly Tone Soil = 0x3E2E26;

    public static void Draw(Sketch sketch, Pot pot, Tone tone, double top, Dice dice)
    {
        const double r = 82;
        var (bottom, low) = (pot == Pot.Footed ? 396.0 : 418.0, pot is Pot.Classic ? 54.0 : pot is Pot.Basket ? 76 : 66);
        if (pot == Pot.Footed)
        {
            foreach (var x in new[] { 278, 362, 322 })
                sketch.Draw(
                    $"""
                        {Sketch.Line($"M{x} 384L{x + ((x - 320) * 0.12)} 420", 11, Palette.Oak.Tone.Dark(0.2))}
                        {Sketch.Line($"M{x - 2} 384L{x - 2 + ((x - 320) * 0.12)} 420", 4, Palette.Oak.Tone.Light(0.3))}
                        """);
        }

        Svg body = $"M{320 - r} {top}L{320 - low} {bottom - 6}A{low} 12 0 0 0 {320 + low} {bottom - 6}L{320 + r} {top}z";
        if (pot == Pot.Faceted)
            body = $"""
                M{320 - r} {top + 34}L{320 - low} {bottom - 8}L{320 - (low * 0.4)} {bottom + 4}H{320 + (low * 0.4)}L{320 + low}
                {bottom - 8}L{320 + r} {top + 34}V{top}H{320 - r}z
                """;
        sketch.Round(body, tone, Painted(pot, tone, top, bottom, r, low, dice), pot is Pot.Basket or Pot.Classic ? 0.14 : 0.3);
        if (pot == Pot.Classic)
            sketch.Round($"M{320 - r - 8} {top}v32A{r + 8} 14 0 0 0 {320 + r + 8} {top + 32}v-32z", tone.Light(0.06), gloss: 0.16);
        if (pot == Pot.Basket)
            sketch.Draw($"{Sketch.Line($"M{322 - r} {top + 18}q-34 6 -8 44M{318 + r} {top + 18}q34 6 8 44", 8, tone.Dark(0.25))}");
        var w = pot == Pot.Classic ? r + 8 : r;
        sketch.Draw($"""
            <ellipse cx='320' cy='{top}' rx='{w}' ry='14'
            fill='{sketch.Across((0, tone.Light(0.1)), (0.3, tone.Light(0.4)), (1, tone.Dark(0.15)))}'/>
            <ellipse cx='320' cy='{top + 1}' rx='{w - 8}' ry='10' fill='{Soil}'/>
            """);
        sketch.Draw($"""
            <path d='M{328 - w} {top - 1}a{w - 8} 10 0 0 1 {(w * 2) - 16} 0a{w - 8} 6 0 0 0 {16 - (w * 2)} 0z'
            fill='{Tone.Ink.Fade(0.45)}'/>
            """);
    }

    private static Svg Painted(Pot pot, Tone tone, double top, double bottom, double r, double low, Dice dice)
    {
        switch (pot)
        {
            case Pot.Ribbed:
                return $"""
                    <path d='{Svg.Each(Enumerable.Range(1, 12).Select(i => -Math.Cos(i * Math.PI / 13)), c =>
                        $"M{320 + (r * c)} {top}L{320 + (low * c)} {bottom + 8}")}' stroke='{tone.Dark(0.42).Fade(0.65)}'
                    stroke-width='5'/>
                    """;
            case Pot.Speckled:
                return Sketch.Dots(
                    Enumerable.Range(0, 42).Select(_ => new Point(dice.Within(240, 400), dice.Within(top, bottom + 6))), 4,
                    (tone.Luma > 0.4 ? tone.Dark(0.6) : tone.Light(0.6)).Fade(0.7));
            case Pot.Dipped:
                return $"""
                    <path d='M200 {top + ((bottom - top) * 0.52)}q60 30 120 26t120 -22V{bottom + 20}H200z'
                    fill='{(tone.Luma > 0.75 ? Palette.Terracotta : Palette.Chalk).Tone}'/>
                    """;
            case Pot.Basket:
                Svg Rows(int odd) =>
                    $"{Svg.Each(6, row => $"M232 {top + 8 + ((row * 2) + odd) * 11}q88 22 176 0")}";
                return $"""
                    <g stroke='{tone.Dark(0.36)}' stroke-width='6' stroke-dasharray='10 8' stroke-linecap='butt'><path d='{Rows(0)}'/>
                    <path d='{Rows(1)}' stroke-dashoffset='9'/></g>
                    """;
            case Pot.Faceted:
                return $"""
                    <path d='M{320 - (r * 0.4)} {top}L{320 - low} {bottom}L{320 - r} {top}zM{320 + (r * 0.2)} {top}L{320 - (low * 0.2)}
                    {bottom + 8}L{320 - (r * 0.4)} {top}zM{320 + r} {top}L{320 + (low * 0.5)} {bottom + 8}L{320 + (r * 0.2)} {top}z'
                    fill='{tone.Dark(0.3).Fade(0.4)}'/>
                    """;
            case Pot.Classic:
                return $"<ellipse cx='320' cy='{top + 40}' rx='{r}' ry='14' fill='{tone.Dark(0.5).Fade(0.6)}'/>";
            default:
                return $"""
                    <path d='M230 {top + ((bottom - top) * 0.72)}q90 26 180 0' stroke='{tone.Dark(0.25).Fade(0.6)}' stroke-width='3'/>
                    """;
        }
    }
}
