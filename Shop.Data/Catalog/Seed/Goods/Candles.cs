using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Candles
{
    public static readonly Family Family = new("candles", "Candles",
        "Rapeseed, soy and beeswax candles, poured in small batches, some scented and some simply bright.", "CND", Make);

    private sealed record Form(CandleForm Shape, string Name, double Euros, int Hours, string Made, string Use, bool Scented);

    private sealed record Series(string Name, string Scent, Colour Wax, Colour Vessel);

    private static readonly Form[] Forms =
    [
        new(CandleForm.Jar, "scented candle", 24, 45,
            "rapeseed wax in a tumbler of pressed glass, which serves as a drinking glass afterwards",
            "Let the whole surface melt the first time, about two hours, and it will burn evenly ever after.", true),
        new(CandleForm.Pillars, "pillar candles", 19, 60, "three pillars of different heights, cast in one colour and three shades",
            "They stand without a holder on anything that can bear a little warmth.", false),
        new(CandleForm.Tapers, "tapers with holder", 42, 9, "three dyed-through tapers and a three-armed holder of cast metal",
            "The holder keeps a hand's width between the flames, so they do not lean towards each other.", false),
        new(CandleForm.Tin, "travel candle", 14, 28, "soy wax in a lidded tin that fits a coat pocket",
            "Put the lid on to put it out; there is no smoke, and the scent stays in the tin.", true),
        new(CandleForm.Bowl, "three-wick candle", 39, 55, "three cotton wicks in a wide glazed bowl",
            "Three small flames melt the wax quickly, so a large room is scented within half an hour.", true),
        new(CandleForm.Lantern, "lantern", 36, 38, "a glazed metal lantern with a hook, and the pillar candle to go in it",
            "The door closes with a click and keeps the flame steady on a windy balcony.", false),
        new(CandleForm.Beeswax, "rolled candles", 22, 12, "sheets of honeycomb wax, rolled around a cotton wick by hand",
            "They smell faintly of honey before they are lit, and drip less than they should by rights.", false),
    ];

    private static readonly Series[] All =
    [
        new("Fig Leaf", "fig leaf, with something green and milky", Sage, Forest),
        new("Woodsmoke", "birch tar and dry cedar", Stone, Charcoal),
        new("Orange Peel", "bitter orange and clove", Apricot, Brick),
        new("Clean Linen", "cotton, soap and cold air", Chalk, Sky),
        new("Black Tea", "black tea with a slice of lemon", Cognac, Chestnut),
        new("Rose Garden", "rose leaves more than rose flowers", Rose, Plum),
        new("Rain", "wet stone and moss", Slate, Denim),
        new("Honey", "honey and warm hay", Mustard, Brass),
        new("Lavender Field", "lavender and a little rosemary", Lilac, Slate),
        new("Quince", "ripe quince and vanilla", Butter, Moss),
        new("Sea Fog", "salt, driftwood and juniper", Sky, Navy),
        new("Cinnamon", "cinnamon bark and cardamom", Terracotta, Brass),
        new("Mint Tea", "spearmint and green tea", Mint, Teal),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var wax = form.Shape == CandleForm.Beeswax && dice.Chance(50) ? Mustard : series.Wax;
        var vessel = form.Shape is CandleForm.Tapers or CandleForm.Lantern ? dice.Pick(Brass, Black, Steel, series.Vessel) : series.Vessel;
        var name = $"{series.Name} {form.Name}";
        var finish = vessel == Brass ? "brass-coloured" : vessel == Steel ? "brushed steel" : vessel.Lower;
        var hours = form.Hours + dice.Between(-3, 6);

        Option[] options = form.Shape switch
        {
            CandleForm.Jar or CandleForm.Tin or CandleForm.Bowl => [
                Option.At($"{wax.Name}, {hours} h", form.Euros), Option.At($"{wax.Name}, {hours * 2} h", form.Euros * 1.75),
                .. dice.Chance(50) ? [Option.At($"{wax.Name}, box of three", form.Euros * 2.7)] : Array.Empty<Option>()],
            CandleForm.Lantern or CandleForm.Tapers => [Option.At($"{wax.Name}, {finish}", form.Euros)],
            _ => [Option.At($"{wax.Name}, three", form.Euros), Option.At($"{wax.Name}, six", form.Euros * 1.85)],
        };

        var look = form.Shape switch
        {
            CandleForm.Tapers or CandleForm.Lantern => $"The metal is {finish}, the wax {wax.Lower}.",
            CandleForm.Bowl => $"The bowl is glazed in {vessel.Lower}, the wax tinted {wax.Lower}.",
            CandleForm.Tin => $"The {vessel.Lower} tin is dotted in the same {wax.Lower} as the wax.",
            CandleForm.Jar => $"The glass is tinted {vessel.Lower} and the wax {wax.Lower}.",
            _ => $"The colour is {wax.Lower} right through to the wick.",
        };
        var scent = form.Scented
            ? dice.Pick(
                $"It smells of {series.Scent}.", $"The scent is {series.Scent}; it carries through a room and stops at the door.",
                $"Lit, it smells of {series.Scent}; unlit, of very little.")
            : dice.Pick(
                $"{series.Name} is the name of the colour here: no scent is added, which suits a dinner table.",
                "There is no scent added, which makes it a light to eat by.");
        string[] paragraphs =
        [
            $"{dice.Pick($"What you get is {form.Made}.", $"{Words.Capital(form.Made)}: no more than that, and made with care.")} {scent}",
            $"{look} {dice.Pick($"It burns for about {hours} hours in all.", $"Expect about {hours} hours of light.",
                    $"The burning time is {hours} hours, measured in a room without a draught.")} {form.Use}",
            dice.Pick(
                "Trim the wick to half a centimetre before lighting, and never leave a flame alone.",
                "The wick is cotton without a metal core. Keep it short and away from draughts.",
                "Keep it out of the sun, which fades the colour within a summer.",
                "Wax on the tablecloth comes off with ice, then brown paper and a warm iron."),
        ];
        return new(
            name,
            $"{Words.Capital(form.Made.Split(',')[0])}, " +
                $"{(form.Scented ? $"smelling of {series.Scent.Split(',')[0]}" : $"in {wax.Lower}")}.",
            paragraphs, options,
            CandlePicture.Draw(form.Shape, wax.Tone, vessel.Tone, dice));
    }
}
