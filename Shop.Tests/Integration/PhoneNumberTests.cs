using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Primitives;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Tests.Fixtures;
using Shop.Web.Checkout;

namespace Shop.Tests.Integration;

/// <summary>A shopper may give a phone number, and need not.</summary>
public sealed class PhoneNumberTests
{
    private static readonly CheckoutRequest Form = new("a@example.org", "A", "Street 1", null, "10115", "Berlin", "DE", 1, 1250, "pm_card_visa", "stripe");

    [Fact]
    public async Task It_is_kept_as_it_was_typed_and_found_from_its_end()
    {
        await using var api = await ApiHost.StartAsync(ApiHost.ShortWait);
        await api.StockAsync(5, "phone-mug");
        var guest = await api.GuestAsync(("phone-mug", 1));
        var key = Guid.NewGuid();

        var placed = await guest.CheckoutAsync(key, form => form["phone"] = " +49 (30) 123-4567 ");
        var otherwise = await guest.CheckoutAsync(key, form => form["phone"] = "030 7654321");
        var silent = await (await api.GuestAsync(("phone-mug", 1))).CheckoutAsync();

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (placed.Status, silent.Status));
        Assert.Equal("key_reused", otherwise.Reason);
        await using var db = api.Open();
        Assert.Equal([("+49 (30) 123-4567", "76543210394"), (null, null)],
            (await db.Orders.OrderBy(o => o.Number).Select(o => new { o.Person!.Phone, o.Person.PhoneBackwards }).ToListAsync()).Select(p => (p.Phone, p.PhoneBackwards)));
        Assert.DoesNotContain(api.Logged, line => line.Contains("123-4567", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1234", false)]
    [InlineData("call me", false)]
    [InlineData("12345678901234567890", false)]
    [InlineData("030+1234567", false)]
    [InlineData("030 1234567", true)]
    [InlineData("+353 (1) 234.5678", true)]
    public void What_is_no_number_is_said_by_the_api_and_by_the_form(string phone, bool isGood)
    {
        var typed = CheckoutForm.Read(new FormCollection(new Dictionary<string, StringValues> { ["Phone"] = phone }));

        Assert.Equal(!isGood, (Form with { Phone = phone }).Errors().ContainsKey("phone"));
        Assert.Equal(!isGood, typed.Check().ContainsKey("Phone"));
    }

    [Fact]
    public void A_checkout_without_one_is_the_same_as_before_there_could_be_one()
    {
        var before = IdempotencyKey.DigestOf("checkout", "1", "1250", "a@example.org", "A", "Street 1", "", "10115", "Berlin", "DE", "stripe");

        Assert.Equal(before, Form.Trimmed().Digest());
        Assert.Equal(before, (Form with { Phone = " " }).Trimmed().Digest());
        Assert.NotEqual(before, (Form with { Phone = "030 1234567" }).Digest());
    }
}
