using Microsoft.EntityFrameworkCore;

namespace Shop.Data.Catalog.Seed;

public static class CatalogueSeed
{
    /// <summary>Fills an empty catalogue and returns how many products it wrote: 0 when there was anything in it already.</summary>
    public static Task<int> RunAsync(ShopDbContext db, CancellationToken ct) =>
        db.Database.CreateExecutionStrategy().ExecuteAsync(ct => FillAsync(db, ct), ct);

    private static async Task<int> FillAsync(ShopDbContext db, CancellationToken ct)
    {
        await using var tx = await db.Database.BeginTransactionAsync(ct);

        // Two instances may start at once: the second waits here and then sees what the first one wrote.
        await db.Database.ExecuteSqlAsync($"LOCK TABLE shop.categories, shop.products IN SHARE ROW EXCLUSIVE MODE", ct);
        if (await db.Categories.AnyAsync(ct) || await db.Products.AnyAsync(ct))
            return 0;

        var (categories, products, pictures, stock) = Catalogue.Build();
        await WriteAsync(db, categories, pictures, ct);
        await WriteAsync(db, products, ct);

        Variant[] variants = [.. products.SelectMany(p => p.Variants)];
        await WriteAsync(db, variants, ct);

        string[] skus = [.. stock.Select(s => s.Sku)];
        int[] onHand = [.. stock.Select(s => s.OnHand)];
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.stock_items (sku, on_hand, held) SELECT sku, on_hand, 0 FROM unnest({skus}, {onHand}) AS s (sku, on_hand)
            """, ct);

        await tx.CommitAsync(ct);
        return products.Length;
    }

    private static async Task WriteAsync(ShopDbContext db, Category[] categories, Picture[] pictures, CancellationToken ct)
    {
        string[] ids = [.. pictures.Select(p => p.Id)], types = [.. pictures.Select(p => p.MediaType)];
        byte[][] contents = [.. pictures.Select(p => p.Content)];
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.pictures (id, media_type, content)
            SELECT id, media_type, content FROM unnest({ids}, {types}, {contents}) AS p (id, media_type, content)
            ON CONFLICT DO NOTHING
            """, ct);

        string[] slugs = [.. categories.Select(c => c.Slug)], names = [.. categories.Select(c => c.Name)];
        string[] texts = [.. categories.Select(c => c.Description)], pictureIds = [.. categories.Select(c => c.PictureId)];
        int[] positions = [.. categories.Select(c => c.Position)];
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.categories (slug, name, description, picture_id, position)
            SELECT slug, name, description, picture_id, position
            FROM unnest({slugs}, {names}, {texts}, {pictureIds}, {positions}) AS c (slug, name, description, picture_id, position)
            """, ct);
    }

    private static async Task WriteAsync(ShopDbContext db, Product[] products, CancellationToken ct)
    {
        Guid[] ids = [.. products.Select(p => p.Id)];
        string[] slugs = [.. products.Select(p => p.Slug)], names = [.. products.Select(p => p.Name)];
        string[] summaries = [.. products.Select(p => p.Summary)], texts = [.. products.Select(p => p.Description)];
        string[] categories = [.. products.Select(p => p.CategorySlug)], pictures = [.. products.Select(p => p.PictureId)];
        int[] taxRates = [.. products.Select(p => p.TaxRateBp)], ranks = [.. products.Select(p => p.Rank)];
        DateTimeOffset[] created = [.. products.Select(p => p.CreatedAt)];
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.products (id, slug, name, summary, description, category_slug, picture_id, tax_rate_bp, rank, created_at)
            SELECT id, slug, name, summary, description, category_slug, picture_id, tax_rate_bp, rank, created_at
            FROM unnest({ids}, {slugs}, {names}, {summaries}, {texts}, {categories}, {pictures}, {taxRates}, {ranks}, {created})
                AS p (id, slug, name, summary, description, category_slug, picture_id, tax_rate_bp, rank, created_at)
            """, ct);
    }

    private static async Task WriteAsync(ShopDbContext db, Variant[] variants, CancellationToken ct)
    {
        string[] skus = [.. variants.Select(v => v.Sku)], names = [.. variants.Select(v => v.Name)];
        string[] currencies = [.. variants.Select(v => v.Currency)];
        Guid[] productIds = [.. variants.Select(v => v.ProductId)];
        long[] prices = [.. variants.Select(v => v.PriceMinor)];
        int[] positions = [.. variants.Select(v => v.Position)];
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.variants (sku, product_id, name, price_minor, currency, position)
            SELECT sku, product_id, name, price_minor, currency, position
            FROM unnest({skus}, {productIds}, {names}, {prices}, {currencies}, {positions})
                AS v (sku, product_id, name, price_minor, currency, position)
            """, ct);
    }
}
