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
    [Theory]
    [InlineData("truncated")]
    [InlineData("too long")]
    [InlineData("elsewhere")]
    public async Task A_body_that_ends_too_early_or_is_absurd_and_an_answer_that_points_elsewhere_are_unknown(string kind)
    {
        const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n";
        await using var server = new ScriptedServer(Reply.Raw(kind switch
        {
            "truncated" => Head + "Content-Length: 5000\r\n\r\n{\"id\":\"pi_1\",\"status\":\"succeeded\"",
            "too long" => Head + "Content-Length: 9000000\r\n\r\n<html>",
            _ => "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        }));
        await using var payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in PaymentsShop.Settings("Host=127.0.0.1;Port=1;Database=none", new Uri(server.Address), 1))
                host.UseSetting(key, value);
        });
        var gateway = payments.Services.GetRequiredKeyedService<IPaymentGateway>(PaymentProvider.Stripe);

        var confirmed = await gateway.ConfirmAsync("order:1:confirm:1", "pi_1", new("pm_card_visa", "http://localhost/orders/1"), ApiHost.Ct);

        Assert.True(Assert.IsType<GatewayAnswer.Unknown>(confirmed).IsFault);
        Assert.Single(server.Calls);
    }

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
