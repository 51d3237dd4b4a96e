using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

/// <summary>Two kinds of what is for supper, cut and seen from above.</summary>
internal static class Groceries
{
    public static void Draw(Sketch sketch, Dice dice, Point a, Point b)
    {
        Action<Point>[] all = [
            p => Tomato(sketch, p), p => Lemon(sketch, p), p => Herbs(sketch, p), p => Onion(sketch, p), p => Mushroom(sketch, p),
            p => Carrot(sketch, p)];
        var two = dice.Shuffle(all);
        two[0](a);
        two[1](b);
    }

    private static void Tomato(Sketch sketch, Point p)
    {
        foreach (var at in new[] { p + new Point(30, 14), p + new Point(-16, -8) })
            sketch.Draw($"""
                <circle cx='{at.X + 4}' cy='{at.Y + 6}' r='36' fill='#2a222044'/><circle cx='{at.X}' cy='{at.Y}' r='36' fill='#c8382c'/>
                <circle cx='{at.X}' cy='{at.Y}' r='30' fill='#e4604a'/>
                <path d='{Svg.Each(3, i =>
                    $"M{at.Away((i * 120) + 20, 9)}Q{at.Away(i * 120, 34)} {at.Away((i * 120) + 62, 26)}T{at.Away((i * 120) + 20, 9)}")}'
                fill='#f3a06e'/>
                {Sketch.Dots(Enumerable.Range(0, 9).Select(i => at.Away(i * 40, 17 + (i % 2 * 5))), 4, 0xF8DFA0)}
                """);
    }

    private static void Lemon(Sketch sketch, Point p)
    {
        foreach (var at in new[] { p + new Point(32, 12), p + new Point(-18, -8) })
            sketch.Draw($"""
                <circle cx='{at.X + 4}' cy='{at.Y + 6}' r='36' fill='#2a222044'/><circle cx='{at.X}' cy='{at.Y}' r='36' fill='#e8b92f'/>
                <circle cx='{at.X}' cy='{at.Y}' r='31' fill='#fdf3cf'/>
                <path d='{Svg.Each(8, i => $"M{at}L{at.Away((i * 45) + 4, 27)}A27 27 0 0 1 {at.Away((i * 45) + 40, 27)}z")}'
                fill='#f5d561'/>
                """);
    }

    private static void Herbs(Sketch sketch, Point p)
    {
        foreach (var (turn, tone) in new[] { (-40, (Tone)0x4F8A4A), (10, 0x3F7A45), (60, 0x67A055) })
            sketch.Draw($"""
                <g transform='rotate({turn} {p})'><path d='M{p.X - 50} {p.Y}h90' stroke='{tone.Dark(0.2)}' stroke-width='3'/>
                <path d='{Svg.Each(4, i => $"M{p.X - 36 + (i * 20)} {p.Y}q2 -24 24 -28q2 22 -24 28q2 24 24 28q2 -22 -24 -28")}M{p.X + 40}
                {p.Y}q10 -14 28 0q-18 14 -28 0' fill='{tone}'/></g>
                """);
    }

    private static void Onion(Sketch sketch, Point p)
    {
        sketch.Draw($"""
            <ellipse cx='{p.X + 5}' cy='{p.Y + 8}' rx='46' ry='42' fill='#2a222044'/>
            <ellipse cx='{p.X}' cy='{p.Y}' rx='46' ry='42' fill='#7d2f57'/>
            """);
        foreach (var r in new[] { 40, 31, 22, 13 })
            sketch.Draw($"<ellipse cx='{p.X}' cy='{p.Y}' rx='{r}' ry='{r * 0.9}' fill='#f4e4ea' stroke='#b0638c' stroke-width='3'/>");
    }

    private static void Mushroom(Sketch sketch, Point p)
    {
        foreach (var (at, turn) in new[] { (p + new Point(-20, -6), -20), (p + new Point(34, 14), 35) })
            sketch.Draw($"""
                <g transform='rotate({turn} {at})'>
                <path d='M{at.X - 9} {at.Y}h18l5 34q-14 8 -28 0z' fill='#f3e9d8' stroke='#b59a7a' stroke-width='2.5'/>
                <path d='M{at.X - 36} {at.Y + 6}q0 -40 36 -40t36 40q-8 8 -18 -2h-36q-10 10 -18 2z' fill='#e9d8bf' stroke='#b59a7a'
                stroke-width='2.5'/><path d='M{at.X - 20} {at.Y}q20 -12 40 0' stroke='#9b7d5d' stroke-width='5'/></g>
                """);
    }

    private static void Carrot(Sketch sketch, Point p)
    {
        foreach (var (x, y) in new[] { (-34, -16), (2, 0), (38, 16), (-6, 40), (-44, 26) })
            sketch.Draw($"""
                <circle cx='{p.X + x + 3}' cy='{p.Y + y + 5}' r='21' fill='#2a222044'/>
                <circle cx='{p.X + x}' cy='{p.Y + y}' r='21' fill='#dd7526'/><circle cx='{p.X + x}' cy='{p.Y + y}' r='17' fill='#f09640'/>
                <circle cx='{p.X + x}' cy='{p.Y + y}' r='8' fill='#f7bd6b'/>
                """);
    }
}
