using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data;
using Shop.Data.Catalog;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class CatalogTests(ApiHost api) : IClassFixture<ApiHost>
{
    private Task<string> ProductAsync(string slug, params long[] prices) => ProductAsync(api, slug, prices);

    private static async Task<string> ProductAsync(ApiHost host, string slug, params long[] prices)
    {
        await using var db = host.Open();
        await Any.StockAsync(db, 5, $"{slug}-base");
        var template = await db.Products.AsNoTracking().SingleAsync(p => p.Slug == $"{slug}-base");
        db.Add(new Product
        {
            Id = Guid.CreateVersion7(), Slug = slug, Name = $"Name of {slug}", Summary = "Short.", Description = "First.\n\nSecond.",
            CategorySlug = template.CategorySlug, PictureId = template.PictureId, TaxRateBp = 700, Rank = 2, CreatedAt = Any.Now,
            Variants =
            [
                .. prices.Select((price, i) => new Variant
                {
                    Sku = $"{slug}-{i}", ProductId = Guid.Empty, Name = $"Size {i}", PriceMinor = price, Currency = "EUR", Position = i,
                }),
            ],
        });
        await db.SaveChangesAsync();
        await db.NotifyAsync(Notices.Catalogue, slug, ApiHost.Ct);
        return template.PictureId;
    }

    [Fact]
    public async Task Home_shows_categories_and_cards()
    {
        await using var host = await ApiHost.StartAsync();
        await ProductAsync(host, "home-lamp", 1999, 2999);

        var home = await host.GetAsync("/catalog/home");

        var category = home.Json.GetProperty("categories").EnumerateArray().Single();
        Assert.Equal("any", category.GetProperty("slug").GetString());
        Assert.True(category.GetProperty("productCount").GetInt32() >= 2);
        var card = home.Json.GetProperty("featured").EnumerateArray().Single(c => c.GetProperty("slug").GetString() == "home-lamp");
        Assert.Equal(1999, card.GetProperty("fromPriceMinor").GetInt64());
        Assert.True(card.GetProperty("hasSeveralPrices").GetBoolean());
        Assert.Equal(2, card.GetProperty("variantCount").GetInt32());
        Assert.Equal("EUR", card.GetProperty("currency").GetString());
        Assert.NotEmpty(home.Json.GetProperty("newest").EnumerateArray());
        Assert.Equal("public, max-age=30", home.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task A_product_tells_its_variants_and_relatives()
    {
        await using var host = await ApiHost.StartAsync();
        await ProductAsync(host, "tell-mug", 1250);

        var product = await host.GetAsync("/catalog/products/tell-mug");

        Assert.Equal(HttpStatusCode.OK, product.Status);
        Assert.Equal("First.\n\nSecond.", product["description"]);
        Assert.Equal(("any", "Any", "700", "EUR"), (product["categorySlug"], product["categoryName"], product["taxRateBp"], product["currency"]));
        var variant = product.Json.GetProperty("variants").EnumerateArray().Single();
        Assert.Equal(("tell-mug-0", "Size 0", 1250), (variant.GetProperty("sku").GetString(), variant.GetProperty("name").GetString(), variant.GetProperty("priceMinor").GetInt64()));
        Assert.Contains(product.Json.GetProperty("related").EnumerateArray(), c => c.GetProperty("slug").GetString() == "tell-mug-base");
        Assert.DoesNotContain(product.Json.GetProperty("related").EnumerateArray(), c => c.GetProperty("slug").GetString() == "tell-mug");
    }

    [Theory]
    [InlineData("/catalog/products/none", 404, "product_not_found")]
    [InlineData("/catalog/products/none/availability", 404, "product_not_found")]
    [InlineData("/catalog/categories/none", 404, "category_not_found")]
    [InlineData("/catalog/categories/none?page=3", 404, "category_not_found")]
    [InlineData("/catalog/categories/any?page=999", 404, "page_not_found")]
    [InlineData("/catalog/categories/any?page=0", 404, "page_not_found")]
    [InlineData("/catalog/categories/any?page=x", 404, "page_not_found")]
    [InlineData("/catalog/categories/any?sort=worst", 400, "invalid_sort")]
    [InlineData("/catalog/pictures/none", 404, "picture_not_found")]
    public async Task What_is_not_there_is_refused_by_name(string path, int status, string reason)
    {
        await ProductAsync($"refuse-{Guid.NewGuid():N}", 100);

        var answer = await api.GetAsync(path);

        Assert.Equal((status, reason), ((int)answer.Status, answer.Reason));
        Assert.StartsWith("application/problem+json", answer.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Matches("^[0-9A-Z]{5}-[0-9A-Z]{5}$", answer["reference"]);
    }

    [Fact]
    public async Task A_category_is_paged_and_sorted()
    {
        await using var host = await ApiHost.StartAsync();
        await using var db = host.Open();
        await Any.StockAsync(db, 1, [.. Enumerable.Range(0, 30).Select(i => $"page-{i:00}")]);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.variants SET price_minor = 1000 + right(sku, 2)::int");

        var first = await host.GetAsync("/catalog/categories/any?sort=price");
        var second = await host.GetAsync("/catalog/categories/any?sort=-price&page=2");

        Assert.Equal(("30", "2", "24", "1", "price"), (first["totalItems"], first["totalPages"], first["pageSize"], first["page"], first["sort"]));
        Assert.Equal(Enumerable.Range(1000, 24), Prices(first));
        Assert.Equal([1005, 1004, 1003, 1002, 1001, 1000], Prices(second));

        static IEnumerable<int> Prices(Answer page) => page.Json.GetProperty("items").EnumerateArray().Select(c => c.GetProperty("fromPriceMinor").GetInt32());
    }

    [Fact]
    public async Task A_cached_product_costs_no_round_trip_and_an_uncached_one_costs_one()
    {
        await ProductAsync("cached", 100);
        await ProductAsync("cached-other", 100);
        await api.GetAsync("/catalog/products/cached-other"); // a connection is open now
        await SettledAsync();

        api.Wire.Reset();
        await api.GetAsync("/catalog/products/cached");
        var uncached = api.Wire.RoundTrips;
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/catalog/products/cached")).Status);

        Assert.Equal(1, uncached);
        Assert.Equal(1, api.Wire.RoundTrips);
    }

    [Fact]
    public async Task Fifty_who_ask_for_the_same_page_at_once_cost_one_round_trip()
    {
        await ProductAsync("crowd", 100);
        await ProductAsync("crowd-other", 100);
        await api.GetAsync("/catalog/products/crowd-other");
        await SettledAsync();

        api.Wire.Reset();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => api.GetAsync("/catalog/products/crowd")));

        Assert.All(answers, a => Assert.Equal("crowd", a["slug"]));
        Assert.Equal(1, api.Wire.RoundTrips);
    }

    [Fact]
    public async Task Whoever_has_the_page_gets_304()
    {
        await ProductAsync("tagged", 100);
        await SettledAsync();
        var page = await api.GetAsync("/catalog/products/tagged");

        var again = await api.GetAsync("/catalog/products/tagged", ("If-None-Match", page.Headers["ETag"]));
        var other = await api.GetAsync("/catalog/products/tagged", ("If-None-Match", "\"something-else\""));

        Assert.Equal((HttpStatusCode.NotModified, ""), (again.Status, again.Text));
        Assert.Equal(HttpStatusCode.OK, other.Status);
    }

    [Fact]
    public async Task A_notice_makes_a_changed_price_visible_at_once()
    {
        await ProductAsync("changing", 100);
        await ApiHost.UntilAsync(async () => (await api.GetAsync("/catalog/products/changing")).Status == HttpStatusCode.OK);
        await using var db = api.Open();

        await db.Variants.Where(v => v.Sku == "changing-0").ExecuteUpdateAsync(v => v.SetProperty(x => x.PriceMinor, 777));
        await db.NotifyAsync(Notices.Catalogue, "changing", ApiHost.Ct);

        // Far less than the lifetime of 30 seconds.
        var limit = System.Diagnostics.Stopwatch.StartNew();
        await ApiHost.UntilAsync(async () => (await api.GetAsync("/catalog/products/changing")).Text.Contains("777", StringComparison.Ordinal));
        Assert.True(limit.Elapsed < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Availability_is_what_is_not_held_and_is_never_cached()
    {
        await api.StockAsync(5, "avail");
        await using var db = api.Open();
        await Any.PlaceAsync(db, await Any.CartAsync(db, ("avail", 2)));

        var answer = await api.GetAsync("/catalog/products/avail/availability");

        var item = answer.Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal(("avail", 3), (item.GetProperty("sku").GetString(), item.GetProperty("available").GetInt32()));
        Assert.Equal("no-store", answer.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task A_picture_may_be_kept_for_ever_and_cannot_run_scripts()
    {
        var id = await ProductAsync("pictured", 100);

        var picture = await api.GetAsync($"/catalog/pictures/{id}");
        var again = await api.GetAsync($"/catalog/pictures/{id}", ("If-None-Match", picture.Headers["ETag"]));

        Assert.Equal(("image/svg+xml", "public, max-age=31536000, immutable"), (picture.Headers["Content-Type"], picture.Headers["Cache-Control"]));
        Assert.StartsWith("<svg", picture.Text, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", picture.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotModified, again.Status);
    }

    [Fact]
    public async Task A_second_replica_reads_from_redis_and_a_dead_redis_stops_nobody()
    {
        using var redis = new RedisProcess();
        redis.Start();
        (string, string?)[] settings = [("ConnectionStrings:cache", $"127.0.0.1:{redis.Port}"), ("Redis:Pause", "00:00:01")];
        await using var first = await ApiHost.StartAsync(settings);
        await first.StockAsync(1, "shared");
        await using var second = await ApiHost.StartAsync([.. settings, ("ConnectionStrings:shopdb", ConnectionStringOf(first))]);

        // The first one's page, read from its wire, is there for the second one, whose wire stays silent: it is not even connected to it.
        await ApiHost.UntilAsync(async () =>
        {
            await using var db = first.Open();
            await db.NotifyAsync(Notices.Catalogue, "", ApiHost.Ct);
            await Task.Delay(50);
            await first.GetAsync("/catalog/products/shared");
            await Task.Delay(50);
            first.Wire.Reset();
            return (await second.GetAsync("/catalog/products/shared")).Status == HttpStatusCode.OK && first.Wire.RoundTrips == 0;
        });

        redis.Kill();
        await first.StockAsync(1, "after");
        await using (var db = first.Open())
            await db.NotifyAsync(Notices.Catalogue, "", ApiHost.Ct);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => first.GetAsync($"/catalog/products/{(i % 2 == 0 ? "shared" : "after")}")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));

        redis.Start();
        await using var cache = await StackExchange.Redis.ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{redis.Port},abortConnect=false");
        await ApiHost.UntilAsync(async () =>
        {
            await using var db = first.Open();
            await db.NotifyAsync(Notices.Catalogue, "", ApiHost.Ct);
            await Task.Delay(50);
            await first.GetAsync("/catalog/products/after");
            return await cache.GetDatabase().KeyExistsAsync("shop:catalogue:1:product:after");
        });
    }

    private static string ConnectionStringOf(ApiHost host) =>
        ((Microsoft.Extensions.Configuration.IConfiguration)host.Services.GetService(typeof(Microsoft.Extensions.Configuration.IConfiguration))!)["ConnectionStrings:shopdb"]!;

    /// <summary>Until the notices of what the test has just stored have arrived: they make fresh pages old.</summary>
    private async Task SettledAsync()
    {
        await using var db = api.Open();
        var slug = $"settle-{Guid.NewGuid():N}"[..20];
        await Any.StockAsync(db, 1, slug);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync($"/catalog/products/{slug}")).Status);
        await db.Products.Where(p => p.Slug == slug).ExecuteUpdateAsync(p => p.SetProperty(x => x.Summary, "Settled."));
        await db.NotifyAsync(Notices.Catalogue, slug, ApiHost.Ct);
        await ApiHost.UntilAsync(async () => (await api.GetAsync($"/catalog/products/{slug}")).Text.Contains("Settled.", StringComparison.Ordinal));
    }
}
