using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;

namespace Shop.Payments.Webhooks;

internal sealed class WebhookWatchOptions
{
    public const string Section = "Payments:WebhookWatch";

    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan Every { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after the payment its event may come without anybody wondering.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>In one run, and as many of what earlier ones left. What is left then is the next one's, and until there is none no run counts as a success.</summary>
    [Range(1, 1000)] public int MaxPages { get; init; } = 20;

    [Range(1, 10_000)] public int Batch { get; init; } = 500;
}

/// <summary>
/// Notices that an event did not come, and fetches it. A payment does not need its event, the worker has its answer: but an endpoint that is
/// dead or wrong must show before the day on which somebody needs it.
/// </summary>
internal sealed class WebhookWatch(
    IDbContextFactory<ShopDbContext> contexts, [FromKeyedServices(Database.Intake)] NpgsqlDataSource intake, IServiceProvider services, WorkSignal signal,
    IOptions<WebhookWatchOptions> options, WatchTelemetry telemetry, Pace pace, TimeProvider clock,
    ILogger<WebhookWatch> logger)
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30); // by the gateway
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(15);
    private const string StripesSucceeded = "payment_intent.succeeded";
    private const string PayPalsSucceeded = "PAYMENT.CAPTURE.COMPLETED";

    // The gateway tells the newest first: what one run did not come to lies behind this. Another replica begins anew, which only costs time.
    private readonly Dictionary<PaymentProvider, Left> _left = [];

    private sealed record Left(DateTimeOffset From, DateTimeOffset To, string After);

    private sealed record Missing(Guid OrderId, string Type, DateTimeOffset ExpectedBy);

    private sealed record Arrived(Guid OrderId, string Type, DateTimeOffset ExpectedBy, DateTimeOffset ArrivedAt, bool WasFetched);

    internal async Task<string> WatchAsync(DateTimeOffset? lastSuccess, CancellationToken ct)
    {
        var fetched = 0;
        Exception? failed = null;
        try
        {
            fetched = await FetchAsync(lastSuccess, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            failed = e; // what is missing is noted all the same
        }

        var missing = await NoteMissingAsync(lastSuccess, ct);
        var arrived = await NoteArrivedAsync(ct);
        return failed is null
            ? $"{missing} missing, {arrived} came after all, {fetched} fetched"
            : throw new InvalidOperationException("The gateway's events could not all be read.", failed);
    }

    /// <returns>How many events had not come in time.</returns>
    internal async Task<int> NoteMissingAsync(DateTimeOffset? lastSuccess, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var patience = pace.Of(options.Value.Patience);
        // Whatever was paid while nobody watched, and an hour in any case.
        var from = (lastSuccess is { } last && last < now - TimeSpan.FromHours(1) ? last : now - TimeSpan.FromHours(1)) - patience - Overlap;
        var until = now - patience;
        var noted = await contexts.TransactAsync(async db =>
        {
            var missing = await db.Database.SqlQuery<Missing>($"""
                INSERT INTO payments.webhook_gaps (order_id, type, expected_by, noticed_at)
                SELECT o.id, t.type, o.paid_at + {patience}, {now}
                FROM shop.orders o JOIN payments.payment_intents i ON i.order_id = o.id
                CROSS JOIN LATERAL (SELECT CASE i.provider WHEN 'PayPal' THEN {PayPalsSucceeded} ELSE {StripesSucceeded} END AS type) t
                WHERE o.paid_at >= {from} AND o.paid_at <= {until} AND i.gateway_id IS NOT NULL
                  -- of two gateways that were tried, the one that charged
                  AND i.provider = coalesce((SELECT a.provider FROM payments.payment_attempts a WHERE a.order_id = o.id AND a.class = 'charged'
                      ORDER BY a.at LIMIT 1), i.provider)
                  AND NOT EXISTS (SELECT FROM payments.webhook_receipts r
                      WHERE r.intent_id = i.gateway_id AND r.provider = i.provider AND r.type = t.type AND r.fetched_at IS NULL)
                  AND NOT EXISTS (SELECT FROM payments.webhook_gaps g WHERE g.order_id = o.id AND g.type = t.type)
                LIMIT {options.Value.Batch} ON CONFLICT DO NOTHING
                RETURNING order_id AS "OrderId", type AS "Type", expected_by AS "ExpectedBy"
                """).ToListAsync(ct);
            foreach (var gap in missing)
            {
                db.Timeline.Add(TimelineEntry.Of(
                    gap.OrderId, now, TimelineKinds.WebhookMissing, $"Webhook {gap.Type} expected by {Time(gap.ExpectedBy)}, not seen.", forShopper: false));
            }

            return missing.Count;
        }, ct);
        if (noted > 0)
        {
            telemetry.WebhooksMissing(noted);
            logger.WebhooksMissing(noted);
        }

        return noted;
    }

    private Task<int> NoteArrivedAsync(CancellationToken ct) => contexts.TransactAsync(async db =>
    {
        var now = clock.GetUtcNow();
        var arrived = await db.Database.SqlQuery<Arrived>($"""
            UPDATE payments.webhook_gaps g SET arrived_at = r.received_at
            FROM payments.payment_intents i JOIN payments.webhook_receipts r ON r.intent_id = i.gateway_id AND r.provider = i.provider
            WHERE g.arrived_at IS NULL AND g.noticed_at > {now - Kept} AND i.order_id = g.order_id AND r.type = g.type
            RETURNING g.order_id AS "OrderId", g.type AS "Type", g.expected_by AS "ExpectedBy", r.received_at AS "ArrivedAt", r.fetched_at IS NOT NULL AS "WasFetched"
            """).ToListAsync(ct);
        foreach (var gap in arrived)
        {
            db.Timeline.Add(TimelineEntry.Of(gap.OrderId, now, TimelineKinds.WebhookLate, gap.WasFetched
                ? $"Webhook {gap.Type} was fetched from the gateway at {Time(gap.ArrivedAt)}."
                : $"Webhook {gap.Type} came after all at {Time(gap.ArrivedAt)}, expected by {Time(gap.ExpectedBy)}.", forShopper: false));
        }

        return arrived.Count;
    }, ct);

    /// <returns>How many there were that we did not have.</returns>
    internal async Task<int> FetchAsync(DateTimeOffset? lastSuccess, CancellationToken ct)
    {
        var fetched = 0;
        ExceptionDispatchInfo? failed = null;
        foreach (var provider in Enum.GetValues<PaymentProvider>().Where(services.HasGateway))
        {
            try
            {
                fetched += await FetchAsync(provider, lastSuccess, ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                failed ??= ExceptionDispatchInfo.Capture(e); // the other gateway's events are fetched all the same
            }
        }

        failed?.Throw();
        return fetched;
    }

    /// <exception cref="InvalidOperationException">There are more than one run may read. What was read is kept, and the next run goes on.</exception>
    private async Task<int> FetchAsync(PaymentProvider provider, DateTimeOffset? lastSuccess, CancellationToken ct)
    {
        var books = services.GetRequiredKeyedService<IGatewayBooks>(provider);
        var now = clock.GetUtcNow();
        var from = (lastSuccess ?? now - TimeSpan.FromDays(1)) - pace.Of(options.Value.Patience) - Overlap;
        if (from < now - Kept)
            from = now - Kept;
        // Younger ones may be on their way. One second more: the gateway counts in whole ones.
        var to = now - pace.Of(options.Value.Patience) + TimeSpan.FromSeconds(1);
        var fetched = 0;
        var isAll = true;
        try
        {
            if (_left.Remove(provider, out var left))
            {
                isAll = await ReadAsync(left.From, left.To, left.After); // forgotten when it fails: it may be a cursor that the gateway no longer knows
                from = left.To - Overlap;
            }

            isAll = isAll && await ReadAsync(from, to, null);
        }
        finally
        {
            if (fetched > 0)
            {
                telemetry.EventsFetched(fetched);
                logger.EventsFetched(fetched);
                signal.Raise();
            }
        }

        return isAll ? fetched : throw new InvalidOperationException($"{fetched} events were fetched, and there are more.");

        async Task<bool> ReadAsync(DateTimeOffset start, DateTimeOffset end, string? after) // false: there is more
        {
            for (var page = 0; page < options.Value.MaxPages; page++)
            {
                var (events, next) = await books.MissedAsync(start, end, after, ct);
                foreach (var missed in events)
                {
                    if (await WebhookIntake.StoreAsync(intake, provider, missed.Id, missed.Type, missed.IntentId, missed.Payload, now, isFetched: true, ct))
                        fetched++;
                }

                if (next is null)
                    return true;
                after = next;
            }

            _left[provider] = new(start, end, after!);
            return false;
        }
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

internal static class WebhookWatchExtensions
{
    public static void AddWebhookWatch(this IServiceCollection services)
    {
        services.AddOptions<WebhookWatchOptions>().BindConfiguration(WebhookWatchOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<WebhookWatch>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.WebhookWatch, sp.GetRequiredService<IOptions<WebhookWatchOptions>>().Value.Every, TimeSpan.FromMinutes(1),
            (lastSuccess, ct) => sp.GetRequiredService<WebhookWatch>().WatchAsync(lastSuccess, ct)));
    }
}
