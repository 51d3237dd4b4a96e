using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Gateways;

namespace Shop.Tests.Fixtures;

/// <summary>Payments with two gateways that do as they are told, and the Api, over one database. Waits are a hundredth of the real ones.</summary>
public sealed class TwoGateways : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _complaints = new();
    private WebApplicationFactory<ShopPayments>? _payments;

    internal ScriptedGateway Stripe { get; } = new(PaymentProvider.Stripe, canCancel: true);
    internal ScriptedGateway PayPal { get; } = new(PaymentProvider.PayPal, canCancel: false);
    internal ApiHost Api { get; private set; } = null!;
    public string Database { get; private set; } = "";
    public IServiceProvider Services => _payments!.Services;

    public async Task InitializeAsync()
    {
        Database = await PostgresServer.CreateDatabaseAsync();
        _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            host.ConfigureLogging(logging => logging.AddProvider(new Complaints(_complaints)));
            foreach (var (key, value) in PaymentsShop.Settings(Database, new Uri("http://127.0.0.1:9"), 9))
                host.UseSetting(key, value);
            host.ConfigureTestServices(services =>
            {
                services.AddKeyedSingleton<IPaymentGateway>(PaymentProvider.Stripe, Stripe);
                services.AddKeyedSingleton<IPaymentGateway>(PaymentProvider.PayPal, PayPal);
            });
        });
        _ = _payments.Services; // starts it
        Api = await ApiHost.StartAsync(("ConnectionStrings:shopdb", Database), ("PaymentMethods:PayPal", "true"), ("Timeouts:Outcome", "00:00:00.100"));
    }

    public async Task DisposeAsync()
    {
        await Api.DisposeAsync();
        await _payments!.DisposeAsync();
    }

    internal ScriptedGateway Of(PaymentProvider provider) => provider is PaymentProvider.PayPal ? PayPal : Stripe;

    public ShopDbContext Open() => PostgresServer.Open(Database);

    /// <summary>A guest's order as the checkout leaves it, its charge waiting at that gateway.</summary>
    internal async Task<Order> PlaceAsync(
        PaymentProvider provider, int onHand = 10, Guid? userId = null, bool saves = false, Guid? saved = null, Guid? fallback = null, TimeSpan? hold = null,
        DateTimeOffset? dueAt = null)
    {
        await using var db = Open();
        var sku = $"sku-{Guid.NewGuid():N}"[..16];
        await Any.StockAsync(db, onHand, sku);
        var person = Any.Person();
        var cart = await Any.CartAsync(db, (sku, 1));
        var plain = Any.Order(person, cart.Id, (sku, 1));
        var order = new Order
        {
            Id = plain.Id, CheckoutKey = plain.CheckoutKey, CheckoutDigest = "any", CartId = cart.Id, PersonId = person.Id, UserId = userId,
            Reference = plain.Reference, TraceId = plain.TraceId, Currency = "EUR", TotalMinor = plain.TotalMinor, TaxMinor = plain.TaxMinor,
            PlacedAt = plain.PlacedAt, DeadlineAt = plain.DeadlineAt, Lines = plain.Lines, FallbackMethodId = fallback,
        };
        var token = provider is PaymentProvider.Stripe && saved is null ? "pm_card_visa" : null;
        var placement = await db.PlaceAsync(
            order, person, cart.Version,
            PaymentJob.Of(PaymentJobKind.Charge, order.Id, provider, order.PlacedAt, dueAt, token, savesMethod: saves, savedMethodId: saved),
            TimelineEntry.Of(order.Id, order.PlacedAt, TimelineKinds.Placed, "Order placed."), hold ?? TimeSpan.FromMinutes(10), CancellationToken.None);
        Assert.Equal(PlacementOutcome.Placed, placement.Outcome);
        await WakeAsync();
        return await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id);
    }

    /// <summary>Somebody with an account, and with something saved.</summary>
    internal async Task<(Somebody User, SavedMethod Method)> KeptAsync(PaymentProvider provider)
    {
        var user = await Api.SignedInAsync();
        var now = DateTimeOffset.UtcNow;
        var method = SavedMethod.Of(
            user.Id, provider, $"kept_{Guid.NewGuid():N}", provider is PaymentProvider.Stripe ? $"cus_{user.Id:N}" : null,
            provider is PaymentProvider.Stripe ? "Visa •4242" : "PayPal", now, now);
        await using var db = Open();
        db.Add(method);
        await db.SaveChangesAsync();
        return (user, method);
    }

    /// <summary>The shopper chooses on the order's page.</summary>
    internal Task<Answer> PayAsync(Order order, PaymentProvider provider, Guid? key = null) => Api.PostAsync(
        $"/orders/{order.Number}/payments",
        new { provider = provider.ToString().ToLowerInvariant(), paymentToken = provider is PaymentProvider.Stripe ? "pm_card_mastercard" : null },
        KeyOf(order), ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    /// <summary>The shopper is back from the gateway's page.</summary>
    internal async Task LookAsync(Order order)
    {
        var answer = await Api.PostAsync($"/orders/{order.Number}/look", null, KeyOf(order), ("Idempotency-Key", $"{Guid.NewGuid()}"));
        Assert.Equal(System.Net.HttpStatusCode.NoContent, answer.Status);
    }

    internal Task<Answer> SeeAsync(Order order) => Api.GetAsync($"/orders/{order.Number}", KeyOf(order));

    internal static (string, string?) KeyOf(Order order) => ("X-Order-Key", Any.Links.Make(LinkPurpose.Order, order.Id, DateTimeOffset.UtcNow));

    public async Task WakeAsync()
    {
        await using var db = Open();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    public Task<Order> UntilAsync(Guid orderId, PaymentState state) => UntilAsync(orderId, o => o.Payment == state, $"payment {state}");

    public Task<Order> UntilAsync(Guid orderId, Func<Order, bool> isSo, string what) =>
        PaymentsShop.UntilAsync(Database, orderId, isSo, what, () => string.Join('\n', _complaints));

    public Task UntilAsync(Func<ShopDbContext, Task<bool>> isSo, string what) => Eventually.TrueAsync(async () =>
    {
        await using var db = Open();
        return await isSo(db);
    }, () => $"{what} {string.Join('\n', _complaints)}");

    public async Task<IReadOnlyList<Failover>> FailoversAsync(Guid orderId)
    {
        await using var db = Open();
        return await db.Failovers.AsNoTracking().Where(f => f.OrderId == orderId).OrderBy(f => f.Id).ToListAsync();
    }

    public async Task<(int OnHand, int Held)> StockOfAsync(Guid orderId)
    {
        await using var db = Open();
        return await db.OrderLines.Where(l => l.OrderId == orderId)
            .Join(db.Stock, l => l.Sku, s => s.Sku, (_, s) => new ValueTuple<int, int>(s.OnHand, s.Held)).SingleAsync();
    }

    public async Task SqlAsync(FormattableString sql)
    {
        await using var db = Open();
        await db.Database.ExecuteSqlAsync(sql);
    }
}
