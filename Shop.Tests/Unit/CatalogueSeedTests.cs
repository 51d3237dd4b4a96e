using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Shop.Data.Catalog;
using Shop.Data.Catalog.Seed;

namespace Shop.Tests.Unit;

public sealed partial class CatalogueSeedTests
{
    private static readonly Catalogue Seed = Catalogue.Build();
    private static readonly Dictionary<string, Picture> Pictures = Seed.Pictures.ToDictionary(p => p.Id);

    private static IEnumerable<Variant> Variants => Seed.Products.SelectMany(p => p.Variants);

    [Fact]
    public void A_thousand_products_fill_twelve_categories_evenly()
    {
        Assert.Equal(1000, Seed.Products.Length);
        Assert.Equal(12, Seed.Categories.Length);
        Assert.Equal(Enumerable.Range(1, 12), Seed.Categories.Select(c => c.Position));
        var sizes = Seed.Products.CountBy(p => p.CategorySlug).ToDictionary();
        Assert.All(Seed.Categories, c => Assert.InRange(sizes[c.Slug], 83, 84));
        Assert.All(Seed.Categories, c => Assert.NotEmpty(c.Description));
    }

    [Fact]
    public void Slugs_names_SKUs_ranks_and_descriptions_are_unique()
    {
        AssertDistinct(Seed.Products.Select(p => p.Slug));
        AssertDistinct(Seed.Products.Select(p => p.Name));
        AssertDistinct(Seed.Products.Select(p => p.Description));
        AssertDistinct(Seed.Products.Select(p => $"{p.Rank}"));
        AssertDistinct(Variants.Select(v => v.Sku));
        AssertDistinct(Seed.Categories.Select(c => c.Slug));
        AssertDistinct(Seed.Categories.Select(c => c.Name));
    }

    [Fact]
    public void Slugs_and_SKUs_are_safe_in_an_address()
    {
        Assert.All(Seed.Products, p => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", p.Slug));
        Assert.All(Variants, v => Assert.Matches("^[A-Z]{3}-[0-9]{3}-[1-6]$", v.Sku));
    }

    [Fact]
    public void Descriptions_are_paragraphs_of_whole_sentences()
    {
        Assert.All(Seed.Products, product =>
        {
            var paragraphs = product.Description.Split("\n\n");
            Assert.InRange(paragraphs.Length, 2, 3);
            Assert.All(paragraphs.Append(product.Summary), AssertProse);
            Assert.InRange(product.Description.Length, 180, 900);
            Assert.InRange(product.Summary.Length, 20, 160);
        });
    }

    [Fact]
    public void Prices_are_euros_with_the_tax_of_their_goods()
    {
        Assert.All(Variants, v => Assert.Equal("EUR", v.Currency));
        Assert.All(Variants, v => Assert.InRange(v.PriceMinor, 490, 200_000));
        Assert.All(Variants, v => Assert.True(v.PriceMinor % 100 is 0 or 40 or 90, $"{v.Sku} costs {v.PriceMinor}"));
        Assert.All(Seed.Products, p => Assert.Equal(p.CategorySlug == "books" ? 700 : 1900, p.TaxRateBp));
    }

    [Fact]
    public void A_product_has_one_to_six_variants_with_names_of_their_own()
    {
        Assert.All(Seed.Products, product =>
        {
            Assert.InRange(product.Variants.Count, 1, 6);
            AssertDistinct(product.Variants.Select(v => v.Name));
            Assert.Equal(Enumerable.Range(1, product.Variants.Count), product.Variants.Select(v => v.Position));
            Assert.All(product.Variants, v => Assert.Equal(product.Id, v.ProductId));
        });
    }

    [Fact]
    public void Every_variant_has_stock_and_few_have_none()
    {
        Assert.Equal(Variants.Select(v => v.Sku), Seed.Stock.Select(s => s.Sku));
        Assert.All(Seed.Stock, s => Assert.InRange(s.OnHand, 0, 200));
        Assert.InRange(Seed.Stock.Count(s => s.OnHand == 0) / (double)Seed.Stock.Length, 0.02, 0.06);
        Assert.Contains(Seed.Stock, s => s.OnHand is >= 1 and <= 3);
    }

    [Fact]
    public void Pictures_are_small_well_formed_drawings_without_script_reference_or_text()
    {
        Assert.All(Seed.Products, p => Assert.True(Pictures.ContainsKey(p.PictureId)));
        Assert.All(Seed.Categories, c => Assert.True(Pictures.ContainsKey(c.PictureId)));
        Assert.All(Seed.Pictures, picture =>
        {
            Assert.Equal("image/svg+xml", picture.MediaType);
            Assert.InRange(picture.Content.Length, 1024, 8 * 1024);
            var svg = Encoding.UTF8.GetString(picture.Content);
            var root = XDocument.Parse(svg).Root!;
            Assert.Equal("0 0 640 480", root.Attribute("viewBox")?.Value);
            Assert.DoesNotContain(
                root.DescendantsAndSelf(), e => e.Name.LocalName is "script" or "text" or "image" or "use" or "foreignObject" or "style");
            Assert.DoesNotContain(
                root.DescendantsAndSelf().Attributes(),
                a => a.Name.LocalName is "href" || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
            Assert.Empty(root.Value);
            Assert.DoesNotMatch(LongNumber(), svg);
        });
    }

    [Fact]
    public void Every_reference_inside_a_picture_leads_somewhere()
    {
        Assert.All(Seed.Pictures, picture =>
        {
            var svg = Encoding.UTF8.GetString(picture.Content);
            var defined = XDocument.Parse(svg).Descendants().Attributes("id").Select(a => a.Value).ToArray();
            AssertDistinct(defined);
            Assert.Subset(defined.ToHashSet(), UrlReference().Matches(svg).Select(m => m.Groups[1].Value).ToHashSet());
        });
    }

    [Fact]
    public void Hardly_any_two_products_share_a_picture() =>
        Assert.True(Seed.Products.DistinctBy(p => p.PictureId).Count() > 990);

    [Fact]
    public void A_second_build_makes_the_same_catalogue()
    {
        var again = Catalogue.Build();

        Assert.Equal(Seed.Pictures.Select(p => p.Id), again.Pictures.Select(p => p.Id));
        Assert.Equal(Seed.Products.Select(Told), again.Products.Select(Told));
        Assert.Equal(Seed.Stock.Select(s => (s.Sku, s.OnHand)), again.Stock.Select(s => (s.Sku, s.OnHand)));
    }

    [Fact]
    public void Arrivals_are_spread_over_two_years()
    {
        var days = Seed.Products.Select(p => p.CreatedAt).Order().ToArray();

        Assert.InRange((days[^1] - days[0]).TotalDays, 700, 731);
        Assert.All(days, d => Assert.Equal(TimeSpan.Zero, d.Offset));
    }

    private static string Told(Product p) => string.Join('|',
        [p.Slug, p.Name, p.Summary, p.Description, p.PictureId, $"{p.Rank} {p.CreatedAt:O}",
            .. p.Variants.Select(v => $"{v.Sku} {v.Name} {v.PriceMinor}")]);

    private static void AssertProse(string text)
    {
        Assert.True(char.IsUpper(text[0]) || char.IsDigit(text[0]), text);
        Assert.True(text[^1] is '.' or '?', text);
        Assert.DoesNotMatch(Slip(), text);
    }

    private static void AssertDistinct(IEnumerable<string> values)
    {
        var twice = values.CountBy(v => v).Where(v => v.Value > 1).Select(v => v.Key);
        Assert.Empty(twice);
    }

    /// <summary>What goes wrong when sentences are put together: gaps, doubled words, a lower case start, an article that does not fit.</summary>
    [GeneratedRegex(@"  | [.,;:]|[.,;:]{2}|\b(\w+) \1\b|[.?] [a-z]|\b[Aa] [aeio]|\b[Aa]n [bcdfgjkmpqstvwz]|[{}]")]
    private static partial Regex Slip();

    [GeneratedRegex(@"\d\.\d{4}")]
    private static partial Regex LongNumber();

    [GeneratedRegex(@"url\(#(\w+)\)")]
    private static partial Regex UrlReference();
}
