using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Shop.Data.Orders;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;

namespace Shop.Tests.EndToEnd;

/// <summary>A person buys something from the shop as <c>./run.sh</c> starts it: every process, the genuine runtime, a real browser.</summary>
[Collection(RunningShop.Collection)]
public sealed class BuyingTests(RunningShop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string[] Services = ["api", "payments", "simulator", "web"];

    [Fact]
    public async Task A_guest_buys_something_and_one_trace_through_all_services_tells_the_outcome()
    {
        await using var visitor = await BrowserSession.OpenAsync(shop.Web);
        await visitor.Page.GotoAsync("/");
        await visitor.Page.Locator("main a[href^='/categories/']").First.ClickAsync();
        await visitor.Page.Locator("main a[href^='/products/']").First.ClickAsync();
        await PutInCartAsync(visitor);

        await PayAsync(visitor, "4242 4242 4242 4242");

        await Assertions.Expect(visitor.Page.Locator(".answer.good")).ToBeVisibleAsync();
        Assert.Empty(visitor.Errors);
        var order = await OrderOnPageAsync(visitor);
        Assert.Equal(PaymentState.Paid, order.Payment);
        Assert.Equal(order.TotalMinor, await ChargedAsync(order));

        var spans = await RunningShop.UntilAsync(() => SpansAsync(order.TraceId),
            found => Services.All(name => found.Any(s => s.Service == name)) && found.Any(s => s.Attributes.ContainsKey("shop.payment.outcome")), Limit);
        Assert.Equal(Services, spans.Select(s => s.Service).Distinct().Order());
        var charge = Assert.Single(spans, s => s.Attributes.ContainsKey("shop.payment.outcome"));
        Assert.Equal(("payments", order.Id.ToString(), "charged"),
            (charge.Service, charge.Attributes["shop.order.id"], charge.Attributes["shop.payment.outcome"].ToLowerInvariant()));
    }

    [Fact]
    public async Task A_declined_card_is_explained_and_another_card_pays_the_same_order()
    {
        await using var visitor = await BrowserSession.OpenAsync(shop.Web, width: 390);
        await visitor.Page.GotoAsync("/");
        await visitor.Page.Locator("main a[href^='/products/']").Last.ClickAsync();
        await PutInCartAsync(visitor);

        await PayAsync(visitor, "4000 0000 0000 9995");
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("insufficient funds");
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("No money was taken");
        var declined = await OrderOnPageAsync(visitor);
        Assert.Equal((PaymentState.Declined, Reasons.InsufficientFunds, 0L), (declined.Payment, declined.Reason, await ChargedAsync(declined)));

        await FillCardAsync(visitor, "4242 4242 4242 4242");
        await visitor.Page.Locator("main form button[type=submit]").Last.ClickAsync();

        await Assertions.Expect(visitor.Page.Locator(".answer.good")).ToBeVisibleAsync();
        var paid = await OrderOnPageAsync(visitor);
        Assert.Equal((declined.Id, PaymentState.Paid, paid.TotalMinor), (paid.Id, paid.Payment, await ChargedAsync(paid)));
    }

    [Fact]
    public async Task A_bank_that_asks_for_confirmation_is_visited_and_the_order_is_paid()
    {
        await using var visitor = await BrowserSession.OpenAsync(shop.Web);
        await visitor.Page.GotoAsync("/");
        await visitor.Page.Locator("main a[href^='/products/']").Nth(3).ClickAsync();
        await PutInCartAsync(visitor);

        await PayAsync(visitor, "4000 0027 6000 3184");
        await visitor.Page.Locator(".answer a[data-leaves-for-bank]").ClickAsync();
        await visitor.Page.WaitForURLAsync(url => url.StartsWith(shop.Simulator.AbsoluteUri, StringComparison.Ordinal));
        await visitor.Page.Locator("button").First.ClickAsync();

        await Assertions.Expect(visitor.Page.Locator(".answer.good")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        Assert.Equal(PaymentState.Paid, (await OrderOnPageAsync(visitor)).Payment);
    }

    [Fact]
    public async Task The_same_checkout_posted_twenty_times_at_once_is_one_order_and_one_charge()
    {
        using var api = new HttpClient { BaseAddress = shop.Api };
        var checkout = await ShopperAsync(api, await SkuAsync(onHand: 100));

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => checkout.PostAsync(checkout.Key)));

        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.Conflict, $"{a.Status} {a.Body}"));
        var numbers = answers.Where(a => a.Status is not HttpStatusCode.Conflict).Select(a => (long)a.Body["number"]!).Distinct();
        var order = await PaidAsync(Assert.Single(numbers));
        Assert.Equal((1, order.TotalMinor), (await ChargesAsync(order), await ChargedAsync(order)));
    }

    [Fact]
    public async Task Fifty_shoppers_on_the_last_one_make_one_order_and_one_charge()
    {
        using var api = new HttpClient { BaseAddress = shop.Api };
        var sku = await SkuAsync(onHand: 1);
        var shoppers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ShopperAsync(api, sku)));

        var answers = await Task.WhenAll(shoppers.Select(s => s.PostAsync(s.Key)));

        var bought = Assert.Single(answers, a => a.Status is HttpStatusCode.OK or HttpStatusCode.Accepted);
        Assert.All(answers.Where(a => a != bought), a => Assert.Equal((HttpStatusCode.Conflict, "out_of_stock"), (a.Status, (string?)a.Body["reason"])));
        Assert.Equal(1, await ChargesAsync(await PaidAsync((long)bought.Body["number"]!)));
        await using var db = shop.OpenDatabase();
        var stock = await db.Stock.SingleAsync(s => s.Sku == sku);
        Assert.Equal((0, 0), (stock.OnHand, stock.Held));
    }

    [Fact]
    public async Task Fifty_shoppers_on_plenty_make_fifty_paid_orders_and_no_conflict()
    {
        using var api = new HttpClient { BaseAddress = shop.Api };
        var sku = await SkuAsync(onHand: 100);
        var shoppers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ShopperAsync(api, sku)));

        var answers = await Task.WhenAll(shoppers.Select(s => s.PostAsync(s.Key)));

        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, $"{a.Status} {a.Body}"));
        foreach (var number in answers.Select(a => (long)a.Body["number"]!))
            Assert.Equal(1, await ChargesAsync(await PaidAsync(number)));
        await using var db = shop.OpenDatabase();
        var stock = await db.Stock.SingleAsync(s => s.Sku == sku);
        Assert.Equal((50, 0), (stock.OnHand, stock.Held));
    }

    [Fact]
    public async Task The_customer_is_told_by_mail_that_the_order_is_confirmed()
    {
        using var api = new HttpClient { BaseAddress = shop.Api };
        var shopper = await ShopperAsync(api, await SkuAsync(onHand: 5));
        var order = await PaidAsync((long)(await shopper.PostAsync(shopper.Key)).Body["number"]!);
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };

        var mails = await RunningShop.UntilAsync(
            async () => (await simulator.GetFromJsonAsync<JsonNode>($"/mails?to={Uri.EscapeDataString(shopper.Email)}"))!.ToJsonString(),
            text => text.Contains($"{order.Number}", StringComparison.Ordinal), Limit);

        Assert.Contains($"{order.Number}", mails, StringComparison.Ordinal);
    }

    private static async Task PutInCartAsync(BrowserSession visitor)
    {
        await visitor.Page.ClickAsync("text=Add to cart");
        await visitor.Page.ClickAsync("text=Check out");
    }

    private static async Task PayAsync(BrowserSession visitor, string card)
    {
        await visitor.FillAddressAsync();
        await FillCardAsync(visitor, card);
        await visitor.Page.Locator("#checkout button[type=submit]").ClickAsync();
        await visitor.Page.WaitForURLAsync("**/orders/*");
    }

    private static async Task FillCardAsync(BrowserSession visitor, string card)
    {
        var frame = visitor.Page.FrameLocator("iframe");
        await frame.Locator("#number").FillAsync(card);
        await frame.Locator("#expiry").FillAsync("12 / 34");
        await frame.Locator("#cvc").FillAsync("123");
    }

    private async Task<Order> OrderOnPageAsync(BrowserSession visitor)
    {
        var number = long.Parse(new Uri(visitor.Page.Url).Segments[^1].Trim('/'), System.Globalization.CultureInfo.InvariantCulture);
        await using var db = shop.OpenDatabase();
        return await db.Orders.SingleAsync(o => o.Number == number);
    }

    private async Task<Order> PaidAsync(long number)
    {
        var order = await RunningShop.UntilAsync(async () =>
        {
            await using var db = shop.OpenDatabase();
            return await db.Orders.SingleAsync(o => o.Number == number);
        }, o => o.Payment is PaymentState.Paid, Limit);
        Assert.Equal(PaymentState.Paid, order.Payment);
        return order;
    }

    private async Task<JsonNode[]> LedgerAsync(Order order)
    {
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };
        return [.. (await simulator.GetFromJsonAsync<JsonArray>($"/ledger?order={order.Id}"))!.Select(n => n!)];
    }

    private async Task<long> ChargedAsync(Order order) => (await LedgerAsync(order)).Sum(e => (long)e["chargedMinor"]! - (long)e["refundedMinor"]!);

    private async Task<int> ChargesAsync(Order order) => (await LedgerAsync(order)).Count(e => (long)e["chargedMinor"]! > 0);

    private async Task<string> SkuAsync(int onHand)
    {
        var sku = $"e2e-{Guid.NewGuid():N}"[..16];
        await using var db = shop.OpenDatabase();
        await Any.StockAsync(db, onHand, sku);
        return sku;
    }

    private async Task<Shopper> ShopperAsync(HttpClient api, string sku)
    {
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };
        simulator.DefaultRequestHeaders.Add("Authorization", "Bearer pk_test_simulator");
        using var card = await simulator.PostAsync("/stripe/v1/payment_methods", new FormUrlEncodedContent(
        [
            new("type", "card"), new("card[number]", "4242424242424242"), new("card[exp_month]", "12"), new("card[exp_year]", "2034"), new("card[cvc]", "123"),
        ]));
        var paymentMethod = (string)(await card.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;

        using var add = new HttpRequestMessage(HttpMethod.Post, "/cart/lines") { Content = JsonContent.Create(new { sku, quantity = 1 }) };
        add.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var added = await api.SendAsync(add);
        var cart = (await added.Content.ReadFromJsonAsync<JsonNode>())!;
        return new Shopper(api, (string)cart["token"]!, (int)cart["version"]!, (long)cart["totalMinor"]!, paymentMethod);
    }

    private sealed record Shopper(HttpClient Api, string Cart, int CartVersion, long TotalMinor, string PaymentMethod)
    {
        public Guid Key { get; } = Guid.NewGuid();
        public string Email { get; } = $"guest-{Guid.NewGuid():N}@example.org";

        public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(Guid key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/checkout")
            {
                Content = JsonContent.Create(new
                {
                    email = Email, name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
                    cartVersion = CartVersion, totalMinor = TotalMinor, paymentToken = PaymentMethod, provider = "stripe",
                }),
            };
            request.Headers.Add("Idempotency-Key", key.ToString());
            request.Headers.Add("X-Cart", Cart);
            using var response = await Api.SendAsync(request);
            return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
        }
    }

    private sealed record Span(string Service, string Name, Dictionary<string, string> Attributes);

    private async Task<List<Span>> SpansAsync(string traceId)
    {
        using var telemetry = shop.CreateTelemetryClient();
        using var response = await telemetry.GetAsync($"traces/{traceId}");
        if (response.StatusCode is HttpStatusCode.NotFound)
            return [];

        var trace = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!;
        return
        [
            .. from resource in trace["data"]!["resourceSpans"]!.AsArray()
               let service = Attributes(resource!["resource"]!)["service.name"]
               from scope in resource["scopeSpans"]!.AsArray()
               from span in scope!["spans"]!.AsArray()
               select new Span(service, (string)span!["name"]!, Attributes(span)),
        ];
    }

    private static Dictionary<string, string> Attributes(JsonNode node) => (node["attributes"] as JsonArray ?? [])
        .ToDictionary(a => (string)a!["key"]!, a => a!["value"]!.AsObject().First().Value?.ToString() ?? "");
}
