using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Lamps
{
    public static readonly Family Family = new("lamps", "Lamps",
        "Light to read by, to cook under and to fall asleep next to. All fittings take ordinary E27 or E14 bulbs.", "LMP", Make);

    private sealed record Form(LampForm Shape, string Name, double Euros, string Body, string Size, string Place, string Socket);

    private sealed record Series(string Name, Colour Stand, params Colour[] Colours);

    private static readonly Form[] Forms =
    [
        new(LampForm.Table, "table lamp", 79, "a tapered linen shade over a turned ceramic foot", "48 cm tall with a shade 32 cm across",
            "Beside a bed or on a sideboard it lights a circle about the size of a newspaper and leaves the corners of the room alone.",
            "one E27 bulb up to 40 W, or an LED equivalent"),
        new(LampForm.Desk, "desk lamp", 94, "a weighted round base, two jointed arms and a steel head",
            "58 cm high with the arms raised, reaching 62 cm over the desk",
            "The head turns and tilts, so the light falls on the page and not in the eyes of the person opposite.",
            "one E14 bulb up to 25 W, or an LED equivalent"),
        new(LampForm.Dome, "pendant", 119, "a spun aluminium dome, white inside, on a fabric-covered cable",
            "42 cm across, with 150 cm of cable that can be shortened",
            "Hung 60 cm above the table it lights every plate and nobody's forehead.", "one E27 bulb up to 60 W, or an LED equivalent"),
        new(LampForm.Tripod, "tripod floor lamp", 169, "a wide drum shade on three wooden legs with brass fittings",
            "146 cm tall, with a footprint of 50 cm",
            "It stands behind a sofa or in an empty corner and turns either into the place where one reads.",
            "one E27 bulb up to 60 W, or an LED equivalent"),
        new(LampForm.Mushroom, "mushroom lamp", 68, "a domed cap on a flared stem, both pressed from lacquered steel",
            "34 cm tall, with a cap 26 cm across",
            "The cap hides the bulb from every angle, which makes it a good last lamp of the evening.",
            "one E14 bulb up to 25 W, or an LED equivalent"),
        new(LampForm.Paper, "paper lantern", 34, "washi paper over a spiral of bamboo, folded flat for the post",
            "about 45 cm across when stretched",
            "It softens a ceiling light at once and weighs less than a letter, so it hangs from any hook.", "one E27 LED bulb up to 12 W"),
        new(LampForm.Reading, "reading lamp", 129, "a slim steel pole bent over at the top, with a conical shade",
            "138 cm tall; the shade slides 20 cm up and down",
            "The shade ends just above shoulder height beside an armchair, where a book needs it.",
            "one E27 bulb up to 40 W, or an LED equivalent"),
    ];

    private static readonly int[] Lanterns = [45, 35, 60, 75];

    private static readonly Series[] All =
    [
        new("Vesper", Walnut, Oat, Terracotta, Sage),
        new("Lantern Hill", Oak, Rose, Chalk, Mustard),
        new("Northlight", Steel, Teal, Charcoal, Chalk),
        new("Alder", Ash, Sage, Sand, Forest),
        new("Copperfield", Cherry, Apricot, Brick, Oat),
        new("Millpond", Walnut, Denim, Chalk, Stone),
        new("Sundial", Brass, Mustard, Navy, Chalk),
        new("Foxglove", Beech, Plum, Lilac, Rose),
        new("Slateworks", Steel, Slate, Black, Red),
        new("Parlour", Brass, Forest, Butter, Brick),
        new("Dovecote", Oak, Chalk, Stone, Sky),
        new("Saffron", Cherry, Butter, Terracotta, Mustard),
        new("Eventide", Walnut, Navy, Lilac, Oat),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var first = (number / All.Length) % series.Colours.Length;
        Colour[] colours = form.Shape == LampForm.Paper
            ? [series.Colours[first]]
            : [.. series.Colours[first..], .. series.Colours[..first]];
        var euros = form.Euros * dice.Pick(0.9, 1, 1, 1.1);
        Option[] options = form.Shape == LampForm.Paper
            ? [.. Lanterns.Select(cm => Option.At($"{colours[0].Name}, {cm} cm", euros * cm / 45))]
            : [.. colours.Select(c => Option.At(c.Name, euros))];
        var name = $"{series.Name} {form.Name}";
        var foot = form.Shape switch
        {
            LampForm.Table => " The foot is glazed by hand and felted underneath.",
            LampForm.Tripod =>
                $" The legs are {(series.Stand == Steel || series.Stand == Brass ? "lacquered beech" : series.Stand.Lower)}, oiled twice.",
            LampForm.Desk or LampForm.Reading when series.Stand == Brass => " Joints and pole are finished in brass.",
            LampForm.Desk or LampForm.Reading when series.Stand == Steel => " Joints and pole are finished in brushed steel.",
            LampForm.Desk or LampForm.Reading => $" Joints and pole are finished in a warm {series.Stand.Lower} lacquer.",
            _ => "",
        };

        string[] paragraphs =
        [
            $"{dice.Pick($"The {name} is made of little: {form.Body}", $"The {name} keeps it simple: {form.Body}",
                    $"In {colours[0].Lower}, the {name} keeps to few parts: {form.Body}")}. " +
                $"{form.Place}{foot}",
            $"It is {form.Size}, and takes {form.Socket}. " +
                $"{dice.Pick("A bulb of 2,700 kelvin gives the light shown in the picture.",
                    "It can be dimmed together with a dimmable bulb.", "The bulb is not included, so its warmth is up to you.",
                    "Bulb and cable can be replaced with ordinary tools.")}",
            dice.Pick(
                "Dust it with a dry brush; water leaves rings on fabric and lacquer alike.",
                "The textile cable is two metres long and has its switch at the height of a hand.",
                "It arrives in two parts that are screwed together in a minute, without tools.",
                "Every fitting is tested for its earth connection before it is packed."),
        ];
        if (form.Shape is LampForm.Dome or LampForm.Paper)
            paragraphs[2] = dice.Pick(
                "Dust it with a dry brush from the top down.",
                "The canopy covers a ceiling outlet of up to 10 cm; a hook and two screws are in the box.",
                "It should be connected by an electrician or by someone who knows where the fuse box is.");

        return new(name, $"{Words.Capital(Words.A(form.Name))} in {colours[0].Lower}: {form.Body}.", paragraphs, options,
            LampPicture.Draw(form.Shape, colours[0].Tone, series.Stand.Tone, dice));
    }
}
