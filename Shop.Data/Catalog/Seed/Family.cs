namespace Shop.Data.Catalog.Seed;

/// <summary>One category and the way its goods are made up. <see cref="Code"/> starts its SKUs.</summary>
internal sealed record Family(string Slug, string Name, string Description, string Code, Func<int, Dice, Item> Make);

internal sealed record Item(string Name, string Summary, string[] Paragraphs, Option[] Options, string Picture, int TaxRateBp = 1900);

internal sealed record Option(string Name, long PriceMinor)
{
    /// <summary>The nearest price that a shop would print on a label: 14.90, 35.90, 249.00.</summary>
    public static Option At(string name, double euros) => new(name, euros switch
    {
        < 30 => ((long)Math.Round(euros * 2) * 50) - 10,
        < 120 => ((long)Math.Round(euros) * 100) - 10,
        _ => ((long)Math.Round(euros / 10) * 1000) - 100,
    });
}
