using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Shop.ServiceDefaults;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>Whole pages of a running storefront: what they say, and what they keep to themselves.</summary>
[Collection(Propagation.Name)]
public sealed class WebPagesTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebPagesTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
    }

    [Fact]
    public async Task A_catalogue_page_is_the_same_for_everybody_and_may_be_kept()
    {
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [{ "sku": "mug-1", "available": 2 }] }""");

        var page = await _visitor.GetAsync("/products/mug", cookie: "cart=t1");

        Assert.Equal("public, max-age=30", page.Header("Cache-Control"));
        Assert.Null(page.Header("Set-Cookie"));
        Assert.Contains("Only 2 left", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Seen, request => request.Headers.Contains("X-Cart"));
        Assert.DoesNotContain("RequestVerificationToken", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_card_form_the_checkout_says_so_and_offers_no_button()
    {
        _api.On("/cart", CannedApi.FullCart);
        using var unfinished = new CannedStorefront(_api, ("HostedFields:Url", null), ("HostedFields:PublishableKey", null));
        using var visitor = new PlainVisitor(unfinished);

        var page = await visitor.GetAsync("/checkout", cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("Card payment is not set up in this shop yet", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("type=\"submit\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<card-fields", page.Html, StringComparison.Ordinal);
        Assert.Contains("frame-src 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invented_parameters_share_one_rendering()
    {
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [] }""");

        await _visitor.GetAsync("/products/mug?utm_source=a");
        await _visitor.GetAsync("/products/mug?utm_source=b");

        Assert.Single(_api.Seen, request => request.RequestUri!.AbsolutePath == "/catalog/products/mug");
    }

    [Fact]
    public async Task A_late_part_costs_the_page_its_budget_and_is_a_link_then()
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [] }""", after: never);

        var page = await _visitor.GetAsync("/products/mug");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("<late-fragment src=\"/fragments/products/mug/availability\"><a href=\"/products/mug?stock=now\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_exist_is_a_404_that_looks_like_the_shop()
    {
        var page = await _visitor.GetAsync("/products/nope");

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Contains("We cannot find this page", page.Html, StringComparison.Ordinal);
        Assert.Contains("site-footer", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/categories/kitchen")]
    [InlineData("/products/mug")]
    [InlineData("/cart")]
    [InlineData("/checkout")]
    [InlineData("/orders/100042?key=k")]
    public async Task An_unreachable_Api_is_a_503_with_a_reference_to_quote(string address)
    {
        _api.IsDown = true;

        var page = await _visitor.GetAsync(address);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Matches("quote <code>[0-9A-Z]{5}-[0-9A-Z]{5}</code>", page.Html);
        Assert.Contains("site-footer", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_lacks_what_a_page_needs_is_an_error_and_no_blank()
    {
        _api.On("/catalog/products/mug", """{ "slug": "mug" }""");

        var page = await _visitor.GetAsync("/products/mug");

        Assert.Equal(HttpStatusCode.InternalServerError, page.Status);
        Assert.Contains("Something went wrong on our side", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("JsonException", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task What_broke_a_page_is_logged_once_with_the_reference_that_the_page_shows(string environment)
    {
        await using var shop = new CannedStorefront(_api, ("environment", environment));
        using var visitor = new PlainVisitor(shop);
        _api.On("/catalog/products/mug", """{ "slug": "mug" }""");

        var page = await visitor.GetAsync("/products/mug");

        var shown = Regex.Match(page.Html, "<code>([0-9A-Z]{5}-?[0-9A-Z]{5})</code>").Groups[1].Value;
        var line = Assert.Single(shop.Log.Lines, line => line.Event == 101).Text;
        Assert.Equal(10, shown.Replace("-", "", StringComparison.Ordinal).Length);
        Assert.Contains($"reference {shown}", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stranger_does_not_choose_the_reference()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        _api.IsDown = true;

        var page = await _visitor.GetAsync("/cart", header: ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"));

        Assert.Matches("quote <code>", page.Html);
        Assert.DoesNotContain(Reference.Of(ActivityTraceId.CreateFromString(Trace)), page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "203.0.113.9")]
    [InlineData(false, null)] // without a proxy in front of us it is anybody's word; a test's own connection has no address
    public async Task The_Api_is_told_the_address_that_our_proxy_saw_and_nothing_the_visitor_wrote(bool hasProxy, string? told)
    {
        await using var shop = new CannedStorefront(_api, ("ForwardedHeaders_Enabled", hasProxy ? "true" : "false"));
        using var visitor = new PlainVisitor(shop);

        await visitor.GetAsync("/cart", cookie: "cart=t1", header: ("X-Forwarded-For", "6.6.6.6, 203.0.113.9"));

        var asked = _api.Seen.Single(request => request.RequestUri!.AbsolutePath == "/cart");
        Assert.Equal(told, asked.Headers.TryGetValues("X-Forwarded-For", out var values) ? string.Join(", ", values) : null);
    }

    [Fact]
    public async Task Who_comes_too_often_is_told_so()
    {
        _api.On("/cart/lines", """{ "status": 429, "reason": "too_many_requests", "detail": "Later." }""", HttpStatusCode.TooManyRequests)
            .On("/cart", CannedApi.FullCart);

        var refused = await _visitor.PostAsync("/cart/lines", [("Sku", "mug-1"), ("Quantity", "1")]);
        var cart = await _visitor.GetAsync(refused.Header("Location")!, cookie: "cart=t1");

        Assert.Contains("a little too often", cart.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_picture_is_fetched_once_and_cannot_run_anything()
    {
        _api.On("/catalog/pictures/p1", "<svg xmlns='http://www.w3.org/2000/svg'/>", type: "image/svg+xml");

        await _visitor.GetAsync("/pictures/p1.svg");
        var picture = await _visitor.GetAsync("/pictures/p1.svg");

        Assert.Single(_api.Seen);
        Assert.Equal("public, max-age=31536000, immutable", picture.Header("Cache-Control"));
        Assert.Contains("sandbox", picture.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }
}
