using System.Text;
using Shop.Data.Catalog.Seed.Goods;
using Shop.Data.Inventory;

namespace Shop.Data.Catalog.Seed;

/// <summary>The goods of a new shop: every time the same slugs, SKUs, prices, texts and pictures; only product ids are new.</summary>
public sealed record Catalogue(Category[] Categories, Product[] Products, Picture[] Pictures, StockItem[] Stock)
{
    private const int Size = 1000;
    private static readonly DateTimeOffset Newest = new(2026, 11, 1, 17, 0, 0, TimeSpan.Zero);

    private static readonly Family[] Families =
    [
        Mugs.Family, Lamps.Family, Plants.Family, Chairs.Family, Bags.Family, Books.Family, Knives.Family, Headphones.Family, Clocks.Family,
            Candles.Family, Notebooks.Family, Bicycles.Family,
    ];

    public static Catalogue Build()
    {
        List<Category> categories = [];
        List<Product> products = [];
        List<StockItem> stock = [];
        Dictionary<string, Picture> pictures = [];

        // Round after round through the families, each time in another order: the shop window shows something of everything.
        var order = new Dice("shop window");
        for (var round = 0; products.Count < Size; round++)
        {
            var families = round == 0 ? Families : order.Shuffle(Families);
            foreach (var family in families.Take(Size - products.Count))
            {
                var dice = new Dice($"{family.Code} {round}");
                var item = family.Make(round, dice);
                var picture = Picture.Of(Encoding.UTF8.GetBytes(item.Picture), "image/svg+xml");
                pictures.TryAdd(picture.Id, picture);
                if (round == 0)
                    categories.Add(CategoryOf(family, picture, categories.Count + 1));

                var product = ProductOf(family, item, picture, round, products.Count + 1, dice);
                products.Add(product);
                stock.AddRange(product.Variants.Select(v => new StockItem { Sku = v.Sku, OnHand = OnHand(dice) }));
            }
        }

        return new([.. categories], [.. products], [.. pictures.Values], [.. stock]);
    }

    private static Category CategoryOf(Family family, Picture picture, int position) => new()
    {
        Slug = family.Slug, Name = family.Name, Description = family.Description, PictureId = picture.Id, Position = position,
    };

    private static Product ProductOf(Family family, Item item, Picture picture, int number, int rank, Dice dice)
    {
        var created = Newest.AddDays(-dice.Below(730)).AddMinutes(-dice.Below(9 * 60));
        var product = new Product
        {
            Id = Guid.CreateVersion7(created), Slug = SlugOf(item.Name), Name = item.Name, Summary = item.Summary,
            Description = string.Join("\n\n", item.Paragraphs), CategorySlug = family.Slug, PictureId = picture.Id,
            TaxRateBp = item.TaxRateBp, Rank = rank, CreatedAt = created,
        };
        foreach (var option in item.Options)
        {
            var position = product.Variants.Count + 1;
            product.Variants.Add(new()
            {
                Sku = $"{family.Code}-{number + 1:000}-{position}", ProductId = product.Id, Name = option.Name,
                PriceMinor = option.PriceMinor, Currency = "EUR", Position = position,
            });
        }

        return product;
    }

    private static int OnHand(Dice dice) => dice.Below(100) switch
    {
        < 4 => 0,
        < 9 => dice.Between(1, 3),
        < 60 => dice.Between(8, 60),
        _ => dice.Between(40, 200),
    };

    private static string SlugOf(string name)
    {
        var slug = new StringBuilder(name.Length);
        foreach (var letter in name.Replace("'", "", StringComparison.Ordinal).ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(letter))
                slug.Append(letter);
            else if (slug.Length > 0 && slug[^1] != '-')
                slug.Append('-');
        }

        return slug.ToString().TrimEnd('-');
    }
}
