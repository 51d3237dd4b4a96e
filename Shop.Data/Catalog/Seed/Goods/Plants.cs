using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Plants
{
    public static readonly Family Family = new("plants-and-pots", "Plants & pots",
        "House plants that forgive a holiday, potted up and ready for the window sill, with the pot they are pictured in.", "PLT", Make);

    private sealed record Species(Growth Growth, string Name, double Euros, string Habit, string Light, string Water);

    private sealed record Vessel(Pot Pot, string Name, double Euros, string Made, params Colour[] Colours);

    private static readonly Species[] AllSpecies =
    [
        new(Growth.Monstera, "Monstera", 34,
            "Its leaves split only as they grow up, so every new one looks a little different from the last.",
            "A bright spot out of the midday sun suits it best; turn it every few weeks or it leans.",
            "Water it when the top three centimetres of soil are dry."),
        new(Growth.Blades, "Snake plant", 24, "The stiff, banded blades grow straight up and take hardly any room.",
            "It copes with a dark hall as well as with a south window.", "Every two to three weeks is enough, and less in winter."),
        new(Growth.Fig, "Rubber fig", 29, "Large leathery leaves unroll from a reddish sheath, one after the other up a single stem.",
            "Give it a place and leave it there: it drops leaves when it is moved about.",
            "Water it once a week in summer and wipe the leaves with a damp cloth."),
        new(Growth.Cactus, "Column cactus", 27, "A ribbed column with two arms, which flowers for a few days in May once it feels at home.",
            "The sunniest sill in the house is just right.", "A glass of water a month from April to September, nothing in winter."),
        new(Growth.Fern, "Sword fern", 19, "Arching fronds grow in all directions and fill an empty corner within a year.",
            "It likes half shade and the damp air of a bathroom.", "Keep the soil moist at all times, and spray it on dry winter days."),
        new(Growth.Trailing, "Golden pothos", 18,
            "Long shoots with heart-shaped leaves hang from a shelf or climb whatever they are given.",
            "Any light will do; more light only means more yellow in the leaf.",
            "When the leaves go limp it is thirsty, and an hour after watering it stands again."),
        new(Growth.Olive, "Young olive tree", 45, "A small trunk with a loose crown of narrow, silvery leaves, about four years old.",
            "It wants sun, and a summer on the balcony if there is one.",
            "Let the soil dry out between two waterings; wet feet are what it does not forgive."),
        new(Growth.Aloe, "Aloe vera", 17, "Thick, toothed leaves store water for weeks and cool a burnt finger when cut.",
            "It stands well on a bright sill, in summer outside after a week of getting used to it.",
            "Water the soil and not the rosette, every second week."),
        new(Growth.Palm, "Kentia palm", 52, "Slow and upright, with feathered fronds that open one by one.",
            "It was bred for dim parlours and still likes them.", "Water it moderately; brown tips mean the air is too dry."),
        new(Growth.Pilea, "Pancake plant", 16,
            "Round leaves on thin stalks, like coins thrown in the air, and young plants around the foot every spring.",
            "Bright, without direct sun, and turned once a week to stay even.", "Water it when the leaves begin to sag a little."),
        new(Growth.Calathea, "Prayer plant", 22, "The striped leaves fold upwards at night and open again in the morning.",
            "Half shade keeps the pattern strong; sun bleaches it.",
            "Use rain water or water that has stood overnight, a little every few days."),
        new(Growth.Opuntia, "Prickly pear", 21, "Flat pads grow out of one another in an order of their own.",
            "It needs sun, and rewards a cool winter with yellow flowers.", "Water it sparingly and never from above."),
    ];

    private static readonly Vessel[] Vessels =
    [
        new(Pot.Classic, "terracotta pot", 6,
            "The pot is unglazed terracotta, which lets the roots breathe and grows a pale bloom over the years", Terracotta, Brick,
            Apricot),
        new(Pot.Ribbed, "ribbed pot", 12, "The pot is ribbed stoneware, glazed outside and in", Sage, Chalk, Slate, Rose),
        new(Pot.Footed, "footed pot", 19, "The pot is ceramic and stands on three oak legs, a hand's breadth above the floor", Mustard,
            Teal, Chalk, Charcoal),
        new(Pot.Basket, "seagrass basket", 14, "The basket is woven from seagrass and lined, so that the floor stays dry", Sand, Oat),
        new(Pot.Speckled, "speckled pot", 11, "The pot is speckled stoneware with a matching inner saucer", Oat, Stone, Mint, Charcoal),
        new(Pot.Dipped, "dipped pot", 10, "The lower half of the pot is dipped in a second colour by hand", Denim, Plum, Butter, Forest),
        new(Pot.Faceted, "faceted pot", 13, "The pot is cast concrete with cut facets, sealed against water stains", Stone, Navy, Lilac,
            Terracotta),
    ];

    private static Item Make(int number, Dice dice)
    {
        var plant = AllSpecies[number % AllSpecies.Length];
        var vessel = Vessels[number % Vessels.Length];
        var first = number / Vessels.Length % vessel.Colours.Length;
        var colour = vessel.Colours[first];
        var (tall, wide) = (dice.Between(5, 9) * 5, dice.Between(13, 18));

        Option[] options =
        [
            Option.At($"{colour.Name}, {wide} cm", plant.Euros + vessel.Euros),
            .. vessel.Colours.Where(c =>
                c != colour).Take(dice.Between(0, 2)).Select(c => Option.At($"{c.Name}, {wide} cm", plant.Euros + vessel.Euros)),
        ];
        if (dice.Chance(60))
            options = [.. options, Option.At($"{colour.Name}, {wide + 6} cm", (plant.Euros * 1.7) + (vessel.Euros * 1.5))];

        var container = vessel.Pot == Pot.Basket ? "basket" : "pot";
        string[] paragraphs =
        [
            $"{plant.Habit} {plant.Light}",
            $"{vessel.Made}. {dice.Pick($"With its {container} it stands about {tall} cm tall",
                    $"It arrives {tall} to {tall + 10} cm tall")}; the {container} measures {wide} cm across. {plant.Water}",
            dice.Pick(
                "It travels in a carton with the soil held down by paper, and is sent on Mondays only so that it does not spend a " +
                    "weekend in the dark.",
                "Give it a week to get used to the new place before you think of repotting; a yellow leaf in that time is normal.",
                "The soil is free of peat. Fresh soil every other spring is all the feeding it needs in the first years.",
                "A hole in the bottom and a saucer keep the roots out of standing water."),
        ];
        if (vessel.Pot == Pot.Basket)
            paragraphs[2] = "Lift the plant out in its inner pot to water it and let it drip off before you put it back. " +
                "The basket can be wiped with a damp cloth.";

        return new(
            $"{plant.Name} in a {vessel.Name}",
            $"{Words.Capital(Words.A(plant.Name.ToLowerInvariant()))} about {tall} " +
                $"cm tall, in a {vessel.Name}{(colour == Terracotta && vessel.Pot == Pot.Classic ? "" : $" ({colour.Lower})")}.",
            paragraphs, options,
            PlantPicture.Draw(plant.Growth, vessel.Pot, colour.Tone, dice));
    }
}
