using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Clocks
{
    public static readonly Family Family = new("clocks", "Clocks",
        "Clocks for walls, shelves and bedsides, with quiet movements that run on a single battery.", "CLK", Make);

    private sealed record Form(ClockForm Shape, string Name, double Euros, string Made, string Size, string Runs);

    private sealed record Series(string Name, int Marks, string Dial, Colour Face, Colour Accent, params Colour[] Bodies);

    private static readonly Form[] Forms =
    [
        new(ClockForm.Round, "wall clock", 49, "A shallow round case of spun steel, painted and baked", "30 cm across and 4 cm deep",
            "The hands sweep instead of ticking, so it can hang in a bedroom."),
        new(ClockForm.Sunburst, "sunburst clock", 89, "Lacquered and brass-coloured rays around a small dial", "60 cm from tip to tip",
            "It wants an empty wall and a nail; the rays are screwed on and can be packed flat."),
        new(ClockForm.Square, "square wall clock", 54, "A case with rounded corners, pressed from one sheet of steel",
            "28 by 28 cm and 4 cm deep", "It fits between kitchen cabinets where a round one looks lost."),
        new(ClockForm.Mantel, "mantel clock", 98, "An arched case with a brass ring around the glass",
            "24 cm tall, 28 cm wide and 9 cm deep", "A switch inside turns the soft strike on the hour on or off."),
        new(ClockForm.Alarm, "alarm clock", 34, "Two bells, a hammer and a case that stands firmly on splayed feet",
            "16 cm tall and 11 cm across", "The alarm is loud. The light in the dial is not: it glows while the button is held."),
        new(ClockForm.Pendulum, "pendulum clock", 129, "A gabled case with a window for the swinging pendulum",
            "46 cm tall, 24 cm wide and 10 cm deep",
            "The pendulum has a drive of its own and swings whether the clock hangs level or not."),
        new(ClockForm.Station, "hanging clock", 145, "A double-sided case on a short stem, as in a ticket hall",
            "36 cm across and 11 cm deep, with a stem of 12 cm", "Both sides run from one movement and always agree."),
    ];

    private static readonly Series[] All =
    [
        new("Noon", 0, "bars for the hours, longer ones for the quarters", Chalk, Red, Navy, Charcoal, Sage),
        new("Polka", 1, "twelve dots and nothing else", Chalk, Terracotta, Mint, Mustard, Rose),
        new("Platform", 2, "a railway dial with a mark for every minute", Chalk, Red, Black, Slate, Forest),
        new("Saturn", 3, "a disc of colour behind the hands", Oat, Teal, Terracotta, Navy, Sky),
        new("Meridian", 4, "fine lines and a thin outer ring", Navy, Brass, Brass, Sky, Chalk),
        new("Lighthouse", 0, "bars for the hours, longer ones for the quarters", Butter, Brick, Red, Teal, Chalk),
        new("Almanac", 1, "twelve dots and nothing else", Forest, Brass, Sand, Moss, Cognac),
        new("Quarter", 3, "a disc of colour behind the hands", Chalk, Mustard, Slate, Plum, Mustard),
        new("Assembly", 2, "a workshop dial with a mark for every minute", Mint, Charcoal, Forest, Stone, Denim),
        new("Evensong", 4, "fine lines and a thin outer ring", Chalk, Plum, Lilac, Plum, Stone),
        new("Parcel", 0, "bars for the hours, longer ones for the quarters", Charcoal, Mustard, Sand, Black, Teal),
        new("Daisy", 1, "twelve dots and nothing else", Butter, Plum, Apricot, Sky, Sage),
        new("Causeway", 3, "a disc of colour behind the hands", Sky, Navy, Denim, Oat, Charcoal),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var wooden = form.Shape is ClockForm.Mantel or ClockForm.Pendulum;
        Colour[] from = wooden ? [Oak, Walnut, Cherry] : series.Bodies;
        var first = number / All.Length % from.Length;
        if (wooden)
            first = (first + number) % from.Length;
        Colour[] bodies = [.. from[first..], .. from[..first]];
        var name = $"{series.Name} {form.Name}";
        var made = wooden ? $"{form.Made}, from solid {bodies[0].Lower}" : $"{form.Made}, here in {bodies[0].Lower}";

        string[] paragraphs =
        [
            $"{made}. The {series.Face.Lower} dial has {series.Dial}, and the hand for the seconds is " +
                $"{(series.Accent == Brass ? "brass-coloured" : series.Accent.Lower)}. {form.Runs}",
            $"{dice.Pick("It measures", "The case is", "It is")} {form.Size}, and runs {dice.Pick("about eighteen months",
                    "about two years", "more than a year")} on one AA cell. " +
                $"{dice.Pick("The glass is mineral glass and does not mind window cleaner.",
                    "The dial is printed on aluminium and does not fade behind glass.",
                    "The hands are stamped from steel and balanced by a small weight behind the centre.")}",
            dice.Pick(
                "The battery is in the box, with a strip to pull out.", "Set it by the wheel at the back, forwards only.",
                "The movement can be replaced with any that has a shaft of 12 mm.",
                "When the clocks change, one turn of the wheel is all it needs."),
        ];
        Option[] options = [
            .. bodies.Take(dice.Between(1, 3)).Select(b => Option.At(b.Name, form.Euros * (b == Walnut || b == Cherry ? 1.15 : 1)))];
        return new(
            name, $"{Words.Capital(Words.A(form.Name))} in {bodies[0].Lower}, {form.Size}, with {Words.A(series.Face.Lower)} dial.",
            paragraphs, options,
            ClockPicture.Draw(form.Shape, bodies[0].Tone, series.Face.Tone, series.Accent.Tone, series.Marks, dice));
    }
}
