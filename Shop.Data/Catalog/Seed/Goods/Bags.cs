using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Bags
{
    public static readonly Family Family = new("bags", "Bags",
        "Canvas and leather for the market, the office and the night train, sewn so that a cobbler can mend them.", "BAG", Make);

    private sealed record Form(BagForm Shape, string Name, double Euros, int Litres, string Size, string Build, string Use);

    private sealed record Series(string Name, int Pattern, string Cloth, Colour Trim, Colour Metal, params Colour[] Colours);

    private static readonly Form[] Forms =
    [
        new(BagForm.Tote, "tote bag", 49, 16, "40 cm wide, 36 cm high and 14 cm deep",
            "Two handles long enough for the shoulder, an inside pocket for the keys, and nothing that needs closing",
            "It takes a week's vegetables or a laptop and a jumper, and folds to the size of a book."),
        new(BagForm.Rucksack, "rucksack", 128, 20, "30 cm wide, 42 cm high and 15 cm deep",
            "A flap with two buckled straps over a drawstring, a front pocket and a padded sleeve against the back",
            "It is a bag for school, for work and for the walk on the day in between."),
        new(BagForm.Weekender, "weekender", 179, 38, "54 cm wide, 32 cm high and 26 cm deep",
            "A wide zip, handles that run all the way round under the base, and a detachable shoulder strap",
            "It holds three days of clothes and still counts as hand luggage with most airlines."),
        new(BagForm.Satchel, "satchel", 159, 12, "38 cm wide, 28 cm high and 10 cm deep",
            "A deep flap, two tuck-in buckles and two pockets underneath it",
            "A4 folders and a 14-inch computer lie flat inside without bending."),
        new(BagForm.RollTop, "roll-top rucksack", 139, 24, "29 cm wide, 44 to 58 cm high and 16 cm deep",
            "A top that rolls down and is held by one strap, with a zipped pocket in front",
            "It grows by six litres on the way back from the market, and keeps the rain out on a bicycle."),
        new(BagForm.Crossbody, "crossbody bag", 89, 4, "24 cm wide, 19 cm high and 8 cm deep",
            "A rounded flap with a turning stud and a strap that adjusts from 90 to 130 cm",
            "Telephone, purse, keys and a paperback fit; nothing else needs to."),
        new(BagForm.Bucket, "bucket bag", 99, 9, "26 cm wide, 28 cm high and 20 cm deep",
            "A drawn cord through eight eyelets, a stiffened round base and one wide strap",
            "Everything is at the bottom, as in any bucket, but the opening is wide enough to see it."),
    ];

    private static readonly Series[] All =
    [
        new("Ferryman", 0, "waxed cotton canvas", Cognac, Brass, Forest, Navy, Sand),
        new("Quayside", 1, "woven cotton canvas", Navy, Brass, Chalk, Butter, Mint),
        new("Allotment", 0, "organic cotton canvas", Chestnut, Steel, Sage, Mustard, Terracotta),
        new("Bothy", 2, "brushed wool blend", Chestnut, Brass, Brick, Moss, Denim),
        new("Saddler", 0, "vegetable-tanned leather", Chestnut, Brass, Cognac, Black, Forest),
        new("Pavement", 0, "recycled polyester canvas", Black, Steel, Slate, Charcoal, Teal),
        new("Two-Tone", 3, "heavy cotton canvas", Cognac, Brass, Oat, Sky, Rose),
        new("Gallery", 0, "cotton canvas", Black, Steel, Lilac, Chalk, Red),
        new("Beachcomber", 1, "washed cotton canvas", Terracotta, Steel, Oat, Sky, Chalk),
        new("Ridgeway", 2, "tightly woven wool blend", Cognac, Brass, Slate, Forest, Mustard),
        new("Archivist", 0, "waxed cotton canvas", Chestnut, Brass, Plum, Stone, Denim),
        new("Orchardist", 3, "heavy cotton canvas", Chestnut, Brass, Butter, Sage, Apricot),
        new("Overnight", 0, "waxed cotton canvas", Cognac, Steel, Navy, Brick, Moss),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = number / All.Length % series.Colours.Length;
        Colour[] colours = [.. series.Colours[first..], .. series.Colours[..first]];
        var leather = series.Cloth.EndsWith("leather", StringComparison.Ordinal);
        var name = $"{series.Name} {form.Name}";
        var euros = form.Euros * (leather ? 1.6 : series.Cloth.StartsWith("waxed", StringComparison.Ordinal) ? 1.1 : 1);
        var metal = series.Metal == Brass ? "solid brass" : "brushed steel";
        var woven = series.Pattern switch
        {
            1 => $" with stripes in {series.Trim.Lower}",
            2 => " with a woven check",
            3 when form.Shape is not (BagForm.Satchel or BagForm.Crossbody) => $" with the lower part in {series.Trim.Lower}",
            _ => "",
        };

        string[] paragraphs =
        [
            $"{form.Build}: {dice.Pick($"the {name} leaves out the rest", $"that is the whole {form.Name}")}. {form.Use}",
            $"The body is {series.Cloth} in {colours[0].Lower}{woven}, the straps are {series.Trim.Lower} " +
                $"{(series.Trim == Navy || series.Trim == Terracotta ? "cotton webbing" : "leather")} and the fittings {metal}. " +
                $"It measures {form.Size} and holds about {form.Litres} litres.",
            leather
                ? dice.Pick(
                    "The leather is left open-pored, so it takes on marks and then a shine. Rub it with beeswax twice a year.",
                    "Rain leaves spots that fade by themselves; let it dry away from the radiator.")
                : dice.Pick(
                    "Brush it dry or wipe it with cold water; a washing machine would take the finish out of the cloth.",
                    "Seams that carry weight are sewn twice and riveted at the ends.",
                    "The lining is cotton in a paler shade, so that a black purse can be found in it.",
                    "Buckles and straps are held by screws, so each can be replaced on its own."),
        ];
        Option[] options = [.. colours.Take(dice.Between(1, 3)).Select(c => Option.At(c.Name, euros))];
        return new(
            name, $"{Words.Capital(Words.A(form.Name))} for {form.Litres} litres in {colours[0].Lower} {series.Cloth}.", paragraphs,
            options,
            BagPicture.Draw(form.Shape, colours[0].Tone, series.Trim.Tone, series.Metal.Tone, series.Pattern, dice));
    }
}
