using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum HeadphoneForm { Around, OnEar, Studio, Open, Buds, Retro }

internal static class HeadphonePicture
{
    private static readonly Tone Foam = 0x2B2A2E;

    public static string Draw(HeadphoneForm form, Tone shell, Tone pad, Tone metal, Dice dice)
    {
        var sketch = new Sketch(dice, shell);
        if (form == HeadphoneForm.Buds)
        {
            Buds(sketch, shell, metal, dice);
            return sketch.ToString();
        }

        sketch.Shadow(340, 424, 210, 24, 0.4);
        if (form == HeadphoneForm.Studio)
            Cable(sketch, metal.Dark(0.6));
        var small = form is HeadphoneForm.OnEar or HeadphoneForm.Retro;
        Band(sketch, form, shell, pad, metal);
        Far(sketch, shell, pad, small);
        Near(sketch, form, shell, pad, metal, small, dice);
        return sketch.ToString();
    }

    private static void Band(Sketch sketch, HeadphoneForm form, Tone shell, Tone pad, Tone metal)
    {
        Svg arc = $"M206 236C196 96 262 58 326 58S452 96 436 232";
        if (form is HeadphoneForm.Retro)
        {
            sketch.Draw($"""
                {Sketch.Line(arc, 13, metal.Dark(0.35))}
                <g transform='translate(-1 -2)'>{Sketch.Line(arc, 8, metal)}{Sketch.Line(arc, 2.5, metal.Light(0.6))}</g>
                """);
            sketch.Draw(Sketch.Line($"M272 66Q326 48 382 68", 22, pad.Dark(0.1)));
            return;
        }

        sketch.Draw(
            $"""
                {Sketch.Line($"M206 250V196M436 250V190", 10, metal.Dark(0.35))}
                {Sketch.Line($"M204 250V196M434 250V190", 4, metal.Light(0.3))}
                """);
        Svg top = $"M212 186C222 96 272 62 326 62S428 96 432 182";
        sketch.Draw($"""
            {Sketch.Line(top, 34, shell.Dark(0.34))}<g transform='translate(-2 -4)'>{Sketch.Line(top, 24, shell)}</g>
            <g transform='translate(-5 -9)'>{Sketch.Line($"M222 160C236 98 276 68 326 66", 5, shell.Light(0.55).Fade(0.9))}</g>
            """);
        sketch.Draw($"""
            {Sketch.Line($"M238 146C252 104 286 84 326 84S394 104 406 142", 20, pad.Dark(0.3))}
            <path d='M238 142C252 100 286 80 326 80S394 100 406 138' stroke='{pad.Light(0.18)}' stroke-width='10'/>
            <path d='M250 122l9 8M274 100l7 10M303 88l4 11M349 88l-4 11M374 99l-7 10M395 118l-9 9' stroke='{pad.Dark(0.45)}'
            stroke-width='2.5'/>
            """);
    }

    /// <summary>The far cup shows its cushion and the dark inside.</summary>
    private static void Far(Sketch sketch, Tone shell, Tone pad, bool small)
    {
        var k = small ? 0.78 : 1;
        sketch.Draw($"""
            <ellipse cx='198' cy='308' rx='{62 * k}' ry='{96 * k}'
            fill='{sketch.Across((0, shell.Light(0.2)), (0.5, shell.Dark(0.1)), (1, shell.Dark(0.4)))}'/>
            """);
        sketch.Draw($"""
            <ellipse cx='216' cy='310' rx='{60 * k}' ry='{94 * k}'
            fill='{sketch.Across((0, pad.Dark(0.3)), (0.4, pad.Light(0.14)), (1, pad.Dark(0.25)))}'/>
            <ellipse cx='222' cy='311' rx='{36 * k}' ry='{66 * k}' fill='{Foam}'/>
            <ellipse cx='226' cy='314' rx='{28 * k}' ry='{54 * k}' fill='{Foam.Light(0.12)}'/>
            """);
        sketch.Draw($"<ellipse cx='212' cy='308' rx='{50 * k}' ry='{84 * k}' stroke='{pad.Light(0.4).Fade(0.5)}' stroke-width='3'/>");
    }

    private static void Near(Sketch sketch, HeadphoneForm form, Tone shell, Tone pad, Tone metal, bool small, Dice dice)
    {
        var k = small ? 0.78 : 1;
        double x = 428, y = 308, rx = 80 * k, ry = 98 * k;
        sketch.Draw($"""
            <ellipse cx='{x - 34}' cy='{y + 4}' rx='{rx * 0.92}' ry='{ry * 1.02}'
            fill='{sketch.Across((0, pad.Dark(0.35)), (0.3, pad.Light(0.12)), (1, pad.Dark(0.3)))}'/>
            <ellipse cx='{x - 16}' cy='{y + 2}' rx='{rx * 0.94}' ry='{ry * 0.98}' fill='{shell.Dark(0.42)}'/>
            """);
        sketch.Draw($"""
            <ellipse cx='{x}' cy='{y}' rx='{rx}' ry='{ry}'
            fill='{sketch.Across((0, shell.Light(0.34)), (0.4, shell), (1, shell.Dark(0.32)))}'/>
            <ellipse cx='{x}' cy='{y}' rx='{rx}' ry='{ry}'
            fill='{sketch.Down((0, Tone.White.Fade(0.28)), (0.5, Tone.White.Fade(0)), (1, Tone.Ink.Fade(0.3)))}'/>
            """);
        switch (form)
        {
            case HeadphoneForm.Open:
                sketch.Draw($"""
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.78}' ry='{ry * 0.78}' fill='{Foam}'/>
                    {Sketch.Dots(from row in Enumerable.Range(-7, 15) from i in Enumerable.Range(-6, 13)
                    let at = new Point(x + (i * 11) + (Math.Abs(row) % 2 * 5.5), y + (row * 10))
                    where Math.Pow((at.X - x) / (rx * 0.72), 2) + Math.Pow((at.Y - y) / (ry * 0.72), 2) < 1 select at, 5, metal.Dark(0.1))}
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.78}' ry='{ry * 0.78}' stroke='{metal}' stroke-width='5'/>
                    """);
                break;
            case HeadphoneForm.Retro:
                sketch.Draw($"""
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.7}' ry='{ry * 0.7}' fill='{metal}'/>
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.58}' ry='{ry * 0.58}' fill='{shell.Dark(0.1)}'/>
                    <path d='M{x - (rx * 0.4)} {y}h{rx * 0.8}M{x} {y - (ry * 0.4)}v{ry * 0.8}' stroke='{metal}' stroke-width='4'/>
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.2}' ry='{ry * 0.2}' fill='{metal.Light(0.3)}'/>
                    """);
                break;
            case HeadphoneForm.Studio:
                sketch.Draw($"""
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.74}' ry='{ry * 0.74}' stroke='{shell.Dark(0.4)}' stroke-width='4'/>
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.66}' ry='{ry * 0.66}'
                    fill='{sketch.Down((0, metal.Light(0.3)), (0.5, metal.Dark(0.1)), (1, metal.Light(0.1)))}'/>
                    <ellipse cx='{x}' cy='{y}' rx='{rx * 0.4}' ry='{ry * 0.4}' stroke='{metal.Dark(0.35)}' stroke-width='3'/>
                    """);
                break;
            default:
                var ring = dice.Within(0.5, 0.76);
                sketch.Draw($"""
                    <ellipse cx='{x}' cy='{y}' rx='{rx * ring}' ry='{ry * ring}' fill='{shell.Dark(0.07)}' stroke='{metal}'
                    stroke-width='4'/>
                    <ellipse cx='{x - 2}' cy='{y - 3}' rx='{rx * ring * 0.92}' ry='{ry * ring * 0.92}'
                    fill='{sketch.Down((0, shell.Light(0.2)), (1, shell.Dark(0.12)))}'/>
                    <circle cx='{x}' cy='{y + (ry * 0.86)}' r='4' fill='#e8f3d6'/>
                    """);
                break;
        }

        sketch.Draw($"""
            <path d='M436 {y - ry + 12}V190' stroke='{metal.Dark(0.3)}' stroke-width='13'/>
            <path d='M433 {y - ry + 12}V192' stroke='{metal.Light(0.35)}' stroke-width='5'/>
            <path d='M{x - (rx * 0.66)} {y - (ry * 0.5)}q{rx * 0.2} {-ry * 0.36} {rx * 0.66} {-ry * 0.4}' stroke='#ffffff88'
            stroke-width='5'/>
            """);
    }

    private static void Cable(Sketch sketch, Tone tone)
    {
        var coil = string.Concat(Enumerable.Range(0, 12).Select(_ => "c12 -14 22 -6 12 6c-4 8 -12 4 -4 -6"));
        sketch.Draw($"""
            {Sketch.Line($"M200 396Q196 430 250 432", 7, tone)}{Sketch.Line($"M250 432{coil}q20 10 60 -4q40 -16 70 2", 6, tone)}
            <path d='M476 430l40 6' stroke='{Palette.Brass.Tone}' stroke-width='10'/>
            """);
    }

    private static void Buds(Sketch sketch, Tone shell, Tone metal, Dice dice)
    {
        sketch.Shadow(336, 412, 220, 26, 0.42);
        var open = dice.Between(0, 14);
        sketch.Draw($"""
            <path d='M176 262C176 {150 - open} 210 {120 - open} 320 {120 - open}S464 {150 - open} 464 262z'
            fill='{sketch.Across((0, shell.Dark(0.05)), (0.3, shell.Light(0.25)), (1, shell.Dark(0.3)))}'/>
            <path d='M194 262C194 {176 - open} 226 {142 - open} 320 {142 - open}S446 {176 - open} 446 262z' fill='{shell.Dark(0.34)}'/>
            """);
        foreach (var (x, flip) in new[] { (258, 1), (382, -1) })
        {
            sketch.Draw($"""
                <g transform='translate({x} 232) scale({flip} 1)'>
                <path d='M-12 -10h24V70h-24z'
                fill='{sketch.Across((0, shell.Light(0.2)), (0.4, shell.Light(0.42)), (1, shell.Dark(0.2)))}'/>
                <ellipse cx='4' cy='-24' rx='36' ry='34'
                fill='{sketch.Radial((0, shell.Light(0.6)), (0.5, shell.Light(0.18)), (1, shell.Dark(0.16)))}'/>
                <path d='M30 -42q18 4 16 20q-4 14 -20 12z' fill='{shell.Dark(0.45)}'/>
                <path d='M-22 -10q10 12 26 8' stroke='{metal}' stroke-width='3'/>
                <path d='M-20 -46q10 -12 26 -10' stroke='#ffffff99' stroke-width='5'/><circle cx='-2' cy='12' r='3' fill='{metal}'/></g>
                """);
        }

        sketch.Round($"M160 268Q160 252 178 252H462Q480 252 480 268V330Q480 408 400 408H240Q160 408 160 330z", shell, gloss: 0.4);
        sketch.Draw($"""
            <path d='M168 262H472' stroke='{shell.Dark(0.45)}' stroke-width='9'/>
            <path d='M170 258H470' stroke='{shell.Light(0.4)}' stroke-width='3'/>
            <rect x='292' y='254' width='56' height='12' rx='6' fill='{metal}'/><circle cx='320' cy='308' r='5' fill='#dff0c8'/>
            """);
    }
}
