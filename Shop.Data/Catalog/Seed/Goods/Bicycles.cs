using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Bicycles
{
    public static readonly Family Family = new("bicycles", "Bicycles",
        "Steel and aluminium bicycles for errands, commutes and long weekends, built up and adjusted before they leave.", "BIC", Make);

    private sealed record Form(
        BicycleForm Shape, string Name, double Euros, string[] Sizes, double Kilos, string Frame, string Ride, string[] Gears);

    private sealed record Series(string Name, Colour Tyre, Colour Leather, params Colour[] Colours);

    private static readonly string[] Adult = ["S (155 to 168 cm)", "M (166 to 178 cm)", "L (176 to 188 cm)", "XL (186 to 198 cm)"];
    private static readonly string[] Low = ["M (158 to 174 cm)", "L (172 to 188 cm)"];
    private static readonly string[] One = ["One size (148 to 190 cm)"];

    private static readonly Form[] Forms =
    [
        new(BicycleForm.City, "city bicycle", 749, Low, 15.8, "A step-through steel frame with two curved tubes",
            "You sit upright and see over the cars; the basket in front holds a bag of shopping and a loaf.",
            ["a 3-speed hub gear with a coaster brake", "a 7-speed hub gear and rim brakes", "an 8-speed hub gear and roller brakes"]),
        new(BicycleForm.Single, "single-speed", 529, Adult, 10.4, "A diamond frame in double-butted steel with flat bars",
            "There is one gear, and it is the right one for towns without hills: nothing to adjust and little to break.",
            ["one gear of 44 by 17 and two rim brakes", "one gear of 46 by 18 and a flip-flop hub"]),
        new(BicycleForm.Road, "road bicycle", 1290, Adult, 9.1, "A light steel frame with drop bars and narrow tyres",
            "It answers quickly and goes straight when the hands are off the bars; 28 mm tyres take the edge off rough asphalt.",
            ["2 by 11 gears and dual-pivot brakes", "1 by 12 gears and disc brakes"]),
        new(BicycleForm.Touring, "touring bicycle", 1390, Adult, 13.9, "A long wheelbase, drop bars and a rack that carries 35 kg",
            "It is calm when loaded and stays so downhill; the two canvas panniers come with it.",
            ["3 by 9 gears and cantilever brakes", "a 14-speed hub gear and disc brakes"]),
        new(BicycleForm.Dutch, "roadster", 689, Low, 17.6, "A frame with one deep, curved tube, a full chain case and wide mudguards",
            "It is heavy, unhurried and always ready, even after a winter outside.",
            ["a 3-speed hub gear with a coaster brake", "a single gear with a coaster brake"]),
        new(BicycleForm.Folding, "folding bicycle", 899, One, 11.9,
            "A hinged frame on 20-inch wheels that folds to the size of a suitcase in half a minute",
            "It goes on trains without a ticket and under desks without a discussion.",
            ["a 3-speed hub gear and rim brakes", "a 7-speed derailleur and rim brakes"]),
        new(BicycleForm.Trail, "trail bicycle", 1090, Adult, 13.2, "A sloping frame with a suspension fork and wide, knobbly tyres",
            "Forest tracks, tram rails and kerbs make no difference to it.",
            ["1 by 11 gears and disc brakes", "1 by 12 gears and hydraulic disc brakes"]),
    ];

    private static readonly Series[] All =
    [
        new("Poplar", Sand, Cognac, Sage, Navy, Chalk),
        new("Canal", Charcoal, Black, Teal, Charcoal, Rose),
        new("Brass Band", Charcoal, Chestnut, Forest, Brick),
        new("Sunday", Chalk, Cognac, Sky, Butter, Mint),
        new("Gravel Lane", Sand, Chestnut, Moss, Stone),
        new("Signal", Charcoal, Black, Red, Slate, Mustard),
        new("Plover", Charcoal, Cognac, Slate, Apricot),
        new("Linnet", Chalk, Chestnut, Mint, Plum, Denim),
        new("Postway", Charcoal, Black, Mustard, Navy),
        new("Hillcrest", Sand, Cognac, Denim, Terracotta, Black),
        new("Meridian", Charcoal, Chestnut, Plum, Chalk),
        new("Crosswind", Charcoal, Black, Terracotta, Teal, Lilac),
        new("Towpath", Sand, Cognac, Brick, Forest, Oat),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = number / All.Length % series.Colours.Length;
        var colour = series.Colours[first];
        var other = series.Colours[(first + 1) % series.Colours.Length];
        var name = $"{series.Name} {form.Name}";
        var gears = dice.Pick(form.Gears);
        var euros = form.Euros * dice.Pick(0.92, 1, 1, 1.12);

        List<Option> options = [.. form.Sizes.Select(size => Option.At($"{colour.Name}, {size}", euros))];
        if (options.Count <= 2)
            options.AddRange(form.Sizes.Select(size => Option.At($"{other.Name}, {size}", euros)));

        var tyres = series.Tyre == Sand ? "tan side walls" : series.Tyre == Chalk ? "cream-coloured side walls" : "black side walls";
        string[] paragraphs =
        [
            $"{form.Frame}, {dice.Pick($"painted {colour.Lower} in two coats", $"powder-coated in {colour.Lower}",
                    $"in {colour.Lower} under a clear coat")}. {form.Ride}",
            $"It has {gears}. The tyres have {tyres}, saddle and grips are " +
                $"{(series.Leather == Black ? "black" : $"{series.Leather.Lower} brown")}. " +
                $"{dice.Pick($"Ready to ride, without pedals, the {name} weighs {Words.Cm(form.Kilos)} kg in the smallest size.",
                    $"Weight: {Words.Cm(form.Kilos + 0.4)} kg with pedals.")}",
            dice.Pick(
                "It arrives nearly assembled: turn the bars straight, screw in the pedals, pump up the tyres. " +
                    "The tool for it is in the box.",
                "Every one is ridden round the yard before it is packed. After some 200 km the spokes and cables want a first " +
                    "check, which any workshop can do.",
                "Lights and lock are not included; the mounts for both are. Spare parts are standard sizes and easy to find.",
                "The frame number is engraved below the crank and noted on the invoice. " +
                    "Oil the chain once a month and it will last for years."),
        ];
        return new(
            name, $"{Words.Capital(Words.A(colour.Lower))} {form.Name} with {gears.Split(" and ")[0].Split(" with ")[0]}.", paragraphs,
            [.. options],
            BicyclePicture.Draw(
                form.Shape, colour.Tone, series.Tyre == Charcoal ? Charcoal.Tone : series.Tyre.Tone, series.Leather.Tone, dice));
    }
}
