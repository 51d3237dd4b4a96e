using Shop.Data.Catalog.Seed.Drawing;
using Shop.Data.Catalog.Seed.Pictures;
using static Shop.Data.Catalog.Seed.Drawing.Palette;

namespace Shop.Data.Catalog.Seed.Goods;

internal static class Books
{
    public static readonly Family Family = new("books", "Books",
        "Books to cook from, to walk with and to read through the night: small print runs, sewn bindings, covers drawn for each title.",
            "BOK", Make);

    private sealed record Subject(CoverArt Art, string Kind, string Reader, string Inside, (string Title, string About)[] Titles);

    private static readonly Subject[] Subjects =
    [
        new(CoverArt.Garden, "gardening book", "It is written for people who garden after work and in small spaces.",
            "Each chapter ends with a list of what to do this month and what to leave alone",
            [
                ("The Balcony Year", "From the first pansies to the last kale, month by month, on two square metres."),
                ("A Small Herb Garden", "Twenty herbs, what each one wants, and what to cook when there is too much of it."),
                ("Pruning in Winter", "Where to cut, where not to, and how a tree answers in May."),
                ("Wildflowers of the Roadside", "A hundred plants that grow where nobody sows them, by colour and by month."),
                ("Seeds, Saved and Sown", "How to keep beans, tomatoes and lettuces true from one year to the next."),
                ("The Shade Border", "Planting plans for the north side of the house."),
                ("Moss and Fern", "A quiet look at the plants that ask for nothing but damp.")]),
        new(CoverArt.Mountains, "walking book", "It suits first-time walkers as well as those who know their knees.",
            "Every route comes with a height profile, the last bus and a way out in bad weather",
            [
                ("Ten Huts, Ten Days", "A crossing of the eastern Alps on foot, one hut at a time."),
                ("Walking the Watershed", "A line on the map, followed for four hundred kilometres."),
                ("The Map in the Rucksack", "How to read contour lines, and what to do when the phone is empty."),
                ("Weather for Walkers", "Clouds, wind and the hour in which to turn round."),
                ("High Pastures", "A summer with cows, cheese and very little sleep."),
                ("The Long Way Down", "Fifteen descents that are better than their summits."),
                ("Snow, Read Slowly", "Tracks, layers and the signs of a slope that is about to move.")]),
        new(CoverArt.Sea, "book about the sea", "No boat is needed to enjoy it, though it may lead to one.",
            "Drawings explain what words cannot, from the turn of a rope to the turn of the tide",
            [
                ("Tides for Beginners", "Why the water leaves twice a day and comes back late."),
                ("Salt in Twelve Coasts", "How salt is made, traded and tasted from Brittany to Istria."),
                ("Swimming in Cold Water", "How to begin in September and still be swimming in March."),
                ("Lighthouses of the North", "Forty towers, their light signals and the rocks they warn of."),
                ("Knots You Will Use", "Eighteen knots, drawn from both sides, that do nearly everything."),
                ("What the Beach Keeps", "Shells, sea glass, fossils: a guide to pockets full of finds."),
                ("A Boat in the Garden", "Three winters of building a dinghy from plans.")]),
        new(CoverArt.Sky, "book about the night", "Nothing in it needs more than patience and a dark place.",
            "Charts for every month fold out and can be read by red light",
            [
                ("The Naked-Eye Sky", "Thirty constellations to find without any instrument."),
                ("A Year of Moons", "Twelve full moons, their names, their heights and their tides."),
                ("Small Telescopes, Long Nights", "What can be seen with one hand's width of glass."),
                ("Comets and Other Visitors", "Things that pass by, when they return and how they were understood."),
                ("Dark Places to Look Up", "Sixty spots in Europe where the Milky Way casts a shadow."),
                ("How Far Is the Sun", "Distances, and how people measured them with sticks and clocks."),
                ("After Dark", "Moths, bats, owls: who is out while the house is asleep.")]),
        new(CoverArt.Bread, "baking book", "It assumes an ordinary oven and a week with other things in it.",
            "Recipes give weights, times and a photograph of the dough at each stage",
            [
                ("Rye", "Dark loaves from the north, from crispbread to a bread that keeps for a month."),
                ("The Patient Loaf", "One dough, four days, and what changes on each of them."),
                ("Sourdough on Weekdays", "A starter that fits around office hours."),
                ("Flatbreads of Six Kitchens", "Pan, stone, ember and oven, from the Caucasus to the Atlas."),
                ("Baking with Old Grains", "Emmer, einkorn and spelt, and why they behave differently."),
                ("Crust and Crumb", "What happens in the oven, minute by minute."),
                ("Buns for Saturday", "Sweet yeast doughs to start on Friday evening.")]),
        new(CoverArt.Bowl, "cookbook", "Every recipe was cooked in three different kitchens before it was printed.",
            "The index goes by ingredient, so a lone leek leads to supper",
            [
                ("One Pot, Four Seasons", "Eighty dishes and one thing to wash up."),
                ("Soup, Mostly", "Clear, thick, cold and overnight, with the bread to go with each."),
                ("Lentils Forty Ways", "Red, green, black and brown, in salads, stews and a cake."),
                ("The Cold Pantry", "Smoking, salting and drying without special equipment."),
                ("Supper in Half an Hour", "Written with the clock running, and honest about chopping."),
                ("Noodles from Scratch", "Flour, water and six ways to cut them."),
                ("The Pickle Shelf", "Jars for every month and the cheese that goes with them.")]),
        new(CoverArt.City, "book about cities", "It is made for looking up while walking, and for rainy Sundays.",
            "Plans are drawn to one scale throughout, which makes comparing them a pleasure",
            [
                ("Stairs of Europe", "Sixty public staircases, measured, drawn and climbed."),
                ("How Streets Get Their Width", "Carts, fire engines, trees and the rules they left behind."),
                ("Ten Rooms, Ten Houses", "Floor plans that work, and the reasons why."),
                ("Drawing Buildings", "Perspective with a pencil and a thumb."),
                ("The Night Tram", "One line, twenty-two stops, and the people who ride it late."),
                ("Bridges, Explained", "Arches, cables and trusses, with experiments for the kitchen table."),
                ("Small Flats, Well Used", "Thirty homes under fifty square metres.")]),
        new(CoverArt.Shapes, "design book", "It is a workshop in book form: most pages end in an exercise.",
            "Two extra colours were mixed for the print, so that the examples look as they should",
            [
                ("Grids and How to Leave Them", "Order on the page, and the moment to break it."),
                ("Colour at Home", "Why the sample never matches the wall, and what to do about it."),
                ("The Poster Workshop", "Scissors, paper and three colours."),
                ("Folding for Patient Hands", "Boxes, stars and a lampshade out of single sheets."),
                ("Patterns Without a Computer", "Repeats cut from potatoes, lino and string."),
                ("Lettering with a Brush", "Five alphabets, stroke by stroke."),
                ("First Shapes", "A picture book about circles, squares and what they turn into.")]),
        new(CoverArt.Bird, "bird book", "It fits a coat pocket and can stand some rain.",
            "Painted plates show each bird as it is mostly seen: from below, from behind, or leaving",
            [
                ("Birds at the Feeder", "Thirty winter guests and what they like to eat."),
                ("A Guide to Coastal Birds", "Waders, gulls and terns, sorted by the length of their legs."),
                ("Songs Before Sunrise", "Who sings when, from the redstart at four to the finch at six."),
                ("Feathers and What They Do", "Flight, warmth, colour and the odd one found on a path."),
                ("The Swallow's Year", "Eleven thousand kilometres and a nest above the stable door."),
                ("Owls of Old Orchards", "Where they live, how to hear them and how to help."),
                ("Nesting Boxes to Build", "Nine plans that need a saw, a drill and an afternoon.")]),
        new(CoverArt.Forest, "book about woods", "It belongs in the rucksack more than on the shelf.",
            "A table at the back tells lookalikes apart in a few questions",
            [
                ("Mushrooms, Safely", "Twenty-five that are easy to know, and those they are mistaken for."),
                ("The Forest Floor", "A square metre of wood, watched through a year."),
                ("Trees in Winter", "Bark, buds and outlines, for the months without leaves."),
                ("Carving Green Wood", "Spoons, hooks and a stool with a knife and an axe."),
                ("Fires, Small and Safe", "How to lay, light and leave one without a trace."),
                ("A Year Under Beeches", "A diary of one wood in the middle of the continent."),
                ("Paths Made by Deer", "Reading tracks, droppings and bent grass.")]),
        new(CoverArt.Fruit, "kitchen book", "It is for anyone who has ever stood in front of three full baskets.",
            "A calendar shows what is ripe when, and how long each jar will keep",
            [
                ("Jam by the Jar", "Small batches, little sugar, forty kinds of fruit."),
                ("The Lemon Book", "Peel, juice and leaf in sixty sweet and salty recipes."),
                ("Orchard Fruit", "Apples, pears and plums in tarts, pickles and roasts."),
                ("Drinks Without Alcohol", "Shrubs, switchels and cordials for grown-up tables."),
                ("Figs, Quinces, Medlars", "Fruit that has to be waited for."),
                ("Ice Without a Machine", "Granita, semifreddo and sorbet with a fork and a freezer."),
                ("The Apple Year", "Fifty old varieties and what each is good for.")]),
        new(CoverArt.Sun, "novel", "It is a book for one long train journey or for two weeks of evenings.",
            "The print is large enough for a reading lamp with a weak bulb",
            [
                ("The Last Ferry Home", "A crossing is cancelled, and nine strangers share a waiting room until the morning."),
                ("Letters from the Platform", "Two stationmasters write to each other for thirty years without meeting."),
                ("A House with Two Doors", "Two sisters inherit one house and divide it with a line of chalk."),
                ("The Mapmaker's Summer", "A village does not appear on any map, and wants to keep it so."),
                ("Eleven Sundays", "A choir rehearses a piece that none of its members likes."),
                ("The Clock at Halt Nine", "A station clock is always four minutes slow, until someone repairs it."),
                ("Under the Orange Awning", "One market square, one day, and everybody who crosses it.")]),
    ];

    private static readonly Colour[][] Schemes =
    [
        [Forest, Sage, Butter], [Oat, Terracotta, Navy], [Navy, Sky, Mustard], [Butter, Teal, Brick], [Rose, Plum, Chalk],
            [Teal, Mint, Apricot],
        [Mustard, Navy, Chalk], [Chalk, Moss, Red], [Brick, Apricot, Butter], [Sky, Denim, Mustard], [Plum, Lilac, Apricot],
            [Sage, Forest, Terracotta], [Charcoal, Slate, Mustard],
    ];

    private static Item Make(int number, Dice dice)
    {
        var subject = Subjects[number % Subjects.Length];
        var (title, about) = subject.Titles[number / Subjects.Length % subject.Titles.Length];
        var scheme = Schemes[number % Schemes.Length];
        if (subject.Art == CoverArt.Sky && scheme[0].Tone.Luma > 0.5)
            scheme = dice.Pick<Colour[]>(
                [Navy, Butter, Mustard], [Plum, Chalk, Apricot], [Charcoal, Chalk, Butter], [Forest, Butter, Apricot]);
        var pages = dice.Between(7, 24) * 16;
        var euros = 14 + (pages * 0.035) + dice.Below(4);

        List<Option> options = [Option.At("Hardback", euros)];
        if (dice.Chance(75))
            options.Add(Option.At("Paperback", euros * 0.65));
        if (subject.Art == CoverArt.Sun && dice.Chance(50))
            options.Add(Option.At("Large print", euros * 1.15));

        string[] paragraphs =
        [
            $"{about} {subject.Reader}",
            $"{subject.Inside}. {pages} pages, {dice.Pick("15 by 21", "14 by 20.5", "16.5 by 23", "17 by 24")} " +
                $"cm, {dice.Pick("printed on uncoated paper", "printed on paper that takes a pencil well",
                    "set in a typeface that is kind to tired eyes")}.",
            $"{dice.Pick("The binding is sewn, so it stays open on the table.", "Thread-sewn, with a ribbon in the hardback.",
                    "The hardback has a cloth spine and no dust jacket to lose.")} " +
                $"{dice.Pick($"The {scheme[0].Lower} cover was drawn for this edition.",
                    $"The cover picture in {scheme[0].Lower} and {scheme[1].Lower} is a linocut.",
                    $"The cover is printed in {scheme[0].Lower}, {scheme[1].Lower} and {scheme[2].Lower}.")}",
        ];
        return new(
            title, $"{Words.Capital(Words.A(subject.Kind))}: {char.ToLowerInvariant(about[0])}{about[1..]}", paragraphs, [.. options],
            BookPicture.Draw(subject.Art, scheme[0].Tone, scheme[1].Tone, scheme[2].Tone, 16 + (pages * 0.08), dice), TaxRateBp: 700);
    }
}
