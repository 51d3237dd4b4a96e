using System.Diagnostics;
using System.Net;
using Shop.ServiceDefaults;
using Shop.Tests.Browser;

namespace Shop.Tests.Unit;

/// <summary>Whole pages from a running storefront, with the Api's answers written down here: what they say, and what they keep to themselves.</summary>
public sealed class WebPagesTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly HttpClient _browser;

    public WebPagesTests()
    {
        _shop = new(_api);
        _browser = _shop.CreateClient(new() { AllowAutoRedirect = false, HandleCookies = false });
    }

    [Fact]
    public async Task A_catalogue_page_is_the_same_for_everybody_and_may_be_kept()
    {
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [{ "sku": "mug-1", "available": 2 }] }""");

        var page = await GetAsync("/products/mug", cookie: "cart=t1");

        Assert.Equal("public, max-age=30", page.Header("Cache-Control"));
        Assert.Null(page.Header("Set-Cookie"));
        Assert.Contains("Only 2 left", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Seen, request => request.Headers.Contains("X-Cart"));
        Assert.DoesNotContain("RequestVerificationToken", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invented_parameters_share_one_rendering()
    {
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [] }""");

        await GetAsync("/products/mug?utm_source=a");
        await GetAsync("/products/mug?utm_source=b");

        Assert.Single(_api.Seen, request => request.RequestUri!.AbsolutePath == "/catalog/products/mug");
    }

    [Fact]
    public async Task A_late_part_costs_the_page_its_budget_and_is_a_link_then()
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/catalog/products/mug", CannedApi.Mug).On("/catalog/products/mug/availability", """{ "items": [] }""", after: never);

        var page = await GetAsync("/products/mug");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("<late-fragment src=\"/fragments/products/mug/availability\"><a href=\"/products/mug?stock=now\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_exist_is_a_404_that_looks_like_the_shop()
    {
        var page = await GetAsync("/products/nope");

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

        var page = await GetAsync(address);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Matches("quote <code>[0-9A-Z]{5}-[0-9A-Z]{5}</code>", page.Html);
        Assert.Contains("site-footer", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_lacks_what_a_page_needs_is_an_error_and_no_blank()
    {
        _api.On("/catalog/products/mug", """{ "slug": "mug" }""");

        var page = await GetAsync("/products/mug");

        Assert.Equal(HttpStatusCode.InternalServerError, page.Status);
        Assert.Contains("Something went wrong on our side", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("JsonException", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_from_another_site_changes_nothing()
    {
        var page = await PostAsync("/cart/lines", [("Sku", "mug-1"), ("Quantity", "1")], header: ("Sec-Fetch-Site", "cross-site"));

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Empty(_api.Seen);
    }

    [Fact]
    public async Task A_first_thing_in_the_cart_is_remembered_by_a_cookie_no_script_reads()
    {
        _api.On("/cart/lines", CannedApi.FullCart.Replace("\"version\"", "\"token\": \"t1\", \"version\"", StringComparison.Ordinal));

        var page = await PostAsync("/cart/lines", [("Sku", "mug-1"), ("Quantity", "1")]);

        Assert.Equal((HttpStatusCode.SeeOther, "/cart"), (page.Status, page.Header("Location")));
        Assert.Equal("cart=t1; max-age=2592000; path=/; samesite=lax; httponly", page.Header("Set-Cookie"));
        Assert.True(Guid.TryParse(Assert.Single(Assert.Single(_api.Seen).Headers.GetValues("Idempotency-Key")), out _));
    }

    [Fact]
    public async Task A_checkout_leads_to_its_order_and_leaves_the_key_where_a_bank_can_return_to()
    {
        _api.On("/checkout", CannedApi.Paid).On("/orders/100042", CannedApi.Paid);

        var placed = await PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.SeeOther, placed.Status);
        Assert.EndsWith("/orders/100042?key=k-secret", placed.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("order=k-secret; max-age=2592000; path=/orders/100042; samesite=lax; httponly", placed.Header("Set-Cookie"));
        var order = await GetAsync("/orders/100042", cookie: "order=k-secret");
        Assert.Contains("<h1>Paid, thank you.</h1>", order.Html, StringComparison.Ordinal);
        Assert.Equal("no-store", order.Header("Cache-Control"));
        Assert.DoesNotContain("data-live", order.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_without_its_key_does_not_exist()
    {
        _api.On("/orders/100042", CannedApi.Paid);

        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("/orders/100042")).Status);
        Assert.Empty(_api.Seen);
    }

    [Fact]
    public async Task After_a_lost_answer_the_very_same_form_is_offered_again()
    {
        _api.IsDown = true;

        var page = await PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Contains("never charges twice", page.Html, StringComparison.Ordinal);
        foreach (var (name, value) in Form("pm_1abc"))
            Assert.Contains($"<input type=\"hidden\" name=\"{name}\" value=\"{value}\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_checkout_keeps_what_was_typed_and_says_what_to_do()
    {
        _api.On("/cart", CannedApi.FullCart).On("/checkout", """{ "status": 409, "reason": "out_of_stock", "reference": "4T7QK-9XW2M", "skus": ["mug-1"] }""", HttpStatusCode.Conflict);

        var page = await PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("Not enough left of: Mug (Grey)", page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"Lindenallee 7\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("4T7QK-9XW2M", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_card_number_in_the_form_goes_nowhere()
    {
        _api.On("/cart", CannedApi.FullCart);

        var page = await PostAsync("/checkout", Form("4242424242424242"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.DoesNotContain("4242424242424242", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Seen, request => request.RequestUri!.AbsolutePath == "/checkout");
    }

    [Fact]
    public async Task A_stranger_does_not_choose_the_reference()
    {
        const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        _api.IsDown = true;

        var page = await GetAsync("/cart", header: ("traceparent", $"00-{Trace}-00f067aa0ba902b7-01"));

        Assert.Matches("quote <code>", page.Html);
        Assert.DoesNotContain(Reference.Of(ActivityTraceId.CreateFromString(Trace)), page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ops")]
    [InlineData("/ops/orders/100042")]
    [InlineData("/ops/queue")]
    public async Task Operations_do_not_exist_while_nobody_can_sign_in(string address)
    {
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(address)).Status);
        Assert.Empty(_api.Seen);
    }

    [Fact]
    public async Task A_picture_is_fetched_once_and_cannot_run_anything()
    {
        _api.On("/catalog/pictures/p1", "<svg xmlns='http://www.w3.org/2000/svg'/>", type: "image/svg+xml");

        await GetAsync("/pictures/p1.svg");
        var picture = await GetAsync("/pictures/p1.svg");

        Assert.Single(_api.Seen);
        Assert.Equal("public, max-age=31536000, immutable", picture.Header("Cache-Control"));
        Assert.Contains("sandbox", picture.Header("Content-Security-Policy"), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _browser.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private static (string, string)[] Form(string card) =>
    [
        ("_handler", "checkout"), ("Key", "0190d5a1-7b1c-7000-8000-000000000001"), ("CartVersion", "3"), ("TotalMinor", "1250"), ("PaymentToken", card),
        ("Email", "ada@example.org"), ("Name", "Ada Example"), ("Line1", "Lindenallee 7"), ("PostalCode", "10115"), ("City", "Berlin"),
    ];

    private Task<Page> GetAsync(string address, string? cookie = null, (string, string)? header = null) =>
        SendAsync(new(HttpMethod.Get, address), cookie, header);

    private Task<Page> PostAsync(string address, (string, string)[] form, string? cookie = null, (string, string)? header = null) =>
        SendAsync(new(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Item1, f.Item2))) }, cookie, header);

    private async Task<Page> SendAsync(HttpRequestMessage request, string? cookie, (string Name, string Value)? header)
    {
        using (request)
        {
            if (cookie is not null)
                request.Headers.Add("Cookie", cookie);
            if (header is { } extra)
                request.Headers.Add(extra.Name, extra.Value);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            using var response = await _browser.SendAsync(request, limit.Token);
            var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
            return new(response.StatusCode, headers, WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync(limit.Token)));
        }
    }

    private sealed record Page(HttpStatusCode Status, Dictionary<string, string> Headers, string Html)
    {
        public string? Header(string name) => Headers.GetValueOrDefault(name);
    }
}
