using System.Numerics;
using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum CoverArt { Garden, Mountains, Sea, Sky, Bread, Bowl, City, Shapes, Bird, Forest, Fruit, Sun }

internal static class BookPicture
{
    private const double W = 216, H = 308;

    public static string Draw(CoverArt art, Tone ground, Tone main, Tone accent, double thick, Dice dice)
    {
        var sketch = new Sketch(dice, ground);
        sketch.Draw($"<g transform='translate(-40 -48) scale(1.12)'>");
        sketch.Shadow(352, 410, 210, 30, 0.42);
        var space = new Space(new(334, 398), -25, 9);
        static Vector3 V(double x, double y, double z) => new((float)x, (float)y, (float)z);

        var cover = space.Matrix(V(-W / 2, H, thick / 2), Vector3.UnitX, -Vector3.UnitY);
        var spine = space.Matrix(V(-W / 2, H, -thick / 2), Vector3.UnitZ, -Vector3.UnitY);
        var top = space.Matrix(V((-W / 2) + 3, H - 3, -thick / 2), Vector3.UnitX, Vector3.UnitZ);
        sketch.Draw($"""
            <g transform='{top}'><path d='M0 0H{W - 6}V{thick}H0z' fill='#f3ead6'/>
            <path d='{Svg.Each(Enumerable.Range(1, 5), i => $"M0 {thick * i / 6}H{W}")}' stroke='#c9b894'
            stroke-width='1.2'/></g>
            """);
        sketch.Draw($"""
            <path d='M{space.At(-W / 2, H, -thick / 2)}L{space.At(W / 2, H, -thick / 2)}' stroke='{ground.Dark(0.3)}' stroke-width='4'/>
            """);
        sketch.Draw($"""
            <g transform='{spine}'>
            <path d='M0 0H{thick}V{H}H0z' fill='{sketch.Across((0, ground.Dark(0.5)), (0.5, ground.Dark(0.26)), (1, ground.Dark(0.42)))}'/>
            <path d='M0 34H{thick}M0 {H - 40}H{thick}M0 {H - 32}H{thick}' stroke='{accent}' stroke-width='3' stroke-linecap='butt'/></g>
            """);
        sketch.Draw($"""
            <g transform='{cover}'><g clip-path='{sketch.Clip($"<path d='M0 0H{W}V{H}H0z'/>")}'>
            <path d='M0 0H{W}V{H}H0z' fill='{ground}'/>{Art(art, ground, main, accent, dice)}</g>
            """);
        sketch.Draw($"""
            <path d='M0 0H{W}V{H}H0z'
            fill='{sketch.Across((0, Tone.Ink.Fade(0.3)), (0.035, Tone.White.Fade(0.25)), (0.07, Tone.Ink.Fade(0.2)), (0.1,
            Tone.White.Fade(0.1)), (0.6, Tone.White.Fade(0)), (1, Tone.Ink.Fade(0.16)))}'/></g></g>
            """);
        return sketch.ToString();
    }

    private static Svg Art(CoverArt art, Tone ground, Tone main, Tone accent, Dice dice)
    {
        var n = dice.Between(0, 3);
        var pale = ground.Luma > 0.6 ? ground.Dark(0.1) : ground.Light(0.14);
        switch (art)
        {
            case CoverArt.Garden:
                Svg Stem(double x, double y, double h, int pairs, Tone tone)
                {
                    var leaves = Svg.Each(pairs, i => $"""
                        M{x} {y - (h * (i + 0.6) / pairs)}q{34 - (i * 2)} -4 {40 - (i * 3)} -36q-{36 - (i * 2)} 4 -{40 - (i * 3)} 36
                        q-{34 - (i * 2)} -4 -{40 - (i * 3)} -36q{36 - (i * 2)} 4 {40 - (i * 3)} 36
                        """);
                    return $"<path d='M{x} {y}V{y - h}' stroke='{tone}' stroke-width='4'/><path d='{leaves}' fill='{tone}'/>";
                }

                return $"""
                    <circle cx='{108 + (n * 8)}' cy='110' r='62' fill='{accent}'/>
                    {Stem(52, 308, 176, 5, main.Dark(0.2))}{Stem(166, 308, 200, 5, main.Dark(0.1))}{Stem(108, 308, 226, 6, main)}
                    """;
            case CoverArt.Mountains:
                return $"""
                    <circle cx='{70 + (n * 26)}' cy='88' r='36' fill='{accent}'/>
                    <path d='M0 210L60 128 96 168 150 96 216 186V308H0z' fill='{main.Mix(ground, 0.45)}'/>
                    <path d='M150 96l-24 32 16 -4 10 10 12 -12 14 8z' fill='#fff'/>
                    <path d='M0 262L50 206 92 240 140 178 216 250V308H0z' fill='{main}'/>
                    <path d='M0 290Q60 250 120 282T216 272V308H0z' fill='{main.Dark(0.35)}'/>
                    """;
            case CoverArt.Sea:
                return $"""
                    <circle cx='{60 + (n * 30)}' cy='96' r='40' fill='{accent}'/>
                    {Svg.Each(6, i => $"""
                        <path d='M-20 {150 + (i * 28)}{Svg.Each(6, _ => $"q11 -22 22 -8t22 6")}V308H-20z'
                        fill='{main.Mix(i % 2 == 0 ? ground : Tone.Ink, 0.42 - (i * 0.06))}'/>
                        """)}
                    <path d='M96 140h48l-10 18h-28zM118 136V92l30 40z' fill='{ground.Luma switch { > 0.6 => Tone.Ink, _ => Tone.White }}'/>
                    """;
            case CoverArt.Sky:
                return $"""
                    <path d='M{150 - (n * 14)} 54a46 46 0 1 0 22 78a56 56 0 0 1 -22 -78z' fill='{accent}'/>
                    {Sketch.Dots(Enumerable.Range(0, 26).Select(_ => new Point(dice.Within(8, 208), dice.Within(8, 236))), 4, main)}
                    {Sketch.Dots(Enumerable.Range(0, 8).Select(_ => new Point(dice.Within(8, 208), dice.Within(8, 210))), 8, main)}
                    <path d='M0 270Q54 226 110 258T216 240V308H0z' fill='{ground.Dark(0.45)}'/>
                    <path d='M34 262l12 -46 12 46zM58 258l9 -34 9 34z' fill='{ground.Dark(0.6)}'/>
                    """;
            case CoverArt.Bread:
                return $"""
                    <ellipse cx='108' cy='214' rx='84' ry='10' fill='{ground.Dark(0.22)}'/>
                    <path d='M26 176C22 112 70 92 108 92s86 20 82 84q-2 38 -82 38t-82 -38z' fill='{main}'/>
                    <path d='M34 168C34 118 74 102 108 102s74 16 74 66q-30 -26 -74 -26t-74 26z' fill='{main.Light(0.22)}'/>
                    <path d='M68 116q22 14 18 44M100 108q20 16 14 50M134 112q16 16 8 46' stroke='{accent}' stroke-width='8'/>
                    {Svg.Each(2 + (n % 2), i => $"""
                        <path d='M{70 + (i * 38)} 288v-44m0 10q12 -4 12 -16m-12 16q-12 -4 -12 -16m12 32q12 -4 12 -16m-12 16q-12 -4 -12 -16'
                        stroke='{accent}' stroke-width='5'/>
                        """)}
                    """;
            case CoverArt.Bowl:
                return $"""
                    {Svg.Each(3, i =>
                        $"<path d='M{74 + (i * 34)} 130c-14 -18 14 -30 0 -50s8 -22 4 -32' stroke='{accent}' stroke-width='6'/>")}
                    <ellipse cx='108' cy='168' rx='82' ry='20' fill='{main.Dark(0.3)}'/>
                    <ellipse cx='108' cy='168' rx='72' ry='15' fill='{accent}'/>
                    {Sketch.Dots(Enumerable.Range(0, 7).Select(i => new Point(60 + (i * 16), 164 + (i * 5 % 9))), 9, main.Light(0.4))}
                    <path d='M26 168a82 20 0 0 0 164 0q-4 82 -58 94h-48q-54 -12 -58 -94z' fill='{main}'/>
                    <path d='M40 208q68 24 136 0' stroke='{main.Light(0.35)}' stroke-width='5'/>
                    """;
            case CoverArt.City:
                return $"""
                    <circle cx='{150 - (n * 20)}' cy='70' r='30' fill='{accent}'/>
                    {Svg.Each(6, i => $"""
                        <path d='M{i * 37 - 4} 308V{120 + (i * 53 % 84)}{(i % 2 == 0 ? "h40" : "l20 -24 20 24")}V308z'
                        fill='{main.Mix(i % 3 == 0 ? ground : Tone.Ink, 0.12 + (i % 3 * 0.12))}'/>
                        """)}
                    <path d='{Svg.Each(18, i => $"M{8 + (i % 6 * 37)} {224 + (i / 6 * 26)}h7m9 0h7")}' stroke='{accent}' stroke-width='9'
                    stroke-linecap='butt'/>
                    """;
            case CoverArt.Shapes:
                Svg Tile(int kind, int x, int y) => kind switch
                {
                    0 => $"<circle cx='{x + 34}' cy='{y + 34}' r='34' fill='{main}'/>",
                    1 => $"<path d='M{x} {y + 68}a68 68 0 0 1 68 -68v68z' fill='{accent}'/>",
                    2 => $"<path d='M{x} {y}h68l-68 68z' fill='{main.Dark(0.25)}'/>",
                    3 => $"<path d='M{x} {y}a34 34 0 0 0 68 0zM{x} {y + 36}a34 34 0 0 0 68 0z' fill='{accent.Mix(main, 0.5)}'/>",
                    _ => $"<path d='M{x} {y}h68v68h-68z' fill='{pale}'/>",
                };
                return Svg.Each(12, i => Tile(((i * 7) + n) % 5, 2 + (i % 3 * 72), 6 + (i / 3 * 76)));
            case CoverArt.Bird:
                return $"""
                    <circle cx='112' cy='112' r='{64 + (n * 4)}' fill='{accent}'/>
                    <path d='M20 236Q90 214 216 228' stroke='{main.Dark(0.4)}' stroke-width='8'/>
                    <path d='M44 208Q56 120 116 108Q120 78 148 80Q166 82 168 98l24 8 -24 8Q172 178 118 202Q84 216 44 208z' fill='{main}'/>
                    <path d='M60 196Q66 142 124 130Q140 178 60 196z' fill='{main.Dark(0.3)}'/>
                    <path d='M44 208L10 244l44 -30z' fill='{main.Dark(0.3)}'/><circle cx='150' cy='98' r='5' fill='#fff'/>
                    <path d='M106 206v20m16 -22v22' stroke='{main.Dark(0.5)}' stroke-width='4'/>
                    {Svg.Each(4, i => $"<path d='M{30 + (i * 50)} 234q18 30 0 48q-18 -18 0 -48' fill='{main.Mix(accent, 0.5)}'/>")}
                    """;
            case CoverArt.Forest:
                return $"""
                    {Svg.Each(5, i => $"""
                        <path d='M{22 + (i * 43)} {60 + (i * 37 % 60)}l40 120h-24l34 90h-100l34 -90h-24z'
                        fill='{main.Mix(ground, 0.45 - (i % 3 * 0.2))}'/>
                        """)}
                    <path d='M0 262q108 -24 216 0V308H0z' fill='{main.Dark(0.4)}'/>
                    {Svg.Each(2 + (n % 2), i => $"""
                        <path d='M{56 + (i * 56)} 284v-28' stroke='#f3e8d2' stroke-width='13'/>
                        <path d='M{30 + (i * 56)} 258q2 -34 26 -34t26 34z' fill='{accent}'/>
                        {Sketch.Dots([new(48 + (i * 56), 246), new(64 + (i * 56), 240)], 6, Tone.White)}
                        """)}
                    """;
            case CoverArt.Fruit:
                return $"""
                    {Svg.Each(9, i => $"""
                        <g transform='translate({36 + (i % 3 * 72)} {52 + (i / 3 * 100)}) rotate({i * 40})'>
                        <circle r='32' fill='{(i % 2 == 0 ? accent : main)}'/><circle r='26' fill='#fff6dc'/>
                        <path d='M0 0l6 -22a23 23 0 0 1 16 12zM0 0l22 -2a23 23 0 0 1 -8 18zM0 0l10 20a23 23 0 0 1 -20 0zM0 0l-14 16a23 23 0
                        0 1 -8 -18zM0 0l-22 -8a23 23 0 0 1 14 -14z' fill='{(i % 2 == 0 ? accent : main).Light(0.25)}'/></g>
                        """)}
                    """;
            default:
                return $"""
                    <circle cx='108' cy='130' r='{56 + (n * 4)}' fill='{accent}'/>
                    {Svg.Each(5, i => $"""
                        <path d='M0 {146 + (i * 34)}q54 -{26 - (i * 3)} 108 0t108 0V308H0z'
                        fill='{main.Mix(i % 2 == 0 ? accent : ground, 0.5 - (i * 0.11))}'/>
                        """)}
                    <path d='M{146 - (n * 12)} 176v-46l24 -24 24 24v50z' fill='{ground.Light(0.5)}' stroke='{main.Dark(0.3)}'
                    stroke-width='3'/>
                    """;
        }
    }
}
