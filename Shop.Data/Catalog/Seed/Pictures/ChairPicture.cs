using System.Numerics;
using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum ChairForm { Spindle, Dining, Lounge, Ladder, Stool, Rocking, Shell, Bar }

internal static class ChairPicture
{
    public static string Draw(ChairForm form, Tone wood, Tone cover, Dice dice)
    {
        var sketch = new Sketch(
            dice, form is ChairForm.Spindle or ChairForm.Ladder or ChairForm.Stool or ChairForm.Rocking ? wood : cover.Mix(wood, 0.25));
        sketch.Shadow(344, 414, form == ChairForm.Bar ? 130 : 190, 34);
        var space = new Space(new(322, form == ChairForm.Lounge ? 372 : 388), 27, 17);
        switch (form)
        {
            case ChairForm.Spindle: Spindle(sketch, space, wood, dice); break;
            case ChairForm.Dining: Dining(sketch, space, wood, cover); break;
            case ChairForm.Lounge: Lounge(sketch, space, wood, cover); break;
            case ChairForm.Ladder: Ladder(sketch, space, wood, cover); break;
            case ChairForm.Stool: Stool(sketch, space, wood, cover, 170, 78); break;
            case ChairForm.Rocking: Rocking(sketch, space, wood, cover, dice); break;
            case ChairForm.Shell: Shell(sketch, space, wood, cover); break;
            default: Stool(sketch, space, wood, cover, 292, 74); break;
        }

        return sketch.ToString();
    }

    private static Vector3 V(double x, double y, double z) => new((float)x, (float)y, (float)z);

    private static void Legs(Sketch sketch, Space space, Tone wood, double top, double half, double deep, double splay, double width)
    {
        foreach (var (x, z) in new[] { (-1, -1), (1, -1), (-1, 1), (1, 1) })
            sketch.Draw(
                space.Rod(V(x * half, top, z * deep), V(x * (half + splay), 0, z * (deep + splay)), width, z < 0 ? wood.Dark(0.2) : wood));
    }

    private static void Seat(Sketch sketch, Space space, double y, double half, double deep, double thick, double radius, Tone tone) =>
        sketch.Draw(
            space.Slab(
                V(0, y, 0), V(half, 0, 0), V(0, 0, deep), radius, V(0, thick, 0),
                sketch.Across((0, tone.Dark(0.08)), (0.6, tone.Dark(0.24)), (1, tone.Dark(0.4))),
                sketch.Across((0, tone.Light(0.16)), (0.6, tone.Light(0.04)), (1, tone.Dark(0.08)))));

    private static void Back(
        Sketch sketch, Space space, double y, double z, double half, double tall, double thick, double radius, Tone tone) =>
        sketch.Draw(
            space.Slab(
                V(0, y, z - thick), V(half, 0, 0), V(0, tall, -tall * 0.12), radius, V(0, 0, thick),
                sketch.Across((0, tone.Dark(0.1)), (1, tone.Dark(0.42))),
                sketch.Down((0, tone.Light(0.14)), (0.8, tone.Dark(0.04)), (1, tone.Dark(0.16)))));

    private static void Spindles(Sketch sketch, Space space, Tone wood, double from, double to, double z, double half, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var x = ((i / (count - 1.0)) - 0.5) * 2;
            sketch.Draw(
                space.Rod(V(x * half * 0.82, from, z), V(x * half, to - (x * x * 10), z - 24), i == 0 || i == count - 1 ? 10 : 6, wood));
        }

        Svg rail = $"""
            M{space.At(V(-half - 14, to - 12, z - 20))}Q{space.At(V(0, to + 22, z - 44))} {space.At(V(half + 14, to - 12, z - 20))}
            """;
        sketch.Draw($"""
            {Sketch.Line(rail, 26, wood.Dark(0.24))}
            <g transform='translate(-2 -3)'>{Sketch.Line(rail, 19, wood)}{Sketch.Line(rail, 4, wood.Light(0.35))}</g>
            """);
    }

    private static void Spindle(Sketch sketch, Space space, Tone wood, Dice dice)
    {
        Legs(sketch, space, wood, 168, 62, 56, 22, 13);
        sketch.Draw(
            $"""
                {space.Rod(V(-76, 70, 0), V(76, 70, 0), 8, wood)}{space.Rod(V(-76, 80, -66), V(-76, 80, 66), 8, wood)}
                {space.Rod(V(76, 80, -66), V(76, 80, 66), 8, wood)}
                """);
        Seat(sketch, space, 164, 92, 80, 15, 44, wood);
        Spindles(sketch, space, wood, 182, dice.Between(312, 344), -62, 86, dice.Between(6, 9));
    }

    private static void Dining(Sketch sketch, Space space, Tone wood, Tone cover)
    {
        Legs(sketch, space, wood, 166, 80, 70, 8, 15);
        sketch.Draw($"{space.Rod(V(-78, 176, -72), V(-84, 250, -84), 13, wood)}{space.Rod(V(78, 176, -72), V(84, 250, -84), 13, wood)}");
        Seat(sketch, space, 156, 96, 84, 10, 16, wood);
        Seat(sketch, space, 167, 94, 82, 26, 30, cover);
        Back(sketch, space, 270, -76, 94, 62, 20, 30, cover);
        foreach (var x in new[] { -34, 34 })
            sketch.Draw(Sketch.Line($"M{space.At(V(x, 322, -82))}L{space.At(V(x, 218, -70))}", 2.5, cover.Dark(0.3).Fade(0.7)));
    }

    private static void Lounge(Sketch sketch, Space space, Tone wood, Tone cover)
    {
        Legs(sketch, space, wood, 48, 112, 78, 6, 15);
        Back(sketch, space, 190, -72, 128, 118, 44, 44, cover);
        Seat(sketch, space, 40, 126, 96, 58, 24, cover.Dark(0.1));
        Seat(sketch, space, 98, 96, 94, 36, 30, cover.Light(0.07));
        foreach (var x in new[] { -122, 122 })
            sketch.Draw(
                space.Slab(
                    V(x, 112, -100), V(24, 0, 0), V(0, 66, 0), 23, V(0, 0, 200),
                    sketch.Down((0, cover.Light(0.14)), (0.45, cover.Dark(0.04)), (1, cover.Dark(0.34))),
                    sketch.Across((0, cover.Light(0.05)), (1, cover.Dark(0.16)))));
        sketch.Draw(Sketch.Line($"M{space.At(V(0, 290, -80))}L{space.At(V(0, 146, -62))}", 2.5, cover.Dark(0.35).Fade(0.6)));
    }

    private static void Ladder(Sketch sketch, Space space, Tone wood, Tone seat)
    {
        Legs(sketch, space, wood, 166, 84, 74, 0, 14);
        foreach (var y in new[] { 60, 110 })
            sketch.Draw(
                $"""
                    {space.Rod(V(-84, y, -74), V(-84, y, 74), 7, wood)}{space.Rod(V(84, y, -74), V(84, y, 74), 7, wood)}
                    {space.Rod(V(-84, y + 12, 74), V(84, y + 12, 74), 7, wood)}
                    """);
        Tone cord = Palette.Sand.Tone.Mix(seat, 0.15);
        Seat(sketch, space, 162, 92, 82, 16, 12, cord);
        Point a = space.At(V(-92, 178, -82)), b = space.At(V(92, 178, -82)), c = space.At(V(92, 178, 82)), d = space.At(V(-92, 178, 82)),
            m = space.At(V(0, 178, 0));
        sketch.Draw($"""
            <path d='M{a}L{m}L{d}zM{b}L{m}L{c}z' fill='{cord.Dark(0.16)}'/>
            <path d='M{a}L{c}M{b}L{d}' stroke='{cord.Dark(0.4)}' stroke-width='2.5'/>
            """);
        for (var i = 1; i < 6; i++)
            sketch.Draw($"""
                <path d='{space.Outline(V(0, 178, 0), V(92 * i / 6.0, 0, 0), V(0, 0, 82 * i / 6.0), 4)}' stroke='{cord.Dark(0.3).Fade(0.6)}'
                stroke-width='2'/>
                """);
        foreach (var x in new[] { -84, 84 })
            sketch.Draw(space.Rod(V(x, 164, -74), V(x * 1.02, 332, -100), 14, wood));
        foreach (var y in new[] { 220, 264, 308 })
        {
            Svg slat = $"M{space.At(V(-82, y, -86))}Q{space.At(V(0, y + 18, -112))} {space.At(V(82, y, -86))}";
            sketch.Draw($"""
                {Sketch.Line(slat, 24, wood.Dark(0.2))}<g transform='translate(0 -2)'>{Sketch.Line(slat, 19, wood.Light(0.06))}</g>
                """);
        }
    }

    private static void Stool(Sketch sketch, Space space, Tone wood, Tone cover, double height, double half)
    {
        Legs(sketch, space, wood, height, half * 0.6, half * 0.6, half * 0.38, 14);
        foreach (var (y, k) in new[] { (height * 0.3, 0.87), (height * 0.36, 0.85) }.Take(height > 200 ? 2 : 1))
        {
            var r = half * k;
            sketch.Draw(
                $"""
                    {space.Rod(V(-r, y, -r), V(r, y, -r), 8, wood.Dark(0.15))}{space.Rod(V(-r, y, -r), V(-r, y, r), 8, wood)}
                    {space.Rod(V(r, y, -r), V(r, y, r), 8, wood)}{space.Rod(V(-r, y, r), V(r, y, r), 8, wood)}
                    """);
        }

        Seat(sketch, space, height - 4, half * 1.06, half * 1.06, 14, half, wood);
        Seat(sketch, space, height + 11, half * 1.04, half * 1.04, 22, half, cover);
    }

    private static void Rocking(Sketch sketch, Space space, Tone wood, Tone cover, Dice dice)
    {
        foreach (var x in new[] { -84, 84 })
        {
            Svg runner = $"M{space.At(V(x, 34, -150))}Q{space.At(V(x, -26, 0))} {space.At(V(x, 26, 140))}";
            sketch.Draw($"""
                {Sketch.Line(runner, 14, wood.Dark(0.3))}<g transform='translate(-1 -3)'>{Sketch.Line(runner, 7, wood.Light(0.08))}</g>
                """);
        }

        Legs(sketch, space, wood, 150, 66, 58, 18, 12);
        Seat(sketch, space, 146, 92, 84, 13, 36, wood);
        Seat(sketch, space, 160, 84, 76, 16, 34, cover);
        Spindles(sketch, space, wood, 162, dice.Between(330, 348), -66, 84, 7);
        foreach (var x in new[] { -100, 100 })
        {
            sketch.Draw(space.Rod(V(x * 0.84, 160, 50), V(x, 222, 58), 9, wood));
            sketch.Draw($"{space.Rod(V(x * 0.92, 232, -78), V(x, 226, 82), 17, wood)}");
        }
    }

    private static void Shell(Sketch sketch, Space space, Tone wood, Tone cover)
    {
        Legs(sketch, space, wood, 176, 48, 44, 40, 12);
        sketch.Draw(
            $"""
                {space.Rod(V(-66, 100, 60), V(50, 168, -40), 4, Palette.Charcoal.Tone)}
                {space.Rod(V(66, 100, 60), V(-50, 168, -40), 4, Palette.Charcoal.Tone)}
                """);
        Back(sketch, space, 254, -64, 106, 98, 10, 64, cover);
        Svg bucket = $"""
            M{space.At(V(-104, 214, -58))}C{space.At(V(-118, 190, 20))} {space.At(V(-112, 178, 84))}
            {space.At(V(-70, 170, 96))}L{space.At(V(76, 170, 96))}C{space.At(V(116, 178, 84))} {space.At(V(116, 194, 10))}
            {space.At(V(104, 220, -58))}Q{space.At(V(0, 172, -50))} {space.At(V(-104, 214, -58))}z
            """;
        sketch.Draw($"""
            <path d='{bucket}' fill='{sketch.Down((0, cover.Light(0.04)), (0.5, cover.Light(0.2)), (1, cover.Dark(0.14)))}'/>
            <path d='{bucket}' fill='{sketch.Across((0, Tone.Ink.Fade(0.1)), (0.5, Tone.Ink.Fade(0)), (1, Tone.Ink.Fade(0.26)))}'/>
            """);
        sketch.Draw(Sketch.Line($"M{space.At(V(-70, 170, 97))}L{space.At(V(76, 170, 97))}", 6, cover.Dark(0.2)));
    }
}
