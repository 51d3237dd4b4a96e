using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

/// <summary>How often a payment waits for Postgres. The figures are a budget: whoever needs more has to say so here.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class RoundTripTests(PaymentsShop shop, ITestOutputHelper output) : IAsyncLifetime
{
    private string _database = "";
    private RoundTripMeter _meter = null!;
    private WebApplicationFactory<ShopPayments> _payments = null!;

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        _database = await PostgresServer.CreateDatabaseAsync();
        _meter = RoundTripMeter.Before(_database);
        _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(_meter.ConnectionString, shop.SimulatorUrl, shop.SmtpPort))
                host.UseSetting(key, value);
            host.ConfigureTestServices(WithoutLoops);
        });
    }

    public async Task DisposeAsync()
    {
        await _payments.DisposeAsync();
        await _meter.DisposeAsync();
    }

    /// <summary>Nobody works here but the test.</summary>
    private static void WithoutLoops(IServiceCollection services)
    {
        foreach (var loop in services.Where(s => s.ServiceType == typeof(IHostedService)
            && (s.ImplementationType ?? s.ImplementationFactory?.Method.DeclaringType)?.Assembly == typeof(ShopPayments).Assembly).ToArray())
            services.Remove(loop);
    }

    [Theory]
    [InlineData("pm_card_visa", PaymentState.Paid, 14)]
    [InlineData("pm_card_visa_chargeDeclined", PaymentState.Declined, 13)]
    [InlineData("pm_card_authenticationRequired", PaymentState.ActionNeeded, 13)]
    public async Task A_charge_waits_for_the_database_no_more_often_than_it_has_to(string card, PaymentState expected, int budget)
    {
        List<int> needed = [];
        for (var i = 0; i < 4; i++) // the first opens the connections, and a write that the network splits counts twice
        {
            var before = _meter.Count;
            await ChargeAsync(card, expected);
            needed.Add(_meter.Count - before);
        }

        output.WriteLine($"{expected}: {string.Join(", ", needed)} round trips");
        Assert.InRange(needed.Min(), 1, budget);
    }

    private async Task ChargeAsync(string card, PaymentState expected)
    {
        var placed = await PaymentsShop.PlaceAsync(_database, card);
        var leased = await _payments.Services.GetRequiredService<PaymentQueue>().LeaseAsync(1, [], CancellationToken.None);
        await _payments.Services.GetRequiredService<ChargeHandler>().HandleAsync(Assert.Single(leased), CancellationToken.None);
        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment == expected, $"{expected}");
    }
}
