using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Mugs
{
    public static readonly Family Family = new("mugs-and-cups", "Mugs & cups",
        "Stoneware and porcelain for the first coffee, the long tea and everything in between, thrown and pressed in small runs.", "MUG",
            Make);

    private sealed record Form(string Name, int Ml, double Euros, MugShape Shape, double Cm, string Use, string Hold);

    private sealed record Series(string Name, Glaze Glaze, string Clay, Colour Second, params Colour[] Colours);

    private static readonly Form[] Forms =
    [
        new("mug", 330, 16, new(94, 86, 206, 4, true, false), 9.5,
            "The size that ends up in daily use: a filter coffee, a pot of tea shared by two, a handful of pencils later on.",
            "Three fingers fit through the handle with room to spare."),
        new("espresso cup", 80, 12, new(84, 58, 116, 6, true, true), 6,
            "The thick wall keeps a short espresso hot to the last sip, and the cup fits under the spout of any machine.",
            "The saucer has a shallow well, so the cup does not slide when carried."),
        new("tall mug", 450, 19, new(84, 76, 262, 2, true, false), 13,
            "Tall enough for a caffe latte with its foam or for a tea bag that needs room to draw.",
            "The slim foot fits the cup holders of most drip trays."),
        new("cappuccino cup", 200, 18, new(118, 66, 140, 16, true, true), 6.5,
            "The round inside lets milk and coffee fold into each other, which makes pouring easier for beginners.",
            "The saucer leaves room for a spoon and a biscuit."),
        new("tumbler", 250, 13, new(92, 68, 188, 2, false, false), 9,
            "Without a handle it stacks, packs and warms cold hands; cortado, water and dessert all look at home in it.",
            "Six of them stack in the space of two mugs."),
        new("barrel mug", 380, 18, new(84, 78, 196, 30, true, false), 9.5, "The curved wall slows cooling and sits well between two palms.",
            "The handle is set low, which puts the weight close to the hand."),
        new("tea cup", 220, 17, new(120, 52, 128, 8, true, true), 6,
            "Wide and shallow, so tea cools to drinking heat within minutes and its colour can be seen.",
            "The saucer doubles as a lid while the tea draws."),
        new("soup mug", 520, 20, new(128, 92, 168, 12, true, false), 8.5,
            "Made for soup at the desk and porridge on the sofa, and generous enough for a hot chocolate with company.",
            "The broad base stands safely on a tray."),
    ];

    private static readonly Series[] All =
    [
        new("Tidewater", Glaze.Dipped, "stoneware", Navy, Oat, Sand, Sky),
        new("Meadow", Glaze.Sprigged, "porcelain", Moss, Chalk, Butter, Rose),
        new("Quarry", Glaze.Speckled, "stoneware", Slate, Oat, Sage, Slate),
        new("Colonnade", Glaze.Ribbed, "stoneware", Stone, Sage, Terracotta, Chalk, Denim),
        new("Sailor", Glaze.Striped, "porcelain", Navy, Chalk, Butter),
        new("Plain Sunday", Glaze.Plain, "stoneware", Stone, Mustard, Teal, Plum, Charcoal),
        new("Confetti", Glaze.Dotted, "porcelain", Terracotta, Chalk, Mint, Butter),
        new("Lowland", Glaze.Banded, "stoneware", Forest, Sand, Oat, Sage),
        new("Ember", Glaze.Dipped, "stoneware", Brick, Charcoal, Sand, Oat),
        new("Rookery", Glaze.Speckled, "stoneware", Charcoal, Charcoal, Rose, Chalk),
        new("Market Day", Glaze.Striped, "stoneware", Red, Oat, Sky, Mint),
        new("Fieldnote", Glaze.Sprigged, "stoneware", Navy, Sky, Oat, Chalk),
        new("Harbour", Glaze.Plain, "stoneware", Stone, Denim, Navy, Mint, Chalk),
        new("Orchard", Glaze.Banded, "porcelain", Apricot, Chalk, Mint, Rose),
        new("Furrow", Glaze.Ribbed, "stoneware", Stone, Brick, Moss, Oat),
        new("Snowberry", Glaze.Dotted, "porcelain", Chalk, Red, Navy, Forest, Plum),
        new("Saltmarsh", Glaze.Dipped, "stoneware", Teal, Oat, Stone, Butter),
        new("Pebble", Glaze.Speckled, "stoneware", Stone, Stone, Sand, Lilac),
        new("Marigold", Glaze.Sprigged, "porcelain", Terracotta, Butter, Chalk, Mint),
        new("Weekday", Glaze.Plain, "porcelain", Stone, Chalk, Rose, Sky, Lilac),
        new("Boathouse", Glaze.Banded, "stoneware", Navy, Red, Chalk, Mustard),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = number / All.Length % series.Colours.Length;
        Colour[] colours = [.. series.Colours[first..], .. series.Colours[..first]];
        var look = LookOf(series, dice);

        Option[] options = [.. colours.Select(c => Option.At(c.Name, form.Euros))];
        if (dice.Chance(35))
            options = [.. options, Option.At($"{colours[0].Name}, set of four", form.Euros * 3.7)];

        string[] paragraphs =
        [
            $"{look} {dice.Pick($"The {form.Name} holds {form.Ml} ml to the brim.", $"It takes {form.Ml} ml.",
                    $"Filled to a finger below the rim it holds about {form.Ml * 9 / 10} ml.")} {form.Use}",
            $"{dice.Pick("Made of", "Pressed from", "Formed in")} {series.Clay} and fired {dice.Pick("at 1,240 degrees",
                    "twice, the second time at 1,260 degrees", "for eleven hours")}, it stands {Words.Cm(form.Cm)} cm tall. " +
                $"{form.Hold}",
            dice.Pick(
                "Safe in the dishwasher and the microwave. The unglazed foot ring is sanded smooth and leaves no marks on wood.",
                "Goes into the dishwasher and the microwave, but not from the fridge straight into boiling water: " +
                    "sudden heat is what cracks ceramics.",
                "The glaze is free of lead and cadmium. Tea stains come off with a spoon of baking soda and warm water.",
                "Wash it by hand or in the machine. Small differences in the glaze are part of how it is made, so no two are quite alike."),
        ];
        var summary = $"{Words.Capital(Words.A(series.Clay))} {form.Name} for {form.Ml} ml, {Finish(series)}.";
        return new($"{series.Name} {form.Name}", summary, paragraphs, options,
            MugPicture.Draw(form.Shape, series.Glaze, colours[0].Tone, series.Second.Tone, dice));
    }

    private static string Finish(Series s) => s.Glaze switch
    {
        Glaze.Dipped => $"dipped from the rim in {s.Second.Lower} glaze",
        Glaze.Speckled => "with a speckled glaze",
        Glaze.Ribbed => "with carved vertical ribs",
        Glaze.Striped => $"banded with {s.Second.Lower} stripes",
        Glaze.Dotted => $"covered in {s.Second.Lower} dots",
        Glaze.Sprigged => $"painted with {s.Second.Lower} sprigs",
        Glaze.Banded => $"with {Words.A(s.Second.Lower)} band below the rim",
        _ => "in one quiet, glossy glaze",
    };

    private static string LookOf(Series s, Dice dice) => s.Glaze switch
    {
        Glaze.Dipped => dice.Pick(
            $"Every piece of the {s.Name} series is dipped by hand, so the edge of the {s.Second.Lower} " +
                "glaze runs a little differently each time.",
            $"Two glazes meet in a soft line: {s.Second.Lower} from the rim down, the body colour below."),
        Glaze.Speckled => dice.Pick(
            "Iron in the clay comes through the glaze as fine dark specks, more in some places, fewer in others.",
            $"The speckles of the {s.Name} series are not printed; they are minerals that melt out of the clay in the kiln."),
        Glaze.Ribbed => dice.Pick(
            "Vertical ribs run from below the rim to the foot, and the glaze pools darker between them.",
            "The ribs are carved into the half-dry clay; they catch the light and give wet fingers a grip."),
        Glaze.Striped => dice.Pick(
            $"The {s.Second.Lower} stripes are banded on a turning wheel with a loaded brush, which is why they are not perfectly even.",
            $"Stripes in {s.Second.Lower} go all the way round and stop just above the foot."),
        Glaze.Dotted => dice.Pick(
            $"Rows of {s.Second.Lower} dots, set by hand with a sponge stamp, wrap around the {s.Clay}.",
            $"Dots in {s.Second.Lower}, offset from row to row, make a cheerful table even in November."),
        Glaze.Sprigged => dice.Pick(
            $"Leafy sprigs in {s.Second.Lower} grow up from the foot, painted under the glaze where no dishwasher can reach them.",
            $"A row of {s.Second.Lower} sprigs is brushed on before the second firing; each leaf is one stroke."),
        Glaze.Banded => dice.Pick(
            $"A broad band of {s.Second.Lower} sits below the rim and ends in a thin, darker line.",
            $"The {s.Name} series keeps to two colours: the body glaze and a band of {s.Second.Lower} at the top."),
        _ => dice.Pick(
            $"One glaze, inside and out, and nothing else: the {s.Name} series is made to go with whatever is on the shelf already.",
            "A glossy glaze in a single colour shows the shape and hides nothing."),
    };
}
