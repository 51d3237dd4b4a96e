using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Carts;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class OrderPlacementTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private ShopDbContext Open() => PostgresServer.Open(_database);

    private async Task<Placement[]> PlaceAllAsync(IEnumerable<Cart> carts) => await Task.WhenAll(carts.Select(async cart =>
    {
        await using var db = Open();
        return (await Any.PlaceAsync(db, cart)).Placement;
    }));

    private async Task<Cart[]> CartsAsync(int count, params (string Sku, int Quantity)[] lines)
    {
        await using var db = Open();
        var carts = new Cart[count];
        for (var i = 0; i < count; i++)
            carts[i] = await Any.CartAsync(db, lines);
        return carts;
    }

    private async Task StockAsync(int onHand, params string[] skus)
    {
        await using var db = Open();
        await Any.StockAsync(db, onHand, skus);
    }

    private async Task AssertBooksAsync()
    {
        await using var db = Open();
        var wrong = await db.Database.SqlQuery<string>($"""
            SELECT s.sku AS "Value" FROM shop.stock_items s
            WHERE s.held <> (SELECT coalesce(sum(h.quantity), 0) FROM shop.stock_holds h WHERE h.sku = s.sku) OR s.held > s.on_hand
            """).ToListAsync();
        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Fifty_shoppers_on_the_last_one_make_one_order()
    {
        await StockAsync(1, "last");

        var placed = await PlaceAllAsync(await CartsAsync(50, ("last", 1)));

        Assert.Single(placed, p => p.Outcome is PlacementOutcome.Placed);
        Assert.Equal(49, placed.Count(p => p.Outcome is PlacementOutcome.OutOfStock && p.ShortSkus is ["last"]));
        await using var db = Open();
        Assert.Equal(1, await db.Orders.CountAsync());
        Assert.Equal(1, await db.PaymentJobs.CountAsync());
        Assert.Equal(1, await db.Timeline.CountAsync());
        await AssertBooksAsync();
    }

    [Fact]
    public async Task Fifty_shoppers_on_plenty_make_fifty_orders_and_no_conflict()
    {
        await StockAsync(100, "plenty");

        var placed = await PlaceAllAsync(await CartsAsync(50, ("plenty", 2)));

        Assert.All(placed, p => Assert.Equal(PlacementOutcome.Placed, p.Outcome));
        Assert.Equal(50, placed.Select(p => p.Number).Distinct().Count());
        await AssertBooksAsync();
    }

    [Fact]
    public async Task Carts_with_the_same_goods_in_opposite_order_do_not_deadlock()
    {
        string[] skus = ["a", "b", "c", "d", "e", "f"];
        await StockAsync(10_000, skus);
        var forward = await CartsAsync(50, [.. skus.Select(s => (s, 1))]);
        var backward = await CartsAsync(50, [.. skus.Reverse().Select(s => (s, 1))]);

        var placed = await PlaceAllAsync(forward.Zip(backward).SelectMany(p => new[] { p.First, p.Second }));

        Assert.All(placed, p => Assert.Equal(PlacementOutcome.Placed, p.Outcome));
        await AssertBooksAsync();
    }

    [Fact]
    public async Task The_same_checkout_key_twenty_times_at_once_makes_one_order()
    {
        await StockAsync(100, "mug");
        var cart = (await CartsAsync(1, ("mug", 1)))[0];
        var key = Guid.NewGuid();

        var placed = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            await using var db = Open();
            var person = Any.Person();
            var order = Any.Order(person, cart.Id, ("mug", 1));
            return (await Any.PlaceAsync(db, cart, WithKey(order, key))).Placement;
        }));

        Assert.Single(placed, p => p.Outcome is PlacementOutcome.Placed);
        Assert.Equal(19, placed.Count(p => p.Outcome is PlacementOutcome.KeyUsed or PlacementOutcome.CartTaken));
        await AssertBooksAsync();
    }

    [Fact]
    public async Task Two_tabs_with_two_keys_make_one_order_of_one_cart()
    {
        await StockAsync(100, "mug");
        var cart = (await CartsAsync(1, ("mug", 1)))[0];

        var placed = await PlaceAllAsync([cart, cart]);

        Assert.Single(placed, p => p.Outcome is PlacementOutcome.Placed);
        Assert.Single(placed, p => p.Outcome is PlacementOutcome.CartTaken);
        await AssertBooksAsync();
    }

    [Fact]
    public async Task A_checkout_of_a_cart_that_has_changed_meanwhile_creates_nothing()
    {
        await StockAsync(100, "mug");
        var cart = (await CartsAsync(1, ("mug", 1)))[0];
        await using var db = Open();

        var (_, placement) = await Any.PlaceAsync(db, cart, version: cart.Version - 1);

        Assert.Equal(PlacementOutcome.CartTaken, placement.Outcome);
        Assert.False(await db.Orders.AnyAsync());
        Assert.False(await db.Holds.AnyAsync());
        Assert.False(await db.People.AnyAsync());
    }

    [Fact]
    public async Task One_short_line_of_many_is_named_and_nothing_is_held()
    {
        await StockAsync(5, "a", "b", "c");
        var cart = (await CartsAsync(1, ("a", 1), ("b", 6), ("c", 7)))[0];
        await using var db = Open();

        var (_, placement) = await Any.PlaceAsync(db, cart);

        Assert.Equal(["b", "c"], placement.ShortSkus);
        Assert.False(await db.Holds.AnyAsync());
        await AssertBooksAsync();
    }

    [Fact]
    public async Task The_last_one_that_is_just_being_given_back_is_sold_to_whoever_waits_for_it()
    {
        await StockAsync(1, "last");
        var carts = await CartsAsync(2, ("last", 1));
        await using var giving = Open();
        var (given, _) = await Any.PlaceAsync(giving, carts[0]);
        await using var transaction = await giving.Database.BeginTransactionAsync();
        await giving.ReleaseHoldAsync(given.Id, CancellationToken.None);

        await using var waiting = Open();
        var placing = Any.PlaceAsync(waiting, carts[1]);
        await using var watcher = Open();
        var waits = await RunningShop.UntilAsync(
            () => watcher.Database.SqlQuery<int>($"""
                SELECT count(*)::int AS "Value" FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                """).SingleAsync(),
            count => count > 0, TimeSpan.FromSeconds(10));
        await transaction.CommitAsync();

        Assert.Equal((1, PlacementOutcome.Placed), (waits, (await placing).Placement.Outcome));
    }

    private static Order WithKey(Order order, Guid key) => new()
    {
        Id = order.Id, CheckoutKey = key, CheckoutDigest = order.CheckoutDigest, CartId = order.CartId, PersonId = order.PersonId,
        Reference = order.Reference, TraceId = order.TraceId, Currency = order.Currency, TotalMinor = order.TotalMinor, TaxMinor = order.TaxMinor,
        PlacedAt = order.PlacedAt, DeadlineAt = order.DeadlineAt, Lines = order.Lines,
    };
}
