using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Headphones
{
    public static readonly Family Family = new("headphones", "Headphones",
        "Headphones with parts that can be replaced: cushions, cables and, on most of them, the battery.", "HPH", Make);

    private sealed record Form(HeadphoneForm Shape, string Name, double Euros, int Hours, int Grams, string Fit, string Sound);

    private sealed record Series(string Name, Colour Pad, Colour Metal, params Colour[] Colours);

    private static readonly Form[] Forms =
    [
        new(HeadphoneForm.Around, "over-ear headphones", 189, 38, 262,
            "The cushions close around the ear and rest on the head, so they can be worn over glasses",
            "Active noise cancelling takes out engines and fans and leaves voices audible"),
        new(HeadphoneForm.OnEar, "on-ear headphones", 98, 30, 168,
            "Small cups sit on the ear and fold flat against the band for the coat pocket",
            "They let enough of the street through to hear a bicycle bell"),
        new(HeadphoneForm.Studio, "studio headphones", 149, 0, 284,
            "Closed cups on a swivelling yoke, for listening with one ear as well as with two",
            "The sound is plain and even, meant for hearing what is wrong with a recording"),
        new(HeadphoneForm.Open, "open-back headphones", 219, 0, 271,
            "A perforated back lets air and sound through, and keeps the ears cool",
            "Voices and instruments seem to stand in the room; so they do for everybody else in it"),
        new(HeadphoneForm.Buds, "wireless earbuds", 119, 28, 52,
            "Two buds with three sizes of silicone tips, in a case that charges them four times",
            "A light tap pauses, a long one lets the surroundings in"),
        new(HeadphoneForm.Retro, "light headphones", 59, 24, 96, "A steel band, two foam pads and very little else",
            "They sound lighter than closed ones, and are forgotten on the head within minutes"),
    ];

    private static readonly Series[] All =
    [
        new("Overture", Charcoal, Steel, Chalk, Navy, Sage),
        new("Nocturne", Chestnut, Brass, Navy, Black, Plum),
        new("Cadence", Black, Steel, Terracotta, Slate),
        new("Foyer", Cognac, Brass, Oat, Forest),
        new("Reverb", Charcoal, Steel, Teal, Mustard, Lilac),
        new("Sotto", Stone, Steel, Rose, Chalk),
        new("Matinee", Chestnut, Brass, Butter, Brick),
        new("Prelude", Charcoal, Steel, Sky, Chalk, Red),
        new("Rubato", Black, Brass, Forest, Black),
        new("Intermezzo", Stone, Steel, Lilac, Mint, Slate),
        new("Chorale", Cognac, Brass, Sand, Plum),
        new("Andante", Charcoal, Steel, Denim, Stone),
        new("Tempo", Black, Steel, Red, Black, Mustard),
        new("Quartet", Chestnut, Brass, Moss, Chalk),
        new("Encore", Charcoal, Brass, Plum, Oat),
        new("Fermata", Black, Steel, Slate, Apricot),
        new("Serenade", Cognac, Brass, Mint, Navy, Rose),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = number / All.Length % series.Colours.Length;
        Colour[] colours = [.. series.Colours[first..], .. series.Colours[..first]];
        var name = $"{series.Name} {form.Name}";
        var euros = form.Euros * dice.Pick(0.9, 1, 1, 1.15);
        var hours = form.Hours + (form.Hours > 0 ? dice.Between(-4, 6) : 0);
        var cushion = series.Pad == Cognac || series.Pad == Chestnut
            ? $"{series.Pad.Lower} leather" : $"{series.Pad.Lower} {dice.Pick("fabric", "artificial leather")}";
        var trim = series.Metal == Brass ? "brass-coloured" : "brushed";

        var build = form.Shape switch
        {
            HeadphoneForm.Buds => $"The case is matt {colours[0].Lower} with a {trim} clasp, and charges over USB-C or on a pad.",
            HeadphoneForm.Retro =>
                $"The caps are {colours[0].Lower}, the band is {(series.Metal == Brass ? "brass-plated" : "stainless")} " +
                    "spring steel, and the foam pads pull off to be washed.",
            _ => $"The cups are {colours[0].Lower}, the sliders {trim} aluminium, and the cushions {cushion}; " +
                "they come off with a quarter turn.",
        };
        var power = hours > 0
            ? dice.Pick(
                $"A charge lasts about {hours} hours and takes under two.",
                $"They play for {hours} hours, and for two more after five minutes on the cable.",
                $"Battery life is {hours} hours at moderate volume; a new cell can be fitted with a small screwdriver.")
            : dice.Pick(
                "The cable is 3 m long, plugs into either cup and is sold separately as a spare.",
                "They need no battery: 38 ohms, a 3.5 mm plug and a screw-on adapter for the larger socket.",
                "The plug is gold-plated, the cable can be changed, and nothing in them can run empty.");
        string[] paragraphs =
        [
            $"{form.Fit}. {form.Sound}.",
            $"{build} {power} {dice.Pick($"The {name} weigh {form.Grams + dice.Between(-6, 9)} g.",
                    $"Weight: {form.Grams + dice.Between(-6, 9)} g{(form.Shape == HeadphoneForm.Buds ? " with the case" : "")}.")}",
            dice.Pick(
                "In the box: a bag of unbleached cotton and a short cable. No plastic film.",
                "Wipe the cushions with a damp cloth now and then; skin is harder on them than time.",
                "Spare parts are listed by number in the manual and kept for eight years.",
                "They connect to two devices at once and do not ask for an account."),
        ];
        if (form.Hours == 0 && paragraphs[2].StartsWith("They connect", StringComparison.Ordinal))
            paragraphs[2] = "The headband is held by two visible screws, so every part of it can be exchanged.";
        Option[] options = [.. colours.Take(dice.Between(1, 3)).Select(c => Option.At(c.Name, euros))];
        return new(
            name,
            $"{Words.Capital(form.Name)} in " +
                $"{colours[0].Lower}{(hours > 0 ? $", with {hours} hours of battery life" : ", with a replaceable cable")}.",
            paragraphs, options,
            HeadphonePicture.Draw(form.Shape, colours[0].Tone, series.Pad.Tone, series.Metal.Tone, dice));
    }
}
