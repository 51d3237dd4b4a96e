using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum LampForm { Table, Desk, Dome, Tripod, Mushroom, Paper, Reading }

internal static class LampPicture
{
    private static readonly Tone[] Dusk = [0xB7A797, 0x97A3A8, 0xA88F88, 0x8F9B88, 0x978FA3, 0x7F8C99, 0xB09A7B, 0x6F7C80];
    private static readonly Tone Warm = 0xFFE2A6;
    private static readonly Tone Metal = 0x3A3633;

    public static string Draw(LampForm form, Tone tone, Tone stand, Dice dice)
    {
        var sketch = new Sketch(Sketch.Against(tone, Dusk, dice), 3);
        switch (form)
        {
            case LampForm.Table: Table(sketch, tone, stand, dice); break;
            case LampForm.Desk: Desk(sketch, tone, stand); break;
            case LampForm.Dome: Dome(sketch, tone, stand, dice); break;
            case LampForm.Tripod: Tripod(sketch, tone, stand, dice); break;
            case LampForm.Mushroom: Mushroom(sketch, tone, dice); break;
            case LampForm.Paper: Paper(sketch, tone, dice); break;
            default: Reading(sketch, tone, stand); break;
        }

        return sketch.ToString();
    }

    private static void Glow(Sketch sketch, double x, double y, double r, double strength = 0.75) =>
        sketch.Draw($"""
            <circle cx='{x}' cy='{y}' r='{r}'
            fill='{sketch.Radial((0, Warm.Fade(strength)), (0.45, Warm.Fade(strength * 0.35)), (1, Warm.Fade(0)))}'/>
            """);

    private static void Beam(Sketch sketch, Svg path, double strength = 0.55) =>
        sketch.Draw($"<path d='{path}' fill='{sketch.Down((0, Warm.Fade(strength)), (1, Warm.Fade(0.04)))}'/>");

    /// <summary>A fabric shade with the bulb shining through.</summary>
    private static void Shade(Sketch sketch, double x, double top, double bottom, double narrow, double wide, Tone tone)
    {
        Svg d = $"""
            M{x - narrow} {top}L{x - wide} {bottom}A{wide} {wide * 0.14} 0 0 0 {x + wide} {bottom}L{x + narrow} {top}A{narrow}
            {narrow * 0.14} 0 0 1 {x - narrow} {top}z
            """;
        sketch.Draw($"""
            <path d='{d}' fill='{tone}'/>
            <path d='{d}' fill='{sketch.Radial((0, Warm.Light(0.35).Fade(0.9)), (0.5, Warm.Fade(0.45)), (1, Warm.Fade(0.05)))}'/>
            """);
        sketch.Draw($"""
            <path d='{d}'
            fill='{sketch.Across((0, Tone.Ink.Fade(0.3)), (0.3, Tone.White.Fade(0.12)), (0.6, Tone.Ink.Fade(0)), (1,
            Tone.Ink.Fade(0.32)))}'/>
            """);
        sketch.Draw($"""
            <path d='M{x - wide} {bottom}a{wide} {wide * 0.14} 0 0 0 {wide * 2} 0M{x - narrow} {top}a{narrow} {narrow * 0.14} 0 0 0
            {narrow * 2} 0' stroke='{tone.Dark(0.18)}' stroke-width='4'/>
            """);
        sketch.Draw($"<ellipse cx='{x}' cy='{top}' rx='{narrow - 2}' ry='{narrow * 0.13}' fill='{Warm.Light(0.5)}'/>");
    }

    private static void Table(Sketch sketch, Tone tone, Tone stand, Dice dice)
    {
        Glow(sketch, 320, 190, 300);
        sketch.Shadow(340, 408, 150, 26);
        var (r, h) = (dice.Between(54, 80), dice.Between(110, 132));
        var top = 402 - h;
        sketch.Draw($"""
            <path d='M313 226h14v{top - 220}h-14z'
            fill='{sketch.Across((0, Palette.Brass.Tone.Dark(0.3)), (0.4, Palette.Brass.Tone.Light(0.4)), (1,
            Palette.Brass.Tone.Dark(0.4)))}'/>
            """);
        sketch.Round($"""
            M306 {top}C{320 - (r * 1.5)} {top + (h * 0.3)} {320 - (r * 1.25)} {top + (h * 0.8)} {320 - (r * 0.6)} 402A{r * 0.6} 8 0 0 0
            {320 + (r * 0.6)} 402C{320 + (r * 1.25)} {top + (h * 0.8)} {320 + (r * 1.5)} {top + (h * 0.3)} 334 {top}z
            """, stand);
        Shade(sketch, 320, dice.Between(66, 84), 250, dice.Between(62, 100), dice.Between(120, 138), tone);
    }

    private static void Desk(Sketch sketch, Tone tone, Tone stand)
    {
        Beam(sketch, $"M392 178L478 128L640 400H372z");
        sketch.Draw($"<ellipse cx='500' cy='402' rx='136' ry='22' fill='{sketch.Radial((0, Warm.Fade(0.8)), (1, Warm.Fade(0)))}'/>");
        sketch.Shadow(232, 408, 130, 22);
        sketch.Draw(
            $"""
                {Sketch.Line($"M220 388L168 232", 13, stand.Dark(0.3))}{Sketch.Line($"M218 386L166 232", 6, stand.Light(0.2))}
                {Sketch.Line($"M168 232L396 112", 13, stand.Dark(0.3))}{Sketch.Line($"M168 230L394 110", 6, stand.Light(0.2))}
                """);
        sketch.Draw($"""
            {Sketch.Line($"M190 288L300 172", 3, Metal.Fade(0.6))}<circle cx='168' cy='232' r='14' fill='{stand.Dark(0.35)}'/>
            <circle cx='166' cy='230' r='6' fill='{stand.Light(0.3)}'/>
            """);
        sketch.Round($"M148 392v10a74 14 0 0 0 148 0v-10z", tone.Dark(0.12));
        sketch.Draw($"""
            <ellipse cx='222' cy='392' rx='74' ry='14' fill='{sketch.Across((0, tone), (0.3, tone.Light(0.35)), (1, tone.Dark(0.15)))}'/>
            """);
        sketch.Draw($"<g transform='translate(404 106) rotate(-30)'>");
        sketch.Draw($"<ellipse cx='0' cy='88' rx='62' ry='15' fill='{Warm.Light(0.6)}'/>");
        sketch.Round($"M-20 -22Q-22 -40 0 -40T20 -22L62 88A62 15 0 0 0 -62 88z", tone);
        sketch.Draw($"""
            <ellipse cx='0' cy='89' rx='60' ry='13' fill='{sketch.Radial((0, Tone.White), (0.4, Warm.Light(0.3)), (1, Warm.Dark(0.25)))}'/>
            <rect x='-9' y='-54' width='18' height='18' rx='5' fill='{stand.Dark(0.3)}'/></g>
            """);
    }

    private static void Dome(Sketch sketch, Tone tone, Tone stand, Dice dice)
    {
        var (r, h, y) = (dice.Between(140, 180), dice.Between(104, 150), 258);
        Beam(sketch, $"M{320 - r + 10} {y}L40 480H600L{320 + r - 10} {y}z", 0.7);
        sketch.Draw($"""
            {Sketch.Line($"M320 0V{y - h - 18}", 4, Metal)}
            <path d='M306 {y - h - 26}h28l6 34h-40z'
            fill='{sketch.Across((0, stand.Dark(0.35)), (0.35, stand.Light(0.4)), (1, stand.Dark(0.4)))}'/>
            """);
        var edge = dice.Chance(50) ? r * 0.15 : 0;
        sketch.Round($"""
            M{320 - r} {y}C{320 - r} {y - (h * 0.9)} {320 - (r * 0.5) + edge} {y - h} 320 {y - h}S{320 + r} {y - (h * 0.9)} {320 + r}
            {y}A{r} {r * 0.17} 0 0 1 {320 - r} {y}z
            """, tone);
        sketch.Draw($"""
            <ellipse cx='320' cy='{y}' rx='{r}' ry='{r * 0.17}' fill='{tone.Dark(0.25)}'/>
            <ellipse cx='320' cy='{y + 2}' rx='{r - 6}' ry='{(r * 0.17) - 4}'
            fill='{sketch.Radial((0, Tone.White), (0.3, Warm.Light(0.5)), (1, Warm.Dark(0.18)))}'/>
            """);
        sketch.Draw($"<circle cx='320' cy='{y + 6}' r='22' fill='{Tone.White}'/>");
        Glow(sketch, 320, y + 10, 130);
    }

    private static void Tripod(Sketch sketch, Tone tone, Tone stand, Dice dice)
    {
        Glow(sketch, 320, 130, 290);
        sketch.Shadow(336, 428, 150, 18, 0.28);
        foreach (var (foot, y) in new[] { (344, 432), (222, 424), (418, 424) })
            sketch.Draw(
                $"""
                    {Sketch.Line($"M320 200L{foot} {y}", 12, stand.Dark(0.25))}
                    {Sketch.Line($"M318 200L{foot - 2} {y}", 5, stand.Light(0.22))}
                    """);
        sketch.Draw($"""
            {Sketch.Line($"M271 314L374 314L331 322z", 3, Palette.Brass.Tone)}
            <rect x='306' y='188' width='28' height='30' rx='6' fill='{Palette.Brass.Tone.Dark(0.1)}'/>
            """);
        Shade(sketch, 320, 52, dice.Between(186, 206), dice.Between(92, 116), dice.Between(120, 134), tone);
    }

    private static void Mushroom(Sketch sketch, Tone tone, Dice dice)
    {
        var (r, h, stem) = (dice.Between(128, 158), dice.Between(110, 140), dice.Between(24, 40));
        Glow(sketch, 320, 260, 280, 0.6);
        sketch.Shadow(340, 408, 150, 26);
        sketch.Draw($"<ellipse cx='320' cy='404' rx='128' ry='20' fill='{Warm.Fade(0.35)}'/>");
        sketch.Round($"""
            M{320 - stem} 240C{320 - stem} 330 {320 - stem - 12} 370 {320 - (stem * 2)} 392A{stem * 2} 14 0 0 0 {320 + (stem * 2)}
            392C{320 + stem + 12} 370 {320 + stem} 330 {320 + stem} 240z
            """, tone);
        sketch.Draw($"""
            <path d='M{320 - stem - 3} 248h{(stem * 2) + 6}v70h{-(stem * 2) - 6}z'
            fill='{sketch.Down((0, Warm.Fade(0.85)), (1, Warm.Fade(0)))}'/>
            """);
        sketch.Draw($"<ellipse cx='320' cy='244' rx='{r}' ry='{r * 0.16}' fill='{Warm.Light(0.4)}'/>");
        Svg cap = $"""
            M{320 - r} 244C{320 - r} {244 - h} {320 - (r * 0.55)} {234 - h} 320 {234 - h}S{320 + r} {244 - h} {320 + r} 244A{r} {r * 0.1} 0
            0 1 {320 - r} 244z
            """;
        sketch.Round(cap, tone, gloss: 0.5);
        sketch.Draw($"<path d='{cap}' fill='{sketch.Down((0, Warm.Fade(0)), (0.55, Warm.Fade(0.1)), (1, Warm.Fade(0.75)))}'/>");
    }

    private static void Paper(Sketch sketch, Tone tone, Dice dice)
    {
        double rx = dice.Between(128, 176), ry = dice.Between(120, 158);
        Glow(sketch, 320, 236, 310, 0.8);
        sketch.Draw($"{Sketch.Line($"M320 0V{236 - ry}", 4, Metal)}");
        Svg d = $"""
            M320 {236 - ry}C{320 - (rx * 1.35)} {236 - ry} {320 - (rx * 1.3)} {236 + ry} 320 {236 + ry}S{320 + (rx * 1.35)} {236 - ry} 320
            {236 - ry}z
            """;
        sketch.Draw($"""
            <path d='{d}' fill='{tone.Mix(Warm, 0.25)}'/>
            <path d='{d}'
            fill='{sketch.Radial((0, Tone.White.Fade(0.95)), (0.5, Warm.Light(0.4).Fade(0.6)), (1, tone.Dark(0.3).Fade(0.35)))}'/>
            """);
        var ribs = Svg.Each(Enumerable.Range(1, 10).Select(
            i => (Y: 236 - ry + (ry * 2 * i / 11), W: rx * 1.02 * Math.Sqrt(1 - Math.Pow(1 - (2 * i / 11.0), 2)))), r =>
                $"M{320 - r.W} {r.Y - 3}a{r.W} {r.W * 0.1} 0 0 0 {r.W * 2} 0");
        sketch.Draw($"""
            <g clip-path='{sketch.Clip($"<path d='{d}'/>")}'><path d='{ribs}' stroke='{tone.Dark(0.4).Fade(0.4)}' stroke-width='2.5'/></g>
            """);
        sketch.Draw($"""
            <ellipse cx='320' cy='{238 - ry}' rx='34' ry='7' fill='{Metal}'/>
            <ellipse cx='320' cy='{234 + ry}' rx='34' ry='8' fill='{Warm.Light(0.7)}'/>
            """);
    }

    private static void Reading(Sketch sketch, Tone tone, Tone stand)
    {
        Beam(sketch, $"M362 152L470 152L600 430H300z");
        sketch.Draw($"<ellipse cx='450' cy='428' rx='150' ry='22' fill='{sketch.Radial((0, Warm.Fade(0.8)), (1, Warm.Fade(0)))}'/>");
        sketch.Shadow(236, 432, 110, 18);
        sketch.Draw(
            $"""
                {Sketch.Line($"M226 420V108Q226 52 290 52H404Q416 52 416 66V90", 11, stand.Dark(0.3))}
                {Sketch.Line($"M224 420V108Q224 50 290 50H404", 4, stand.Light(0.35))}
                """);
        sketch.Round($"M160 418v8a66 12 0 0 0 132 0v-8z", tone.Dark(0.1));
        sketch.Draw($"""
            <ellipse cx='226' cy='418' rx='66' ry='12' fill='{tone.Light(0.15)}'/>
            <circle cx='226' cy='250' r='11' fill='{stand.Light(0.1)}'/>
            """);
        sketch.Round($"M398 82h36L476 154A60 13 0 0 1 356 154z", tone, gloss: 0.45);
        sketch.Draw($"""
            <ellipse cx='416' cy='156' rx='60' ry='12'
            fill='{sketch.Radial((0, Tone.White), (0.5, Warm.Light(0.4)), (1, Warm.Dark(0.2)))}'/>
            """);
        Glow(sketch, 416, 166, 90);
    }
}
