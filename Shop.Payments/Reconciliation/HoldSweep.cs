using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;

namespace Shop.Payments.Reconciliation;

internal sealed class HoldSweepOptions
{
    public const string Section = "Payments:HoldSweep";

    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(30);
    [Range(1, 10_000)] public int Batch { get; init; } = 100;
}

/// <summary>
/// Finds the orders whose time ran out and asks for their closing. It releases nothing itself: the goods go back when the gateway has
/// canceled. An order whose payment is in flight or unknown keeps its goods until the deadline; longer only one with a confirm that nothing
/// can call off.
/// </summary>
internal sealed class HoldSweep(
    IDbContextFactory<ShopDbContext> contexts, WorkSignal signal, GatewayCalls gateways, IOptions<HoldSweepOptions> options, TimeProvider clock,
    ILogger<HoldSweep> logger)
{
    private const long SweepLock = 0x53686F7053776570; // two replicas would otherwise ask twice

    /// <returns>How many orders it asked to close.</returns>
    internal async Task<int> SweepAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        var count = await contexts.TransactAsync(db => AskToCloseAsync(db, ct), ct);
        if (count > 0)
        {
            logger.HoldsExpired(count);
            signal.Raise();
        }

        return count;
    }

    private async Task<int> AskToCloseAsync(ShopDbContext db, CancellationToken ct)
    {
        // In a statement of its own: the next one then sees what the replica before us has written.
        if (await db.Database.SqlQuery<bool>($"""SELECT pg_try_advisory_xact_lock({SweepLock}) AS "Value" """).SingleAsync(ct) is false)
            return 0;

        // By way of the holds: there are few, while orders are kept for years. Every order that is still open has one.
        var orders = await db.Database.SqlQuery<Guid>($"""
            SELECT h.order_id AS "Value" FROM shop.stock_holds h JOIN shop.orders o ON o.id = h.order_id
            WHERE (o.payment IN ('None', 'Declined', 'ActionNeeded', 'Deferred') OR (o.payment IN ('InFlight', 'Unknown') AND o.deadline_at <= now()))
              AND NOT EXISTS (SELECT FROM payments.payment_jobs j
                  WHERE j.order_id = o.id AND (j.state = 'Waiting' OR (j.state = 'Parked' AND j.kind = 'Close')))
              AND NOT EXISTS (SELECT FROM payments.payment_intents i
                  WHERE i.order_id = o.id AND i.confirm_open AND i.provider = ANY ({gateways.OnlyByConfirm})) -- only its answer ends that one
            GROUP BY h.order_id HAVING max(h.expires_at) <= now() OR min(o.deadline_at) <= now()
            ORDER BY max(h.expires_at) LIMIT {options.Value.Batch}
            """).ToListAsync(ct);

        var now = clock.GetUtcNow();
        foreach (var order in orders)
        {
            var provider = await db.Orders.Where(o => o.Id == order).Select(o => o.Provider).FirstOrDefaultAsync(ct);
            db.PaymentJobs.Add(PaymentJob.Of(PaymentJobKind.Close, order, provider ?? PaymentProvider.Stripe, now));
            db.Timeline.Add(TimelineEntry.Of(order, now, TimelineKinds.HoldExpired, "The reservation of the items ended.", Reasons.NotConfirmedInTime));
        }

        return orders.Count;
    }
}

internal static class HoldSweepExtensions
{
    public static void AddHoldSweep(this IServiceCollection services)
    {
        services.AddOptions<HoldSweepOptions>().BindConfiguration(HoldSweepOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<HoldSweep>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.HoldSweep, sp.GetRequiredService<IOptions<HoldSweepOptions>>().Value.Every, TimeSpan.FromSeconds(15),
            async (_, ct) => await sp.GetRequiredService<HoldSweep>().SweepAsync(ct) is > 0 and var count ? $"{count} orders to close" : "nothing to close"));
    }
}
