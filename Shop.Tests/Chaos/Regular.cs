using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>A customer with an account and with PayPal saved in it, as it comes to be: by an order that was paid so. Many shoppers may be the same one.</summary>
/// <param name="Saved">What is saved, for the next orders.</param>
internal sealed record Regular(string Session, Guid Saved)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <param name="accepted">Their orders are added to it.</param>
    public static async Task<Regular> OfAsync(LiveShop shop, Weather weather, string sku, Action<Accepted> accepted, CancellationToken ct)
    {
        await using var db = shop.Open();
        var (user, session) = await Visitor.SignInAsync(db, Role.Shopper);
        using var visitor = new Visitor(shop, weather, replica: 0, session);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience;) // on a busy machine the deadline of an order may be sooner than its approval
        {
            var order = await OrderAsync(visitor, sku, ct);
            accepted(order);
            if (await PaidAsync(visitor, order.Number, ct) is "paid")
                return new(session, await db.SavedMethods.Where(m => m.UserId == user && m.Provider == PaymentProvider.PayPal).Select(m => m.Id).SingleAsync(ct));
            weather.Count("PayPal not saved");
        }

        throw new TimeoutException("A regular's PayPal was never saved.");
    }

    private static async Task<Accepted> OrderAsync(Visitor visitor, string sku, CancellationToken ct)
    {
        var (_, cart) = await visitor.SendAsync(HttpMethod.Post, "/cart/lines", new { sku, quantity = 1 }, ct, Visitor.Once());
        var key = Guid.NewGuid();
        var (status, order) = await visitor.SendAsync(HttpMethod.Post, "/checkout", new
        {
            email = "regular@example.org", name = "A Regular", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
            cartVersion = (int)cart!["version"]!, totalMinor = (long)cart["totalMinor"]!, provider = "paypal", saveMethod = true,
        }, ct, ("X-Cart", (string?)cart["token"]), ("Idempotency-Key", $"{key}"));
        Assert.True(status is HttpStatusCode.OK or HttpStatusCode.Accepted, $"checkout: {status} {order}");
        return new(Shopper: -1, key, (long)order!["number"]!, (string)order["key"]!);
    }

    /// <returns>How it ended.</returns>
    private static async Task<string?> PaidAsync(Visitor visitor, long number, CancellationToken ct)
    {
        while (true)
        {
            var (_, order) = await visitor.SendAsync(HttpMethod.Get, $"/orders/{number}", null, ct);
            switch ((string?)order?["payment"])
            {
                case "actionNeeded":
                    await visitor.DecideAsync((string)order["actionUrl"]!, ct, ("decision", "agree"), ("source", "balance"), ("remember", "on"));
                    await visitor.SendAsync(HttpMethod.Post, $"/orders/{number}/look", null, ct, Visitor.Once());
                    break;
                case "paid" or "declined" or "abandoned":
                    return (string?)order["payment"];
            }

            await Task.Delay(300, ct);
        }
    }
}
