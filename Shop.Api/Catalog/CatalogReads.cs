using System.Data.Common;
using Npgsql;

namespace Shop.Api.Catalog;

internal sealed record Card(
    string Slug, string Name, string Summary, string PictureId, string Currency, long FromPriceMinor, bool HasSeveralPrices, int VariantCount);

internal sealed record CategoryTile(string Slug, string Name, string Description, int ProductCount, string PictureId);

internal sealed record HomeView(IReadOnlyList<CategoryTile> Categories, IReadOnlyList<Card> Featured, IReadOnlyList<Card> Newest);

internal sealed record CategoryHead(string Slug, string Name, string Description);

internal sealed record CategoryView(
    CategoryHead Category, string Sort, int Page, int PageSize, int TotalItems, int TotalPages, IReadOnlyList<Card> Items);

internal sealed record VariantView(string Sku, string Name, long PriceMinor);

internal sealed record ProductView(
    string Slug, string Name, string Summary, string Description, string CategorySlug, string CategoryName, string PictureId, string Currency,
    int TaxRateBp, IReadOnlyList<VariantView> Variants, IReadOnlyList<Card> Related);

internal sealed record AvailabilityView(IReadOnlyList<Availability> Items);

internal sealed record Availability(string Sku, int Available);

/// <summary>What the catalogue's pages are made of: two statements each, one round trip.</summary>
internal sealed class CatalogReads(NpgsqlDataSource database)
{
    public const int PageSize = 24;
    public const int MaxPage = 10_000;
    public const string DefaultSort = "featured";

    private const string CardColumns =
        "p.slug, p.name, p.summary, p.picture_id, v.currency, v.from_price_minor, v.has_several_prices, v.variant_count";

    // A product without variants can't be bought: it has no card.
    private const string Prices = """
        JOIN LATERAL (
            SELECT min(currency) AS currency, min(price_minor) AS from_price_minor, min(price_minor) < max(price_minor) AS has_several_prices,
                count(*)::int AS variant_count
            FROM shop.variants WHERE product_id = p.id) v ON v.variant_count > 0
        """;

    private static readonly Dictionary<string, string> Orders = new(StringComparer.Ordinal)
    {
        [DefaultSort] = "p.rank, p.slug",
        ["price"] = "v.from_price_minor, p.slug",
        ["-price"] = "v.from_price_minor DESC, p.slug",
        ["newest"] = "p.created_at DESC, p.slug",
        ["name"] = "lower(p.name), p.slug",
    };

    public static IReadOnlyCollection<string> Sorts => Orders.Keys;

    public async Task<HomeView?> HomeAsync(CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add("""
            SELECT c.slug, c.name, c.description, (SELECT count(*)::int FROM shop.products p WHERE p.category_slug = c.slug), c.picture_id
            FROM shop.categories c ORDER BY c.position, c.slug
            """);

        // The cards are chosen before their prices are looked up: 20 look-ups and not one per product of the shop.
        batch.Add($"""
            SELECT {CardColumns}, p.is_featured
            FROM ((SELECT true AS is_featured, * FROM shop.products ORDER BY rank, slug LIMIT 12)
                UNION ALL
                (SELECT false, * FROM shop.products ORDER BY created_at DESC, slug LIMIT 8)) p
            {Prices}
            ORDER BY p.is_featured DESC, CASE WHEN p.is_featured THEN p.rank END, p.created_at DESC, p.slug
            """);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var categories = await ReadAsync(reader, r => new CategoryTile(r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt32(3), r.GetString(4)), ct);
        await reader.NextResultAsync(ct);
        var cards = await ReadAsync(reader, r => (Card: CardOf(r), IsFeatured: r.GetBoolean(8)), ct);
        return new HomeView(categories, [.. cards.Where(c => c.IsFeatured).Select(c => c.Card)], [.. cards.Where(c => !c.IsFeatured).Select(c => c.Card)]);
    }

    /// <summary>Null: no such category. A page beyond the end has no items.</summary>
    public async Task<CategoryView?> CategoryAsync(string slug, string sort, int page, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add("SELECT slug, name, description FROM shop.categories WHERE slug = $1", slug);
        batch.Add($"""
            SELECT {CardColumns}, count(*) OVER ()::int
            FROM shop.products p {Prices}
            WHERE p.category_slug = $1
            ORDER BY {Orders[sort]} LIMIT {PageSize} OFFSET $2
            """, slug, (page - 1) * PageSize);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        if (!await reader.ReadAsync(ct))
            return null;

        var category = new CategoryHead(reader.GetString(0), reader.GetString(1), reader.GetString(2));
        await reader.NextResultAsync(ct);
        var cards = await ReadAsync(reader, r => (Card: CardOf(r), Total: r.GetInt32(8)), ct);
        var total = cards is [var first, ..] ? first.Total : 0;
        return new CategoryView(category, sort, page, PageSize, total, Math.Max(1, (total + PageSize - 1) / PageSize), [.. cards.Select(c => c.Card)]);
    }

    public async Task<ProductView?> ProductAsync(string slug, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add("""
            SELECT p.slug, p.name, p.summary, p.description, p.category_slug, c.name, p.picture_id, p.tax_rate_bp, v.sku, v.name, v.price_minor, v.currency
            FROM shop.products p JOIN shop.categories c ON c.slug = p.category_slug JOIN shop.variants v ON v.product_id = p.id
            WHERE p.slug = $1 ORDER BY v.position, v.sku
            """, slug);
        batch.Add($"""
            SELECT {CardColumns}
            FROM (SELECT o.* FROM shop.products p JOIN shop.products o ON o.category_slug = p.category_slug AND o.id <> p.id
                WHERE p.slug = $1 ORDER BY abs(o.rank - p.rank), o.slug LIMIT 4) p
            {Prices}
            """, slug);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        ProductView? product = null;
        List<VariantView> variants = [];
        while (await reader.ReadAsync(ct))
        {
            product ??= new ProductView(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                reader.GetString(6), reader.GetString(11), reader.GetInt32(7), variants, []);
            variants.Add(new VariantView(reader.GetString(8), reader.GetString(9), reader.GetInt64(10)));
        }

        if (product is null)
            return null;
        await reader.NextResultAsync(ct);
        return product with { Related = await ReadAsync(reader, CardOf, ct) };
    }

    /// <summary>A hint for the page; what can be sold is decided when an order is placed.</summary>
    public async Task<AvailabilityView?> AvailabilityAsync(string slug, CancellationToken ct)
    {
        await using var command = database.CreateCommand("""
            SELECT v.sku, coalesce(greatest(s.on_hand - s.held, 0), 0)
            FROM shop.products p JOIN shop.variants v ON v.product_id = p.id LEFT JOIN shop.stock_items s ON s.sku = v.sku
            WHERE p.slug = $1 ORDER BY v.position, v.sku
            """);
        command.Parameters.Add(new() { Value = slug });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await ReadAsync(reader, r => new Availability(r.GetString(0), r.GetInt32(1)), ct) is [_, ..] items ? new AvailabilityView(items) : null;
    }

    public async Task<(string MediaType, byte[] Content)?> PictureAsync(string id, CancellationToken ct)
    {
        await using var command = database.CreateCommand("SELECT media_type, content FROM shop.pictures WHERE id = $1");
        command.Parameters.Add(new() { Value = id });
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetString(0), reader.GetFieldValue<byte[]>(1)) : null;
    }

    private static Card CardOf(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetBoolean(6), row.GetInt32(7));

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> of, CancellationToken ct)
    {
        List<T> rows = [];
        while (await reader.ReadAsync(ct))
            rows.Add(of(reader));
        return rows;
    }
}
