using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Browser;

/// <summary>A deployment: the gateway's own fields, from the gateway's own address, under the policy that it documents.</summary>
[Collection(Propagation.Name)]
public sealed class StripeElementsTests : IDisposable
{
    private const string Number = "4242424242424242";
    private const string Script = "https://js.stripe.com/dahlia/stripe.js";

    private static readonly string FakeScript = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Assets", "stripe.js"));

    private static readonly string Declined = CannedApi.Paid
        .Replace("\"status\": \"paid\"", "\"status\": \"declined\"", StringComparison.Ordinal)
        .Replace("\"retryable\": false", "\"retryable\": true, \"retry\": \"otherCard\"", StringComparison.Ordinal)
        .Replace("Paid, thank you.", "The payment did not go through", StringComparison.Ordinal);

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly Uri _address;
    private readonly List<string> _sent = [];

    public StripeElementsTests()
    {
        _api.On("/catalog/home", """{ "categories": [], "featured": [], "newest": [] }""")
            .On("/catalog/pictures/p1", "<svg xmlns='http://www.w3.org/2000/svg'/>", type: "image/svg+xml")
            .On("/cart", CannedApi.FullCart).On("/checkout", CannedApi.Paid).On("/orders/100042", CannedApi.Paid)
            .On("/cart/events", "", HttpStatusCode.NoContent).On("/orders/100042/events", "", HttpStatusCode.NoContent);
        _shop = new(_api, ("HostedFields:Url", null));
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task A_card_is_entered_at_the_gateway_and_only_its_name_comes_here(int width)
    {
        await using var visitor = await VisitAsync(width);
        await visitor.Page.ClickAsync("text=Check out");
        await visitor.Page.FillAsync("#card-number", Number);
        await visitor.FillAddressAsync();
        Assert.Equal(0, await visitor.OverflowAsync());

        await visitor.Page.ClickAsync("text=Pay €12.50");
        await visitor.Page.WaitForSelectorAsync(".answer.good");

        Assert.Contains("\"paymentToken\":\"pm_elements\"", _api.LastBody["/checkout"], StringComparison.Ordinal);
        Assert.DoesNotContain(_sent, body => body.Contains(Number, StringComparison.Ordinal));
        Assert.DoesNotContain(_api.LastBody.Values, body => body.Contains(Number, StringComparison.Ordinal));
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task The_gateways_script_is_asked_for_cards_before_there_is_an_intent()
    {
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/checkout");
        await visitor.Page.WaitForSelectorAsync("#card-number");
        await visitor.FillAddressAsync();
        await visitor.Page.ClickAsync("text=Pay €12.50");

        await Assertions.Expect(visitor.Page.Locator("stripe-fields .error")).ToHaveTextAsync("Your card number is incomplete.");
        var calls = JsonSerializer.Deserialize<JsonElement[][]>(await visitor.Page.EvaluateAsync<string>("JSON.stringify(window.stripeCalls)"))!;

        Assert.Equal(["Stripe", "elements", "create", "submit"], calls.Select(call => call[0].GetString()));
        Assert.Equal("pk_test_shop", calls[0][1].GetString());
        Assert.Equal(
            ("payment", 1250, "eur", "manual", "card"),
            (calls[1][1].GetProperty("mode").GetString(), calls[1][1].GetProperty("amount").GetInt32(), calls[1][1].GetProperty("currency").GetString(),
                calls[1][1].GetProperty("paymentMethodCreation").GetString(), calls[1][1].GetProperty("paymentMethodTypes")[0].GetString()));
        Assert.Equal("payment", calls[2][1].GetString());
        Assert.DoesNotContain(_api.Seen, request => request.RequestUri!.AbsolutePath == "/checkout");
        Assert.True(await visitor.Page.IsEnabledAsync("#checkout button[type=submit]"));
    }

    [Fact]
    public async Task A_blocked_script_is_explained_and_reported_and_can_be_loaded_again()
    {
        await using var visitor = await VisitAsync(blocked: true);
        await visitor.Page.GotoAsync("/checkout");

        await Assertions.Expect(visitor.Page.Locator("stripe-fields .error")).ToContainTextAsync("block js.stripe.com. Nothing was charged");
        await ApiHost.UntilAsync(() => Task.FromResult(_api.LastBody.ContainsKey("/cart/events")));
        Assert.Contains("card_form_blocked", _api.LastBody["/cart/events"], StringComparison.Ordinal);

        await visitor.Page.UnrouteAsync(Script);
        await ServeScriptAsync(visitor);
        await visitor.Page.ClickAsync("text=Load the card form again");

        await visitor.Page.WaitForSelectorAsync("#card-number");
        await Assertions.Expect(visitor.Page.Locator("stripe-fields .error")).ToBeEmptyAsync();
        await Assertions.Expect(visitor.Page.Locator("text=Load the card form again")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_script_that_takes_too_long_is_explained_and_shown_all_the_same_when_it_comes()
    {
        var comes = new TaskCompletionSource();
        await using var visitor = await VisitAsync();
        await visitor.Page.UnrouteAsync(Script);
        await visitor.Page.RouteAsync(Script, async route =>
        {
            await comes.Task;
            await route.FulfillAsync(new() { ContentType = "text/javascript", Body = FakeScript });
        });
        await visitor.Page.Clock.InstallAsync();
        await visitor.Page.GotoAsync("/checkout", new() { WaitUntil = WaitUntilState.DOMContentLoaded });

        await visitor.Page.Clock.FastForwardAsync(8_500);

        await Assertions.Expect(visitor.Page.Locator("stripe-fields .error")).ToContainTextAsync("takes too long to load");
        comes.SetResult();
        await visitor.Page.WaitForSelectorAsync("#card-number");
        await Assertions.Expect(visitor.Page.Locator("stripe-fields .error")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task A_declined_order_is_paid_again_with_the_same_fields()
    {
        _api.On("/orders/100042", Declined).On("/orders/100042/payments", CannedApi.Paid);
        await using var visitor = await VisitAsync(390);
        await visitor.Page.GotoAsync("/orders/100042?key=k");
        await visitor.Page.FillAsync("#card-number", Number);
        Assert.Equal(0, await visitor.OverflowAsync());

        _api.On("/orders/100042", CannedApi.Paid);
        await visitor.Page.ClickAsync("text=Pay €12.50");

        await visitor.Page.WaitForSelectorAsync(".answer.good");
        Assert.Contains("pm_elements", _api.LastBody["/orders/100042/payments"], StringComparison.Ordinal);
        Assert.DoesNotContain(_sent, body => body.Contains(Number, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_JavaScript_the_shopper_is_told_why_and_that_the_cart_is_kept()
    {
        await using var visitor = await VisitAsync(390, hasJavaScript: false);
        await visitor.Page.GotoAsync("/checkout");

        await Assertions.Expect(visitor.Page.Locator("noscript .notice")).ToContainTextAsync("Your cart is kept.");
        await Assertions.Expect(visitor.Page.Locator("[data-loading]")).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Only_pages_that_take_a_card_let_the_gateway_in()
    {
        using var visitor = new HttpClient { BaseAddress = _address };
        var policies = new Dictionary<string, string?>();
        foreach (var page in (string[])["/", "/cart", "/checkout", "/orders/100042?key=k"])
        {
            using var answer = await visitor.GetAsync(page);
            policies[page] = answer.Headers.GetValues("Content-Security-Policy").Single();
        }

        Assert.All([policies["/checkout"], policies["/orders/100042?key=k"]], policy =>
        {
            Assert.Contains("script-src 'self' https://*.js.stripe.com https://js.stripe.com;", policy, StringComparison.Ordinal);
            Assert.Contains("frame-src https://*.js.stripe.com https://js.stripe.com https://hooks.stripe.com;", policy, StringComparison.Ordinal);
            Assert.Contains("connect-src 'self' https://api.stripe.com;", policy, StringComparison.Ordinal);
        });
        Assert.All([policies["/"], policies["/cart"]], policy => Assert.DoesNotContain("stripe", policy, StringComparison.Ordinal));
    }

    // A policy is its document's: a page that is patched into another one would not let the script in.
    [Fact]
    public async Task A_page_that_takes_a_card_is_loaded_whole_wherever_one_comes_from()
    {
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/");
        await visitor.Page.EvaluateAsync("document.body.insertAdjacentHTML('beforeend', '<a href=\"/checkout\" id=\"any\">any link</a>')");

        await visitor.Page.ClickAsync("#any");

        await visitor.Page.WaitForSelectorAsync("#card-number");
    }

    [Fact]
    public async Task Leaving_for_the_bank_and_coming_back_without_an_answer_is_told_to_the_orders_timeline()
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"status\": \"paid\"", "\"status\": \"actionNeeded\"", StringComparison.Ordinal)
            .Replace("\"actionUrl\": null", "\"actionUrl\": \"https://bank.example/confirm\"", StringComparison.Ordinal)
            .Replace("\"retryable\": false", "\"retryable\": true", StringComparison.Ordinal));
        await using var visitor = await VisitAsync();
        await visitor.Page.RouteAsync("https://bank.example/**", route => route.FulfillAsync(new() { ContentType = "text/html", Body = "<h1>Your bank</h1>" }));
        await visitor.Page.GotoAsync("/orders/100042?key=k");

        Assert.Equal(0, await visitor.Page.Locator("#card-number").CountAsync());

        await visitor.Page.ClickAsync("text=Confirm with your bank");
        await visitor.Page.WaitForURLAsync("https://bank.example/**");
        await ApiHost.UntilAsync(() => Task.FromResult(ReportOf().Contains("left_for_bank", StringComparison.Ordinal)));
        await visitor.Page.GoBackAsync();

        await ApiHost.UntilAsync(() => Task.FromResult(ReportOf().Contains("back_without_answer", StringComparison.Ordinal)));

        // Whoever does not want to go there pays with another card, on a page that does not change under their hands.
        await visitor.Page.ClickAsync("text=Pay with another card instead");
        await visitor.Page.WaitForSelectorAsync("#card-number");
        Assert.Equal(0, await visitor.Page.Locator("[data-live]").CountAsync());

        string ReportOf() => _api.LastBody.GetValueOrDefault("/orders/100042/events", "");
    }

    public void Dispose()
    {
        _shop.Dispose();
        _api.Dispose();
    }

    private async Task<BrowserSession> VisitAsync(int width = 1280, bool hasJavaScript = true, bool blocked = false)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        visitor.Page.Request += (_, request) =>
        {
            lock (_sent)
                _sent.Add($"{request.Url} {request.PostData}");
        };
        if (blocked)
            await visitor.Page.RouteAsync(Script, route => route.AbortAsync("blockedbyclient"));
        else
            await ServeScriptAsync(visitor);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "cart", Value = "t1", Url = _address.AbsoluteUri }]);
        await visitor.Page.GotoAsync("/cart");
        return visitor;
    }

    private static Task<IAsyncDisposable> ServeScriptAsync(BrowserSession visitor) => visitor.Page.RouteAsync(Script, route => route.FulfillAsync(new()
    {
        ContentType = "text/javascript", Body = FakeScript,
    }));
}
