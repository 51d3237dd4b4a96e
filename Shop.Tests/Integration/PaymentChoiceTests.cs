using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What an order may be paid with, and what is told about it, at the checkout.</summary>
public sealed class PaymentChoiceTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly ApiHost _api = new(("PaymentMethods:PayPal", "true"), ApiHost.ShortWait);

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private async Task<Answer> CheckoutAsync(Action<Dictionary<string, object?>> but, Somebody? user = null)
    {
        var sku = $"choice-{Guid.NewGuid():N}"[..20];
        await _api.StockAsync(5, sku);
        var guest = await _api.GuestAsync((sku, 1));
        var form = guest.Form();
        but(form);
        return await _api.PostAsync(
            "/checkout", form, [("X-Cart", guest.Token), ("Idempotency-Key", $"{Guid.NewGuid()}"), .. user is null ? [] : new[] { user.Bearer }]);
    }

    private static void WithPayPal(Dictionary<string, object?> form) => (form["provider"], form["paymentToken"]) = ("paypal", null);

    private async Task<SavedMethod> KeptAsync(Guid userId, PaymentProvider provider)
    {
        var now = DateTimeOffset.UtcNow;
        var method = SavedMethod.Of(userId, provider, $"kept_{Guid.NewGuid():N}", null, "Something", now, now);
        await using var db = _api.Open();
        db.Add(method);
        await db.SaveChangesAsync();
        return method;
    }

    [Fact]
    public async Task An_order_to_be_paid_at_paypal_is_written_down_as_one()
    {
        var placed = await CheckoutAsync(WithPayPal);

        Assert.Equal((HttpStatusCode.Accepted, "paypal", "[]"), (placed.Status, placed["method"], placed["ways"]));
        await using var db = _api.Open();
        var number = long.Parse(placed["number"]!, System.Globalization.CultureInfo.InvariantCulture);
        var order = await db.Orders.SingleAsync(o => o.Number == number);
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id);
        Assert.Equal((PaymentProvider.PayPal, PaymentProvider.PayPal, null), (order.Provider, job.Provider, job.PaymentToken));
    }

    [Fact]
    public async Task What_is_kept_and_what_is_to_be_kept_go_with_the_order_of_whoever_is_signed_in()
    {
        var user = await _api.SignedInAsync();
        var (card, payPal) = (await KeptAsync(user.Id, PaymentProvider.Stripe), await KeptAsync(user.Id, PaymentProvider.PayPal));

        var saved = await CheckoutAsync(form => (form["paymentToken"], form["savedMethod"], form["fallbackMethod"]) = (null, card.Id, payPal.Id), user);
        var saves = await CheckoutAsync(form => { WithPayPal(form); form["saveMethod"] = true; }, user);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (saved.Status, saves.Status));
        await using var db = _api.Open();
        var jobs = await db.PaymentJobs.OrderBy(j => j.CreatedAt).ToListAsync();
        Assert.Equal([(card.Id, false), (null, true)], jobs.Select(j => (j.SavedMethodId, j.SavesMethod)));
        Assert.Equal(payPal.Id, await db.Orders.Where(o => o.Id == jobs[0].OrderId).Select(o => o.FallbackMethodId).SingleAsync());
    }

    [Fact]
    public async Task What_cannot_be_paid_with_is_refused_before_anything_is_ordered()
    {
        var (user, other) = (await _api.SignedInAsync(), await _api.SignedInAsync());
        var (mine, theirs, gone) = (await KeptAsync(user.Id, PaymentProvider.PayPal), await KeptAsync(other.Id, PaymentProvider.PayPal),
            await KeptAsync(user.Id, PaymentProvider.PayPal));
        await _api.PostAsync($"/account/payment-methods/{gone.Id}/remove", null, user.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal("saved_method_needs_account", (await CheckoutAsync(f => { WithPayPal(f); f["savedMethod"] = mine.Id; })).Reason);
        Assert.Equal("saved_method_needs_account", (await CheckoutAsync(f => f["saveMethod"] = true)).Reason);
        foreach (var id in (Guid[])[theirs.Id, gone.Id, Guid.NewGuid()])
            Assert.Equal("saved_method_not_found", (await CheckoutAsync(f => { WithPayPal(f); f["savedMethod"] = id; }, user)).Reason);
        Assert.Equal("saved_method_not_found", (await CheckoutAsync(f => (f["paymentToken"], f["savedMethod"]) = (null, mine.Id), user)).Reason); // not a card
        Assert.Equal("validation_failed", (await CheckoutAsync(f => { WithPayPal(f); f["fallbackMethod"] = mine.Id; }, user)).Reason);
        Assert.Equal("validation_failed", (await CheckoutAsync(f => f["provider"] = "paypal")).Reason); // with a card's token
        await using var db = _api.Open();
        Assert.Equal(0, await db.Orders.CountAsync());
    }

    [Fact]
    public async Task A_shop_without_paypal_offers_none()
    {
        await using var plain = await ApiHost.StartAsync(ApiHost.ShortWait);
        await plain.StockAsync(1, "plain-1");
        var guest = await plain.GuestAsync(("plain-1", 1));

        Assert.Equal("method_not_offered", (await guest.CheckoutAsync(but: WithPayPal)).Reason);
        Assert.Equal(["card"], Methods(await plain.GetAsync("/payments/methods")));
        Assert.Equal(["card", "paypal"], Methods(await _api.GetAsync("/payments/methods")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_order_that_waits_for_the_card_gateway_offers_paypal_and_says_how_it_is_being_paid()
    {
        var working = _api.WorkAsync(new PaymentNews.Postponed(Reasons.GatewayUnreachable, DateTimeOffset.UtcNow.AddMinutes(1)));
        var placed = await CheckoutAsync(_ => { });
        await working;
        await using var db = _api.Open();
        await db.PaymentJobs.ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Waiting).SetProperty(j => j.DueAt, DateTimeOffset.UtcNow.AddHours(1)));
        // Somebody works on payments, so both can be had.
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.gateway_health (provider, replica, state, since, seen_at)
            SELECT p, 'one', 'Closed', now(), now() + interval '1 minute' FROM unnest(ARRAY['Stripe', 'PayPal']) p
            """);
        await db.Database.ExecuteSqlAsync($"SELECT pg_notify('gateways', '')");
        var key = ("X-Order-Key", placed["key"]);

        await ApiHost.UntilAsync(async () => (await _api.GetAsync($"/orders/{placed["number"]}", key))["ways"] is """["paypal"]""");

        var paid = await _api.PostAsync($"/orders/{placed["number"]}/payments", new { provider = "paypal" }, key, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        Assert.Equal((HttpStatusCode.Accepted, "paypal", "inFlight"), (paid.Status, paid["method"], paid["payment"]));
        var jobs = await db.PaymentJobs.AsNoTracking().OrderBy(j => j.CreatedAt).ToListAsync();
        Assert.Equal([(PaymentProvider.Stripe, JobState.Done), (PaymentProvider.PayPal, JobState.Waiting)], jobs.Select(j => (j.Provider, j.State)));
    }

    private static string[] Methods(Answer answer) =>
        [.. answer.Json.GetProperty("methods").EnumerateArray().Select(m => m.GetProperty("method").GetString()!)];
}
