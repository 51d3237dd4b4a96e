using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum CandleForm { Jar, Pillars, Tapers, Tin, Bowl, Lantern, Beeswax }

internal static class CandlePicture
{
    private static readonly Tone[] Evening = [0x9C8A80, 0x7F8A8E, 0x8E7D84, 0x7C8675, 0x86809A, 0xA6927A, 0x6C7683];
    private static readonly Tone Warm = 0xFFD68A;

    public static string Draw(CandleForm form, Tone wax, Tone vessel, Dice dice)
    {
        var sketch = new Sketch(Sketch.Against(wax.Mix(vessel, 0.4), Evening, dice), 3);
        switch (form)
        {
            case CandleForm.Jar: Jar(sketch, wax, vessel, dice); break;
            case CandleForm.Pillars: Pillars(sketch, wax, dice); break;
            case CandleForm.Tapers: Tapers(sketch, wax, vessel); break;
            case CandleForm.Tin: Tin(sketch, wax, vessel, dice); break;
            case CandleForm.Bowl: Bowl(sketch, wax, vessel, dice); break;
            case CandleForm.Lantern: Lantern(sketch, wax, vessel); break;
            default: Beeswax(sketch, wax, dice); break;
        }

        return sketch.ToString();
    }

    private static void Flame(Sketch sketch, double x, double y, double size = 1)
    {
        sketch.Draw($"""
            <circle cx='{x}' cy='{y - (34 * size)}' r='{190 * size}'
            fill='{sketch.Radial((0, Warm.Fade(0.7)), (0.3, Warm.Fade(0.26)), (1, Warm.Fade(0)))}'/>
            """);
        sketch.Draw($"""
            <path d='M{x} {y}v{-15 * size}' stroke='#2b211c' stroke-width='{4 * size}'/>
            <path d='M{x} {y - (78 * size)}C{x + (8 * size)} {y - (54 * size)} {x + (19 * size)} {y - (40 * size)} {x + (17 * size)}
            {y - (22 * size)}C{x + (15 * size)} {y - (3 * size)} {x - (15 * size)} {y - (3 * size)} {x - (17 * size)}
            {y - (22 * size)}C{x - (19 * size)} {y - (42 * size)} {x - (4 * size)} {y - (56 * size)} {x} {y - (78 * size)}z'
            fill='{sketch.Down((0, 0xFFB347), (0.5, 0xFFE08A), (0.85, 0xFFF6D8), (1, ((Tone)0x9FB7E8).Fade(0.7)))}'/>
            """);
        sketch.Draw($"""
            <path d='M{x} {y - (48 * size)}q{9 * size} {20 * size} {7 * size} {30 * size}q{-7 * size} {10 * size} {-14 * size} 0q{-2 * size}
            {-10 * size} {7 * size} {-30 * size}z' fill='#fffdf2'/>
            """);
    }

    private static Svg Tube(double x, double top, double bottom, double r) =>
        $"M{x - r} {top}V{bottom}A{r} {r * 0.16} 0 0 0 {x + r} {bottom}V{top}A{r} {r * 0.16} 0 0 1 {x - r} {top}z";

    private static void Pool(Sketch sketch, double x, double y, double r, Tone wax)
    {
        sketch.Draw($"""
            <ellipse cx='{x}' cy='{y}' rx='{r}' ry='{r * 0.17}'
            fill='{sketch.Radial((0, wax.Mix(Warm, 0.7).Light(0.4)), (0.6, wax.Mix(Warm, 0.3).Light(0.2)), (1, wax))}'/>
            """);
    }

    private static void Jar(Sketch sketch, Tone wax, Tone vessel, Dice dice)
    {
        var (r, top, level) = (dice.Between(96, 116), dice.Between(150, 180), dice.Between(226, 250));
        sketch.Shadow(350, 410, r * 1.8, 28);
        sketch.Draw($"<path d='{Tube(320, top, 398, r)}' fill='{vessel.Fade(0.38)}'/>");
        sketch.Round(Tube(320, level, 388, r - 8), wax, $"""
            <path d='{Tube(320, level, 388, r - 8)}' fill='{sketch.Down((0, Warm.Fade(0.75)), (0.6, Warm.Fade(0)))}'/>
            """, 0.2);
        Pool(sketch, 320, level, r - 8, wax);
        Flame(sketch, 320, level, 1);
        var label = vessel.Luma > 0.6 ? vessel.Dark(0.5) : vessel;
        sketch.Draw($"""
            <path d='M{320 - r} 292A{r} {r * 0.16} 0 0 0 {320 + r} 292V362A{r} {r * 0.16} 0 0 1 {320 - r} 362z' fill='#f4ecdc'/>
            <path d='M{320 - r} 300A{r} {r * 0.16} 0 0 0 {320 + r} 300M{320 - r} 354A{r} {r * 0.16} 0 0 0 {320 + r} 354' stroke='{label}'
            stroke-width='2.5'/>
            """);
        sketch.Draw($"""
            <path d='M320 360v-30m0 12q16 -2 18 -18q-18 0 -18 18q-16 -2 -18 -18q18 0 18 18m0 -14q9 -12 0 -20q-9 8 0 20' stroke='{label}'
            stroke-width='3' fill='{label.Fade(0.4)}'/>
            """);
        sketch.Draw($"""
            <path d='{Tube(320, top, 398, r)}'
            fill='{sketch.Across((0, Tone.Ink.Fade(0.28)), (0.08, Tone.White.Fade(0.3)), (0.14, Tone.White.Fade(0.04)), (0.8,
            Tone.White.Fade(0)), (0.92, Tone.White.Fade(0.3)), (1, Tone.Ink.Fade(0.25)))}'/>
            <ellipse cx='320' cy='{top}' rx='{r}' ry='{r * 0.16}' stroke='#ffffffaa' stroke-width='4'/>
            """);
    }

    private static void Pillars(Sketch sketch, Tone wax, Dice dice)
    {
        sketch.Shadow(350, 408, 240, 30);
        foreach (
            var (x, r, top, tone) in new[] {
                 (206.0, 56.0, dice.Between(210, 240), wax.Dark(0.12)), (430, 60, dice.Between(250, 280), wax.Light(0.28)),
                (318, 66, dice.Between(140, 168), wax) })
        {
            sketch.Round(Tube(x, top, 400, r), tone, $"""
                <path d='M{x - r} {top - 12}h{r * 2}v150h{-r * 2}z' fill='{sketch.Down((0, Warm.Fade(0.75)), (1, Warm.Fade(0)))}'/>
                """, 0.2);
            Pool(sketch, x, top, r, tone);
            sketch.Draw($"""
                <path d='M{x - (r * 0.6)} {top + 5}q-2 30 4 {dice.Between(30, 60)}q6 8 8 -2q-4 -30 4 -56z' fill='{tone.Light(0.25)}'/>
                """);
            Flame(sketch, x, top + 2, 0.8);
        }
    }

    private static void Tapers(Sketch sketch, Tone wax, Tone metal)
    {
        sketch.Shadow(340, 414, 210, 26);
        var shine = sketch.Across((0, metal.Dark(0.3)), (0.3, metal.Light(0.4)), (1, metal.Dark(0.4)));
        foreach (var (x, top) in new[] { (200.0, 158.0), (440, 158), (320, 118) })
        {
            sketch.Round($"""
                M{x - 12} {top}L{x - 16} 320H{x + 16}L{x + 12} {top}A12 4 0 0 0 {x - 12} {top}z
                """, wax, $"""
                <path d='M{x - 20} {top}h40v110h-40z' fill='{sketch.Down((0, Warm.Fade(0.8)), (1, Warm.Fade(0)))}'/>
                """, 0.3);
            Flame(sketch, x, top + 2, 0.72);
            sketch.Draw($"""
                <path d='M{x - 24} 312h48l-6 34h-36z' fill='{shine}'/><ellipse cx='{x}' cy='312' rx='32' ry='7' fill='{metal.Light(0.3)}'/>
                <path d='M{x - 12} 316V304h24v12z' fill='{wax}'/>
                """);
        }

        sketch.Draw($"""
            <path d='M200 340C200 400 440 400 440 340' stroke='{metal.Dark(0.3)}' stroke-width='15'/>
            <path d='M200 338C200 397 440 397 440 338' stroke='{metal}' stroke-width='8'/><path d='M312 336h16v64h-16z' fill='{shine}'/>
            """);
        sketch.Draw($"""
            <path d='M236 400a84 16 0 0 0 168 0v8a84 16 0 0 1 -168 0z' fill='{metal.Dark(0.4)}'/>
            <ellipse cx='320' cy='402' rx='84' ry='14' fill='{shine}'/>
            """);
    }

    private static void Tin(Sketch sketch, Tone wax, Tone vessel, Dice dice)
    {
        var r = dice.Between(122, 142);
        sketch.Shadow(340, 410, r * 1.6, 28);
        sketch.Draw($"""
            <ellipse cx='{330 + r}' cy='398' rx='96' ry='18' fill='{vessel.Dark(0.45)}'/>
            <ellipse cx='{330 + r}' cy='390' rx='96' ry='18'
            fill='{sketch.Across((0, vessel.Dark(0.1)), (0.4, vessel.Light(0.35)), (1, vessel.Dark(0.3)))}'/>
            <ellipse cx='{330 + r}' cy='390' rx='84' ry='14' stroke='{vessel.Dark(0.3)}' stroke-width='2'/>
            """);
        var dots = Sketch.Dots(
            from row in Enumerable.Range(0, 3) from i in Enumerable.Range(-6, 13) select new Point(
                296 + (r * Math.Sin((i + (row % 2 * 0.5)) * 0.25)), 306 + (row * 34)),
            11, wax);
        sketch.Round(Tube(296, 264, 396, r), vessel, $"""
            {dots}<path d='M150 276a150 24 0 0 0 300 0v-8H150z' fill='{vessel.Dark(0.3).Fade(0.5)}'/>
            """, 0.45);
        sketch.Draw($"<ellipse cx='296' cy='264' rx='{r}' ry='{r * 0.16}' fill='{vessel.Light(0.45)}'/>");
        Pool(sketch, 296, 267, r - 8, wax);
        Flame(sketch, 296, 268, 1.15);
    }

    private static void Bowl(Sketch sketch, Tone wax, Tone vessel, Dice dice)
    {
        var r = dice.Between(160, 186);
        sketch.Shadow(344, 408, r * 1.3, 28);
        sketch.Round($"""
            M{320 - r} 270C{320 - r} 360 {320 - (r * 0.7)} 396 {320 - (r * 0.42)} 400A{r * 0.42} 8 0 0 0 {320 + (r * 0.42)}
            400C{320 + (r * 0.7)} 396 {320 + r} 360 {320 + r} 270z
            """, vessel, $"""
            <path d='M100 316q220 60 440 0' stroke='{vessel.Light(0.4).Fade(0.6)}' stroke-width='5'/>
            """);
        sketch.Draw($"<ellipse cx='320' cy='270' rx='{r}' ry='{r * 0.17}' fill='{vessel.Light(0.3)}'/>");
        Pool(sketch, 320, 273, r - 9, wax);
        foreach (var (x, y) in new[] { (320.0, 262.0), (320 - (r * 0.48), 274), (320 + (r * 0.48), 274) })
            Flame(sketch, x, y, 0.78);
    }

    private static void Lantern(Sketch sketch, Tone wax, Tone metal)
    {
        sketch.Shadow(340, 420, 180, 26);
        sketch.Draw($"""
            <path d='M286 92a34 40 0 0 1 68 0' stroke='{metal.Dark(0.2)}' stroke-width='8'/>
            <path d='M230 150L290 90h60l60 60z'
            fill='{sketch.Across((0, metal.Dark(0.2)), (0.3, metal.Light(0.3)), (1, metal.Dark(0.35)))}'/>
            <path d='M226 150h188v248H226z' fill='#fff3d422'/>
            """);
        sketch.Round(Tube(320, 290, 388, 50), wax, $"""
            <path d='M260 280h120v70H260z' fill='{sketch.Down((0, Warm.Fade(0.8)), (1, Warm.Fade(0)))}'/>
            """);
        Pool(sketch, 320, 290, 50, wax);
        Flame(sketch, 320, 292, 0.95);
        sketch.Draw($"""
            <path d='M230 150V398M410 150V398M320 150V222M320 384v10' stroke='{metal}' stroke-width='11' stroke-linecap='butt'/>
            <path d='M227 150V398M407 150V398' stroke='{metal.Light(0.4)}' stroke-width='3'/>
            <path d='M214 144h212v14H214zM214 392h212v20H214z'
            fill='{sketch.Across((0, metal.Dark(0.2)), (0.3, metal.Light(0.3)), (1, metal.Dark(0.35)))}'/>
            <path d='M242 164h60l-60 150z' fill='#ffffff1e'/>
            """);
    }

    private static void Beeswax(Sketch sketch, Tone wax, Dice dice)
    {
        sketch.Shadow(346, 410, 200, 28);
        sketch.Draw($"""
            <ellipse cx='320' cy='404' rx='190' ry='20' fill='{Palette.Walnut.Tone.Dark(0.2)}'/>
            <ellipse cx='320' cy='397' rx='190' ry='20'
            fill='{sketch.Across((0, Palette.Walnut.Tone), (0.3, Palette.Walnut.Tone.Light(0.25)), (1, Palette.Walnut.Tone.Dark(0.2)))}'/>
            """);
        foreach (var (x, top) in new[] { (252.0, dice.Between(196, 230)), (384, dice.Between(250, 280)), (318, dice.Between(130, 160)) })
        {
            const double r = 36;
            var rows = Enumerable.Range(0, (int)(394 - top) / 14).Select(row => Svg.Of($"""
                M{x - 36 - (row % 2 * 9)} {top + 8 + (row * 14)}l9 5 9 -5 9 5 9 -5 9 5 9 -5 9 5 9 -5 9 5v9
                """));
            var comb = string.Concat(rows);
            sketch.Round(Tube(x, top, 394, r), wax, $"""
                <path d='{comb}' stroke='{wax.Dark(0.32).Fade(0.7)}' stroke-width='2'/>
                <path d='M{x - r} {top - 8}h72v110h-72z' fill='{sketch.Down((0, Warm.Fade(0.7)), (1, Warm.Fade(0)))}'/>
                """, 0.2);
            Pool(sketch, x, top, r, wax);
            sketch.Draw($"<path d='M{x - 20} {top}a20 4 0 1 0 24 -3a12 3 0 1 0 -10 4' stroke='{wax.Dark(0.3)}' stroke-width='2'/>");
            Flame(sketch, x, top + 2, 0.72);
        }
    }
}
