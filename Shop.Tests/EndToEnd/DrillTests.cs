using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Payments;
using Shop.ServiceDefaults;
using Shop.Simulator;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.EndToEnd;

/// <summary>Api, Payments and a simulator that knows where the shop is, over one database. Waits are a hundredth of the real ones.</summary>
public sealed class DrillShop : IAsyncLifetime
{
    private const string Secret = "a secret of the tests for drills";
    private const string AnyPort = "http://127.0.0.1:0";
    private WebApplicationFactory<ShopSimulator>? _simulator;
    private WebApplicationFactory<ShopPayments>? _payments;

    internal ApiHost Api { get; private set; } = null!;
    public HttpClient Simulator { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        Api = await ApiHost.StartAsync(("ConnectionStrings:shopdb", database), ("Synthetic:Secret", Secret), ("PaymentMethods:PayPal", "true"),
            ("CardTesting:Lifted", "false"), ("Timeouts:Outcome", "00:00:02")); // as in the shop: a drill must not meet the limits against card testing
        await Api.StockAsync(10_000, [.. Enumerable.Range(1, 8).Select(i => $"drill-{i}")]);
        _simulator = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(host =>
        {
            host.UseUrls(AnyPort);
            foreach (var (key, value) in ((string, string)[])
            [
                ("Synthetic:Secret", Secret), ("Simulator:Shop:Api", $"{Api.Http.BaseAddress}"), ("Simulator:Shop:Pace", "00:00:00.020"), ("Simulator:Shop:Look", "00:00:00.100"),
                ("Simulator:Shop:Patience", "00:00:06"), ("Simulator:Shop:Settle", "00:02:00"), ("Simulator:PayPal:PendingFor", "00:00:00.500"),
            ])
                host.UseSetting(key, value);
        });
        _simulator.UseKestrel();
        Simulator = _simulator.CreateClient();
        var settings = (await Simulator.GetFromJsonAsync<JsonNode>("/settings"))!;
        _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            host.UseUrls(AnyPort);
            foreach (var (key, value) in PaymentsShop.Settings(database, Simulator.BaseAddress!, (int)settings["smtpPort"]!))
                host.UseSetting(key, value);
            host.UseSetting("Payments:Queue:Poll", "00:00:10"); // times a hundredth
            host.UseSetting("Gateways:Stripe:ApiBase", (string)settings["stripeUrl"]!);
            host.UseSetting("Gateways:PayPal:ApiBase", (string)settings["payPalUrl"]!);
        });
        _payments.UseKestrel();
        var payments = _payments.CreateClient().BaseAddress!;
        (await Simulator.PutAsJsonAsync("/settings", new
        {
            webhooks = new[] { new { url = new Uri(payments, "/webhooks/stripe").ToString(), secret = PaymentsShop.WebhookSecret } },
            payPalWebhooks = new[] { new { url = new Uri(payments, "/webhooks/paypal").ToString(), id = PaymentsShop.PayPalWebhookId } },
        })).EnsureSuccessStatusCode();
    }

    public async Task DisposeAsync()
    {
        await _simulator!.DisposeAsync();
        await _payments!.DisposeAsync();
        await Api.DisposeAsync();
    }
}

/// <summary>The drill as somebody starts it, and what is said of each of its orders.</summary>
public sealed class DrillTests(DrillShop shop, ITestOutputHelper output) : IClassFixture<DrillShop>
{
    private static readonly Uri Path = new("/drills/payments-failing", UriKind.Relative);

    [Fact]
    public async Task Of_a_drill_every_failure_is_explained_as_it_happened()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        Assert.Equal(HttpStatusCode.Accepted, (await StartAsync(seed: 7)).StatusCode);
        var second = await StartAsync();
        Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
        Assert.Equal("drill_running", (string?)(await second.Content.ReadFromJsonAsync<JsonNode>())!["reason"]);

        var report = await EndAsync(limit.Token);

        output.WriteLine($"{report["state"]}: {report["explained"]} of {report["planted"]} explained, {report["open"]} open");
        foreach (var order in report["orders"]!.AsArray().Where(o => (bool?)o!["explained"] is not true))
            output.WriteLine(order!.ToJsonString());
        Assert.Equal("done", (string?)report["state"]);
        Assert.Empty(report["problems"]!.AsArray());
        Assert.True((int)report["planted"]! > 50);
        Assert.Equal((int)report["planted"]!, (int)report["explained"]!);
        await NoFaultsAsync();

        // The staff's view agrees with the simulator's too, and not one order counts as business.
        var agent = await shop.Api.SignedInAsync(Role.Agent);
        var told = (await shop.Api.GetAsync("/operations/synthetic-orders?limit=500", agent.Bearer)).Json.GetProperty("items").EnumerateArray()
            .ToDictionary(o => o.GetProperty("number").GetInt64());
        List<string> wrong = [];
        foreach (var order in report["orders"]!.AsArray())
        {
            var said = told[(long)order!["number"]!];
            var side = said.GetProperty("side").GetString();
            if (Explained.Agrees((string?)order["side"], (string)order["moneyTaken"]!, side, said.GetProperty("moneyTaken").GetString()!, said.GetProperty("payment").GetString()!) is not true)
                wrong.Add($"{order.ToJsonString()} but {said}");
        }

        Assert.True(wrong is [], string.Join('\n', wrong));
        await using var db = shop.Api.Open();
        Assert.True(await db.Orders.AllAsync(o => o.IsSynthetic));
        Assert.True(await db.PaymentAttempts.AnyAsync(a => a.Endpoint == "checkout" && a.Release != null && a.Flags != null));
        Assert.True(await db.PaymentAttempts.AnyAsync(a => a.Endpoint == "automatic_retry"));
        Assert.True(await db.PaymentAttempts.AnyAsync(a => a.Endpoint == "approval"));
        Assert.True(await db.PaymentAttempts.AnyAsync(a => a.Endpoint == "pay_again"));
    }

    [Fact]
    public async Task A_drill_that_is_stopped_leaves_no_fault_behind()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Assert.Equal(HttpStatusCode.Accepted, (await StartAsync()).StatusCode);
        await UntilAsync(r => (int)r["actsDone"]! > 0, limit.Token);

        Assert.Equal(HttpStatusCode.Accepted, (await shop.Simulator.DeleteAsync(Path, limit.Token)).StatusCode);

        Assert.Equal("stopped", (string?)(await EndAsync(limit.Token))["state"]);
        await NoFaultsAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await shop.Simulator.DeleteAsync(Path, limit.Token)).StatusCode);
    }

    private Task<HttpResponseMessage> StartAsync(int? seed = null) => shop.Simulator.PostAsync(new Uri($"{Path}{(seed is null ? "" : $"?seed={seed}")}", UriKind.Relative), null);

    private Task<JsonNode> EndAsync(CancellationToken ct) => UntilAsync(r => (string?)r["state"] is "done" or "stopped" or "failed", ct);

    private async Task<JsonNode> UntilAsync(Func<JsonNode, bool> isSo, CancellationToken ct)
    {
        while (true)
        {
            var report = (await shop.Simulator.GetFromJsonAsync<JsonNode>(Path, ct))!;
            if (isSo(report))
                return report;
            await Task.Delay(200, ct);
        }
    }

    private async Task NoFaultsAsync()
    {
        foreach (var gateway in (string[])["stripe", "paypal"])
        {
            var faults = (await shop.Simulator.GetFromJsonAsync<JsonNode>(new Uri($"/faults?gateway={gateway}", UriKind.Relative)))!;
            Assert.Empty(faults["rules"]!.AsArray());
            Assert.Equal(0, (double)faults["declineRate"]!);
        }
    }
}
