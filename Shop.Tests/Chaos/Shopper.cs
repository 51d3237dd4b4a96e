using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace Shop.Tests.Chaos;

internal enum AtTheBank { Agrees, Refuses, WalksAway }

internal enum AtPayPal { Agrees, Cancels, WalksAway }

/// <summary>One way to pay: a card by its token, or what is chosen on PayPal's page; "saved" is what PayPal keeps for a regular.</summary>
internal sealed record Means(string Provider, string What)
{
    public const string Saved = "saved";

    public bool IsPayPal => Provider is "paypal";

    public static Means Card(string token) => new("stripe", token);

    public static Means PayPal(string source) => new("paypal", source);
}

/// <summary>What one shopper is going to do. Drawn from the storm's seed and the shopper's number alone, so that a seed is a storm.</summary>
/// <param name="IsRegular">Is signed in, and lets us take saved PayPal should cards fail.</param>
/// <param name="Others">What they try next, one after the other.</param>
/// <param name="ClicksBoth">When they pay twice at once, the second click is on the other way to pay.</param>
internal sealed record Plan(
    int Shopper, string[] Skus, int Quantity, Means First, bool IsRegular, bool SendsTwice, bool HasTwoTabs, AtTheBank AtTheBank, AtPayPal AtPayPal,
    Means[] Others, bool PaysTwiceAtOnce, bool ClicksBoth, MoneyBack Back, double Mood)
{
    private static readonly (string What, double Share)[] Cards =
    [
        ("pm_card_visa", 0.66), ("pm_card_pendingRefund", 0.04), ("pm_card_visa_chargeDeclined", 0.06), ("pm_card_visa_chargeDeclinedInsufficientFunds", 0.04),
        ("pm_card_chargeDeclinedProcessingError", 0.02), ("pm_card_radarBlock", 0.01), ("pm_card_authenticationRequired", 0.14),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", 0.03),
    ];

    private static readonly (string What, double Share)[] Sources =
    [
        ("balance", 0.48), ("bank", 0.1), ("declined", 0.18), ("restricted", 0.04), ("review", 0.06), ("echeck", 0.04), ("refund-later", 0.07), ("refund-fails", 0.03),
    ];

    /// <summary>Pays by a good card and wants nothing else.</summary>
    public static Plan Plain(int shopper, string sku) => new(
        shopper, [sku], 1, Means.Card("pm_card_visa"), false, false, false, AtTheBank.Agrees, AtPayPal.Agrees, [], false, false, MoneyBack.None, 0);

    /// <param name="scarce">Goods of which there are fewer than shoppers who want them.</param>
    public static Plan Of(int seed, int shopper, string plenty, Func<int, string> scarce)
    {
        var random = new Random(unchecked(seed * 1_000_003 + shopper)); // HashCode differs from run to run
        string[] skus = random.NextDouble() switch { < 0.5 => [scarce(shopper)], < 0.75 => [plenty], _ => [plenty, scarce(shopper)] };
        var isRegular = random.NextDouble() < 0.25;
        return new(
            shopper, skus, random.Next(1, 3), Draw(random, isRegular), isRegular, SendsTwice: random.NextDouble() < 0.2, HasTwoTabs: random.NextDouble() < 0.1,
            random.NextDouble() switch { < 0.6 => AtTheBank.Agrees, < 0.8 => AtTheBank.Refuses, _ => AtTheBank.WalksAway },
            random.NextDouble() switch { < 0.7 => AtPayPal.Agrees, < 0.85 => AtPayPal.Cancels, _ => AtPayPal.WalksAway },
            [.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => Draw(random, isRegular, payPal: 0.5))], PaysTwiceAtOnce: random.NextDouble() < 0.3,
            ClicksBoth: random.NextDouble() < 0.4,
            random.NextDouble() switch { < 0.6 => MoneyBack.None, < 0.7 => MoneyBack.Whole, < 0.8 => MoneyBack.Part, < 0.9 => MoneyBack.Pieces, _ => MoneyBack.TwoAtOnce },
            random.NextDouble());
    }

    /// <param name="payPal">How many pay with it.</param>
    private static Means Draw(Random random, bool isRegular, double payPal = 0.33)
    {
        if (random.NextDouble() >= payPal)
            return Means.Card(Draw(random, Cards));
        return Means.PayPal(isRegular && random.NextDouble() < 0.3 ? Means.Saved : Draw(random, Sources));
    }

    private static string Draw(Random random, (string What, double Share)[] all)
    {
        var at = random.NextDouble();
        foreach (var (what, share) in all)
        {
            if ((at -= share) < 0)
                return what;
        }

        return all[0].What;
    }
}

/// <summary>A checkout that was answered with an order.</summary>
internal sealed record Accepted(int Shopper, Guid Key, long Number, string OrderKey);

/// <summary>Goes through the shop as its plan says.</summary>
/// <param name="regular">Who it is that is signed in; only for a plan that says so.</param>
internal sealed class Shopper(LiveShop shop, Plan plan, Weather weather, Regular? regular = null) : IDisposable
{
    private static readonly TimeSpan ForTheOutcome = TimeSpan.FromSeconds(6);

    private readonly Visitor _visitor = new(shop, weather, plan.Shopper, plan.IsRegular ? regular?.Session : null);
    private Means _means = plan.First;

    public void Dispose() => _visitor.Dispose();

    /// <returns>The orders it was told of: the same one however often it asked; none when the goods were sold out.</returns>
    public async Task<Accepted[]> OrderAsync(CancellationToken ct)
    {
        string? cart = null;
        JsonNode? seen = null;
        foreach (var sku in plan.Skus)
        {
            var (status, added) = await _visitor.SendAsync(HttpMethod.Post, "/cart/lines", new { sku, quantity = plan.Quantity },
                ct, ("X-Cart", cart), Visitor.Once());
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
        weather.Count($"ordered with {plan.First.Provider}");
        return accepted;
    }

    private async Task<Accepted?> CheckoutAsync(Guid key, string cart, JsonNode seen, CancellationToken ct)
    {
        var form = new
        {
            email = $"guest{plan.Shopper}@example.org", name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
            cartVersion = (int)seen["version"]!, totalMinor = (long)seen["totalMinor"]!, paymentToken = TokenOf(plan.First), provider = plan.First.Provider,
            savedMethod = SavedOf(plan.First), fallbackMethod = plan is { IsRegular: true, First.IsPayPal: false } ? regular?.Saved : null,
        };
        while (true)
        {
            var (status, answer) = await _visitor.SendAsync(HttpMethod.Post, "/checkout", form, ct, ("X-Cart", cart), ("Idempotency-Key", $"{key}"));
            if (status is HttpStatusCode.OK or HttpStatusCode.Accepted)
                return new(plan.Shopper, key, (long)answer!["number"]!, (string)answer["key"]!);
            var reason = (string?)answer?["reason"];
            if (reason is "out_of_stock")
                return null;
            Assert.True(reason is "checkout_running", $"checkout: {status} {answer}");
            await Task.Delay(100, ct);
        }
    }

    /// <summary>Answers the bank or PayPal, tries other ways to pay, gives up: whatever the order asks for next.</summary>
    /// <returns>The order as it was seen last.</returns>
    public async Task<JsonNode?> FollowAsync(Accepted order, CancellationToken ct)
    {
        var others = new Queue<Means>(plan.Others);
        JsonNode? view = null;
        for (var steps = 0; steps < 8; steps++)
        {
            view = await SettledAsync(order, others, ct);
            switch ((string?)view?["payment"])
            {
                case "actionNeeded" when (string?)view["method"] is "paypal" && plan.AtPayPal is AtPayPal.Agrees && (string?)view["actionUrl"] is { } page:
                    // Whoever came here by two clicks at once, or by the fallback, has nothing in mind.
                    var source = _means.IsPayPal && _means.What is not Means.Saved ? _means.What : "balance";
                    await _visitor.DecideAsync(page, ct, ("decision", "agree"), ("source", source));
                    weather.Count($"paypal {plan.AtPayPal}");
                    await BackAsync(order, ct);
                    break;
                case "actionNeeded" when (string?)view["method"] is "card" && plan.AtTheBank is not AtTheBank.WalksAway && (string?)view["actionUrl"] is { } page:
                    await _visitor.DecideAsync(page, ct, ("decision", plan.AtTheBank is AtTheBank.Agrees ? "approve" : "refuse"));
                    weather.Count($"bank {plan.AtTheBank}");
                    await BackAsync(order, ct);
                    break;
                case "declined" or "actionNeeded" or "deferred" when others.TryDequeue(out var means):
                    if ((string)view["payment"]! is "actionNeeded" && (string?)view["method"] is "paypal" && plan.AtPayPal is AtPayPal.Cancels && (string?)view["actionUrl"] is { } left)
                    {
                        await _visitor.DecideAsync(left, ct, ("decision", "cancel"));
                        weather.Count($"paypal {plan.AtPayPal}");
                    }

                    await PayAsync(order, view, means, ct);
                    break;
                default:
                    return view;
            }
        }

        return view;
    }

    private async Task PayAsync(Accepted order, JsonNode view, Means means, CancellationToken ct)
    {
        _means = means;
        var rival = !plan.ClicksBoth ? means : means.IsPayPal ? Means.Card("pm_card_visa") : Means.PayPal("balance");
        var key = Visitor.Once();
        Means[] clicks = plan.PaysTwiceAtOnce ? [means, rival] : [means];
        var answers = await Task.WhenAll(clicks.Select(click => _visitor.SendAsync(
            HttpMethod.Post, $"/orders/{order.Number}/payments",
            new { paymentToken = TokenOf(click), provider = click.Provider, savedMethod = SavedOf(click) }, ct, Key(order),
            plan.Mood < 0.5 && click == means ? key : Visitor.Once())));
        foreach (var (status, answer) in answers)
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.Conflict, $"payment of {order.Number}: {status} {answer}");
        var from = (string?)view["method"] is "paypal" ? "paypal" : "stripe";
        weather.Count(from == means.Provider ? $"paid again with {from}" : $"switched to {means.Provider}, {(string?)view["payment"]}");
    }

    /// <summary>From the bank's page or PayPal's. Who closes the window instead leaves it to a webhook to tell, or a sweep.</summary>
    private async Task BackAsync(Accepted order, CancellationToken ct)
    {
        if (plan.Mood < 0.7)
            await _visitor.SendAsync(HttpMethod.Post, $"/orders/{order.Number}/look", null, ct, Key(order), Visitor.Once());
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < ForTheOutcome && (string?)(await SeeAsync(order, ct))?["payment"] is "actionNeeded")
            await Task.Delay(100, ct);
    }

    /// <summary>Until there is something to do. Nobody with another way to pay waits for a gateway that is ill.</summary>
    private async Task<JsonNode?> SettledAsync(Accepted order, Queue<Means> others, CancellationToken ct)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var view = await SeeAsync(order, ct);
            var isOver = (string?)view?["payment"] switch
            {
                "paid" or "declined" or "actionNeeded" or "abandoned" => true,
                "deferred" => others.TryPeek(out var next) && view["ways"]!.AsArray().Any(way => (string?)way == (next.IsPayPal ? "paypal" : "card")),
                _ => false,
            };
            if (isOver || waited.Elapsed > ForTheOutcome)
                return view;
            await Task.Delay(100, ct);
        }
    }

    private async Task<JsonNode?> SeeAsync(Accepted order, CancellationToken ct) =>
        (await _visitor.SendAsync(HttpMethod.Get, $"/orders/{order.Number}", null, ct, Key(order))).Body;

    private static string? TokenOf(Means means) => means.IsPayPal ? null : means.What;

    private Guid? SavedOf(Means means) => means is { IsPayPal: true, What: Means.Saved } ? regular?.Saved : null;

    private static (string, string?) Key(Accepted order) => ("X-Order-Key", order.OrderKey);
}
