using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum ClockForm { Round, Sunburst, Square, Mantel, Alarm, Pendulum, Station }

internal static class ClockPicture
{
    public static string Draw(ClockForm form, Tone body, Tone face, Tone accent, int marks, Dice dice)
    {
        var sketch = new Sketch(dice, form == ClockForm.Sunburst ? Palette.Brass.Tone : body);
        var (hour, minute) = (dice.Between(0, 11), dice.Between(0, 11) * 5);
        switch (form)
        {
            case ClockForm.Round:
                Hung(sketch, 320, 226, 176);
                Ring(sketch, 320, 226, 172, 20, body);
                Face(sketch, 320, 226, 150, face, accent, marks, hour, minute);
                break;
            case ClockForm.Sunburst:
                Sunburst(sketch, body, dice);
                Ring(sketch, 320, 226, 96, 12, body);
                Face(sketch, 320, 226, 84, face, accent, marks, hour, minute);
                break;
            case ClockForm.Square:
                sketch.Draw($"""
                    <rect x='164' y='74' width='330' height='330' rx='44' fill='#2a222038'/>
                    <rect x='158' y='62' width='324' height='324' rx='42'
                    fill='{sketch.Down((0, body.Light(0.22)), (0.5, body), (1, body.Dark(0.2)))}'/>
                    <rect x='170' y='74' width='300' height='300' rx='34' fill='{body.Dark(0.1)}'/>
                    """);
                Face(sketch, 320, 224, 138, face, accent, marks, hour, minute);
                break;
            case ClockForm.Mantel:
                Mantel(sketch, body);
                Face(sketch, 320, 236, 108, face, accent, marks, hour, minute);
                break;
            case ClockForm.Alarm:
                Alarm(sketch, body);
                Face(sketch, 320, 262, 116, face, accent, marks, hour, minute);
                break;
            case ClockForm.Pendulum:
                Pendulum(sketch, body, accent, dice);
                Face(sketch, 320, 152, 88, face, accent, marks, hour, minute);
                break;
            default:
                sketch.Draw($"""
                    <path d='M320 0V60' stroke='{body.Dark(0.35)}' stroke-width='20' stroke-linecap='butt'/>
                    <path d='M270 34h100v14H270z' fill='{body.Dark(0.2)}'/>
                    """);
                sketch.Draw($"<ellipse cx='346' cy='242' rx='184' ry='184' fill='{body.Dark(0.4)}'/>");
                Ring(sketch, 320, 236, 182, 22, body);
                Face(sketch, 320, 236, 158, face, accent, marks, hour, minute);
                break;
        }

        return sketch.ToString();
    }

    private static void Hung(Sketch sketch, double x, double y, double r) =>
        sketch.Draw($"""
            <circle cx='{x + 12}' cy='{y + 20}' r='{r + 10}'
            fill='{sketch.Radial((0.82, ((Tone)0x2A2220).Fade(0.4)), (1, ((Tone)0x2A2220).Fade(0)))}'/>
            """);

    private static void Ring(Sketch sketch, double x, double y, double r, double width, Tone tone)
    {
        sketch.Draw($"<circle cx='{x}' cy='{y}' r='{r}' fill='{sketch.Down((0, tone.Light(0.42)), (0.4, tone), (1, tone.Dark(0.35)))}'/>");
        sketch.Draw($"<circle cx='{x}' cy='{y}' r='{r - width + 4}' fill='{sketch.Down((0, tone.Dark(0.5)), (1, tone.Light(0.25)))}'/>");
    }

    private static void Face(Sketch sketch, double x, double y, double r, Tone face, Tone accent, int marks, int hour, int minute)
    {
        var ink = face.Luma > 0.5 ? Palette.Charcoal.Tone : Palette.Chalk.Tone;
        var centre = new Point(x, y);
        sketch.Draw($"""
            <circle cx='{x}' cy='{y}' r='{r}' fill='{sketch.Radial((0, face.Light(0.12)), (0.8, face), (1, face.Dark(0.12)))}'/>
            <path d='M{x - r} {y}A{r} {r} 0 0 1 {x + r} {y}A{r} {r * 0.92} 0 0 0 {x - r} {y}z' fill='{Tone.Ink.Fade(0.25)}'/>
            """);
        Svg Ticks(int step, double from,
            double to) =>
                $"{Svg.Each(Enumerable.Range(0, 60).Where(i => i % step == 0), i =>
                    $"M{centre.Away(i * 6, r * from)}L{centre.Away(i * 6, r * to)}")}";
        switch (marks)
        {
            case 0: sketch.Draw($"""
                <path d='{Ticks(5, 0.78, 0.9)}' stroke='{ink}' stroke-width='{r * 0.045}'/>
                <path d='{Ticks(15, 0.72, 0.9)}' stroke='{ink}' stroke-width='{r * 0.06}'/>
                """); break;
            case 1: sketch.Draw(Sketch.Dots(Enumerable.Range(0, 12).Select(i => centre.Away(i * 30, r * 0.82)), r * 0.09, accent)); break;
            case 2: sketch.Draw($"""
                <path d='{Ticks(1, 0.9, 0.93)}' stroke='{ink}' stroke-width='2'/>
                <path d='{Ticks(5, 0.76, 0.93)}' stroke='{ink}' stroke-width='{r * 0.07}' stroke-linecap='butt'/>
                """); break;
            case 3: sketch.Draw($"""
                <circle cx='{x}' cy='{y}' r='{r * 0.62}' fill='{accent.Mix(face, 0.6)}'/>
                <path d='{Ticks(15, 0.74, 0.88)}' stroke='{accent}' stroke-width='{r * 0.07}'/>
                {Sketch.Dots(Enumerable.Range(0, 12).Where(i => i % 3 > 0).Select(i => centre.Away(i * 30, r * 0.82)), r * 0.05, ink)}
                """); break;
            default: sketch.Draw($"""
                <path d='{Ticks(5, 0.66, 0.9)}' stroke='{accent}' stroke-width='{r * 0.03}'/>
                <circle cx='{x}' cy='{y}' r='{r * 0.93}' stroke='{accent}' stroke-width='3'/>
                """); break;
        }

        var (h, m) = (((hour + (minute / 60.0)) * 30) - 90, (minute * 6) - 90.0);
        var below = new Point(r * 0.025, r * 0.045);
        foreach (var (at, length, width) in new[] { (h, 0.5, 0.075), (m, 0.76, 0.05) })
        {
            var (from, to) = (centre.Away(at + 180, r * 0.1), centre.Away(at, r * length));
            sketch.Draw(
                $"""
                    {Sketch.Line($"M{from + below}L{to + below}", r * width, Tone.Ink.Fade(0.22))}
                    {Sketch.Line($"M{from}L{to}", r * width, ink)}
                    """);
        }

        var second = ((hour * 50) + 140) % 360;
        sketch.Draw($"""
            {Sketch.Line($"M{centre.Away(second + 180, r * 0.2)}L{centre.Away(second, r * 0.82)}", r * 0.02, accent)}
            <circle cx='{x}' cy='{y}' r='{r * 0.06}' fill='{accent}'/><circle cx='{x}' cy='{y}' r='{r * 0.02}' fill='{face}'/>
            """);
        sketch.Draw($"""
            <path d='M{x - (r * 0.8)} {y - (r * 0.36)}A{r * 0.88} {r * 0.88} 0 0 1 {x + (r * 0.1)} {y - (r * 0.86)}L{x - (r * 0.2)}
            {y - (r * 0.1)}z' fill='{Tone.White.Fade(0.13)}'/>
            """);
    }

    private static void Sunburst(Sketch sketch, Tone body, Dice dice)
    {
        var centre = new Point(320, 226);
        var (rays, odd) = (dice.Pick(12, 16, 20), dice.Within(0.7, 0.86));
        Svg Rays(int from, double length, double left, double right) =>
            $"{Svg.Each(Enumerable.Range(0, rays).Select(i => ((i * 2) + from) * 180.0 / rays), at =>
                $"M{centre.Away(at - left, 88)}L{centre.Away(at, length)} {centre.Away(at + right, 88)}z")}";
        sketch.Draw($"""
            <path d='{Rays(0, 206, 5.5, 5.5)}' fill='{body}'/><path d='{Rays(1, 206 * odd, 4, 4)}' fill='{Palette.Brass.Tone}'/>
            <path d='{Rays(0, 206, 0, 5.5)}{Rays(1, 206 * odd, 0, 4)}' fill='#1d1a1c40'/>
            """);
    }

    private static void Mantel(Sketch sketch, Tone body)
    {
        sketch.Shadow(340, 404, 220, 26);
        sketch.Draw($"""
            <path d='M176 392V236a144 144 0 0 1 288 0V392z'
            fill='{sketch.Across((0, body.Dark(0.1)), (0.25, body.Light(0.2)), (1, body.Dark(0.3)))}'/>
            <path d='M192 380V236a128 128 0 0 1 256 0V380z'
            fill='{sketch.Across((0, body.Light(0.06)), (0.3, body.Light(0.14)), (1, body.Dark(0.14)))}'/>
            """);
        sketch.Draw($"""
            <path d='M204 372q40 -20 110 -8t118 -8M210 356q60 -16 90 -6M346 362q50 -14 84 -6' stroke='{body.Dark(0.28).Fade(0.6)}'
            stroke-width='2'/>
            <path d='M150 386h340v18H150z' fill='{sketch.Across((0, body.Dark(0.16)), (0.3, body.Light(0.1)), (1, body.Dark(0.4)))}'/>
            <path d='M150 386h340v4H150z' fill='{body.Light(0.35)}'/>
            """);
        Ring(sketch, 320, 236, 120, 14, Palette.Brass.Tone);
    }

    private static void Alarm(Sketch sketch, Tone body)
    {
        sketch.Shadow(340, 410, 150, 22);
        var metal = sketch.Across(
            (0, Palette.Brass.Tone.Dark(0.25)), (0.35, Palette.Brass.Tone.Light(0.5)), (1, Palette.Brass.Tone.Dark(0.4)));
        sketch.Draw($"""
            {Sketch.Line($"M238 352L206 404", 18, body.Dark(0.35))}{Sketch.Line($"M402 352L434 404", 18, body.Dark(0.4))}
            <path d='M262 82Q320 30 378 82' stroke='{body.Dark(0.3)}' stroke-width='9'/>
            <path d='M320 96v40' stroke='{body.Dark(0.4)}' stroke-width='9'/>
            <rect x='306' y='86' width='28' height='20' rx='5' fill='{metal}'/>
            """);
        foreach (var turn in new[] { -34, 34 })
            sketch.Draw($"""
                <g transform='rotate({turn} 320 262)'><path d='M320 124V100' stroke='{body.Dark(0.3)}' stroke-width='8'/>
                <path d='M268 116a52 46 0 0 1 104 0q-52 14 -104 0z' fill='{metal}'/><circle cx='320' cy='68' r='7' fill='{metal}'/></g>
                """);
        Ring(sketch, 320, 262, 146, 26, body);
    }

    private static void Pendulum(Sketch sketch, Tone body, Tone accent, Dice dice)
    {
        sketch.Draw($"""
            <path d='M222 62h212v366H222z' fill='#2a222040'/>
            <path d='M214 52L320 22 426 52V424H214z' fill='{sketch.Across((0, body.Light(0.16)), (0.5, body), (1, body.Dark(0.3)))}'/>
            <path d='M232 256H408V408H232z' fill='{body.Dark(0.6)}'/>
            <path d='M240 264H400V400H240z' fill='{sketch.Down((0, body.Dark(0.55)), (1, body.Dark(0.3)))}'/>
            <path d='M204 420h232v14H204z' fill='{body.Dark(0.25)}'/>
            """);
        var bob = new Point(320, 200).Away(90 + dice.Between(-14, 14), 160);
        sketch.Draw($"""
            {Sketch.Line($"M320 250L{bob}", 5, Palette.Brass.Tone)}
            <circle cx='{bob.X}' cy='{bob.Y}' r='25'
            fill='{sketch.Radial((0, Palette.Brass.Tone.Light(0.55)), (1, Palette.Brass.Tone.Dark(0.2)))}'/>
            <circle cx='{bob.X}' cy='{bob.Y}' r='12' fill='{accent.Fade(0.7)}'/><path d='M244 268l70 0-70 110z' fill='#ffffff16'/>
            """);
        Ring(sketch, 320, 152, 98, 12, Palette.Brass.Tone);
    }
}
