using Microsoft.Extensions.Options;
using Shop.Api.Catalog;
using Shop.Api.Gateways;
using Shop.Api.Orders;
using Shop.Data;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>The process's one LISTEN connection. Whenever it has been away, everybody looks again: notices may have been missed.</summary>
internal sealed class ShopListener(
    IConfiguration configuration, OrderWaiters waiters, CatalogCache catalogue, GatewayWatch gateways, IOptions<ShopTime> time,
    IOptions<Timeouts> timeouts, TimeProvider clock, ILogger<ShopListener> logger) : BackgroundService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var delay = FirstDelay;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PostgresListener.ListenAsync(
                    configuration.ShopConnectionString(), timeouts.Value.BackgroundConnect, timeouts.Value.BackgroundCommand,
                    [Notices.Orders, Notices.Catalogue, Notices.Gateways], OnListening, OnNotice, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.ListenerLost(delay, e.Message);
                await Task.Delay(time.Value.Of(delay), clock, stoppingToken);
                delay = delay < LastDelay ? delay * 2 : LastDelay;
            }
        }

        void OnListening()
        {
            delay = FirstDelay;
            logger.Listening();
            waiters.WakeAll();
            catalogue.Evict();
            gateways.Look();
        }
    }

    private void OnNotice(string channel, string payload)
    {
        if (channel == Notices.Catalogue)
            catalogue.Evict(); // one product stands on many pages: its own, its category's, home, its relatives'
        else if (channel == Notices.Gateways)
            gateways.Look();
        else if (Guid.TryParse(payload, out var orderId))
            waiters.Wake(orderId);
    }
}
