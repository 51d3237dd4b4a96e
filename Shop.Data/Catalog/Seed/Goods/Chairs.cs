using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Chairs
{
    public static readonly Family Family = new("chairs", "Chairs",
        "Seats for the table, the window and the long evening, from solid European wood, sent assembled or with one tool in the box.",
            "CHR", Make);

    private sealed record Form(ChairForm Shape, string Name, double Euros, bool Covered, string What, string Size, string Comfort);

    private sealed record Series(string Name, Colour Wood, params Colour[] Covers);

    private static readonly Form[] Forms =
    [
        new(ChairForm.Spindle, "spindle chair", 189, false, "turned spindles under a bent top rail, and a seat hollowed out of one board",
            "82 cm high, 46 cm wide and 50 cm deep, with the seat at 45 cm",
            "The spindles give a little when leaned on, which is what makes the chair comfortable without a cushion."),
        new(ChairForm.Dining, "dining chair", 219, true, "a padded seat and back on a slim frame",
            "80 cm high, 48 cm wide and 54 cm deep, with the seat at 47 cm",
            "Seat and back are firm enough for three courses and soft enough for the conversation afterwards."),
        new(ChairForm.Lounge, "armchair", 690, true, "deep upholstery on a hardwood frame, with arms as wide as a saucer",
            "78 cm high, 82 cm wide and 80 cm deep, with the seat at 42 cm",
            "Pocket springs under a layer of wool keep their shape for years; the seat cushion can be turned."),
        new(ChairForm.Ladder, "ladder-back chair", 169, false, "three curved slats and a seat of paper cord, woven by hand in an afternoon",
            "88 cm high, 45 cm wide and 47 cm deep, with the seat at 45 cm",
            "The woven seat is cool in summer, and tightens itself again when it is dampened once a year."),
        new(ChairForm.Stool, "stool", 98, true, "a round padded seat on four splayed legs", "45 cm high and 38 cm across",
            "It serves as a seat at the desk, as a table beside the bath and as the extra chair on a birthday."),
        new(ChairForm.Rocking, "rocking chair", 349, true, "a high spindle back, short arms and runners with a shallow curve",
            "96 cm high, 62 cm wide and 84 cm deep, with the seat at 43 cm",
            "The runners are cut so that it comes to rest upright and does not creep across the floor."),
        new(ChairForm.Shell, "shell chair", 149, true, "a moulded shell on four dowel legs with steel bracing",
            "81 cm high, 50 cm wide and 53 cm deep, with the seat at 45 cm",
            "The rim of the shell bends slightly under the weight of an arm; the surface wipes clean."),
        new(ChairForm.Bar, "bar stool", 139, true, "a round padded seat on tall legs with a double footrest", "72 cm high and 40 cm across",
            "The footrest sits at the height where feet look for it, and its front rail is the one that gets replaced first: " +
                "two screws hold it."),
    ];

    private static readonly Series[] All =
    [
        new("Hazelmere", Oak, Sage, Oat, Denim),
        new("Linden", Walnut, Mustard, Charcoal, Rose),
        new("Rectory", Ash, Navy, Terracotta, Stone),
        new("Coppice", Beech, Forest, Chalk, Brick),
        new("Weald", Cherry, Butter, Slate, Teal),
        new("Longacre", Oak, Plum, Sky, Charcoal),
        new("Tithe Barn", Black, Red, Cognac, Oat),
        new("Brook", Ash, Mint, Apricot, Denim),
        new("Gable", Walnut, Cognac, Forest, Lilac),
        new("Millrace", Beech, Slate, Rose, Moss),
        new("Orangery", Cherry, Teal, Oat, Plum),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = number / All.Length % series.Covers.Length;
        Colour[] covers = [.. series.Covers[first..], .. series.Covers[..first]];
        var wood = series.Wood == Black ? "black-stained ash" : series.Wood.Lower;
        var name = $"{series.Name} {form.Name}";
        var euros = form.Euros * (series.Wood == Walnut || series.Wood == Cherry ? 1.15 : 1);

        Option[] options = form.Covered
            ? [.. covers.Select(c => Option.At($"{Words.Capital(wood)}, {c.Lower}", euros * (c == Cognac ? 1.2 : 1)))]
            : [
                Option.At(Words.Capital(wood), euros), Option.At($"{Words.Capital(wood)}, pair", euros * 1.9),
                Option.At($"{Words.Capital(wood)}, set of four", euros * 3.7)];

        var cover = covers[0] == Cognac ? "cognac leather" : $"{covers[0].Lower} {dice.Pick("wool", "cotton and linen", "wool felt")}";
        var dressed = form.Shape == ChairForm.Shell
            ? $", with the shell in {covers[0].Lower}" : form.Covered ? $", covered in {cover}" : "";
        string[] paragraphs =
        [
            $"{dice.Pick($"The {name} has {form.What}.", $"{Words.Capital(form.What)}: that is the {name}.")} {form.Comfort}",
            $"The frame is solid {wood}{dressed}, {dice.Pick("oiled rather than varnished, so scratches can be sanded out",
                    "glued and wedged at the joints", "joined without a single visible screw")}. " +
                $"It is {form.Size}, and carries {dice.Pick(120, 130, 140)} kg.",
            dice.Pick(
                "Felt pads for hard floors are in the box. Rub the wood with oil once a year, more often near a radiator.",
                "It comes assembled in a large carton; two people get it up any staircase.",
                "The wood comes from forests in Slovenia and Austria. It darkens a little in the first summer, evenly if it is " +
                    "moved now and then.",
                "Wipe it with a damp cloth and dry it at once. Replacement parts are kept for ten years after the last one is sold."),
        ];
        return new(
            name,
            $"{Words.Capital(Words.A(wood))} {form.Name} with {form.What.Split(',')[0].Replace(" with ", " and ",
                    StringComparison.Ordinal)}{(form.Covered ? $", in {covers[0].Lower}" : "")}.",
            paragraphs, options,
            ChairPicture.Draw(form.Shape, series.Wood.Tone, covers[0].Tone, dice));
    }
}
