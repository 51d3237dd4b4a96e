using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Knives
{
    public static readonly Family Family = new("knives-and-boards", "Knives & boards",
        "A few good knives and the wood to use them on: carbon and stainless blades, end-grain and edge-grain boards.", "KNF", Make);

    private sealed record Form(BladeForm Shape, string Name, double Euros, int[] Sizes, string What, string Use);

    private sealed record Series(string Name, int Finish, string Steel, Colour Handle, Colour Wood);

    private static readonly Colour[] Woods = [Walnut, Oak, Cherry, Ash];

    private static readonly Form[] Forms =
    [
        new(BladeForm.Chef, "chef's knife", 84, [20, 16, 24],
            "A curved edge that rocks on the board and a spine that tapers towards the tip",
            "One knife that does nine tenths of the work, from parsley to pumpkin."),
        new(BladeForm.Plank, "carving board", 54, [40, 34, 48], "A heavy board with a groove all round that holds the juice of a roast",
            "The reverse side is plain, for bread and everything dry."),
        new(BladeForm.Santoku, "santoku", 78, [17, 14], "A broad, almost straight edge with a rounded tip",
            "It is made for chopping straight down, and carries the slices to the pan on its side."),
        new(BladeForm.Bread, "bread knife", 69, [24, 20], "A long blade with rounded waves that cut crust without tearing the crumb",
            "It also takes care of ripe tomatoes and sponge cake."),
        new(BladeForm.Round, "round board", 46, [32, 26, 38], "A turned disc with a shallow ring near the edge",
            "It goes from chopping herbs to carrying cheese to the table, and hangs from a nail in between."),
        new(BladeForm.Paring, "paring knife", 34, [9, 7], "A short, pointed blade that is used in the hand more than on the board",
            "For peeling, coring, and the eye of a potato."),
        new(BladeForm.Nakiri, "vegetable knife", 74, [16, 18], "A straight edge and a blunt, rectangular end",
            "The whole edge meets the board at once, so leeks and onions come apart where they were cut."),
        new(BladeForm.Paddle, "paddle board", 49, [42, 36], "A board with a handle, cut from a single plank",
            "Made for slicing a loaf, and for bringing it along while the butter is still being looked for."),
    ];

    private static readonly Series[] All =
    [
        new("Hearth", 0, "stainless steel hardened to 57 HRC", Walnut, Beech),
        new("Riverstone", 2, "hammered stainless steel, hardened to 58 HRC", Charcoal, Walnut),
        new("Grove", 0, "carbon steel hardened to 60 HRC", Olive, Oak),
        new("Fold", 1, "folded steel in 33 layers around a hard core", Black, Cherry),
        new("Scullery", 0, "stainless steel hardened to 56 HRC", Red, Ash),
        new("Larder", 0, "stainless steel hardened to 57 HRC", Oak, Slate),
        new("Windfall", 1, "folded steel in 45 layers around a hard core", Cherry, Olive),
        new("Tinker", 2, "hammered carbon steel, hardened to 61 HRC", Ash, Walnut),
        new("Cellar", 0, "stainless steel hardened to 58 HRC", Navy, Beech),
        new("Charcoal Burner", 2, "blackened and hammered carbon steel", Chestnut, Cherry),
        new("Noonday", 0, "stainless steel hardened to 56 HRC", Teal, Oak),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var name = $"{series.Name} {form.Name}";
        var knife = form.Shape < BladeForm.Paddle;
        var handle = series.Handle switch
        {
            var c when c == Olive => "olive wood",
            var c when c == Chestnut => "stained beech",
            var c when Array.IndexOf(Woods, c) >= 0 => $"{c.Lower} wood",
            var c => $"{c.Lower} resin",
        };
        var wood = series.Wood == Slate ? "slate" : series.Wood == Olive ? "olive wood" : $"{series.Wood.Lower} wood";
        var dear = series.Finish == 1 ? 1.7 : series.Finish == 2 ? 1.3 : 1;
        var size = form.Sizes[0];

        Option[] options = [
            .. form.Sizes.Take(dice.Between(1, form.Sizes.Length)).Select(
                cm => Option.At(
                    $"{cm} cm",
                    form.Euros * (knife ? dear : series.Wood == Walnut || series.Wood == Olive ? 1.4 : 1) * (0.5 + (0.5 * cm / size))))];
        if (knife && dice.Chance(40))
            options = [.. options, Option.At($"{size} cm, with blade guard", (form.Euros * dear) + 12)];

        string[] paragraphs = knife
            ? [
                $"{form.What}: {dice.Pick("the shape has hardly changed in a hundred years", $"that makes it {Words.A(form.Name)}",
                        "there is little more to say about its form")}. {form.Use}",
                $"The blade of the {name} is {series.Steel}; {dice.Pick("it is ground by hand to 15 degrees on each side",
                        "the edge is drawn on a wet stone as the last step", "the spine is rounded where the finger rests")}. " +
                    $"The handle is {handle}, {dice.Pick("riveted through", "fitted without a gap",
                        "balanced so that the weight sits where blade and handle meet")}. Blade length {size} cm.",
                series.Steel.Contains("carbon", StringComparison.Ordinal)
                    ? dice.Pick(
                        "Carbon steel darkens with use, and rusts if it is left wet: rinse it, dry it, and it will outlast the kitchen.",
                        "Wipe it dry after every use. The grey bloom it grows is a protection, not a fault.")
                    : dice.Pick(
                        "Wash it by hand and dry it; the dishwasher dulls any edge. A few strokes on a leather or a steel each " +
                            "week keep it sharp.",
                        "Pictured on a board, which is sold separately. It comes in a cardboard sheath that can be kept for the drawer.",
                        "When the edge no longer catches on a fingernail, it is time for the wet stone: 1,000 grit first, then 3,000."),
            ]
            : [
                $"{form.What}. {form.Use}",
                wood == "slate"
                    ? $"It is split and cut from a single piece of slate, {size} cm long and 1.2 cm thick, with cork feet below. " +
                        "Use it for serving and for soft things; stone is hard on a blade."
                    : $"Made of {wood}, {size} cm long and {dice.Pick("2", "2.5", "3")} " +
                        $"cm thick, {dice.Pick("glued from wide staves", "cut from one piece",
                            "with the rings of the tree standing upright, which is kind to edges")}. " +
                        $"{dice.Pick($"The {series.Name} boards are oiled with linseed before they leave the workshop.",
                            $"All boards of the {series.Name} series have softly rounded edges.")}",
                dice.Pick(
                    "Rinse it under warm water and stand it on its edge to dry. A little cooking oil twice a year keeps it from cracking.",
                    "Not for the dishwasher. Half a lemon and salt take out the smell of onions.",
                    "The vegetables in the picture are not part of it. Every board has its own grain."),
            ];
        var summary = knife
            ? $"{Words.Capital(Words.A(form.Name))} with {size} cm of {series.Steel.Split(',')[0].Split(" hardened")[0]} " +
                $"and a handle in {handle}."
                : $"{Words.Capital(Words.A(wood))} {form.Name}, {size} cm long.";
        return new(
            name, summary, paragraphs, options, KnifePicture.Draw(form.Shape, series.Wood.Tone, series.Handle.Tone, series.Finish, dice));
    }
}
