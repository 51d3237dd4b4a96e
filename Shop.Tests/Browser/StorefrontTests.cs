using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Browser;

/// <summary>What only a browser can tell: scripts, frames, layout, and that none of it is needed.</summary>
[Collection(Propagation.Name)]
public sealed class StorefrontTests : IDisposable
{
    private const string Stock = """{ "items": [{ "sku": "mug-1", "available": 2 }] }""";

    // What the gateway's frame does, without its fields: it has a size, and answers "submit" with a card.
    private const string CardFrame = """
        <!doctype html><script>
        const tell = message => parent.postMessage(message, new URLSearchParams(location.search).get('origin'));
        addEventListener('message', event => event.data.type === 'submit' && tell({ type: 'payment_method', id: 'pm_frame' }));
        tell({ type: 'height', px: 120 });
        </script>
        """;

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly Uri _address;

    public StorefrontTests()
    {
        _api.On("/catalog/home", """{ "categories": [], "featured": [], "newest": [] }""").On("/catalog/products/mug", CannedApi.Mug)
            .On("/catalog/products/mug/availability", Stock)
            .On("/catalog/pictures/p1", "<svg xmlns='http://www.w3.org/2000/svg'/>", type: "image/svg+xml")
            .On("/cart", CannedApi.FullCart).On("/cart/lines", CannedApi.NewCart)
            .On("/checkout", CannedApi.Paid).On("/orders/100042", CannedApi.Paid);
        _shop = new(_api);
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)); // a port given as such is set after the start, at times too late
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Pages_fit_the_window_and_break_no_rule_of_their_own(int width)
    {
        await using var visitor = await VisitAsync(width);
        foreach (var page in (string[])["/", "/products/mug", "/cart", "/checkout", "/orders/100042?key=k"])
        {
            await visitor.Page.GotoAsync(page, new() { WaitUntil = WaitUntilState.NetworkIdle });

            Assert.Equal((page, 0), (page, await visitor.OverflowAsync()));
            Assert.Equal(1, await visitor.Page.Locator("h1").CountAsync());
        }

        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Account_and_operations_pages_fit_the_window_and_break_no_rule_either(int width)
    {
        const string Id = "0190d5a1-7b1c-7000-8000-000000000001";
        const string LongName = "Wolfeschlegelsteinhausenbergerdorff";
        const string Entry = $$"""
            { "id": "{{Id}}", "at": "2026-01-15T12:00:00Z", "actor": { "id": "{{Id}}", "name": "{{LongName}}", "role": "admin" }, "action": "role_changed",
              "subjectKind": "user", "subject": "{{Id}}", "before": { "role": "agent" }, "after": { "role": "operator" }, "why": "{{LongName}}",
              "reference": "4T7QK-9XW2M" }
            """;
        const string Mail = $$"""
            { "id": "{{Id}}", "kind": "paymentFailedMail", "state": "parked", "to": "W•••@{{LongName}}.example", "orderNumber": 100042,
              "createdAt": "2026-01-15T12:00:00Z", "dueAt": "2026-01-15T12:00:00Z", "sentAt": null, "attempts": 8, "copy": 1, "lastError": "SmtpException GeneralFailure" }
            """;
        _api.On("/account", $$"""
                { "email": "{{LongName}}@example.org", "name": "{{LongName}}", "roles": ["shopper", "agent", "operator", "admin"], "secondFactor": false,
                  "recoveryCodesLeft": 1, "isStaff": true, "secondFactorProven": true }
                """)
            .On("/account/orders", """
                { "items": [{ "number": 100042, "placedAt": "2026-01-15T12:00:00Z", "status": "confirming", "totalMinor": 1234500, "currency": "EUR",
                  "itemCount": 3 }], "next": 100042 }
                """)
            .On("/account/sessions", $$"""
                { "items": [{ "id": "{{Id}}", "device": "Chromium on Android", "createdAt": "2026-01-15T12:00:00Z", "lastSeenAt": "2026-01-15T12:00:00Z",
                  "expiresAt": "2026-01-15T12:00:00Z", "isCurrent": false }] }
                """)
            .On("/account/payment-methods", $$"""
                { "methods": [{ "id": "{{Id}}", "method": "card", "provider": "stripe", "label": "{{LongName}} •4242", "savedAt": "2026-01-15T12:00:00Z" }] }
                """)
            .On("/operations/mail", $$"""{ "parked": 1, "items": [{{Mail}}], "next": "{{Id}}" }""")
            .On($"/operations/mail/{Id}", $$"""
                { "mail": {{Mail}}, "subject": "{{LongName}}", "text": "{{LongName}}{{LongName}}", "html": "<p style=\"color:#123456\">{{LongName}}</p>", "whyNot": null }
                """)
            .On("/account/second-factor/begin", """{ "secret": "ABCD EFGH IJKL MNOP QRST UVWX YZ23 4567", "uri": "otpauth://totp/Shop:a?secret=ABCDEFGH" }""")
            .On("/operations/audit", $$"""{ "items": [{{Entry}}], "next": "{{Id}}", "actions": ["role_changed"] }""")
            .On("/operations/staff", $$"""
                { "items": [{ "id": "{{Id}}", "email": "{{LongName}}@example.org", "name": "{{LongName}}", "role": "operator", "secondFactor": true,
                  "state": "locked", "lastSignInAt": null }] }
                """);
        await using var visitor = await VisitAsync(width);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = "s", Url = _address.AbsoluteUri }]);
        foreach (var page in (string[])
            ["/account/register", "/account/sign-in", "/account/forgot", "/account/reset?token=t", "/account/confirm?token=t", "/orders/100042/link",
             "/account", "/account/orders", "/account/sessions", "/account/payment-methods", $"/account/payment-methods/{Id}/remove", "/ops/mail", $"/ops/mail/{Id}", "/ops/audit", "/ops/staff", $"/ops/staff/{Id}/role"])
        {
            await visitor.Page.GotoAsync(page, new() { WaitUntil = WaitUntilState.NetworkIdle });

            Assert.Equal((page, 0), (page, await visitor.OverflowAsync()));
            Assert.Equal(1, await visitor.Page.Locator("h1").CountAsync());
        }

        await visitor.Page.GotoAsync($"/ops/mail/{Id}", new() { WaitUntil = WaitUntilState.NetworkIdle });
        Assert.Equal("rgb(18, 52, 86)", await visitor.Page.FrameLocator("iframe.mail").Locator("p").EvaluateAsync<string>("p => getComputedStyle(p).color")); // its own styles hold

        await visitor.Page.GotoAsync("/account/second-factor/set-up");
        await visitor.Page.FillAsync("#CurrentPassword", "the password I use");
        await visitor.Page.ClickAsync("text=I have the app");
        await visitor.Page.WaitForSelectorAsync(".qr");

        Assert.Equal(0, await visitor.OverflowAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task What_somebody_is_writing_on_a_live_page_stays()
    {
        _api.On("/operations/queue", """
            { "waiting": 7, "leased": 0, "parked": 0, "oldestDueAt": null, "webhooks": { "waiting": 0, "parked": 1 }, "outbox": { "waiting": 0, "parked": 0 },
              "parkedJobs": [], "parkedMessages": [], "parkedWebhooks": [{ "provider": "stripe", "eventId": "evt_1", "type": "any", "lastError": null,
                "attempts": 9, "receivedAt": "2026-01-15T12:00:00Z" }] }
            """);
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/ops/queue");
        await visitor.Page.FillAsync(".retry input[name=Why]", "the gateway is b");
        await visitor.Page.EvaluateAsync("document.activeElement.blur()");

        _api.On("/operations/queue", """
            { "waiting": 8, "leased": 0, "parked": 0, "oldestDueAt": null, "webhooks": { "waiting": 0, "parked": 0 }, "outbox": { "waiting": 0, "parked": 0 },
              "parkedJobs": [], "parkedMessages": [], "parkedWebhooks": [] }
            """);

        // The page asks again each five seconds; here it is told to at once.
        await visitor.Page.EvaluateAsync("document.querySelector('live-fragment').ask()");
        Assert.Equal("the gateway is b", await visitor.Page.InputValueAsync(".retry input[name=Why]"));
        await visitor.Page.FillAsync(".retry input[name=Why]", "");
        await visitor.Page.EvaluateAsync("document.activeElement.blur()");
        await visitor.Page.EvaluateAsync("document.querySelector('live-fragment').ask()");

        await Assertions.Expect(visitor.Page.Locator(".retry")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_shared_page_from_the_cache_is_shown_without_loading_the_document_anew()
    {
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/products/mug");
        await visitor.Page.GotoAsync("/cart");
        await visitor.Page.EvaluateAsync("window.document.isTheSame = true");

        await visitor.Page.ClickAsync("h2 a >> text=Mug");

        await visitor.Page.WaitForSelectorAsync(".product");
        Assert.True(await visitor.Page.EvaluateAsync<bool>("window.document.isTheSame === true"));
    }

    [Fact]
    public async Task A_late_part_arrives_by_itself()
    {
        using var gate = new SemaphoreSlim(0);
        _api.On("/catalog/products/mug/availability", Stock, after: gate);
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/products/mug", new() { WaitUntil = WaitUntilState.Commit });
        await visitor.Page.WaitForSelectorAsync("late-fragment a");

        gate.Release(10);

        await Assertions.Expect(visitor.Page.Locator(".availability")).ToContainTextAsync("Only 2 left");
    }

    [Fact]
    public async Task An_orders_page_tells_the_outcome_by_itself_and_stops_asking()
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"status\": \"paid\"", "\"status\": \"confirming\"", StringComparison.Ordinal));
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/orders/100042?key=k");
        await visitor.Page.WaitForSelectorAsync(".answer.wait[data-live]");

        _api.On("/orders/100042", CannedApi.Paid);

        await visitor.Page.WaitForSelectorAsync(".answer.good");
        Assert.Equal(0, await visitor.Page.Locator("[data-live]").CountAsync());
    }

    [Fact]
    public async Task Two_presses_on_pay_are_one_checkout_with_the_frames_card()
    {
        using var gate = new SemaphoreSlim(0);
        _api.On("/checkout", CannedApi.Paid, after: gate);
        await using var visitor = await VisitAsync();
        await BuyAsync(visitor);

        var button = await visitor.Page.EvaluateAsync<string>(
            "() => { const pay = document.querySelector('#checkout button'); pay.click(); pay.click(); return pay.textContent; }");

        Assert.Equal("Placing your order…", button);
        gate.Release(10);

        await visitor.Page.WaitForSelectorAsync(".answer.good");
        Assert.Single(_api.Seen, request => request.RequestUri!.AbsolutePath == "/checkout");
        Assert.Contains("pm_frame", _api.LastBody["/checkout"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_chooses_PayPal_enters_no_card_and_is_led_on_to_its_page(bool hasJavaScript)
    {
        var atPayPal = CannedApi.Paid.Replace("\"status\": \"paid\"", "\"status\": \"actionNeeded\", \"method\": \"paypal\", \"ways\": [\"paypal\", \"card\"]", StringComparison.Ordinal)
            .Replace("\"actionUrl\": null", "\"actionUrl\": \"http://paypal.test/approve?token=5O1&x='1'\"", StringComparison.Ordinal);
        _api.On("/checkout", atPayPal).On("/orders/100042", atPayPal).On("/payments/methods", """
            { "methods": [{ "method": "paypal", "state": "available" }, { "method": "card", "state": "troubled", "text": "Card payments take longer." }] }
            """);
        await using var visitor = await VisitAsync(width: 390, hasJavaScript);
        await visitor.Page.RouteAsync("http://paypal.test/**", route => route.FulfillAsync(new() { ContentType = "text/html", Body = "<h1>Agree here</h1>" }));
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "cart", Value = "t1", Url = _address.AbsoluteUri }]);
        await visitor.Page.GotoAsync("/checkout");

        Assert.Equal(0, await visitor.Page.Locator("card-fields iframe").CountAsync()); // not before a card is chosen
        await visitor.Page.ClickAsync("label:has-text('Card')");
        if (hasJavaScript)
            await visitor.Page.WaitForSelectorAsync("card-fields iframe");
        else
            await visitor.Page.WaitForSelectorAsync(".way noscript a"); // "Enter card details"
        await visitor.Page.ClickAsync("label:has-text('PayPal')");
        await visitor.FillAddressAsync();
        await visitor.Page.ClickAsync("text=Pay €12.50");

        await visitor.Page.WaitForSelectorAsync("h1:has-text('Agree here')");
        Assert.Equal("http://paypal.test/approve?token=5O1&x=%271%27", visitor.Page.Url);
        Assert.Empty(visitor.Errors); // above all: no form that was refused to lead to another site
    }

    [Fact]
    public async Task Everything_can_be_bought_without_JavaScript()
    {
        await using var visitor = await VisitAsync(width: 390, hasJavaScript: false);
        await visitor.Page.GotoAsync("/products/mug");
        await visitor.Page.ClickAsync("text=Add to cart");
        await visitor.Page.ClickAsync("text=Check out");
        var cardPage = await visitor.Page.Locator("noscript a").First.GetAttributeAsync("href");
        Assert.Contains(Uri.EscapeDataString(new Uri(_address, "/checkout/card-return").AbsoluteUri), cardPage, StringComparison.Ordinal);

        await visitor.Page.GotoAsync("/checkout/card-return?payment_method=pm_page");
        await visitor.FillAddressAsync();
        await visitor.Page.ClickAsync("text=Pay €12.50");

        await visitor.Page.WaitForSelectorAsync(".answer.good");
    }

    public void Dispose()
    {
        _shop.Dispose();
        _api.Dispose();
    }

    private async Task<BrowserSession> VisitAsync(int width = 1280, bool hasJavaScript = true)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        await visitor.Page.RouteAsync(
            $"{CannedStorefront.CardOrigin}/**", route => route.FulfillAsync(new() { ContentType = "text/html", Body = CardFrame }));
        return visitor;
    }

    private static async Task BuyAsync(BrowserSession visitor)
    {
        await visitor.Page.GotoAsync("/products/mug");
        await visitor.Page.ClickAsync("text=Add to cart");
        await visitor.Page.ClickAsync("text=Check out");
        await visitor.FillAddressAsync();
        await visitor.Page.FrameLocator("iframe").Locator("html").WaitForAsync();
    }
}
