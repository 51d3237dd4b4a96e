using System.Text;

namespace Shop.Data.Catalog.Seed.Drawing;

/// <summary>A drawing of 640 by 480 under way. Light comes from the upper left.</summary>
internal sealed class Sketch
{
    private static readonly Tone[] Walls = [
        0xE8DFD2, 0xD6DFE1, 0xEBD9D1, 0xD9E0D2, 0xDFDAE4, 0xECE3C8, 0xDDBFA9, 0xB9C5CC, 0xB4BFA2, 0xC9B7B5];

    private readonly StringBuilder _defs = new();
    private readonly StringBuilder _body = new();
    private readonly Dictionary<string, string> _known = [];

    /// <summary>A backdrop that the product stands out from.</summary>
    public Sketch(Dice dice, Tone product)
    {
        Wall = Against(product, Walls, dice).Mix(product, 0.08);
        Paint(dice.Below(3));
    }

    /// <summary>Ornament 0 is a disc, 1 an arch, 2 light from a window, 3 nothing; 4 is a table seen from above.</summary>
    public Sketch(Tone wall, int ornament)
    {
        Wall = wall;
        Paint(ornament);
    }

    public Tone Wall { get; }

    /// <summary>One of the tones, but none of the two fifths that are nearest to the product.</summary>
    public static Tone Against(Tone product, IReadOnlyCollection<Tone> tones, Dice dice) =>
        dice.Pick<Tone>([.. tones.OrderByDescending(product.DistanceTo).Take(tones.Count * 3 / 5)]);

    public void Draw(Svg markup) => _body.Append(markup.ToString());

    public string Across(params (double At, Tone Tone)[] stops) => Gradient("linearGradient", "", stops);

    public string Down(params (double At, Tone Tone)[] stops) => Gradient("linearGradient", " x2='0' y2='1'", stops);

    public string Radial(params (double At, Tone Tone)[] stops) => Gradient("radialGradient", "", stops);

    public string Clip(Svg shapes) => Defined("clipPath", "", shapes);

    public void Shadow(double x, double y, double rx, double ry, double strength = 0.34)
    {
        Tone dark = 0x2A2220;
        Draw($"""
            <ellipse cx='{x}' cy='{y}' rx='{rx}' ry='{ry}'
            fill='{Radial((0, dark.Fade(strength)), (0.55, dark.Fade(strength * 0.6)), (1, dark.Fade(0)))}'/>
            """);
    }

    /// <summary>An upright round thing: its flat colour, what is painted on it, and the light falling over both.</summary>
    public void Round(Svg path, Tone tone, Svg? painted = null, double gloss = 0.3)
    {
        var d = path.ToString();
        Draw($"<path d='{d}' fill='{tone}'/>");
        if (painted is not null)
            Draw($"<g clip-path='{Clip($"<path d='{d}'/>")}'>{painted}</g>");
        var light = Across((0, Tone.Ink.Fade(0.3)), (0.16, Tone.Ink.Fade(0.06)), (0.3, Tone.White.Fade(gloss)), (0.46, Tone.White.Fade(0)),
            (0.68, Tone.Ink.Fade(0.05)), (1, Tone.Ink.Fade(0.42)));
        Draw($"<path d='{d}' fill='{light}'/>");
    }

    /// <summary>Round dots, all of one size, as one path.</summary>
    public static Svg Dots(IEnumerable<Point> at, double size, Tone tone) =>
        $"<path d='{Svg.Each(at, p => $"M{p}h0")}' stroke='{tone}' stroke-width='{size}'/>";

    public static Svg Line(Svg path, double width, Tone tone, string more = "") =>
        $"<path d='{path}' stroke='{tone}' stroke-width='{width}'{more}/>";

    public override string ToString() => Svg.Of($"""
        <svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 640 480' fill='none' stroke-linecap='round' stroke-linejoin='round'>
        <defs>{_defs.ToString()}</defs>{_body.ToString()}</svg>
        """);

    private void Paint(int ornament)
    {
        if (ornament == 4)
        {
            Draw($"""
                <path d='M0 0h640v480H0z' fill='{Wall}'/>
                <path d='M0 0h640v480H0z'
                fill='{Radial((0, Tone.White.Fade(0.34)), (0.6, Tone.White.Fade(0.08)), (1, Tone.Ink.Fade(0.1)))}'/>
                <path d='M0 0h300L60 480H0zM380 0h120L260 480H140z' fill='#ffffff22'/>
                """);
            return;
        }

        Draw($"""
            <path d='M0 0h640v480H0z' fill='{Down((0, Wall.Light(0.22)), (0.72, Wall), (0.8, Wall.Dark(0.07)), (1, Wall.Dark(0.02)))}'/>
            """);
        var light = Down((0, Tone.White.Fade(0.42)), (1, Tone.White.Fade(0.06)));
        if (ornament == 0)
            Draw($"<circle cx='320' cy='214' r='186' fill='{light}'/>");
        else if (ornament == 1)
            Draw($"<path d='M160 372V190a160 160 0 0 1 320 0V372z' fill='{light}'/>");
        else if (ornament == 2)
            Draw($"<path d='M0 0H250L90 372H0zM310 0h110L260 372H150z' fill='{light}' opacity='.6'/>");
    }

    private string Gradient(string kind, string more, (double At, Tone Tone)[] stops) =>
        Defined(kind, more, $"{Svg.Each(stops, s => $"<stop offset='{s.At * 100}%' stop-color='{s.Tone}'/>")}");

    /// <summary>Each definition once: many parts of a drawing are lit alike.</summary>
    private string Defined(string element, string more, Svg content)
    {
        var definition = $"{more}>{content}</{element}>";
        if (!_known.TryGetValue(definition, out var id))
        {
            _known[definition] = id = NextId();
            _defs.Append($"<{element} id='{id}'{definition}");
        }

        return $"url(#{id})";
    }

    private string NextId() => $"{(char)('a' + (_known.Count % 26))}{(_known.Count >= 26 ? $"{_known.Count / 26}" : "")}";
}
