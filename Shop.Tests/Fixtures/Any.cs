using System.Text;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Carts;
using Shop.Data.Catalog;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Tests.Fixtures;

/// <summary>Valid objects with dull defaults. A test names only what it is about.</summary>
internal static class Any
{
    public const string LinkSecret = "a secret of the tests for signed links";

    /// <summary>As the services make them.</summary>
    public static readonly SignedLinks Links = new(LinkSecret);

    public static readonly DateTimeOffset Now = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A product with one variant per SKU and stock for each.</summary>
    public static async Task StockAsync(ShopDbContext db, int onHand, params string[] skus)
    {
        var picture = Picture.Of(Encoding.UTF8.GetBytes("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"/>"), "image/svg+xml");
        if (!await db.Pictures.AnyAsync(p => p.Id == picture.Id))
        {
            db.Add(picture);
            db.Add(new Category { Slug = "any", Name = "Any", Description = "Anything.", PictureId = picture.Id, Position = 1 });
        }

        foreach (var sku in skus)
        {
            db.Add(new Product
            {
                Id = Guid.CreateVersion7(), Slug = sku, Name = $"Name of {sku}", Summary = "A thing.", Description = "A thing.", CategorySlug = "any",
                PictureId = picture.Id, TaxRateBp = 1900, Rank = 1, CreatedAt = Now,
                Variants = [new Variant { Sku = sku, ProductId = Guid.Empty, Name = "One size", PriceMinor = 1250, Currency = "EUR", Position = 1 }],
            });
            db.Add(new StockItem { Sku = sku, OnHand = onHand });
        }

        await db.SaveChangesAsync();
        db.ChangeTracker.Clear();
    }

    public static Person Person() => new()
    {
        Id = Guid.CreateVersion7(), Email = "guest@example.org", Name = "A Guest", Line1 = "Street 1", PostalCode = "10115", City = "Berlin",
        Country = "DE", CreatedAt = Now,
    };

    public static OrderLine Line(Guid orderId, string sku, int quantity = 1, long unitPriceMinor = 1250) => new()
    {
        OrderId = orderId, Sku = sku, Position = 1, ProductSlug = sku, ProductName = sku, VariantName = "One size", PictureId = "none",
        Quantity = quantity, UnitPriceMinor = unitPriceMinor, TaxRateBp = 1900, TotalMinor = quantity * unitPriceMinor,
        TaxMinor = OrderLine.TaxIn(quantity * unitPriceMinor, 1900),
    };

    public static Order Order(Person person, Guid cartId, params (string Sku, int Quantity)[] lines)
    {
        var id = Guid.CreateVersion7();
        OrderLine[] all = [.. lines.Select(l => Line(id, l.Sku, l.Quantity))];
        return new Order
        {
            Id = id, CheckoutKey = Guid.NewGuid(), CheckoutDigest = "any", CartId = cartId, PersonId = person.Id,
            Reference = "4T7QK9XW2M", TraceId = new string('0', 32), Currency = "EUR", TotalMinor = all.Sum(l => l.TotalMinor),
            TaxMinor = all.Sum(l => l.TaxMinor), PlacedAt = DateTimeOffset.UtcNow, DeadlineAt = DateTimeOffset.UtcNow.AddHours(1), Lines = [.. all],
        };
    }

    public static async Task<Cart> CartAsync(ShopDbContext db, params (string Sku, int Quantity)[] lines)
    {
        var id = Guid.CreateVersion7();
        var cart = new Cart
        {
            Id = id, TokenHash = Cart.HashToken(Guid.NewGuid().ToString()), Version = 1, CreatedAt = Now, UpdatedAt = Now,
            Lines = [.. lines.Select(l => new CartLine { CartId = id, Sku = l.Sku, Quantity = l.Quantity, AddedAt = Now })],
        };
        db.Add(cart);
        await db.SaveChangesAsync();
        db.ChangeTracker.Clear();
        return cart;
    }

    public static async Task<(Order Order, Placement Placement)> PlaceAsync(ShopDbContext db, Cart cart, Order? order = null, int? version = null, TimeSpan? hold = null)
    {
        var person = Person();
        order ??= Order(person, cart.Id, [.. cart.Lines.Select(l => (l.Sku, l.Quantity))]);
        var buyer = order.PersonId == person.Id ? person : new Person
        {
            Id = order.PersonId, Email = person.Email, Name = person.Name, Line1 = person.Line1, PostalCode = person.PostalCode, City = person.City,
            Country = person.Country, CreatedAt = Now,
        };
        var placement = await db.PlaceAsync(order, buyer, version ?? cart.Version,
            PaymentJob.Of(PaymentJobKind.Charge, order.Id, PaymentProvider.Stripe, order.PlacedAt, paymentToken: "pm_card_visa"),
            TimelineEntry.Of(order.Id, order.PlacedAt, TimelineKinds.Placed, "Order placed."), hold ?? TimeSpan.FromMinutes(10), CancellationToken.None);
        return (order, placement);
    }

    /// <summary>An order that is really there: stocked, placed and held.</summary>
    public static async Task<Order> StoredOrderAsync(ShopDbContext db, int quantity = 1)
    {
        var sku = $"sku-{Guid.NewGuid():N}"[..16];
        await StockAsync(db, 10, sku);
        var (order, placement) = await PlaceAsync(db, await CartAsync(db, (sku, quantity)));
        Assert.Equal(PlacementOutcome.Placed, placement.Outcome);
        return order;
    }
}
