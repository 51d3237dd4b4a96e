using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data;
using Shop.Data.Catalog.Seed;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class CatalogueSeedRunTests : IAsyncLifetime
{
    private string _database = "";

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task An_empty_catalogue_is_filled_once()
    {
        await using var db = PostgresServer.Open(_database);

        Assert.Equal(1000, await CatalogueSeed.RunAsync(db, Ct));
        Assert.Equal(0, await CatalogueSeed.RunAsync(db, Ct));

        Assert.Equal(1000, await db.Products.CountAsync(Ct));
        Assert.Equal(12, await db.Categories.CountAsync(Ct));
        Assert.Equal(0, await db.Variants.CountAsync(v => !db.Stock.Any(s => s.Sku == v.Sku), Ct));
        Assert.Equal(0, await db.Products.CountAsync(p => !p.Variants.Any(), Ct));
    }

    [Fact]
    public async Task What_is_stored_is_what_was_built()
    {
        await using var db = PostgresServer.Open(_database);
        await CatalogueSeed.RunAsync(db, Ct);

        var seed = Catalogue.Build();
        var stored = await db.Products.AsNoTracking().Include(p => p.Variants).OrderBy(p => p.Rank).ToListAsync(Ct);
        Assert.Equal(
            seed.Products.Select(p => (p.Slug, p.Name, p.Summary, p.Description, p.CategorySlug, p.PictureId, p.TaxRateBp, p.Rank, p.CreatedAt)),
            stored.Select(p => (p.Slug, p.Name, p.Summary, p.Description, p.CategorySlug, p.PictureId, p.TaxRateBp, p.Rank, p.CreatedAt)));
        Assert.Equal(
            seed.Products.SelectMany(p => p.Variants).Select(v => (v.Sku, v.Name, v.PriceMinor, v.Currency, v.Position)),
            stored.SelectMany(p => p.Variants.OrderBy(v => v.Position)).Select(v => (v.Sku, v.Name, v.PriceMinor, v.Currency, v.Position)));
        var stock = await db.Stock.AsNoTracking().ToDictionaryAsync(s => s.Sku, Ct);
        Assert.All(seed.Stock, s => Assert.Equal((s.OnHand, 0), (stock[s.Sku].OnHand, stock[s.Sku].Held)));
        var pictures = await db.Pictures.AsNoTracking().ToDictionaryAsync(p => p.Id, Ct);
        Assert.All(seed.Pictures, p => Assert.Equal(p.Content, pictures[p.Id].Content));
        var categories = await db.Categories.AsNoTracking().OrderBy(c => c.Position).ToListAsync(Ct);
        Assert.Equal(
            seed.Categories.Select(c => (c.Slug, c.Name, c.Description, c.PictureId)),
            categories.Select(c => (c.Slug, c.Name, c.Description, c.PictureId)));
    }

    [Fact]
    public async Task A_catalogue_that_has_a_product_is_left_alone()
    {
        await using var db = PostgresServer.Open(_database);
        await Any.StockAsync(db, 1, "only-one");

        Assert.Equal(0, await CatalogueSeed.RunAsync(db, Ct));
        Assert.Equal("only-one", (await db.Products.SingleAsync(Ct)).Slug);
    }

    [Fact]
    public async Task Of_several_instances_that_start_at_once_one_fills_the_catalogue()
    {
        var written = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            await using var db = PostgresServer.Open(_database);
            return await CatalogueSeed.RunAsync(db, Ct);
        }));

        Assert.Equal([0, 0, 0, 1000], written.Order());
    }

    [Fact]
    public async Task A_fill_that_fails_leaves_nothing_behind()
    {
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlRawAsync("ALTER TABLE shop.stock_items ADD CONSTRAINT ck_test CHECK (sku NOT LIKE 'MUG-%')", Ct);

        await Assert.ThrowsAsync<PostgresException>(() => CatalogueSeed.RunAsync(db, Ct));

        Assert.False(await db.Products.AnyAsync(Ct) || await db.Categories.AnyAsync(Ct) || await db.Pictures.AnyAsync(Ct));
    }

    [Fact]
    public async Task It_also_runs_where_retries_are_on()
    {
        await using var db = new ShopDbContext(
            new DbContextOptionsBuilder<ShopDbContext>().UseNpgsql(_database, npgsql => npgsql.EnableRetryOnFailure()).Options);

        Assert.Equal(1000, await CatalogueSeed.RunAsync(db, Ct));
    }
}
