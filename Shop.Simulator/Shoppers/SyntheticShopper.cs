using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;
using Shop.Simulator.PayPal;

namespace Shop.Simulator.Shoppers;

/// <summary>What a shopper does when somebody else asks them something.</summary>
internal enum Answers { Agrees, Refuses, WalksAway }

/// <param name="Card">Stripe's name of a test card; null for PayPal.</param>
/// <param name="Source">What is chosen on PayPal's page.</param>
/// <param name="AtTheBank">And at PayPal.</param>
/// <param name="Then">What a decline is followed by; null: nothing.</param>
internal sealed record Plan(string? Card, string Source = "balance", Answers AtTheBank = Answers.Agrees, string? Then = null)
{
    public static Plan With(string card, Answers atTheBank = Answers.Agrees, string? then = null) => new(card, AtTheBank: atTheBank, Then: then);

    public static Plan PayPal(string source = "balance", Answers agrees = Answers.Agrees) => new(null, source, agrees);
}

/// <summary>What the shop told its shopper of an order.</summary>
internal sealed record Told(string Payment, string MoneyTaken, string? Reason, string? Side)
{
    public bool IsSettled => Payment is "paid" or "declined" or "actionNeeded" or "abandoned";

    public static Told Of(JsonNode order) =>
        new((string?)order["payment"] ?? "", (string?)order["moneyTaken"] ?? "", (string?)order["reason"], (string?)order["side"]);
}

/// <param name="First">When the payment they came with had failed, or was paid, or was not settled in time.</param>
internal sealed record Bought(Guid Id, long Number, string Key, Told First);

/// <summary>The shop refused to take an order, or did not answer; in words for the drill's page.</summary>
internal sealed class NotBoughtException(string why) : Exception(why);

/// <summary>
/// Goes the way that shoppers go, by HTTP alone: looks at goods, fills a cart, checks out, answers the bank or PayPal, pays again, or leaves. Every
/// request is signed as synthetic; each has a limit.
/// </summary>
internal sealed class SyntheticShopper(
    HttpClient http, IOptions<ShopOptions> options, IOptions<SyntheticOptions> synthetic, TimeProvider clock, Random random, string name)
{
    private const string OrderIdHeader = "X-Order-Id";
    private readonly ShopOptions _shop = options.Value;

    public async Task<Bought> BuyAsync(Plan plan, CancellationToken ct)
    {
        if (_shop.Web is { } web)
            await VisitAsync(web, ct); // as people come in
        var home = await ApiAsync(HttpMethod.Get, "catalog/home", null, ct);
        JsonNode[] shown = [.. home.Body?["featured"]?.AsArray().Concat(home.Body["newest"]?.AsArray() ?? []).OfType<JsonNode>() ?? []];
        if (shown is [])
            throw new NotBoughtException($"The shop window is empty ({(int)home.Status}).");

        for (var tries = 0; ; tries++) // what is sold out is left for something else
        {
            var slug = (string)shown[random.Next(shown.Length)]["slug"]!;
            if (_shop.Web is not null)
                await VisitAsync(new Uri(_shop.Web, $"/products/{slug}"), ct);
            var product = await ApiAsync(HttpMethod.Get, $"catalog/products/{slug}", null, ct);
            var variants = product.Body?["variants"]?.AsArray() ?? throw new NotBoughtException($"{slug}: {(int)product.Status}");
            var sku = (string)variants[random.Next(variants.Count)]!["sku"]!;
            var cart = await ApiAsync(HttpMethod.Post, "cart/lines", new { sku, quantity = 1 }, ct, Once());
            if (cart.Status is not HttpStatusCode.OK || cart.Body is null)
                throw new NotBoughtException($"The cart was not filled: {Why(cart)}");
            var token = (string)cart.Body["token"]!;
            var form = new
            {
                email = $"{name}@synthetic.example", name = "A Synthetic Shopper", line1 = "Test Street 1", postalCode = "10115", city = "Berlin", country = "DE",
                cartVersion = (int)cart.Body["version"]!, totalMinor = (long)cart.Body["totalMinor"]!,
                paymentToken = plan.Card, provider = plan.Card is null ? "paypal" : "stripe",
            };
            var placed = await ApiAsync(HttpMethod.Post, "checkout", form, ct, ("X-Cart", token), Once());
            if ((string?)placed.Body?["reason"] is "out_of_stock" && tries < 5)
                continue;
            if (placed.Status is not (HttpStatusCode.OK or HttpStatusCode.Accepted) || placed.Body is null || !Guid.TryParse(placed.OrderId, out var id))
                throw new NotBoughtException($"The checkout was refused: {Why(placed)}");
            return await PayAsync(new(id, (long)placed.Body["number"]!, (string)placed.Body["key"]!, Told.Of(placed.Body)), placed.Body, plan, ct);
        }
    }

    /// <summary>How the order stands.</summary>
    public async Task<Told?> SeeAsync(Bought order, CancellationToken ct) => (await LookAsync(order, ct)) is { } view ? Told.Of(view) : null;

    private async Task<Bought> PayAsync(Bought order, JsonNode view, Plan plan, CancellationToken ct)
    {
        view = await SettledAsync(order, ct) ?? view;
        if (Told.Of(view) is { Payment: "actionNeeded" } && plan.AtTheBank is not Answers.WalksAway && (string?)view["actionUrl"] is { } page)
        {
            var agrees = plan.AtTheBank is Answers.Agrees;
            var isPayPal = (string?)view["method"] is "paypal";
            var back = isPayPal
                ? await DecideAsync(page, ct, ("decision", agrees ? "agree" : "cancel"), ("source", FundingSource.ByName(plan.Source)!.Name))
                : await DecideAsync(page, ct, ("decision", agrees ? "approve" : "refuse"));
            if (_shop.Web is not null && back is not null && back.IsAbsoluteUri && back.Authority == _shop.Web.Authority)
                await VisitAsync(back, ct);
            await ApiAsync(HttpMethod.Post, $"orders/{order.Number}/look", null, ct, KeyOf(order), Once());
            if (agrees || !isPayPal) // who cancels at PayPal is where they were
                view = await SettledAsync(order, ct, beyond: "actionNeeded") ?? view;
        }

        order = order with { First = Told.Of(view) };
        if (plan.Then is { } other && order.First.Payment is "declined")
        {
            await ApiAsync(HttpMethod.Post, $"orders/{order.Number}/payments", new { paymentToken = other, provider = "stripe" }, ct, KeyOf(order), Once());
            await SettledAsync(order, ct, beyond: "declined");
        }

        return order;
    }

    private async Task<JsonNode?> SettledAsync(Bought order, CancellationToken ct, string? beyond = null)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            var view = await LookAsync(order, ct);
            if (view is not null && Told.Of(view) is var told && (told.IsSettled || told.Payment is "deferred") && told.Payment != beyond)
                return view;
            if (clock.GetElapsedTime(started) > _shop.Patience)
                return view;
            await Task.Delay(_shop.Look, clock, ct);
        }
    }

    private async Task<JsonNode?> LookAsync(Bought order, CancellationToken ct) =>
        await ApiAsync(HttpMethod.Get, $"orders/{order.Number}", null, ct, KeyOf(order)) is { Status: HttpStatusCode.OK, Body: { } view } ? view : null;

    private sealed record Answer(HttpStatusCode Status, JsonNode? Body, string? OrderId);

    private static string Why(Answer answer) => $"{(int)answer.Status} {(string?)answer.Body?["reason"]}".Trim();

    private async Task<Answer> ApiAsync(HttpMethod method, string path, object? body, CancellationToken ct, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(_shop.Api!, $"/{path}"));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        foreach (var (header, value) in headers)
            request.Headers.TryAddWithoutValidation(header, value);
        using var response = await SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        JsonNode? json = null;
        try
        {
            json = text.StartsWith('{') ? JsonNode.Parse(text) : null;
        }
        catch (JsonException)
        {
            // Not the shop's answer; the status tells.
        }

        return new(response.StatusCode, json, response.Headers.TryGetValues(OrderIdHeader, out var id) ? id.First() : null);
    }

    private async Task VisitAsync(Uri page, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, page);
        using var response = await SendAsync(request, ct); // what it shows is for people
    }

    /// <summary>At the bank's page, or PayPal's: they are this process, and no part of the shop.</summary>
    private async Task<Uri?> DecideAsync(string page, CancellationToken ct, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, page)
        {
            Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))),
        };
        using var response = await SendAsync(request, ct, isShop: false);
        return response.Headers.Location;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct, bool isShop = true)
    {
        if (isShop && synthetic.Value.Secret is { Length: > 0 } secret)
            Synthetic.Sign(request, secret, clock.GetUtcNow());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(_shop.Answer);
        try
        {
            return await http.SendAsync(request, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new NotBoughtException($"{request.Method} {request.RequestUri?.AbsolutePath}: no answer ({e.GetType().Name})");
        }
    }

    private static (string, string) KeyOf(Bought order) => ("X-Order-Key", order.Key);

    private static (string, string) Once() => ("Idempotency-Key", $"{Guid.NewGuid()}");
}
