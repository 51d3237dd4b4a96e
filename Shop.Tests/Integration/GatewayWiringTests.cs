using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class GatewayWiringTests
{
    [Fact]
    public async Task Below_the_queue_nothing_repeats_a_confirm()
    {
        var calls = 0;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref calls);
                await client.GetStream().ReadAtLeastAsync(new byte[16], 16); // takes it, and is gone: charged or not?
            }
        });
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(database, new Uri($"http://{listener.LocalEndpoint}"), 1))
                host.UseSetting(key, value);
        });
        var gateway = payments.Services.GetRequiredKeyedService<IPaymentGateway>(PaymentProvider.Stripe); // as it is registered

        // Not a read: SocketsHttpHandler itself asks again, up to three times, where no body was sent, and that is none of ours to forbid.
        var confirmed = await gateway.ConfirmAsync("order:1:confirm:1", "pi_1", new("pm_card_visa", "http://localhost/orders/1"), ApiHost.Ct);

        Assert.IsType<GatewayAnswer.Unknown>(confirmed);
        Assert.Equal(1, calls);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }
}
