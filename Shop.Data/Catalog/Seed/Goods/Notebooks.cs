using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Notebooks
{
    public static readonly Family Family = new("notebooks", "Notebooks",
        "Paper that takes ink without a ghost on the next page, in bindings that lie flat where you write.", "NOT", Make);

    private sealed record Form(Binding Binding, string Name, double Euros, int Pages, string Bound, string Use);

    private sealed record Series(string Name, Paper Paper, string Cover, params Colour[] Colours);

    private static readonly Form[] Forms =
    [
        new(Binding.Elastic, "hardcover notebook", 17, 192,
            "Thread-sewn between stiff boards, with an elastic band, a ribbon and a pocket in the back",
            "The kind that goes to meetings, and comes back with half of it drawings."),
        new(Binding.Spiral, "spiral notebook", 12, 140,
            "Wire-bound along the long side, so that it folds back on itself and needs only half the desk",
            "Good for lecture halls, kitchens and other narrow places."),
        new(Binding.HalfCloth, "half-cloth journal", 22, 224, "Sewn and cased by hand, with spine and corners in bookbinder's cloth",
            "It is heavy enough to stay on a bedside table and be written in."),
        new(Binding.Trio, "notebook trio", 15, 64, "Three thin booklets, sewn through the fold with waxed thread",
            "One for the coat, one for the kitchen, one to give away."),
        new(Binding.Wrap, "wrapped journal", 39, 208, "A soft leather cover wrapped round a sewn block and closed with a cord",
            "The block can be exchanged when it is full; the leather only gets better."),
        new(Binding.Reporter, "reporter's pad", 9, 120,
            "Wire-bound at the head, with a back of grey board that is stiff enough to write on standing up",
            "It turns over with one hand and fits most jacket pockets."),
        new(Binding.Softcover, "softcover notebook", 11, 128,
            "Sewn through a bending cover, with rounded corners and no weight to speak of", "It curves with the pocket and does not mind."),
    ];

    private static readonly Series[] All =
    [
        new("Daybreak", Paper.Plain, "a plain cover with a paper label", Terracotta, Chalk, Sage, Navy),
        new("Terrazzo", Paper.Terrazzo, "a cover scattered with cut-paper chips", Chalk, Terracotta, Sky, Butter),
        new("Hedgerow", Paper.Leaves, "leafy branches climbing the cover", Forest, Apricot, Oat, Plum),
        new("Regatta", Paper.Stripes, "broad printed stripes", Sky, Navy, Chalk, Mint),
        new("Endpaper", Paper.Marbled, "a cover of marbled paper", Denim, Rose, Forest, Lilac),
        new("Bakery", Paper.Grid, "a windowpane check", Butter, Red, Chalk, Teal),
        new("Measure", Paper.Dots, "offset rows of dots", Mustard, Chalk, Rose, Navy),
        new("Ledger", Paper.Plain, "a plain cover with a paper label", Moss, Butter, Brick, Charcoal),
        new("Undergrowth", Paper.Leaves, "leafy branches climbing the cover", Oat, Forest, Rose, Sky),
        new("Deckchair", Paper.Stripes, "broad printed stripes", Apricot, Chalk, Mint, Teal),
        new("Riverbed", Paper.Marbled, "a cover of marbled paper", Teal, Sand, Navy, Brick),
        new("Tilework", Paper.Grid, "a windowpane check", Slate, Chalk, Rose, Mustard),
        new("Snowfall", Paper.Dots, "offset rows of dots", Navy, Chalk, Plum, Forest),
    ];

    private static Item Make(int number, Dice dice)
    {
        var series = All[number % All.Length];
        var form = Forms[number % Forms.Length];
        var (first, second) = (series.Colours[0], series.Colours[1]);
        if (number / All.Length % 2 == 1)
            (first, second) = (series.Colours[2], series.Colours[3]);
        if (form.Binding == Binding.Wrap)
            (first, second) = (dice.Pick(Cognac, Chestnut, Black), dice.Pick(Sand, Oat, Stone));
        var paper = form.Binding == Binding.Wrap ? Paper.Bare : series.Paper;
        var name = $"{series.Name} {form.Name}";
        Option[] options = dice.Pick(0, 1, 1) == 0
            ? [
                Option.At($"{first.Name}, A5", form.Euros), Option.At($"{first.Name}, A6", form.Euros * 0.75),
                Option.At($"{first.Name}, B5", form.Euros * 1.25)]
            : [
                Option.At($"{first.Name}, dotted", form.Euros), Option.At($"{first.Name}, ruled", form.Euros),
                Option.At($"{first.Name}, blank", form.Euros),
                .. dice.Chance(40) ? [Option.At($"{first.Name}, squared", form.Euros)] : Array.Empty<Option>()];

        var cover = form.Binding == Binding.Wrap
            ? $"{first.Lower} leather, tanned with bark and left without a coating"
            : $"{series.Cover}, in {first.Lower} and {second.Lower}";
        var gsm = dice.Pick(80, 90, 100, 120);
        string[] paragraphs =
        [
            $"{form.Bound}. {dice.Pick($"The {series.Name} series has", $"Outside it has", $"What one sees first is")} {cover}. {form.Use}",
            $"{(form.Binding == Binding.Trio ? $"Each booklet has {form.Pages} pages" : $"It has {form.Pages} pages")} of {gsm} " +
                $"g paper, {dice.Pick("off-white and without acid", "smooth enough for a fountain pen",
                    "with a little tooth for pencil")}. " +
                $"{dice.Pick("The first sheets are numbered and leave room for a table of contents.",
                    "The last sixteen pages are perforated.",
                    "Dots and lines are printed in a pale grey that steps back behind the writing.",
                    "Ink dries in a few seconds and does not bleed through.")}",
            dice.Pick(
                "Printed and bound in one workshop from paper of certified origin.",
                "It opens flat from the first page to the last; bend it once in the middle before you begin.",
                "Keep it shut under a book for a night if it has been carried in the rain.",
                "Two sheets of blotting paper are tucked in behind the cover."),
        ];
        return new(
            name,
            $"{Words.Capital(Words.A(form.Name))} with " +
                $"{(form.Binding == Binding.Wrap ? $"{Words.A(first.Lower)} leather cover" : series.Cover)}, {form.Pages} " +
                $"pages{(form.Binding == Binding.Trio ? " each" : "")}.",
            paragraphs, options,
            NotebookPicture.Draw(form.Binding, paper, first.Tone, second.Tone, dice));
    }
}
