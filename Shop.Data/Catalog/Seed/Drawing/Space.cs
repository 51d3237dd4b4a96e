using System.Numerics;

namespace Shop.Data.Catalog.Seed.Drawing;

/// <summary>Things with edges, turned by yaw and pitch and without perspective: x to the right, y up, z towards the viewer.</summary>
internal sealed class Space(Point origin, double yaw, double pitch)
{
    private readonly double _cosYaw = Math.Cos(yaw * Math.PI / 180), _sinYaw = Math.Sin(yaw * Math.PI / 180);
    private readonly double _cosPitch = Math.Cos(pitch * Math.PI / 180), _sinPitch = Math.Sin(pitch * Math.PI / 180);

    public Point At(Vector3 p) => origin + Flat(p);

    public Point At(double x, double y, double z) => At(new((float)x, (float)y, (float)z));

    /// <summary>For a transform that lays flat drawing units onto the plane spanned by two directions.</summary>
    public Svg Matrix(Vector3 corner, Vector3 right, Vector3 down)
    {
        var (o, u, v) = (At(corner), Flat(right), Flat(down));
        return $"matrix({Fine(u.X)} {Fine(u.Y)} {Fine(v.X)} {Fine(v.Y)} {o.X} {o.Y})";
    }

    /// <summary>A board with rounded corners: half axes u and v from its centre, extruded by n towards the viewer.</summary>
    public Svg Slab(Vector3 centre, Vector3 u, Vector3 v, double radius, Vector3 n, string side, string face)
    {
        var (along, uv, vv) = (Flat(n), Flat(Vector3.Normalize(u)), Flat(Vector3.Normalize(v)));
        var (a, b) = (Cross(along, uv), Cross(along, vv));
        var length = Math.Max(Math.Sqrt((a * a) + (b * b)), 1e-6);
        // The two points of the rim that lie farthest to either side of the direction of n.
        var edge = (Vector3.Normalize(u) * (float)((Math.Sign(a) * (u.Length() - radius)) + (radius * a / length)))
            + (Vector3.Normalize(v) * (float)((Math.Sign(b) * (v.Length() - radius)) + (radius * b / length)));
        // Both parts of the side must turn the same way, or they cut holes in each other.
        if (Cross(uv, vv) * Cross(along, Flat(edge)) > 0)
            edge = -edge;
        return $"""
            <path d='{Outline(centre, u, v, radius)}M{At(centre + edge)}L{At(centre + edge + n)} {At(centre - edge + n)}
            {At(centre - edge)}z' fill='{side}' stroke='{side}'/><path d='{Outline(centre + n, u, v, radius)}' fill='{face}'/>
            """;
    }

    public Svg Outline(Vector3 centre, Vector3 u, Vector3 v, double radius)
    {
        Vector3 r = Vector3.Normalize(u) * (float)radius, s = Vector3.Normalize(v) * (float)radius;
        Point P(Vector3 offset) => At(centre + offset);
        Svg Corner(Vector3 corner, Vector3 before, Vector3 after) =>
            $"L{P(corner + before)}C{P(corner + (before * 0.45f))} {P(corner + (after * 0.45f))} {P(corner + after)}";
        return $"M{P(-u - v + r)}{Corner(u - v, -r, s)}{Corner(u + v, -s, -r)}{Corner(v - u, r, -s)}{Corner(-u - v, s, r)}z";
    }

    /// <summary>A round rod, lit from the upper left.</summary>
    public Svg Rod(Vector3 from, Vector3 to, double width, Tone tone)
    {
        var (a, b) = (At(from), At(to));
        var lit = new Point(-width * 0.18, -width * 0.1);
        return $"""
            {Sketch.Line($"M{a}L{b}", width, tone.Dark(0.22))}{Sketch.Line($"M{a + lit}L{b + lit}", width * 0.6, tone)}
            {Sketch.Line($"M{a + lit}L{b + lit}", width * 0.2, tone.Light(0.3))}
            """;
    }

    private Point Flat(Vector3 p) =>
        new((p.X * _cosYaw) - (p.Z * _sinYaw), (-p.Y * _cosPitch) + (((p.X * _sinYaw) + (p.Z * _cosYaw)) * _sinPitch));

    private static double Cross(Point a, Point b) => (a.X * b.Y) - (a.Y * b.X);

    private static string Fine(double number) => Math.Round(number, 3).ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
}
