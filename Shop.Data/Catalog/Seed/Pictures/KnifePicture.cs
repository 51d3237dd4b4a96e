using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum BladeForm { Chef, Santoku, Bread, Paring, Nakiri, Paddle, Round, Plank }

/// <summary>A kitchen table from above: a board, a knife on it or beside it, and what is for supper.</summary>
internal static class KnifePicture
{
    public static string Draw(BladeForm form, Tone wood, Tone handle, int finish, Dice dice)
    {
        var knife = form < BladeForm.Paddle;
        var sketch = new Sketch(
            Sketch.Against(wood.Mix(handle, knife ? 0.3 : 0), [0xCDD5D6, 0xD9CFC3, 0xB9C4C0, 0xC9C3D2, 0xA9B5BA, 0xDCD2B8, 0x94A39B], dice),
            4);
        if (knife)
        {
            Board(sketch, wood, $"M96 110Q96 84 122 84H518Q544 84 544 110V370Q544 396 518 396H122Q96 396 96 370z", dice);
            Groceries.Draw(sketch, dice, new(178, 152), new(480, 340));
            Blade(sketch, form, handle, finish, -24, 318, 236, form == BladeForm.Paring ? 1.08 : 1.12);
        }
        else
        {
            BoardAlone(sketch, form, wood, dice);
            Groceries.Draw(
                sketch, dice, form == BladeForm.Round ? new(264, 196) : new(250, 180),
                form == BladeForm.Round ? new(356, 300) : new(386, 300));
        }

        return sketch.ToString();
    }

    private static readonly string Waves = string.Concat(Enumerable.Repeat("q-6 -5 -12 0t-12 0", 10));

    private static void BoardAlone(Sketch sketch, BladeForm form, Tone wood, Dice dice)
    {
        switch (form)
        {
            case BladeForm.Paddle:
                sketch.Draw($"<g transform='rotate(-14 320 240) translate(0 8)'>");
                Board(sketch, wood, $"""
                    M90 150Q90 112 130 112H410Q446 112 458 190Q464 214 486 214H566Q590 214 590 240T566 266H486Q464 266 458 290Q446 368 410
                    368H130Q90 368 90 330z
                    """, dice);
                sketch.Draw($"""
                    <circle cx='562' cy='240' r='10' fill='{sketch.Wall.Dark(0.25)}'/>
                    <circle cx='562' cy='240' r='11' stroke='{wood.Dark(0.4)}' stroke-width='3'/></g>
                    """);
                break;
            case BladeForm.Round:
                Board(sketch, wood, $"M320 46A194 194 0 1 1 320 434A194 194 0 1 1 320 46z", dice);
                sketch.Draw($"""
                    <circle cx='320' cy='240' r='174' stroke='{wood.Dark(0.4).Fade(0.6)}' stroke-width='5'/>
                    <circle cx='321' cy='242' r='176' stroke='{wood.Light(0.4).Fade(0.6)}' stroke-width='2'/>
                    """);
                break;
            default:
                sketch.Draw($"<g transform='rotate({dice.Between(-7, 7)} 320 240)'>");
                Board(sketch, wood, $"M80 92Q80 70 102 70H538Q560 70 560 92V388Q560 410 538 410H102Q80 410 80 388z", dice);
                sketch.Draw($"""
                    <rect x='104' y='94' width='432' height='292' rx='16' stroke='{wood.Dark(0.4).Fade(0.6)}' stroke-width='6'/>
                    <rect x='106' y='97' width='432' height='292' rx='16' stroke='{wood.Light(0.4).Fade(0.5)}' stroke-width='2'/></g>
                    """);
                break;
        }
    }

    private static void Board(Sketch sketch, Tone wood, Svg shape, Dice dice)
    {
        var d = shape.ToString();
        sketch.Draw($"""
            <path d='{d}' transform='translate(12 18)' fill='#2a222033'/>
            <path d='{d}' transform='translate(6 10)' fill='{wood.Dark(0.45)}'/><path d='{d}' fill='{wood}'/>
            """);
        sketch.Draw($"<g clip-path='{sketch.Clip($"<path d='{d}'/>")}'>");
        var slate = wood.DistanceTo(Palette.Slate.Tone) < 60;
        for (var i = 0; i < 13 && !slate; i++)
        {
            var y = 34 + (i * 33) + dice.Between(-8, 8);
            sketch.Draw($"""
                <path d='M60 {y}C180 {y + dice.Between(-22, 22)} 300 {y + dice.Between(-22, 22)} 420 {y + dice.Between(-8, 8)}S560
                {y + dice.Between(-8, 8)} 620 {y}' stroke='{(i % 3 == 0 ? wood.Light(0.25) : wood.Dark(0.2)).Fade(0.5)}'
                stroke-width='{dice.Between(2, 9)}'/>
                """);
        }

        if (slate)
            sketch.Draw(
                Sketch.Dots(
                    Enumerable.Range(0, 50).Select(_ => new Point(dice.Between(90, 550), dice.Between(60, 420))), 2,
                    wood.Light(0.3).Fade(0.7)));
        sketch.Draw($"""
            <path d='M0 0H640V480H0z'
            fill='{sketch.Across((0, Tone.White.Fade(0.2)), (0.5, Tone.White.Fade(0)), (1, Tone.Ink.Fade(0.14)))}'/></g>
            <path d='{d}' stroke='{wood.Light(0.4).Fade(0.5)}' stroke-width='2.5'/>
            """);
    }

    private static void Blade(Sketch sketch, BladeForm form, Tone handle, int finish, double turn, double x, double y, double size)
    {
        (double length, double heel, string d) = form switch
        {
            BladeForm.Chef => (310, 64, "M0 40Q90 2 200 0H310V60Q310 66 302 66Q120 70 0 40z"),
            BladeForm.Santoku => (278, 66, "M0 56Q20 6 84 0H278V62Q278 68 270 68Q110 72 0 56z"),
            BladeForm.Bread => (344, 42, $"M0 30Q6 2 40 0H344V42H330{Waves}q-10 -3 -12 0Q14 42 0 30z"),
            BladeForm.Paring => (176, 36, "M0 28Q60 2 120 0H176V34Q176 38 170 38Q70 42 0 28z"),
            _ => (264, 76, "M8 0H264V72Q264 78 256 78H10Q0 78 0 68V10Q0 0 8 0z"),
        };
        var grip = form == BladeForm.Paring ? 128 : 168;
        sketch.Draw($"<g transform='translate({x} {y}) rotate({turn}) scale({size}) translate({-(length + grip) / 2} {-heel / 2})'>");
        Svg shaft = $"""
            M{length + 10} 0H{length + 44}Q{length + (grip * 0.6)} 6 {length + grip - 16} -2Q{length + grip + 8} 0 {length + grip + 4}
            26Q{length + grip} 42 {length + grip - 22} 36Q{length + (grip * 0.55)} 28 {length + 40} 34H{length + 10}z
            """;
        sketch.Draw($"<g transform='translate(10 16)' fill='#1d1a1c55'><path d='{d}'/><path d='{shaft}'/></g>");
        sketch.Draw($"""
            <path d='{d}' fill='{sketch.Down((0, 0x8E979C), (0.1, 0xDDE2E4), (0.55, 0xB4BCC1), (0.72, 0xF3F6F7), (1, 0xA3ABB0))}'/>
            """);
        sketch.Draw($"""
            <g clip-path='{sketch.Clip($"<path d='{d}'/>")}'>{Finished(finish, length, heel)}
            <path d='M{length * 0.2} -10L{length * 0.42} -10 {length * 0.3} 90H{length * 0.08}z' fill='#ffffff55'/></g>
            """);
        sketch.Draw($"""
            <path d='{shaft}' fill='{handle}'/>
            <path d='{shaft}' fill='{sketch.Down((0, Tone.White.Fade(0.3)), (0.4, Tone.Ink.Fade(0)), (1, Tone.Ink.Fade(0.45)))}'/>
            <path d='M{length + 40} 14Q{length + (grip * 0.6)} 20 {length + grip - 10} 12M{length + 40} 24Q{length + (grip * 0.6)} 26
            {length + grip - 20} 26' stroke='{handle.Dark(0.4).Fade(0.5)}' stroke-width='2'/>
            """);
        sketch.Draw($"<path d='M{length - 1} 0h16V34h-16z' fill='{sketch.Down((0, 0xD9DDDF), (0.4, 0xF7F8F8), (1, 0x7D868B))}'/>");
        if (form != BladeForm.Nakiri && form != BladeForm.Santoku)
            sketch.Draw(Sketch.Dots([new(length + 36, 17), new(length + (grip * 0.52), 18), new(length + grip - 30, 18)], 8, 0xE5D9B8));
        sketch.Draw($"</g>");
    }

    private static Svg Finished(int finish, double length, double heel) => finish switch
    {
        1 => $"""
            <path d='{Svg.Each(5, i => $"""
                M0 {8 + (i * heel * 0.13)}q{length / 8} -9 {length / 4} 0t{length / 4} 0 {length / 4} 0 {length / 4} 0
                """)}'
            stroke='#6f7a8066' stroke-width='1.5'/>
            """,
        2 => Sketch.Dots(
            from row in Enumerable.Range(0, 3) from i in Enumerable.Range(0, (int)(length / 17))
            select new Point(14 + (i * 17) + (row % 2 * 8), 8 + (row * heel * 0.2)),
            9, ((Tone)0x7F888D).Fade(0.5)),
        _ => $"<path d='M0 {heel * 0.66}H{length}' stroke='#ffffffcc' stroke-width='2'/>",
    };
}
