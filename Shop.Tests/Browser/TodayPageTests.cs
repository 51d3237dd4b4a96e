using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Data.Accounts;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Shop.Web;

namespace Shop.Tests.Browser;

/// <summary>The dashboard as people see it: a browser, the storefront, the Api and a database.</summary>
[Collection(Propagation.Name)]
public sealed class TodayPageTests : IAsyncLifetime
{
    private ApiHost _api = null!;
    private WebApplicationFactory<ShopWeb> _shop = null!;
    private Uri _address = null!;
    private string _token = "";

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync();
        _shop = Storefront.Over(_api);
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        _token = (await _api.SignedInAsync(Role.Agent)).Token;
    }

    public async Task DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task The_page_follows_an_order_that_is_paid_without_being_asked(int width)
    {
        await using var db = _api.Open();
        var order = await Any.StoredOrderAsync(db);
        await using var visitor = await OpenAsync(width);
        var page = visitor.Page;
        await page.GotoAsync("/ops?range=1h", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator(".tile", new() { HasText = "Orders today" })).ToContainTextAsync("1");
        await Assertions.Expect(page.Locator(".tile", new() { HasText = "Revenue today" })).ToContainTextAsync("0 orders paid");
        await page.Locator("#orders-chart-table summary").ClickAsync();

        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            await db.ApplyPaymentOutcomeAsync(order.Id, new PaymentNews.Captured(order.TotalMinor, "EUR"), DateTimeOffset.UtcNow, ApiHost.Ct);
            await transaction.CommitAsync();
        }

        await Assertions.Expect(page.Locator(".tile", new() { HasText = "Revenue today" })).ToContainTextAsync("1 orders paid");
        Assert.Equal("2", await page.Locator("live-fragment[part=live]").GetAttributeAsync("every"));
        await Assertions.Expect(page.Locator("#orders-chart-table table")).ToBeVisibleAsync(); // what somebody has opened stays open
        Assert.Equal(0, await visitor.OverflowAsync());
        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData(null)] // nobody answers
    [InlineData("<h1>Sign in</h1>")]
    public async Task A_part_that_is_not_renewed_says_since_when_until_it_is(string? answer)
    {
        await using var visitor = await OpenAsync(390);
        var page = visitor.Page;
        await page.GotoAsync("/ops?range=1h", new() { Timeout = 30_000 });
        var live = page.Locator("live-fragment[part=live]");
        await Assertions.Expect(live.Locator("#live")).ToBeVisibleAsync();
        await page.RouteAsync("**/ops?*part=live*", route => answer is null
            ? route.AbortAsync() : route.FulfillAsync(new() { Status = 200, ContentType = "text/html", Body = answer }));

        await Assertions.Expect(live).ToContainTextAsync(new System.Text.RegularExpressions.Regex(@"Not renewed since \d\d:\d\d\."), new() { Timeout = 30_000 });
        await Assertions.Expect(live.Locator("#live")).ToBeVisibleAsync();
        Assert.Equal(0, await visitor.OverflowAsync());

        await page.UnrouteAllAsync();
        await Assertions.Expect(live).Not.ToContainTextAsync("Not renewed", new() { Timeout = 30_000 });
    }

    [Fact]
    public async Task Without_a_script_it_is_all_there_and_a_column_leads_to_its_orders()
    {
        await using var db = _api.Open();
        var order = await Any.StoredOrderAsync(db);
        await using var visitor = await OpenAsync(1280, hasJavaScript: false);
        var page = visitor.Page;
        await page.GotoAsync("/ops", new() { Timeout = 30_000 }); // the first page of a host that has just begun
        // The first ones to look may have come before there was anything to show.
        await Eventually.TrueAsync(async () => await page.Locator(".chart").CountAsync() is 2 || await page.ReloadAsync() is null, () => "The charts never came.");

        await page.Locator("#orders-chart-table summary").ClickAsync();
        await page.Locator("#orders-chart-table tr", new() { HasText = "1" }).Last.Locator("a").ClickAsync();

        await Assertions.Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/ops/orders\\?.*from="));
        await Assertions.Expect(page.Locator("#orders tbody tr")).ToHaveCountAsync(1);
        Assert.NotEqual(Guid.Empty, order.Id);
    }

    private async Task<BrowserSession> OpenAsync(int width, bool hasJavaScript = true)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = _token, Url = _address.AbsoluteUri }]);
        return visitor;
    }

    private sealed class Storefront(Uri api) : WebApplicationFactory<ShopWeb>
    {
        public static Storefront Over(ApiHost api) => new(api.Http.BaseAddress!);

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.UseStaticWebAssets();
            builder.UseSetting("HostedFields:Url", CannedStorefront.CardOrigin);
            builder.UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            builder.UseSetting("services:api:http:0", api.ToString());
        }
    }
}
