using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

internal enum AtTheBank { Agrees, Refuses, WalksAway }

/// <summary>What one shopper is going to do. Drawn from the storm's seed and the shopper's number alone, so that a seed is a storm.</summary>
internal sealed record Plan(
    int Shopper, string[] Skus, int Quantity, string Card, bool SendsTwice, bool HasTwoTabs, AtTheBank AtTheBank, string[] OtherCards, bool PaysTwiceAtOnce,
    double Mood)
{
    private static readonly (string Card, double Share)[] Cards =
    [
        ("pm_card_visa", 0.66), ("pm_card_pendingRefund", 0.04), ("pm_card_visa_chargeDeclined", 0.06), ("pm_card_visa_chargeDeclinedInsufficientFunds", 0.04),
        ("pm_card_chargeDeclinedProcessingError", 0.02), ("pm_card_radarBlock", 0.01), ("pm_card_authenticationRequired", 0.14),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", 0.03),
    ];

    /// <param name="scarce">Goods of which there are fewer than shoppers who want them.</param>
    public static Plan Of(int seed, int shopper, string plenty, Func<int, string> scarce)
    {
        var random = new Random(unchecked(seed * 1_000_003 + shopper)); // HashCode differs from run to run
        string[] skus = random.NextDouble() switch { < 0.5 => [scarce(shopper)], < 0.75 => [plenty], _ => [plenty, scarce(shopper)] };
        return new(
            shopper, skus, random.Next(1, 3), Draw(random), SendsTwice: random.NextDouble() < 0.2, HasTwoTabs: random.NextDouble() < 0.1,
            random.NextDouble() switch { < 0.6 => AtTheBank.Agrees, < 0.8 => AtTheBank.Refuses, _ => AtTheBank.WalksAway },
            [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => Draw(random))], PaysTwiceAtOnce: random.NextDouble() < 0.3, random.NextDouble());
    }

    private static string Draw(Random random)
    {
        var at = random.NextDouble();
        foreach (var (card, share) in Cards)
        {
            if ((at -= share) < 0)
                return card;
        }

        return Cards[0].Card;
    }
}

/// <summary>A checkout that was answered with an order.</summary>
internal sealed record Accepted(int Shopper, Guid Key, long Number, string OrderKey);

/// <summary>Goes through the shop over HTTP, to whichever replica answers, as patiently as the storefront and a person together.</summary>
internal sealed class Shopper(LiveShop shop, Plan plan, Weather weather) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ForTheOutcome = TimeSpan.FromSeconds(6);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private int _replica = plan.Shopper;

    public void Dispose() => _http.Dispose();

    /// <returns>The orders it was told of: the same one however often it asked; none when the goods were sold out.</returns>
    public async Task<Accepted[]> OrderAsync(CancellationToken ct)
    {
        string? cart = null;
        JsonNode? seen = null;
        foreach (var sku in plan.Skus)
        {
            var (status, added) = await SendAsync(HttpMethod.Post, "/cart/lines", new { sku, quantity = plan.Quantity },
                ct, ("X-Cart", cart), ("Idempotency-Key", $"{Guid.NewGuid()}"));
            Assert.True(status is HttpStatusCode.OK, $"cart: {status} {added}");
            (cart, seen) = ((string?)added!["token"] ?? cart, added);
        }

        // Three ways to ask for the same order: once, the same form twice, two tabs with a key each.
        var key = Guid.NewGuid();
        Guid[] keys = plan.HasTwoTabs ? [key, Guid.NewGuid()] : plan.SendsTwice ? [key, key] : [key];
        var answers = await Task.WhenAll(keys.Select(k => CheckoutAsync(k, cart!, seen!, ct)));
        Accepted[] accepted = [.. answers.OfType<Accepted>()];
        if (accepted is [])
        {
            weather.Count("sold out");
            return [];
        }

        Assert.True(accepted.Length == answers.Length && accepted.DistinctBy(a => a.Number).Count() == 1,
            $"One cart became several orders, or an order and a refusal: {string.Join(", ", answers.Select(a => $"{a}"))}");
        return accepted;
    }

    private async Task<Accepted?> CheckoutAsync(Guid key, string cart, JsonNode seen, CancellationToken ct)
    {
        var form = new
        {
            email = $"guest{plan.Shopper}@example.org", name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
            cartVersion = (int)seen["version"]!, totalMinor = (long)seen["totalMinor"]!, paymentToken = plan.Card, provider = "stripe",
        };
        while (true)
        {
            var (status, answer) = await SendAsync(HttpMethod.Post, "/checkout", form, ct, ("X-Cart", cart), ("Idempotency-Key", $"{key}"));
            if (status is HttpStatusCode.OK or HttpStatusCode.Accepted)
                return new(plan.Shopper, key, (long)answer!["number"]!, (string)answer["key"]!);
            var reason = (string?)answer?["reason"];
            if (reason is "out_of_stock")
                return null;
            Assert.True(reason is "checkout_running", $"checkout: {status} {answer}");
            await Task.Delay(100, ct);
        }
    }

    /// <summary>Answers the bank, tries other cards, gives up: whatever the order asks for next.</summary>
    public async Task FollowAsync(Accepted order, CancellationToken ct)
    {
        var cards = new Queue<string>(plan.OtherCards);
        for (var steps = 0; steps < 6; steps++)
        {
            var view = await SettledAsync(order, ct);
            switch ((string?)view?["payment"])
            {
                case "actionNeeded" when plan.AtTheBank is not AtTheBank.WalksAway && (string?)view["actionUrl"] is { } page:
                    await AnswerTheBankAsync(page, plan.AtTheBank is AtTheBank.Agrees, ct);
                    weather.Count($"bank {plan.AtTheBank}");
                    if (plan.Mood < 0.7) // the others close the window: a webhook has to tell, or a sweep
                        await SendAsync(HttpMethod.Post, $"/orders/{order.Number}/look", null, ct, Key(order), Once());
                    await LeftAsync(order, "actionNeeded", ct);
                    break;
                case "declined" or "actionNeeded" when cards.TryDequeue(out var card):
                    var key = Once();
                    await Task.WhenAll(Enumerable.Range(0, plan.PaysTwiceAtOnce ? 2 : 1).Select(i => SendAsync(
                        HttpMethod.Post, $"/orders/{order.Number}/payments", new { paymentToken = card, provider = "stripe" }, ct, Key(order),
                        plan.Mood < 0.5 ? key : Once())));
                    weather.Count("paid again");
                    break;
                default:
                    return;
            }
        }
    }

    private async Task<JsonNode?> SettledAsync(Accepted order, CancellationToken ct)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var (_, view) = await SendAsync(HttpMethod.Get, $"/orders/{order.Number}", null, ct, Key(order));
            if ((string?)view?["payment"] is "paid" or "declined" or "actionNeeded" or "abandoned" || waited.Elapsed > ForTheOutcome)
                return view;
            await Task.Delay(100, ct);
        }
    }

    private async Task LeftAsync(Accepted order, string state, CancellationToken ct)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < ForTheOutcome)
        {
            var (_, view) = await SendAsync(HttpMethod.Get, $"/orders/{order.Number}", null, ct, Key(order));
            if ((string?)view?["payment"] != state)
                return;
            await Task.Delay(100, ct);
        }
    }

    private async Task AnswerTheBankAsync(string page, bool agrees, CancellationToken ct)
    {
        for (var tries = 0; tries < 20; tries++)
        {
            try
            {
                using var form = new FormUrlEncodedContent([new("decision", agrees ? "approve" : "refuse")]);
                using var answer = await _http.PostAsync(new Uri(page), form, ct);
                return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                await Task.Delay(200, ct);
            }
        }
    }

    private static (string, string?) Key(Accepted order) => ("X-Order-Key", order.OrderKey);

    private static (string, string?) Once() => ("Idempotency-Key", $"{Guid.NewGuid()}");

    /// <summary>To the next replica, and the next, until one has an answer of its own; each POST under the key it was first sent with.</summary>
    private async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken ct, params (string Name, string? Value)[] headers)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var api = shop.Apis[(Interlocked.Increment(ref _replica) & int.MaxValue) % shop.Apis.Length];
            string failure;
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(api.Address, path));
                if (body is not null)
                    request.Content = JsonContent.Create(body);
                foreach (var (name, value) in headers)
                    request.Headers.TryAddWithoutValidation(name, value);
                using var response = await _http.SendAsync(request, ct);
                var text = await response.Content.ReadAsStringAsync(ct);
                if ((int)response.StatusCode < 500)
                    return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
                failure = $"{(int)response.StatusCode} {text}";
                weather.Count($"api {(int)response.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                failure = e.Message;
                weather.Count("api gone");
            }

            Assert.True(waited.Elapsed < Patience, $"{method} {path} was never answered: {failure}");
            await Task.Delay(100, ct);
        }
    }
}
