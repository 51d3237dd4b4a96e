using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum BicycleForm { City, Single, Road, Touring, Dutch, Folding, Trail }

internal static class BicyclePicture
{
    private static readonly Tone Rubber = 0x2C2B2D;
    private static readonly Tone Alloy = 0xC9CDD0;

    public static string Draw(BicycleForm form, Tone tone, Tone tyre, Tone leather, Dice dice)
    {
        var sketch = new Sketch(dice, tone);
        var r = form == BicycleForm.Folding ? 78.0 : form == BicycleForm.Trail ? 100 : 106;
        const double floor = 424;
        var (rear, front) = (
            new Point(form == BicycleForm.Folding ? 190 : 170, floor - r), new Point(form == BicycleForm.Folding ? 452 : 472, floor - r));
        var crank = new Point(form == BicycleForm.Folding ? 300 : 290, form == BicycleForm.Folding ? 340 : 326);
        var seat = new Point(252, form is BicycleForm.Trail ? 204 : form == BicycleForm.Folding ? 262 : 188);
        var (headTop, headLow) = (
            new Point(form == BicycleForm.Folding ? 424 : 420, form == BicycleForm.Folding ? 262 : 172),
            new Point(form == BicycleForm.Folding ? 430 : 431, form == BicycleForm.Folding ? 292 : 212));

        sketch.Shadow(326, floor + 4, 300, 16, 0.4);
        Wheel(sketch, rear, r, tyre, form == BicycleForm.Trail ? 17 : form == BicycleForm.Road ? 7 : 11);
        Wheel(sketch, front, r, tyre, form == BicycleForm.Trail ? 17 : form == BicycleForm.Road ? 7 : 11);
        if (form is BicycleForm.City or BicycleForm.Touring or BicycleForm.Dutch)
            Guards(sketch, rear, front, r, form == BicycleForm.Dutch ? Rubber : tone.Dark(0.12));

        Frame(sketch, form, rear, front, crank, seat, headTop, headLow, tone);
        Drive(sketch, crank, rear, form is BicycleForm.Dutch or BicycleForm.City ? tone.Dark(0.25) : null);

        var saddle = seat + new Point(-10, form == BicycleForm.Folding ? -100 : -36);
        sketch.Draw(
            $"""
                {Sketch.Line($"M{seat}L{saddle + new Point(2, 10)}", 8, Alloy.Dark(0.25))}
                {Sketch.Line($"M{seat + new Point(-2, 0)}L{saddle + new Point(0, 10)}", 3, Tone.White)}
                """);
        sketch.Draw($"""
            <path d='M{saddle + new Point(-40, -4)}q4 -12 22 -8q30 6 66 4q8 4 0 9q-36 2 -54 12q-26 4 -34 -17z' fill='{leather.Dark(0.25)}'/>
            <path d='M{saddle + new Point(-38, -6)}q6 -9 22 -6q30 5 62 4q-30 6 -54 6q-18 2 -30 -4z' fill='{leather.Light(0.15)}'/>
            """);
        Bars(sketch, form, headTop, leather);
        if (form is BicycleForm.City or BicycleForm.Dutch)
            Basket(sketch, headTop, dice);
        if (form is BicycleForm.Touring or BicycleForm.City or BicycleForm.Dutch)
            Rack(sketch, rear, seat, r, form == BicycleForm.Touring ? leather : null);
        return sketch.ToString();
    }

    private static void Wheel(Sketch sketch, Point hub, double r, Tone tyre, double width)
    {
        var spokes = Svg.Each(24, i => $"""
            M{hub.Away((i * 15) + (i % 2 == 0 ? 60 : -60), 8)}L{hub.Away(i * 15, r - width)}
            """);
        sketch.Draw($"""
            <path d='{spokes}' stroke='{Alloy.Dark(0.3).Fade(0.8)}' stroke-width='1.3'/>
            <circle cx='{hub.X}' cy='{hub.Y}' r='{r - width - 2}' stroke='{Alloy}' stroke-width='6'/>
            <circle cx='{hub.X}' cy='{hub.Y}' r='{r - (width / 2)}' stroke='{tyre}' stroke-width='{width}'/>
            """);
        var knobbly = width > 15;
        if (knobbly)
            sketch.Draw($"<circle cx='{hub.X}' cy='{hub.Y}' r='{r - 5}' stroke='{Rubber}' stroke-width='11'/>");
        sketch.Draw($"""
            <circle cx='{hub.X}' cy='{hub.Y}' r='{(knobbly ? r + 1 : r - 2)}' stroke='{Rubber}'
            stroke-width='4'{(knobbly ? " stroke-dasharray='7 6' stroke-linecap='butt'" : "")}/>
            <circle cx='{hub.X}' cy='{hub.Y}' r='10' fill='{Alloy.Dark(0.4)}'/>
            <circle cx='{hub.X - 1}' cy='{hub.Y - 1}' r='5' fill='{Alloy}'/>
            """);
    }

    private static void Guards(Sketch sketch, Point rear, Point front, double r, Tone tone)
    {
        var w = r + 9;
        sketch.Draw(
            $"""
                {Sketch.Line($"M{rear.Away(-24, w)}A{w} {w} 0 0 0 {rear.Away(-196, w)}", 7, tone)}
                {Sketch.Line($"M{front.Away(-48, w)}A{w} {w} 0 0 0 {front.Away(176, w)}", 7, tone)}
                """);
        sketch.Draw($"{Sketch.Line($"M{rear}L{rear.Away(-188, w)}M{front}L{front.Away(176, w)}", 2.5, Alloy.Dark(0.2))}");
    }

    private static Svg Tube(Svg path, double width, Tone tone) =>
        $"""
            {Sketch.Line(path, width, tone.Dark(0.3))}
            <g transform='translate(-1 -2)'>{Sketch.Line(path, width * 0.62, tone)}{Sketch.Line(path, width * 0.16, tone.Light(0.55))}</g>
            """;

    private static void Frame(
        Sketch sketch, BicycleForm form, Point rear, Point front, Point crank, Point seat, Point headTop, Point headLow, Tone tone)
    {
        sketch.Draw($"{Tube($"M{crank}L{rear}L{seat + new Point(4, 14)}", 8, tone)}");
        sketch.Draw(Tube($"M{headLow}Q{headLow.X + 8} {headLow.Y + 50} {front}", 10, form == BicycleForm.Trail ? Rubber.Light(0.2) : tone));
        var low = form is BicycleForm.City or BicycleForm.Dutch;
        switch (form)
        {
            case BicycleForm.City:
                sketch.Draw(
                    $"""
                        {Tube($"M{headLow}Q{headLow.X - 60} 316 {crank}", 13, tone)}
                        {Tube($"M{headTop + new Point(2, 14)}Q{headTop.X - 64} 280 {crank.X - 18} 272", 10, tone)}
                        """);
                break;
            case BicycleForm.Dutch:
                sketch.Draw($"{Tube($"M{headLow}C{headLow.X - 30} 292 {headLow.X - 76} 330 {crank}", 14, tone)}");
                break;
            case BicycleForm.Folding:
                sketch.Draw($"""
                    {Tube($"M{headLow + new Point(0, -12)}L{crank + new Point(-10, -22)}", 20, tone)}
                    <rect x='350' y='296' width='16' height='30' rx='4' fill='{Alloy.Dark(0.3)}' transform='rotate(-20 358 310)'/>
                    """);
                break;
            default:
                sketch.Draw(
                    $"{Tube($"M{headTop + new Point(2, 10)}L{seat + new Point(2, 12)}", 11, tone)}{Tube($"M{headLow}L{crank}", 13, tone)}");
                break;
        }

        sketch.Draw($"{Tube($"M{crank}L{seat}", low ? 11 : 12, tone)}{Tube($"M{headTop}L{headLow}", 15, tone)}");
        sketch.Draw(Sketch.Line($"M{headTop + new Point(-7, 8)}l14 -3M{headLow + new Point(-7, -4)}l14 -3", 3, Alloy));
    }

    private static void Drive(Sketch sketch, Point crank, Point rear, Tone? guard)
    {
        sketch.Draw(Sketch.Line($"""
            M{crank.X} {crank.Y - 24}L{rear.X} {rear.Y - 11}M{crank.X} {crank.Y + 24}L{rear.X} {rear.Y + 11}
            """, 3, Rubber.Light(0.2)));
        sketch.Draw($"""
            <circle cx='{crank.X}' cy='{crank.Y}' r='24' stroke='{Alloy.Dark(0.35)}' stroke-width='6'/>
            <path d='M{crank}l-18 -14M{crank}l18 -14M{crank}l0 22' stroke='{Alloy.Dark(0.3)}' stroke-width='5'/>
            """);
        if (guard is { } tone)
            sketch.Draw($"""
                <path d='M{crank.X} {crank.Y - 30}L{rear.X + 4} {rear.Y - 17}a17 17 0 0 0 0 34L{crank.X} {crank.Y + 30}a30 30 0 0 0 0 -60z'
                fill='{tone}'/>
                <path d='M{crank.X} {crank.Y - 26}L{rear.X + 6} {rear.Y - 13}' stroke='{tone.Light(0.4)}' stroke-width='2.5'/>
                """);
        sketch.Draw($"""
            {Sketch.Line($"M{crank}l34 34", 7, Alloy.Dark(0.2))}{Sketch.Line($"M{crank + new Point(24, 36)}h22", 8, Rubber)}
            <circle cx='{crank.X}' cy='{crank.Y}' r='7' fill='{Alloy}'/>
            """);
    }

    private static void Bars(Sketch sketch, BicycleForm form, Point head, Tone grip)
    {
        var (stem, bar, tape) = form switch
        {
            BicycleForm.Road => ("l-4 -22l34 -6", "", "m30 -28q34 -2 36 22q2 34 -36 34l-14 -2"),
            BicycleForm.Touring => ("l-5 -30l30 -6", "", "m25 -36q34 -2 36 20q2 30 -34 30"),
            BicycleForm.Single => ("l-4 -26l28 -4", "", "m24 -30l26 -2"),
            BicycleForm.Trail => ("l-4 -24l20 -4", "m16 -28l-8 -6", "m10 -34l-32 -2"),
            BicycleForm.Folding => ("l-14 -96", "m-14 -96l-6 -4", "m-20 -100l-28 2"),
            _ => ("l-7 -42", "m-7 -42q30 -14 20 4q-18 4 -44 2", "m-31 -36l-42 8"),
        };
        sketch.Draw(Sketch.Line($"M{head}{stem}", 8, Alloy.Dark(0.3)));
        if (bar.Length > 0)
            sketch.Draw(Sketch.Line($"M{head}{bar}", 7, Alloy.Dark(0.1)));
        sketch.Draw($"""
            {Sketch.Line($"M{head}{tape}", 9, grip.Dark(0.2))}
            <g transform='translate(-1 -2)'>{Sketch.Line($"M{head}{tape}", 3, grip.Light(0.25))}</g>
            """);
    }

    private static void Basket(Sketch sketch, Point head, Dice dice)
    {
        Tone wicker = dice.Pick<Tone>(0xB98A54, 0x8C6239, 0xD2AE78);
        var (x, y) = (head.X + 24, head.Y - 24);
        sketch.Draw($"""
            <path d='M{x} {y}h96l-12 66h-72z' fill='{wicker}'/>
            <path d='{Svg.Each(Enumerable.Range(1, 5), i => $"M{x + (i * 2.2)} {y + (i * 11)}h{96 - (i * 4.4)}")}'
            stroke='{wicker.Dark(0.35)}' stroke-width='4' stroke-dasharray='9 5' stroke-linecap='butt'/>
            <path d='M{x - 3} {y}h102' stroke='{wicker.Dark(0.3)}' stroke-width='9'/>
            <path d='M{x - 2} {y - 2}h98' stroke='{wicker.Light(0.3)}' stroke-width='3'/>
            <circle cx='{x + 10}' cy='{y + 78}' r='12' fill='{Alloy}'/><circle cx='{x + 14}' cy='{y + 78}' r='8' fill='#fff4cf'/>
            """);
    }

    private static void Rack(Sketch sketch, Point rear, Point seat, double r, Tone? bag)
    {
        var y = rear.Y - r - 22;
        sketch.Draw(Sketch.Line($"""
            M{seat.X - 4} {y + 4}H{rear.X - 70}M{rear.X - 60} {y + 4}L{rear}M{rear.X - 10} {y + 4}L{rear}
            """, 5, Alloy.Dark(0.4)));
        if (bag is { } tone)
            sketch.Draw($"""
                <path d='M{rear.X - 72} {y + 6}h92q8 0 8 8v76q0 10 -10 10h-80q-12 0 -12 -12z' fill='{tone}'/>
                <path d='M{rear.X - 74} {y + 4}h104v34q-52 16 -104 0z' fill='{tone.Dark(0.2)}'/>
                <path d='M{rear.X - 46} {y + 30}v36M{rear.X + 2} {y + 30}v36' stroke='{Palette.Sand.Tone}' stroke-width='6'/>
                """);
        else
            sketch.Draw($"<path d='M{rear.X - 76} {y - 2}h12v14h-12z' fill='#c2342e'/>");
    }
}
