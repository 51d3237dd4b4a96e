using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>Two replicas over one database, disturbed in every way that does not kill them.</summary>
public sealed class DisturbanceTests
{
    private const int Orders = 24;

    [Fact]
    public async Task Lost_connections_and_leases_that_run_out_under_their_owners_charge_nobody_twice()
    {
        var shop = new PaymentsShop();
        await shop.InitializeAsync();
        await using var replica = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(shop.Database, shop.SimulatorUrl, shop.SmtpPort))
                host.UseSetting(key, value);
        });
        _ = replica.Services;
        await shop.FaultsAsync(new { latency = new { medianMs = 100 } });

        List<Order> orders = [];
        for (var i = 0; i < Orders; i++)
        {
            orders.Add(await shop.PlaceAsync(i % 4 == 0 ? "pm_card_visa_chargeDeclined" : "pm_card_visa", onHand: 10));
            await DisturbAsync(shop, kill: i % 3 == 0);
        }

        var polls = 0;
        await Eventually.TrueAsync(async () =>
        {
            await using var db = shop.Open();
            if (polls++ % 50 == 0)
            {
                // Time passes for leases whose owner lost its connection, and a person looks at what lost six of them.
                await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() WHERE leased_until > now()");
                await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET state = 'Waiting', leases = 0 WHERE state = 'Parked'");
            }

            return await db.Orders.CountAsync(o => o.Payment == PaymentState.Paid || o.Payment == PaymentState.Declined) == Orders
                && !await db.PaymentJobs.AnyAsync(j => j.State == JobState.Waiting);
        }, () => "not every order was settled");

        foreach (var (placed, i) in orders.Select((o, i) => (o, i)))
        {
            var (charges, charged, _, _) = await shop.LedgerAsync(placed.Id);
            var order = await shop.UntilAsync(placed.Id, _ => true, "a look");
            Assert.Equal(i % 4 == 0 ? (PaymentState.Declined, 0, 0L) : (PaymentState.Paid, 1, placed.TotalMinor), (order.Payment, charges, charged));
            Assert.Equal(i % 4 == 0 ? (10, 1) : (9, 0), await shop.StockOfAsync(placed.Id));
        }

        await using var books = shop.Open();
        Assert.Equal(Orders * 3 / 4, await books.Timeline.CountAsync(t => t.Kind == TimelineKinds.Paid));
        await shop.DisposeAsync();
    }

    private static async Task DisturbAsync(PaymentsShop shop, bool kill)
    {
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() WHERE leased_until > now() AND random() < 0.3");
        if (kill)
        {
            await db.Database.ExecuteSqlAsync($"""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name LIKE 'shop payments%' AND random() < 0.5
                """);
        }
    }
}
