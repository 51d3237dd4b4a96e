using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Shop.Web.Api;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Shop.Web.Components;
using Shop.Web.Edge;
using Shop.Web.Operations;

namespace Shop.Tests.Unit;

/// <summary>The storefront's small decisions, called as they are.</summary>
public sealed class WebFormsTests
{
    [Theory]
    [InlineData(0, "EUR", "€0.00")]
    [InlineData(5, "EUR", "€0.05")]
    [InlineData(123450, "EUR", "€1,234.50")]
    [InlineData(-1990, "EUR", "−€19.90")]
    [InlineData(1990, "CHF", "CHF 19.90")]
    [InlineData(long.MinValue, "EUR", "−€92,233,720,368,547,758.08")]
    public void Money_is_written_with_two_digits_and_its_currency(long minor, string currency, string text) =>
        Assert.Equal(text, Price.Text(minor, currency));

    [Theory]
    [InlineData("pm_1abcDEF", "pm_1abcDEF")]
    [InlineData("4242424242424242", null)]
    [InlineData("pm_1 abc", null)]
    [InlineData("pm_1\r\nX-Injected: 1", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Only_the_gateways_word_for_a_card_is_taken(string? sent, string? taken) => Assert.Equal(taken, CheckoutForm.CardToken(sent));

    [Fact]
    public void A_token_longer_than_a_header_should_be_is_dropped()
    {
        Assert.NotNull(Tokens.Clean(new string('a', 128)));
        Assert.Null(Tokens.Clean(new string('a', 129)));
    }

    [Fact]
    public void A_complete_form_has_nothing_to_correct() => Assert.Empty(Filled().Check());

    [Theory]
    [InlineData("Email", "ada")]
    [InlineData("Email", "Ada <ada@example.org>")]
    [InlineData("Name", " ")]
    [InlineData("Line1", "")]
    [InlineData("PostalCode", "1011")]
    [InlineData("PostalCode", "1O115")]
    [InlineData("City", "")]
    [InlineData("PaymentToken", "4242424242424242")]
    public void What_is_wrong_is_said_beside_its_field(string field, string value) =>
        Assert.Equal([field], Filled((field, value)).Check().Keys);

    [Fact]
    public void A_form_sent_again_is_the_same_checkout()
    {
        var first = Filled();
        var again = Filled();

        Assert.Equal(first, again);
        Assert.Equal(Guid.Parse("0190d5a1-7b1c-7000-8000-000000000001"), first.Key);
    }

    [Fact]
    public void A_new_page_is_a_new_checkout() => Assert.NotEqual(new CheckoutForm().Key, new CheckoutForm().Key);

    [Fact]
    public void The_card_form_is_told_who_may_hear_it_and_the_card_page_where_to_return()
    {
        var fields = new HostedFieldsOptions { Url = new("https://cards.example:8443/ignored"), PublishableKey = "pk_test_a" };

        Assert.Equal("https://cards.example:8443", fields.Origin);
        Assert.Equal(
            "https://cards.example:8443/stripe/elements/card?origin=https%3A%2F%2Fshop.example&pk=pk_test_a",
            fields.Frame(new("https://shop.example/cart")));
        Assert.Equal(
            "https://cards.example:8443/stripe/elements/card/page?return_url=https%3A%2F%2Fshop.example%2Fcheckout%2Fcard-return",
            fields.Page(new("https://shop.example/checkout/card-return")));
    }

    [Theory]
    [InlineData("POST", "same-origin", null, true)]
    [InlineData("POST", "none", null, true)]
    [InlineData("POST", "cross-site", null, false)]
    [InlineData("POST", "same-site", "https://shop.example", false)] // a neighbour's subdomain has our cookies too
    [InlineData("POST", null, "https://shop.example", true)]
    [InlineData("POST", null, "https://shop.example:444", false)]
    [InlineData("POST", null, "https://evil.example", false)]
    [InlineData("POST", null, "null", false)]
    [InlineData("POST", null, null, true)] // no browser
    [InlineData("DELETE", "cross-site", null, false)]
    [InlineData("GET", "cross-site", "https://evil.example", true)]
    public void An_unsafe_request_comes_from_our_own_pages_or_is_refused(string method, string? site, string? origin, bool isAllowed)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Scheme, request.Host) = (method, "https", new("shop.example"));
        request.Headers["Sec-Fetch-Site"] = site;
        request.Headers.Origin = origin;

        Assert.Equal(isAllowed, SameOriginGuard.IsAllowed(request));
    }

    [Theory]
    [InlineData("-price", "-price")]
    [InlineData("drop table", "featured")]
    [InlineData(null, "featured")]
    public void An_unknown_order_of_products_is_the_usual_one(string? asked, string shown) => Assert.Equal(shown, Sorting.Known(asked));

    [Fact]
    public void A_trace_is_a_link_only_where_there_is_a_dashboard()
    {
        Assert.Null(new DashboardOptions().Trace("4bf9"));
        Assert.Equal("http://localhost:15000/traces/detail/4bf9", new DashboardOptions { Url = new("http://localhost:15000/") }.Trace("4bf9"));
    }

    private static CheckoutForm Filled(params (string Field, string Value)[] changes)
    {
        Dictionary<string, StringValues> fields = new()
        {
            ["Email"] = "ada@example.org", ["Name"] = "Ada Example", ["Line1"] = "Lindenallee 7", ["PostalCode"] = "10115", ["City"] = "Berlin",
            ["PaymentToken"] = "pm_1abc", ["CartVersion"] = "3", ["TotalMinor"] = "2450", ["Key"] = "0190d5a1-7b1c-7000-8000-000000000001",
        };
        foreach (var (field, value) in changes)
            fields[field] = value;
        return CheckoutForm.Read(new FormCollection(fields));
    }
}
