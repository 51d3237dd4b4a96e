using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

/// <summary>Makes a shopper known at a gateway that keeps methods for customers of its own: once, and only for those who want something kept.</summary>
internal sealed class GatewayCustomers(
    IDbContextFactory<ShopDbContext> contexts, GatewayKeys keys, GatewayCalls gateways, IOptions<Timeouts> timeouts, TimeProvider clock)
{
    /// <returns>Null when it can't be had now: the order is paid all the same, and nothing is kept.</returns>
    public async Task<string?> CreateAsync(PaymentJob job, Order order, CancellationToken ct)
    {
        if (order.UserId is not { } user || await keys.WriteAsync(job, job.Provider, user, ct) is not { } key)
            return null;

        var asked = await gateways.AskAsync(
            job.Provider, GatewayOperation.Customer, key.Key, null, (g, token) => g.CreateCustomerAsync(key.Key, user, token), ct);
        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        return await contexts.TransactAsync(async db =>
        {
            Books.File(db, job, [asked], proof: null);
            await db.SaveChangesAsync(recording.Token);
            if (asked.Answer is not GatewayAnswer.Created { Id: var id })
                return null;
            // Two orders at once may have made two: both use the one that was first here.
            return (await db.Database.SqlQuery<string>($"""
                INSERT INTO payments.gateway_customers AS c (user_id, provider, customer_id, created_at)
                VALUES ({user}, {job.Provider.ToString()}, {id}, {clock.GetUtcNow()})
                ON CONFLICT (user_id, provider) DO UPDATE SET customer_id = c.customer_id RETURNING c.customer_id AS "Value"
                """).ToListAsync(recording.Token)).Single();
        }, recording.Token);
    }
}
