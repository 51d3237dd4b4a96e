using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Tests.Fixtures;
using Shop.Tests.Unit;

namespace Shop.Tests.Browser;

[Collection(Propagation.Name)]
public sealed class MoneyPagesTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly Uri _address;

    public MoneyPagesTests()
    {
        _api.On("/account", """
                { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "agent"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
                  "secondFactorProven": true }
                """)
            .On("/operations/orders/100042/story", WebMoneyTests.Order)
            .On("/operations/orders/100042/money", WebMoneyTests.Money()).On("/operations/orders/100042/refunds", "", HttpStatusCode.NoContent)
            .On("/operations/disputes", WebMoneyTests.Disputes).On("/operations/agreement", WebMoneyTests.Agreement)
            .On("/operations/gateways", """
                { "items": [{ "provider": "stripe", "state": "working", "since": "2026-01-15T12:00:00Z", "reason": null, "code": null, "heldBack": 0, "decision": null,
                  "quarter": { "calls": 0, "declines": 0, "gatewayErrors": 0, "ourErrors": 0, "answered": null },
                  "hour": { "calls": 0, "declines": 0, "gatewayErrors": 0, "ourErrors": 0, "answered": null }, "faults": [], "turns": [], "replicas": [] }] }
                """);
        _shop = new(_api);
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    public void Dispose()
    {
        _shop.Dispose();
        _api.Dispose();
    }

    private async Task<BrowserSession> VisitAsync(int width = 1280, bool hasJavaScript = true)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = "s", Url = _address.AbsoluteUri }]);
        return visitor;
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task The_pages_about_money_fit_the_window_and_break_no_rule(int width)
    {
        await using var visitor = await VisitAsync(width);
        foreach (var page in (string[])["/ops/disputes", "/ops/orders/100042", "/ops/orders/100042/refund?what=lines&q.mug-1=2", "/ops/gateways"])
        {
            await visitor.Page.GotoAsync(page, new() { WaitUntil = WaitUntilState.NetworkIdle });

            Assert.Equal((page, 0), (page, await visitor.OverflowAsync()));
            Assert.Equal(1, await visitor.Page.Locator("h1").CountAsync());
        }

        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_agent_refunds_a_line_from_the_orders_page_with_and_without_javascript(bool hasJavaScript)
    {
        await using var visitor = await VisitAsync(390, hasJavaScript);
        await visitor.Page.GotoAsync("/ops/orders/100042");

        await visitor.Page.FillAsync("input[name='q.mug-1']", "2");
        await visitor.Page.ClickAsync("text=Refund these pieces");
        await visitor.Page.WaitForSelectorAsync("text=Send €25.00 back?");
        await visitor.Page.CheckAsync("input[name=Restock]");
        await visitor.Page.FillAsync("#Why", "she called");
        await visitor.Page.ClickAsync("button:has-text('Send it back')");

        await visitor.Page.WaitForSelectorAsync("text=The refund is on its way");
        Assert.Equal("""{"lines":[{"sku":"mug-1","quantity":2}],"amountMinor":null,"restock":true,"why":"she called"}""", _api.LastBody["/operations/orders/100042/refunds"]);
    }
}
