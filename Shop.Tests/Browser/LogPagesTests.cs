using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Npgsql;
using Shop.Data.Accounts;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;
using Shop.Web;
using Xunit.Abstractions;

namespace Shop.Tests.Browser;

/// <summary>Logs and errors from end to end: the real storefront, over the real Api, in a real browser.</summary>
[Collection(Propagation.Name)]
public sealed class LogPagesTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Secret = "the service secret of this test";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private ApiHost _api = null!;
    private Storefront _shop = null!;
    private Uri _address = null!;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(("Services:Secret", Secret));
        _shop = Storefront.Over(_api.Http.BaseAddress!);
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    public async Task DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_new_error_and_a_failed_script_are_on_the_page_within_seconds_and_lead_to_their_lines()
    {
        await using var visitor = await StaffAsync(Role.Operator, 1280);
        await using (var db = _api.Open())
            await db.Database.ExecuteSqlRawAsync("ALTER TABLE payments.webhook_receipts RENAME TO gone");
        await visitor.Page.GotoAsync("/ops/webhooks"); // the Api breaks over it

        await SeenAsync(visitor, "gone or webhook_receipts", page => page.Locator(".errors a:has-text('webhook_receipts')"));
        await visitor.Page.ClickAsync(".errors a:has-text('webhook_receipts')");
        await visitor.Page.WaitForSelectorAsync("text=GET /operations/webhooks");
        Assert.True(await visitor.Page.Locator(".stack-lines strong").CountAsync() > 0);
        Assert.Contains(await visitor.Page.Locator(".log-message").AllInnerTextsAsync(), line => line.Contains("GET /operations/webhooks failed", StringComparison.Ordinal));
        await visitor.Page.ClickAsync("text=its lines");
        await visitor.Page.WaitForSelectorAsync(".log-message:has-text('GET /operations/webhooks answered 500')");
        Assert.Contains("web", await visitor.Page.Locator(".log-head span").AllInnerTextsAsync()); // the storefront's own lines of that trace

        await visitor.Page.GotoAsync("/");
        await visitor.Page.EvaluateAsync("""
            () => {
              const error = new TypeError('planted is not a function');
              error.stack = `TypeError: planted is not a function\n    at plant (${location.origin}/shop.abcdefghij.js:12:7)`;
              dispatchEvent(new ErrorEvent('error', { error, message: error.message, filename: `${location.origin}/shop.abcdefghij.js`, lineno: 12 }));
            }
            """);
        await SeenAsync(visitor, "the script", page => page.Locator(".errors tr:has-text('planted is not a function'):has-text('plant shop')"));

        await visitor.Page.ClickAsync(".errors a:has-text('webhook_receipts')");
        await visitor.Page.ClickAsync(".row-actions a:has-text('Resolve')");
        await visitor.Page.FillAsync("#Why", "the table is back");
        await visitor.Page.ClickAsync("button:has-text('Resolve')");
        await visitor.Page.WaitForSelectorAsync("text=last seen until then in release");
        await visitor.Page.GotoAsync("/ops/webhooks");
        await SeenAsync(visitor, "the regression", page => page.Locator(".errors tr:has-text('webhook_receipts') .badge:has-text('regression')"));
    }

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1280, true)]
    public async Task Lines_are_searched_in_a_window_of_any_width_with_and_without_javascript(int width, bool hasJavaScript)
    {
        await using var db = _api.Open();
        var order = await Any.StoredOrderAsync(db);
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        await using (var source = NpgsqlDataSource.Create(_api.Database))
        {
            await TelemetryRows.KeepAsync(source, new TelemetryBatch([.. Enumerable.Range(0, 60).Select(i => new LogLine
            {
                Id = Guid.NewGuid(), At = DateTimeOffset.UtcNow.AddMinutes(-1).AddMilliseconds(i), Service = "payments", Instance = "payments-1", Release = "1.0.0+abcdef1",
                Level = i % 20 is 0 ? LogLevel.Error : i % 7 is 0 ? LogLevel.Warning : LogLevel.Information, EventId = 3001, Event = "Captured", Category = "Shop.Payments",
                Message = $"Captured {i} for order {order.Id} with Stripe", OrderId = order.Id, Reference = "4T7QK-9XW2M", TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
                Exception = i % 20 is 0 ? $"System.InvalidOperationException: It did not work.\n   at Shop.Payments.Queue.ChargeHandler.HandleAsync(PaymentJob job, CancellationToken ct){new string('x', 200)}" : null,
            })], [], [], 0), ApiHost.Ct);
        }

        await using var visitor = await StaffAsync(Role.Agent, width, hasJavaScript);
        await visitor.Page.GotoAsync($"/ops/logs?order={number}");
        Assert.Equal(50, await visitor.Page.Locator(".log-lines li").CountAsync());
        Assert.Equal(50, await visitor.Page.Locator($".log-lines a[href='/ops/orders/{number}']").CountAsync());
        Assert.True(await visitor.Page.Locator(".log-lines a[href='/ops/logs?trace=4bf92f3577b34da6a3ce929d0e0e4736']").CountAsync() > 0);
        Assert.Equal(0, await visitor.OverflowAsync());
        await visitor.Page.Locator("details summary").First.ClickAsync();
        Assert.True(await visitor.Page.Locator("details pre").First.IsVisibleAsync());
        Assert.Equal(0, await visitor.OverflowAsync());
        await visitor.Page.ClickAsync("button:has-text('Older')");
        await visitor.Page.WaitForSelectorAsync(".log-message:has-text('Captured 9 for')");
        Assert.Equal(10, await visitor.Page.Locator(".log-lines li").CountAsync());
        Assert.EndsWith("/ops/logs", visitor.Page.Url, StringComparison.Ordinal); // what was searched for is in no address

        await visitor.Page.FillAsync("input[name=Text]", "captured (");
        await visitor.Page.CheckAsync("input[name=IsRegex]");
        await visitor.Page.ClickAsync("button:has-text('Search')");
        await visitor.Page.WaitForSelectorAsync("text=This is no regular expression");
        await visitor.Page.FillAsync("input[name=Text]", "captured [0-4] for");
        await visitor.Page.ClickAsync("button:has-text('Search')");
        await visitor.Page.WaitForSelectorAsync(".log-message:has-text('Captured 4 for')");
        Assert.Equal(5, await visitor.Page.Locator(".log-lines li").CountAsync());
    }

    /// <summary>However long it took is for people; that it comes is for the test.</summary>
    private async Task SeenAsync(BrowserSession visitor, string what, Func<IPage, ILocator> where)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            await visitor.Page.GotoAsync("/ops/errors");
            if (await where(visitor.Page).CountAsync() > 0)
                break;
            Assert.True(watch.Elapsed < Patience, $"{what} never came. {await visitor.Page.InnerTextAsync("main")}");
        }

        output.WriteLine($"{what}: on the page after {watch.Elapsed.TotalSeconds:F1} s");
    }

    private async Task<BrowserSession> StaffAsync(Role role, int width, bool hasJavaScript = true)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width, hasJavaScript);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = (await _api.SignedInAsync(role)).Token, Url = _address.AbsoluteUri }]);
        return visitor;
    }

    private sealed class Storefront(Uri api) : WebApplicationFactory<ShopWeb>
    {
        public static Storefront Over(Uri api) => new(api);

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.UseStaticWebAssets();
            builder.UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            builder.UseSetting("Services:Secret", Secret);
            builder.UseSetting("Timeouts:Drain", "00:00:00");
            builder.UseSetting("services:api:http:0", api.ToString());
        }
    }
}
