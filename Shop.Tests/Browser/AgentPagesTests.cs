using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Shop.Web;

namespace Shop.Tests.Browser;

/// <summary>An agent's way from what a customer says to what happened and what can be done, over orders that really failed.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class AgentPagesTests(PaymentsShop shop) : IAsyncLifetime
{
    private ApiHost? _api;
    private WebApplicationFactory<ShopWeb>? _web;
    private Uri _address = new("http://localhost");
    private Somebody? _agent;

    public async Task InitializeAsync()
    {
        await shop.DeliverWebhooksAsync(true);
        _api = await ApiHost.OverAsync(shop.Database);
        _web = Over(_api.Http.BaseAddress!);
        _web.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _web.StartServer();
        _address = new(_web.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        _agent = await _api.SignedInAsync(Role.Agent);
    }

    public async Task DisposeAsync()
    {
        await shop.NoFaultsAsync();
        await (_web?.DisposeAsync() ?? default);
        await (_api?.DisposeAsync() ?? default);
    }

    private static Storefront Over(Uri api) => new(api);

    private async Task<BrowserSession> VisitAsync(int width, bool hasJavaScript = true)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = _agent!.Token, Url = _address.AbsoluteUri }]);
        return visitor;
    }

    private async Task<long> NumberOf(Guid id)
    {
        await using var db = shop.Open();
        return await db.Orders.Where(o => o.Id == id).Select(o => o.Number).SingleAsync();
    }

    private async Task<Dictionary<string, long>> OrdersAsync()
    {
        var declined = await shop.PlaceAsync("pm_card_visa_chargeDeclinedInsufficientFunds");
        await shop.UntilAsync(declined.Id, PaymentState.Declined);

        var refunded = await shop.PlaceAsync();
        await shop.UntilAsync(refunded.Id, PaymentState.Paid);
        await _api!.PostAsync($"/operations/orders/{await NumberOf(refunded.Id)}/refunds", new { amountMinor = 500, why = "It was chipped." }, _agent!.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        await shop.UntilAsync(refunded.Id, o => o.RefundedMinor == 500, "a refund");

        await shop.FaultsAsync("html_502", operation: "create");
        var deferred = await shop.PlaceAsync();
        await shop.UntilAsync(deferred.Id, PaymentState.Deferred);
        await WaitsAsync(deferred.Id);

        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync(new { rules = new object[] { new { fault = "answer_lost", operation = "confirm" }, new { fault = "unavailable_503", operation = "read" } } });
        var unknown = await shop.PlaceAsync();
        await shop.UntilAsync(unknown.Id, PaymentState.Unknown);
        await WaitsAsync(unknown.Id);
        await shop.NoFaultsAsync();
        return new()
        {
            ["declined"] = await NumberOf(declined.Id), ["refunded"] = await NumberOf(refunded.Id), ["deferred"] = await NumberOf(deferred.Id), ["unknown"] = await NumberOf(unknown.Id),
        };
    }

    private Task WaitsAsync(Guid id) => shop.UntilAsync(async db => await db.Database.ExecuteSqlAsync($"""
        UPDATE payments.payment_jobs SET due_at = now() + interval '8 minutes' WHERE order_id = {id} AND state = 'Waiting' AND leased_until <= now()
        """) == 1, "it was never left alone");

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task From_what_a_customer_says_to_what_happened_and_what_can_be_done(int width)
    {
        var orders = await OrdersAsync();
        await using var visitor = await VisitAsync(width);
        await visitor.Page.GotoAsync("/ops/search");
        await visitor.Page.FillAsync("#find-large", "A Gest");
        await visitor.Page.PressAsync("#find-large", "Enter");
        await visitor.Page.WaitForSelectorAsync(".search-hits");
        Assert.DoesNotContain("Gest", visitor.Page.Url, StringComparison.Ordinal);
        await SeenAsync(visitor, $"search-{width}");

        await visitor.Page.FillAsync("#find-large", $"{orders["declined"]}");
        await visitor.Page.PressAsync("#find-large", "Enter");
        await visitor.Page.WaitForURLAsync($"**/ops/orders/{orders["declined"]}");
        foreach (var (name, number) in orders)
        {
            await visitor.Page.GotoAsync($"/ops/orders/{number}", new() { WaitUntil = WaitUntilState.NetworkIdle });
            Assert.NotEmpty(await visitor.Page.InnerTextAsync(".ops-answer .what"));
            await visitor.Page.EvaluateAsync("document.querySelector('.story .raw')?.closest('details').setAttribute('open', '')");
            await SeenAsync(visitor, $"order-{name}-{width}");
        }

        foreach (var act in (string[])["ask", "cancel", "hold", "note"])
        {
            await visitor.Page.GotoAsync($"/ops/orders/{orders["deferred"]}/act/{act}");
            await SeenAsync(visitor, $"act-{act}-{width}");
        }

        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Without_a_script_an_agent_finds_an_order_and_cancels_it()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        await using var visitor = await VisitAsync(1280, hasJavaScript: false);

        await visitor.Page.GotoAsync("/ops/orders");
        await visitor.Page.FillAsync("#find", $"#{await NumberOf(order.Id)}");
        await visitor.Page.PressAsync("#find", "Enter");
        await visitor.Page.ClickAsync("text=Cancel the order…");
        await visitor.Page.FillAsync("#Why", "She called.");
        await visitor.Page.ClickAsync("button:has-text('Cancel the order')");

        Assert.Contains("It is being cancelled", await visitor.Page.InnerTextAsync(".notice.good"), StringComparison.Ordinal);
        Assert.Equal(Reasons.CancelledOnRequest, (await shop.UntilAsync(order.Id, PaymentState.Abandoned)).Reason);
    }

    /// <summary>As wide as the window, and kept as a picture where somebody wants to look.</summary>
    private static async Task SeenAsync(BrowserSession visitor, string name)
    {
        Assert.True(await visitor.OverflowAsync() <= 0, $"{name} is wider than its window");
        if (Environment.GetEnvironmentVariable("SHOP_PICTURES") is { Length: > 0 } folder)
            await visitor.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = true });
    }

    private sealed class Storefront(Uri api) : WebApplicationFactory<ShopWeb>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.UseStaticWebAssets();
            builder.UseSetting("services:api:http:0", api.AbsoluteUri);
            builder.UseSetting("HostedFields:Url", CannedStorefront.CardOrigin);
            builder.UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            builder.UseSetting("Timeouts:Drain", "00:00:00");
        }
    }
}
