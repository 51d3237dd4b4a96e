using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Simulator;

namespace Shop.Tests.Fixtures;

/// <summary>Payments and the simulator, both listening on real ports, over a database of their own. Waits are a hundredth of the real ones.</summary>
public sealed class PaymentsShop : IAsyncLifetime
{
    public const string WebhookSecret = "whsec_test_current";
    public const string PreviousWebhookSecret = "whsec_test_previous";
    public const string PayPalWebhookId = "test-webhook-id";

    private const string AnyPort = "http://127.0.0.1:0";

    private readonly (string Key, string Value)[] _but;

    public PaymentsShop() : this([])
    {
    }

    /// <param name="but">Other settings than those of the tests.</param>
    internal PaymentsShop(params (string Key, string Value)[] but) => _but = but;

    private readonly ConcurrentQueue<string> _complaints = new();
    private WebApplicationFactory<ShopSimulator>? _simulator;
    private WebApplicationFactory<ShopPayments>? _payments;

    public string Database { get; private set; } = "";
    public Uri SimulatorUrl { get; private set; } = new("http://localhost");

    /// <summary>The gateway's own address, which a refusing gateway really closes; its API is under <see cref="SimulatorUrl"/> as well.</summary>
    public string StripeUrl { get; private set; } = "";

    public string PayPalUrl { get; private set; } = "";

    public int SmtpPort { get; private set; }

    /// <summary>Talks to the simulator's own controls.</summary>
    public HttpClient Simulator { get; private set; } = new();

    /// <summary>Talks to Payments, as a gateway does.</summary>
    public HttpClient Payments { get; private set; } = new();

    public IServiceProvider Services => _payments!.Services;

    public async Task InitializeAsync()
    {
        Database = await PostgresServer.CreateDatabaseAsync();
        _simulator = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(host => host.UseUrls(AnyPort));
        _simulator.UseKestrel();
        Simulator = _simulator.CreateClient();
        SimulatorUrl = Simulator.BaseAddress!;
        var settings = (await Simulator.GetFromJsonAsync<JsonNode>("/settings"))!;
        (SmtpPort, StripeUrl, PayPalUrl) = ((int)settings["smtpPort"]!, (string)settings["stripeUrl"]!, (string)settings["payPalUrl"]!);

        _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            host.UseUrls(AnyPort);
            host.ConfigureLogging(logging => logging.AddProvider(new Complaints(_complaints)));
            foreach (var (key, value) in Settings(Database, SimulatorUrl, SmtpPort).Concat(_but))
                host.UseSetting(key, value);
            host.UseSetting("Gateways:Stripe:ApiBase", StripeUrl);
            host.UseSetting("Gateways:PayPal:ApiBase", PayPalUrl);
        });
        _payments.UseKestrel();
        Payments = _payments.CreateClient();
        await DeliverWebhooksAsync(true);
    }

    public async Task DisposeAsync()
    {
        await _payments!.DisposeAsync();
        await _simulator!.DisposeAsync();
    }

    public static IEnumerable<(string Key, string Value)> Settings(string database, Uri simulator, int smtpPort) =>
    [
        ("ConnectionStrings:shopdb", database),
        ("Links:Secret", Any.LinkSecret),
        ("Gateways:Stripe:ApiKey", "sk_test_shop"),
        ("Gateways:Stripe:ApiBase", new Uri(simulator, "/stripe").ToString()),
        ("Gateways:Stripe:WebhookSecret", WebhookSecret),
        ("Gateways:Stripe:PreviousWebhookSecret", PreviousWebhookSecret),
        ("Gateways:PayPal:ClientId", "simulator-client"),
        ("Gateways:PayPal:ClientSecret", "simulator-secret"),
        ("Gateways:PayPal:WebhookId", PayPalWebhookId),
        ("Gateways:PayPal:ApiBase", new Uri(simulator, "/paypal").ToString()),
        ("Gateways:PayPal:CertificateBase", new Uri(simulator, "/paypal/v1/notifications/certs/").ToString()),
        ("Gateways:PayPal:QuietCalls", "100"),
        ("Gateways:PayPal:BusyCalls", "1000"),
        ("Gateways:PayPal:SteadyCalls", "1000"),
        ("Timeouts:OutsideCall", "00:00:05"),
        ("Gateways:Stripe:QuietCalls", "100"), // tests that are about something else must not trip it
        ("Gateways:Stripe:BusyCalls", "1000"),
        ("Gateways:Stripe:SteadyCalls", "1000"),
        ("Payments:StorefrontUrl", "http://localhost:5000"),
        ("Payments:Queue:Poll", "00:00:10"),
        ("Payments:Periodic:Poll", "00:00:20"),
        // Tests that are about these run them; the others are not disturbed.
        ("Payments:PendingSweep:Every", "1.00:00:00"),
        ("CardTesting:ShopDeclines", "1000000"), // these decline more than any shop
        ("Payments:WebhookWatch:Every", "1.00:00:00"),
        ("Payments:Reconciliation:Every", "1.00:00:00"),
        ("Payments:Reconciliation:Grace", "00:00:00"),
        ("Shop:TimeScale", "0.01"),
        ("Timeouts:Drain", "00:00:00"),
        ("Smtp:Host", "localhost"),
        ("Smtp:Port", $"{smtpPort}"),
    ];

    public ShopDbContext Open() => PostgresServer.Open(Database);

    public Task DeliverWebhooksAsync(bool on) => PutAsync("/settings", new
    {
        webhooks = on ? new object[] { new { url = new Uri(Payments.BaseAddress!, "/webhooks/stripe").ToString(), secret = WebhookSecret } } : [],
        payPalWebhooks = on ? new object[] { new { url = new Uri(Payments.BaseAddress!, "/webhooks/paypal").ToString(), id = PayPalWebhookId } } : [],
    });

    /// <summary>One fault (refused, unavailable_503, hang, answer_lost, …), in the place of all others of that gateway.</summary>
    public Task FaultsAsync(string fault, int? count = null, string? operation = null, string gateway = "stripe") =>
        FaultsAsync(new { gateway, rules = new[] { new { fault, count, operation } } });

    /// <summary>Any mixture, as <c>PUT /faults</c> takes it, in the place of what was set before for the gateway it names (Stripe without a name).</summary>
    public Task FaultsAsync(object faults) => PutAsync("/faults", faults);

    public async Task NoFaultsAsync() => (await Simulator.DeleteAsync(new Uri("/faults", UriKind.Relative))).EnsureSuccessStatusCode();

    private async Task PutAsync(string path, object body) =>
        (await Simulator.PutAsJsonAsync(new Uri(path, UriKind.Relative), body)).EnsureSuccessStatusCode();

    /// <summary>Somebody acts at the gateway itself, past the shop.</summary>
    public async Task AtGatewayAsync(string path, params (string Key, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/stripe/v1/{path}", UriKind.Relative))
        {
            Headers = { { "Authorization", "Bearer sk_test_shop" } },
            Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Key, f.Value))),
        };
        (await Simulator.SendAsync(request)).EnsureSuccessStatusCode();
    }

    /// <summary>What really happened to the money of an order.</summary>
    public async Task<(int Charges, long ChargedMinor, long RefundedMinor, string Status)> LedgerAsync(Guid order)
    {
        var entries = (await Simulator.GetFromJsonAsync<JsonArray>(new Uri($"/ledger?order={order}", UriKind.Relative)))!;
        return (entries.Sum(e => (int)e!["charges"]!), entries.Sum(e => (long)e!["chargedMinor"]!), entries.Sum(e => (long)e!["refundedMinor"]!),
            string.Join(',', entries.Select(e => (string)e!["status"]!)));
    }

    public async Task<JsonArray> RequestsAsync(Guid order) =>
        (await Simulator.GetFromJsonAsync<JsonArray>(new Uri($"/requests?order={order}", UriKind.Relative)))!;

    /// <summary>An order as the checkout leaves it: stocked, placed, held, its charge job waiting.</summary>
    public Task<Order> PlaceAsync(string? card = "pm_card_visa", int quantity = 1, int onHand = 10, TimeSpan? hold = null, DateTimeOffset? dueAt = null) =>
        PlaceAsync(Database, card, quantity, onHand, hold, dueAt);

    /// <summary>The same, to be paid with PayPal.</summary>
    public Task<Order> PlaceAtPayPalAsync() => PlaceAsync(Database, card: null, provider: PaymentProvider.PayPal);

    public static async Task<Order> PlaceAsync(
        string database, string? card = "pm_card_visa", int quantity = 1, int onHand = 10, TimeSpan? hold = null, DateTimeOffset? dueAt = null,
        PaymentProvider provider = PaymentProvider.Stripe)
    {
        await using var db = PostgresServer.Open(database);
        var sku = $"sku-{Guid.NewGuid():N}"[..16];
        await Any.StockAsync(db, onHand, sku);
        var person = Any.Person();
        var cart = await Any.CartAsync(db, (sku, quantity));
        var order = Any.Order(person, cart.Id, (sku, quantity));
        var placement = await db.PlaceAsync(order, person, cart.Version, PaymentJob.Of(PaymentJobKind.Charge, order.Id, provider,
            order.PlacedAt, dueAt, card), TimelineEntry.Of(order.Id, order.PlacedAt, TimelineKinds.Placed, "Order placed."),
            hold ?? TimeSpan.FromMinutes(10), CancellationToken.None);
        Assert.Equal(PlacementOutcome.Placed, placement.Outcome);
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        return order;
    }

    /// <summary>The shopper enters another card, as the Api writes it down.</summary>
    public async Task PayAgainAsync(Guid orderId, string? card, PaymentProvider provider = PaymentProvider.Stripe)
    {
        await using var db = Open();
        await using var transaction = await db.Database.BeginTransactionAsync();
        var order = await db.LockOrderAsync(orderId, CancellationToken.None);
        Assert.True(order.TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow));
        db.Add(PaymentJob.Of(PaymentJobKind.Charge, orderId, provider, DateTimeOffset.UtcNow, paymentToken: card));
        await db.SaveChangesAsync();
        await transaction.CommitAsync();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    public async Task<Order> UntilAsync(Guid orderId, PaymentState state) => await UntilAsync(orderId, o => o.Payment == state, $"payment {state}");

    public Task<Order> UntilAsync(Guid orderId, Func<Order, bool> isSo, string what) => UntilAsync(Database, orderId, isSo, what, () => string.Join('\n', _complaints));

    public static async Task<Order> UntilAsync(
        string database, Guid orderId, Func<Order, bool> isSo, string what, Func<string>? complaints = null)
    {
        Order? order = null;
        await Eventually.TrueAsync(async () =>
        {
            await using var db = PostgresServer.Open(database);
            order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == orderId);
            return isSo(order);
        }, () => $"order {orderId} never had {what}; it is {order?.Payment}, reason {order?.Reason} {complaints?.Invoke()}");
        return order!;
    }

    public Task UntilAsync(Func<ShopDbContext, Task<bool>> isSo, string what) => Eventually.TrueAsync(async () =>
    {
        await using var db = Open();
        return await isSo(db);
    }, () => what);

    public async Task<(int OnHand, int Held)> StockOfAsync(Guid orderId)
    {
        await using var db = Open();
        return await db.OrderLines.Where(l => l.OrderId == orderId)
            .Join(db.Stock, l => l.Sku, s => s.Sku, (_, s) => new ValueTuple<int, int>(s.OnHand, s.Held)).SingleAsync();
    }

    /// <summary>Time passes for one order: what it holds has expired.</summary>
    public async Task ExpireHoldAsync(Guid orderId)
    {
        await using var db = Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_holds SET expires_at = now() - interval '1 second' WHERE order_id = {orderId}");
    }

    public async Task PassDeadlineAsync(Guid orderId)
    {
        await using var db = Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() - interval '1 second' WHERE id = {orderId}");
    }
}

/// <summary>The last errors a host logged, for the message of a test that waits in vain.</summary>
internal sealed class Complaints(ConcurrentQueue<string> last) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        last.Enqueue($"{formatter(state, exception)} {exception}");
        while (last.Count > 5)
            last.TryDequeue(out _);
    }

    public void Dispose()
    {
    }
}

/// <summary>The shopper at the bank's page.</summary>
internal static class ThreeDSecure
{
    public static async Task AnswerAsync(string actionUrl, bool agrees)
    {
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var form = new FormUrlEncodedContent([new("decision", agrees ? "approve" : "refuse")]);
        var answer = await browser.PostAsync(new Uri(actionUrl), form);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
    }
}

/// <summary>The shopper at PayPal's approval page.</summary>
internal static class PayPalPage
{
    /// <param name="approvalUrl">The order's approve link.</param>
    /// <param name="source">balance, bank, declined, review, echeck, restricted, refund-later, refund-fails or disputed.</param>
    /// <returns>Where PayPal sends the shopper, with its token and PayerID.</returns>
    public static async Task<Uri> AnswerAsync(string approvalUrl, bool agrees = true, string source = "balance", bool remembers = false)
    {
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var form = new FormUrlEncodedContent([new("decision", agrees ? "agree" : "cancel"), new("source", source), .. remembers ? [new("remember", "on")] : Array.Empty<KeyValuePair<string, string>>()]);
        var answer = await browser.PostAsync(new Uri(approvalUrl), form);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return answer.Headers.Location!;
    }
}

/// <summary>Polls with a limit.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task TrueAsync(Func<Task<bool>> isSo, Func<string> otherwise)
    {
        var limit = System.Diagnostics.Stopwatch.StartNew();
        while (!await isSo())
        {
            if (limit.Elapsed > Limit)
                Assert.Fail(otherwise());
            await Task.Delay(25);
        }
    }
}

/// <summary>One shop for the tests that only need a running one; they follow one another, because the simulator's faults are for everybody.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPaymentsShop : ICollectionFixture<PaymentsShop>
{
    public const string Name = "payments";
}
