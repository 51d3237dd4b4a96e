using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shop.Api.Carts;
using Shop.Data.Carts;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class CartTests(ApiHost api) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_first_item_makes_a_cart_whose_token_only_the_visitor_knows()
    {
        await api.StockAsync(5, "first-mug");
        var guest = new Guest(api);

        var added = await guest.AddAsync("first-mug", 2);

        Assert.Equal((HttpStatusCode.OK, "1", "2", "2500", "EUR"), (added.Status, added["version"], added["itemCount"], added["totalMinor"], added["currency"]));
        Assert.Equal(43, guest.Token!.Length); // 256 bits in base64url
        var line = added.Json.GetProperty("lines").EnumerateArray().Single();
        Assert.Equal(("first-mug", 1250, 2500, 5), (line.GetProperty("sku").GetString(), line.GetProperty("unitPriceMinor").GetInt64(),
            line.GetProperty("totalMinor").GetInt64(), line.GetProperty("available").GetInt32()));
        var seen = await guest.SeeCartAsync();
        Assert.Equal((added["version"], ""), (seen["version"], seen["token"]));
        await using var db = api.Open();
        Assert.True(await db.Carts.AnyAsync(c => c.TokenHash == Cart.HashToken(guest.Token!)));
    }

    [Fact]
    public async Task Nobody_has_no_cart_and_no_error()
    {
        foreach (var token in new[] { null, "", "unknown", new string('x', 5000) })
        {
            var cart = await api.GetAsync("/cart", ("X-Cart", token));
            Assert.Equal((HttpStatusCode.OK, "0", "[]"), (cart.Status, cart["version"], cart["lines"]));
        }
    }

    [Fact]
    public async Task Adding_again_adds_up_to_99()
    {
        await api.StockAsync(5, "many");
        var guest = await api.GuestAsync(("many", 60));

        var more = await guest.AddAsync("many", 60);

        Assert.Equal(("99", "2"), (more["itemCount"], more["version"]));
    }

    [Fact]
    public async Task The_same_key_adds_once_and_another_request_under_it_is_refused()
    {
        await api.StockAsync(5, "once");
        var guest = new Guest(api);
        var key = Guid.NewGuid();
        await guest.AddAsync("once", 1, key);

        var again = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => guest.AddAsync("once", 1, key)));
        var other = await guest.AddAsync("once", 2, key);

        Assert.All(again, a => Assert.Equal((HttpStatusCode.OK, "1"), (a.Status, a["itemCount"])));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "key_reused"), (other.Status, other.Reason));
    }

    [Fact]
    public async Task A_lost_first_answer_is_given_again_with_a_token_that_works()
    {
        await api.StockAsync(5, "lost");
        var key = Guid.NewGuid();
        await new Guest(api).AddAsync("lost", 1, key); // the answer never reached the visitor
        var visitor = new Guest(api);

        await visitor.AddAsync("lost", 1, key);

        Assert.Equal("1", (await visitor.SeeCartAsync())["itemCount"]);
        await using var db = api.Open();
        Assert.Equal(1, await db.CartLines.CountAsync(l => l.Sku == "lost"));
    }

    [Fact]
    public async Task A_refused_request_leaves_its_key_free()
    {
        var guest = new Guest(api);
        var key = Guid.NewGuid();
        Assert.Equal("sku_not_found", (await guest.AddAsync("not-yet", 1, key)).Reason);

        await api.StockAsync(5, "not-yet");

        Assert.Equal("1", (await guest.AddAsync("not-yet", 1, key))["itemCount"]);
    }

    [Fact]
    public async Task Twenty_additions_at_once_are_all_counted()
    {
        await api.StockAsync(50, "crowded", "crowded-too");
        var guest = await api.GuestAsync(("crowded", 1));

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => guest.AddAsync(i % 2 == 0 ? "crowded" : "crowded-too")));

        var cart = await guest.SeeCartAsync();
        Assert.Equal(("21", "21"), (cart["itemCount"], cart["version"]));
    }

    [Theory]
    [InlineData("any-sku", 0, 422, "invalid_quantity")]
    [InlineData("any-sku", 100, 422, "invalid_quantity")]
    [InlineData("any-sku", -1, 422, "invalid_quantity")]
    [InlineData("any-sku", 1, 404, "sku_not_found")]
    [InlineData("", 1, 404, "sku_not_found")]
    public async Task Bad_additions_are_refused_by_name(string sku, int quantity, int status, string reason)
    {
        var answer = await new Guest(api).AddAsync(sku, quantity);

        Assert.Equal((status, reason), ((int)answer.Status, answer.Reason));
    }

    [Fact]
    public async Task Adding_needs_a_key()
    {
        var answer = await api.PostAsync("/cart/lines", new { sku = "x", quantity = 1 });

        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_key_missing"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task A_cart_takes_fifty_lines()
    {
        var skus = Enumerable.Range(0, 51).Select(i => $"full-{i}").ToArray();
        await api.StockAsync(5, skus);
        var guest = await api.GuestAsync([.. skus[..50].Select(s => (s, 1))]);

        var refused = await guest.AddAsync(skus[50]);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "cart_full"), (refused.Status, refused.Reason));
        Assert.Equal(HttpStatusCode.OK, (await guest.AddAsync(skus[0])).Status); // more of what is in it is no new line
    }

    [Fact]
    public async Task A_line_is_changed_and_removed_on_the_version_that_was_seen()
    {
        await api.StockAsync(50, "set-a", "set-b");
        var guest = await api.GuestAsync(("set-a", 1), ("set-b", 1));

        var changed = await guest.SetAsync("set-a", 7, 2);
        var stale = await guest.SetAsync("set-a", 9, 2);
        var removed = await guest.SetAsync("set-b", 0, 3);
        var absent = await guest.SetAsync("set-b", 2, 4);
        var tooMany = await guest.SetAsync("set-a", 100, 4);

        Assert.Equal((HttpStatusCode.OK, "8", "3"), (changed.Status, changed["itemCount"], changed["version"]));
        Assert.Equal((HttpStatusCode.Conflict, "cart_changed"), (stale.Status, stale.Reason));
        Assert.Equal(3, stale.Json.GetProperty("cart").GetProperty("version").GetInt32());
        Assert.Equal((HttpStatusCode.OK, "7"), (removed.Status, removed["itemCount"]));
        Assert.Equal((HttpStatusCode.NotFound, "sku_not_found"), (absent.Status, absent.Reason));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_quantity"), (tooMany.Status, tooMany.Reason));
    }

    [Fact]
    public async Task Each_operation_is_one_round_trip()
    {
        await api.StockAsync(50, "trip");
        var guest = await api.GuestAsync(("trip", 1));

        Assert.Equal(1, await TripsAsync(() => guest.SeeCartAsync()));
        Assert.Equal(1, await TripsAsync(() => guest.AddAsync("trip")));
        Assert.Equal(1, await TripsAsync(() => guest.SetAsync("trip", 5, 2)));

        async Task<int> TripsAsync(Func<Task<Answer>> request)
        {
            api.Wire.Reset();
            Assert.Equal(HttpStatusCode.OK, (await request()).Status);
            return api.Wire.RoundTrips;
        }
    }

    [Fact]
    public async Task The_sweep_forgets_what_is_old_and_nothing_else()
    {
        await api.StockAsync(50, "swept");
        var old = await api.GuestAsync(("swept", 1));
        var young = await api.GuestAsync(("swept", 1));
        await using var db = api.Open();
        await db.Carts.Where(c => c.TokenHash == Cart.HashToken(old.Token!))
            .ExecuteUpdateAsync(c => c.SetProperty(x => x.UpdatedAt, DateTimeOffset.UtcNow.AddDays(-31)));
        db.RequestKeys.Add(new RequestKey { Key = Guid.NewGuid(), Digest = "old", CreatedAt = DateTimeOffset.UtcNow.AddHours(-25) });
        await db.SaveChangesAsync();

        var sweep = api.Services.GetServices<IHostedService>().OfType<CartSweep>().Single();
        while (await sweep.SweepAsync(ApiHost.Ct))
        {
        }

        Assert.Equal("0", (await old.SeeCartAsync())["version"]);
        Assert.Equal("1", (await young.SeeCartAsync())["version"]);
        Assert.False(await db.RequestKeys.AnyAsync(k => k.Digest == "old"));
        Assert.True(await db.RequestKeys.AnyAsync());
    }
}
