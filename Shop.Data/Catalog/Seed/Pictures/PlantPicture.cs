using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum Growth { Monstera, Blades, Fig, Cactus, Fern, Trailing, Olive, Aloe, Palm, Pilea, Calathea, Opuntia }

internal static class PlantPicture
{
    public static string Draw(Growth plant, Pot pot, Tone tone, Dice dice)
    {
        var sketch = new Sketch(dice, tone.Mix(0x4F7A4A, 0.4));
        sketch.Shadow(344, 424, 170, 24);
        var top = plant is Growth.Trailing ? 262.0 : 300.0;
        PotPicture.Draw(sketch, pot, tone, top, dice);
        if (dice.Chance(50))
            sketch.Draw($"<g transform='translate(640) scale(-1 1)'>");
        else
            sketch.Draw($"<g>");
        Grow(sketch, plant, top, dice);
        sketch.Draw($"</g>");
        return sketch.ToString();
    }

    /// <summary>Pointed leaves in two halves, the left one in the light.</summary>
    private static Svg Leaves(Tone green, params (Point Foot, double Angle, double Length, double Width)[] leaves)
    {
        string Halves(int side) => string.Concat(leaves.Select(l =>
            Svg.Of($"""
                M{l.Foot}Q{l.Foot.Away(l.Angle + (side * l.Width / l.Length * 62), l.Length * 0.52)} {l.Foot.Away(l.Angle, l.Length)}z
                """)));
        return $"<path d='{Halves(-1)}' fill='{green.Light(0.16)}'/><path d='{Halves(1)}' fill='{green.Dark(0.16)}'/>";
    }

    private static void Grow(Sketch sketch, Growth plant, double top, Dice dice)
    {
        Tone green = dice.Pick<Tone>(0x4E7F4B, 0x3F7355, 0x5E8A45, 0x3C6B48);
        Tone Shade(int i) => green.Mix(i % 3 == 0 ? 0x8DAA55 : 0x234B3A, 0.12 + (i % 4 * 0.1));
        var foot = new Point(320, top + 4);
        switch (plant)
        {
            case Growth.Monstera:
                foreach (
                    var (i, a, l, s) in new[] {
                         (0, -150, 120, 78), (1, -32, 130, 76), (2, -122, 176, 88), (3, -62, 186, 92), (4, -92, 222, 96), (5, -172, 84, 58),
                        (6, -8, 90, 58), (7, -98, 108, 84) })
                    Monstera(sketch, foot, a + dice.Between(-5, 5), l, s, Shade(i));
                break;
            case Growth.Blades:
                for (var i = 0; i < 11; i++)
                {
                    var (x, a, l) = (320 + ((i * 37 % 90) - 45), -90 + ((i * 37 % 90) - 45) * 0.5, 140 + (i * 53 % 110));
                    Svg blade = $"""
                        M{x - 9} {top + 8}C{x - 26} {top - (l * 0.4)} {x - 14} {top - (l * 0.75)} {x} {top - l}C{x + 16} {top - (l * 0.7)}
                        {x + 24} {top - (l * 0.4)} {x + 9} {top + 8}z
                        """;
                    sketch.Draw($"""
                        <g transform='rotate({a + 90} {x} {top})'><path d='{blade}' fill='{Shade(i)}' stroke='#d8d58a' stroke-width='4'/>
                        <path d='M{x} {top}V{top - (l * 0.8)}' stroke='{Shade(i).Dark(0.35)}' stroke-width='9' stroke-dasharray='4 9'
                        opacity='.6'/></g>
                        """);
                }

                break;
            case Growth.Fig:
                sketch.Draw(Sketch.Line($"M320 {top + 6}C312 240 330 180 322 92", 8, 0x6B4E38));
                for (var i = 0; i < 13; i++)
                    sketch.Draw(
                        Leaves(
                            Shade(i),
                            (
                                new(321 + ((i % 2) - 0.5) * 4, 272 - (i * 14)), i % 2 == 0 ? -160 + (i * 4.2) : -20 - (i * 4.2),
                                124 - (i * 5), 74)));
                break;
            case Growth.Cactus:
                var height = dice.Between(190, 228);
                Column(sketch, 320, top + 6, 46, height, green);
                Column(sketch, 238, top - 62, 24, 70, green, 40);
                Column(sketch, 402, top - 92, 22, 62, green, -42);
                foreach (var at in new[] { new Point(306, top + 11 - height), new(334, top + 12 - height), new(238, top - 130) })
                    sketch.Draw(Sketch.Dots([at, at.Away(-30, 8), at.Away(-150, 8)], 11, 0xE58C98));
                break;
            case Growth.Fern:
                for (var i = 0; i < 11; i++)
                    Frond(sketch, foot, -172 + (i * 7 % 11 * 16.4), 170 + (i * 29 % 50), 8, 34, Shade(i));
                break;
            case Growth.Palm:
                for (var i = 0; i < 7; i++)
                    Frond(sketch, foot, -148 + (i * 3 % 7 * 19.5), 205 + (i * 31 % 40), 8, 78, Shade(i));
                break;
            case Growth.Trailing:
                for (var i = 0; i < 9; i++)
                    Vine(sketch, top, i, Shade, dice);
                break;
            case Growth.Olive:
                sketch.Draw(
                    Sketch.Line(
                        $"M320 {top + 6}C326 250 312 220 320 160M318 226Q290 200 270 170M320 210Q352 186 372 160M320 170Q316 130 324 96",
                        8, 0x8A7763));
                for (var k = 0; k < 4; k++)
                {
                    sketch.Draw(Leaves(Shade(k).Mix(0xA9B89B, 0.35), [.. Enumerable.Range(0, 12).Select(i => (i * 4) + k).Select(i =>
                        (At: new Point(320, 158).Away(i * 137.5, 10 + (Math.Sqrt(i) * 13)), Lean: i % 2 == 0 ? 42 : -42)).Select(l => (l.At,
                            -90 + ((l.At.X - 320) * 0.6) + l.Lean, 54.0, 28.0))]));
                }

                break;
            case Growth.Aloe:
                for (var i = 0; i < 11; i++)
                    sketch.Draw(Leaves(Shade(i).Mix(0x9DBBA0, 0.3), (foot, -166 + (i * 4 % 11 * 15.2), 150 + (i * 41 % 70), 74)));
                break;
            case Growth.Pilea:
                for (var i = 0; i < 16; i++)
                {
                    var at = foot.Away(-166 + (i * 5 % 16 * 10.2), 96 + (i * 47 % 110));
                    sketch.Draw($"""
                        {Sketch.Line($"M{foot}Q{320 + ((at.X - 320) * 0.3)} {at.Y} {at}", 4, 0x8A6B52)}
                        <ellipse cx='{at.X}' cy='{at.Y}' rx='36' ry='31' fill='{Shade(i)}'/>
                        <ellipse cx='{at.X - 6}' cy='{at.Y - 7}' rx='24' ry='19' fill='{Tone.White.Fade(0.14)}'/>
                        <circle cx='{at.X}' cy='{at.Y}' r='3.5' fill='#e4ecc0'/>
                        """);
                }

                break;
            case Growth.Calathea:
                for (var i = 0; i < 9; i++)
                    Striped(sketch, foot, -162 + (i * 4 % 9 * 18), 150 + (i * 43 % 76), Shade(i));
                break;
            default:
                foreach (
                    var (i, x, y, r) in new[] {
                         (0, 320, 252, 58), (1, 270, 178, 46), (2, 368, 166, 50), (3, 252, 106, 34), (4, 392, 92, 36), (5, 322, 118, 36) })
                {
                    sketch.Draw($"""
                        <ellipse cx='{x}' cy='{y}' rx='{r * 0.82}' ry='{r * 1.05}' fill='{Shade(i)}'/>
                        <ellipse cx='{x - (r * 0.2)}' cy='{y - (r * 0.2)}' rx='{r * 0.5}' ry='{r * 0.7}' fill='#ffffff22'/>
                        """);
                    sketch.Draw(
                        Sketch.Dots(
                            Enumerable.Range(0, 12).Select(k => new Point(x, y).Away(k * 137.5, Math.Sqrt(k) * r * 0.21)), 4, 0xF3EBC8));
                }

                break;
        }
    }

    private static void Monstera(Sketch sketch, Point foot, double angle, double stalk, double size, Tone green)
    {
        var at = foot.Away(angle, stalk);
        var turn = (angle + 90) * 0.9;
        sketch.Draw(Sketch.Line($"M{foot}Q{320 + ((at.X - 320) * 0.35)} {at.Y + 30} {at}", 5, green.Dark(0.2)));
        Svg Half(int s) => $"""
            M0 {-size * 0.12}C{s * size * 0.2} {-size * 0.5} {s * size * 0.62} {-size * 0.5} {s * size * 0.74}
            {-size * 0.1}L{s * size * 0.34} {size * 0.05}L{s * size * 0.78} {size * 0.05}Q{s * size * 0.78} {size * 0.24} {s * size * 0.66}
            {size * 0.36}L{s * size * 0.26} {size * 0.28}L{s * size * 0.6} {size * 0.46}Q{s * size * 0.5} {size * 0.62} {s * size * 0.38}
            {size * 0.7}L{s * size * 0.16} {size * 0.5}L{s * size * 0.3} {size * 0.78}L0 {size}z
            """;
        sketch.Draw($"""
            <g transform='translate({at.X} {at.Y}) rotate({turn + (turn < 0 ? -8 : 8)})'><path d='{Half(-1)}' fill='{green.Light(0.14)}'/>
            <path d='{Half(1)}' fill='{green.Dark(0.14)}'/>
            <path d='M0 {-size * 0.12}V{size * 0.9}' stroke='{green.Light(0.42)}' stroke-width='2.5'/></g>
            """);
    }

    private static void Column(Sketch sketch, double x, double bottom, double r, double height, Tone green, double arm = 0)
    {
        if (arm != 0)
            sketch.Draw(Sketch.Line($"M{x + (arm * 1.6)} {bottom + 24}Q{x} {bottom + 30} {x} {bottom - 14}", r * 1.7, green.Dark(0.12)));
        sketch.Round($"M{x - r} {bottom}V{bottom - height + r}a{r} {r} 0 0 1 {r * 2} 0V{bottom}z", green,
            $"""
                <path d='{Svg.Each(Enumerable.Range(1, 5).Select(i => x - (r * Math.Cos(i * Math.PI / 6))), at =>
                    $"M{at} {bottom}V{bottom - height}")}' stroke='{green.Dark(0.4)}' stroke-width='3'/>
                <path d='{Svg.Each(Enumerable.Range(1, 4).Select(i => x - (r * Math.Cos((i + 0.5) * Math.PI / 6))), at =>
                    $"M{at} {bottom - 8}V{bottom - height + 10}")}' stroke='#f4edcf' stroke-width='4' stroke-dasharray='0
                17'/>
                """, 0.14);
    }

    private static void Frond(Sketch sketch, Point foot, double angle, double length, int pairs, double leaflet, Tone green)
    {
        var side = Math.Cos(angle * Math.PI / 180);
        var (bend, tip) = (
            foot.Away(angle, length * 0.62), foot.Away(angle, length) + new Point(side * 20, length * 0.16 * Math.Abs(side)));
        Point On(double t) => new(
            ((1 - t) * (1 - t) * foot.X) + (2 * t * (1 - t) * bend.X) + (t * t * tip.X),
            ((1 - t) * (1 - t) * foot.Y) + (2 * t * (1 - t) * bend.Y) + (t * t * tip.Y));
        var leaves = Svg.Each(Enumerable.Range(2, pairs).SelectMany(i => new[] { 1, -1 }.Select(
            s => (At: On(i / (pairs + 2.0)), S: s, L: leaflet * Math.Sin(Math.PI * (0.2 + (0.75 * i / (pairs + 2))))))
            ), l => $"M{Math.Round(l.At.X)} {Math.Round(l.At.Y)}l{new Point(0, 0).Away(angle + (l.S * 52), l.L)}");
        sketch.Draw($"<path d='M{foot}Q{bend} {tip}{leaves}' stroke='{green}' stroke-width='{(leaflet > 50 ? 7 : 8)}'/>");
    }

    private static void Vine(Sketch sketch, double top, int i, Func<int, Tone> shade, Dice dice)
    {
        var (x, drop) = (252 + (i * 17), i is 3 or 4 or 5 ? -60 : 50 + (i * 67 % 110));
        var (end, lift) = (new Point(320 + ((x - 320) * 2.3), top + drop), top - 80);
        sketch.Draw(Sketch.Line($"M{x} {top}Q{end.X} {lift} {end}", 3, shade(i).Dark(0.25)));
        sketch.Draw(Leaves(shade(i), [.. Enumerable.Range(1, 6).Select(k => (K: k, T: k / 6.0)).Select(l =>
            (new Point(
                ((1 - l.T) * (1 - l.T) * x) + (((2 * l.T) - (l.T * l.T)) * end.X),
                ((1 - l.T) * (1 - l.T) * top) + (2 * l.T * (1 - l.T) * lift) + (l.T * l.T * end.Y)),
                (drop < 0 ? -90 : 90) + (l.K % 2 == 0 ? 44.0 : -44) + dice.Between(-14, 14), 56.0, 46.0))]));
    }

    private static void Striped(Sketch sketch, Point foot, double angle, double length, Tone green)
    {
        var at = foot.Away(angle, length * 0.36);
        sketch.Draw($"""
            {Sketch.Line($"M{foot}L{at}", 5, 0x7A4A55)}<g transform='translate({at.X} {at.Y}) rotate({angle})'>
            <path d='M0 0C{length * 0.2} -52 {length * 0.6} -46 {length * 0.8} 0C{length * 0.6} 46 {length * 0.2} 52 0 0'
            fill='{green.Dark(0.1)}'/>
            <path d='M6 0H{length * 0.74}{Svg.Each(Enumerable.Range(1, 5), i => $"""
                M{length * 0.11 * i} 0l22 -{28 - Math.Abs(3 - i) * 5}M{length * 0.11 * i} 0l22 {28 - Math.Abs(3 - i) * 5}
                """)}'
            stroke='#cfe0b0' stroke-width='4'/></g>
            """);
    }
}
