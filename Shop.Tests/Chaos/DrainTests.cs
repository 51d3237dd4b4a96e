using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api;
using Shop.Tests.Fixtures;
using Shop.Web;
using Shop.Web.Carts;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Xunit.Abstractions;

namespace Shop.Tests.Chaos;

/// <summary>A deploy: two replicas of the Api are replaced one after the other while the storefront's clients read and order.</summary>
public sealed class DrainTests(ITestOutputHelper output)
{
    private const string Sku = "drained";
    private const int Readers = 4;
    private const int Buyers = 3;

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentQueue<long> _orders = new();
    private int _reads;

    [Fact]
    public async Task Two_replicas_are_replaced_under_load_and_no_request_fails_and_no_order_is_doubled()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await Any.StockAsync(db, 1_000_000, Sku);
        int[] ports = [PostgresServer.FreePort(), PostgresServer.FreePort()];
        ServiceProcess[] replicas = [Start(database, ports[0]), Start(database, ports[1])];
        await using var web = new WebApplicationFactory<ShopWeb>().WithWebHostBuilder(host =>
        {
            host.UseSetting("HostedFields:Url", "http://cards.test").UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            host.UseSetting("services:api:http:0", $"http://127.0.0.1:{ports[0]}").UseSetting("services:api:http:1", $"http://127.0.0.1:{ports[1]}");
            foreach (var (key, value) in ApiHost.PatientDatabase)
                host.UseSetting(key, value);
        });
        try
        {
            await ReadyAsync(replicas[0], ports[0]);
            await ReadyAsync(replicas[1], ports[1]);
            using var end = new CancellationTokenSource();
            Task[] load =
            [
                .. Enumerable.Range(0, Readers).Select(_ => ReadAsync(web.Services, end.Token)),
                .. Enumerable.Range(0, Buyers).Select(_ => BuyAsync(web.Services, end.Token)),
            ];

            for (var i = 0; i < 2; i++)
            {
                await GoesOnAsync();
                replicas[i].Terminate();
                Assert.Equal(0, await replicas[i].EndAsync());
                await GoesOnAsync(); // on the other one alone
                replicas[i].Dispose();
                replicas[i] = Start(database, ports[i]);
                await ReadyAsync(replicas[i], ports[i]);
            }

            await GoesOnAsync();
            await end.CancelAsync();
            await Task.WhenAll(load);
        }
        finally
        {
            foreach (var replica in replicas)
                replica.Dispose();
        }

        output.WriteLine($"{_reads} reads, {_orders.Count} orders");
        Assert.Empty(_failures);
        Assert.Equal(_orders.Count, _orders.Distinct().Count());
        Assert.Equal(_orders.Order(), await db.Orders.Select(o => o.Number).OrderBy(n => n).ToListAsync());
    }

    private static ServiceProcess Start(string database, int port) => ServiceProcess.Start<ShopApi>(
    [
        .. ApiHost.PatientDatabase, ("ConnectionStrings:shopdb", database), ("Links:Secret", Any.LinkSecret), ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}"),
        ("Timeouts:Drain", "00:00:01"), ("Timeouts:Outcome", "00:00:00.050"), ("RateLimits:Lifted", "true"), ("Connections:ApiReplicas", "2"),
    ]);

    private static async Task ReadyAsync(ServiceProcess replica, int port)
    {
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return (await http.GetAsync(new Uri($"http://127.0.0.1:{port}/ready"))).StatusCode == HttpStatusCode.OK;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, () => $"A replica never became ready. {replica.Output}");
    }

    /// <summary>Until everybody has done something since.</summary>
    private Task GoesOnAsync()
    {
        var (reads, orders) = (Volatile.Read(ref _reads), _orders.Count);
        return Eventually.TrueAsync(
            () => Task.FromResult(Volatile.Read(ref _reads) > reads + 100 && _orders.Count > orders + 10), () => string.Join('\n', _failures.Take(5)));
    }

    private async Task ReadAsync(IServiceProvider web, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await using var scope = web.CreateAsyncScope();
            var found = await scope.ServiceProvider.GetRequiredService<CatalogClient>().GetAvailabilityAsync(Sku, CancellationToken.None);
            if (found.Value is null)
                _failures.Enqueue($"read: missing {found.IsMissing}, unreachable {found.IsUnreachable}");
            Interlocked.Increment(ref _reads);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private async Task BuyAsync(IServiceProvider web, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            await using var scope = web.CreateAsyncScope();
            var added = await scope.ServiceProvider.GetRequiredService<CartClient>().AddAsync(null, Sku, 1, CancellationToken.None);
            if (added.Value is not { Token: { } token } cart)
            {
                _failures.Enqueue($"cart: {added.Problem}");
                continue;
            }

            var placed = await scope.ServiceProvider.GetRequiredService<CheckoutClient>().PlaceAsync(
                new CheckoutForm
                {
                    Email = "guest@example.org", Name = "A Guest", Line1 = "Street 1", PostalCode = "10115", City = "Berlin", PaymentToken = "pm_card_visa",
                    CartVersion = cart.Version, TotalMinor = cart.TotalMinor,
                }, token, CancellationToken.None);
            if (placed.Value is { } order)
                _orders.Enqueue(order.Number);
            else
                _failures.Enqueue($"checkout: {placed.Problem}");
        }
    }
}
