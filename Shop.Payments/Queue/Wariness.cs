using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <summary>
/// A second look, just before the confirm, at a charge that came from where something was declined lately: a hundred cards sent at once
/// were all asked for before the first of them was declined. Here the card itself is known too, by whoever and from wherever it is entered;
/// one that is entered from a fresh address each time looks innocent each time, so while the whole shop sees many declines every charge is
/// looked at. Otherwise a charge that nothing speaks against costs nothing.
/// </summary>
internal sealed class Wariness(
    IDbContextFactory<ShopDbContext> contexts, GatewayCalls gateways, IOptions<CardTestingOptions> options, PaymentTelemetry telemetry,
    TimeProvider clock, ILogger<Wariness> logger)
{
    private sealed record ShopCount(bool IsHigh, DateTimeOffset At);

    private volatile ShopCount _shop = new(false, DateTimeOffset.MinValue);

    /// <returns>True when too much was declined: this one is not tried.</returns>
    /// <param name="method">The gateway's token for what is to be charged; null where the shopper has still to choose it there.</param>
    public async Task<bool> RefusesAsync(PaymentJob job, string? method, CancellationToken ct)
    {
        if (options.Value.Lifted || !(job.Wary || await IsShopTestedAsync(ct)))
            return false;

        var now = clock.GetUtcNow();
        var bySource = Velocity.Of(await CountAsync(job, now, ct), options.Value, now);
        if (bySource is { Tier: VelocityTier.Refused, By: { } source })
        {
            await KeepAsync(job, source.Kind, source.Hash, source.Declines, ct);
            return true;
        }

        if (method is not { } token || job.Provider is not PaymentProvider.Stripe)
            return false; // no card of which we could know anything

        if (await CardOfAsync(job, token, ct) is not { } card)
            return false; // nothing is known against it
        var since = now - options.Value.CardWindow;
        int declines, charges;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            var seen = await db.PaymentAttempts.Where(a => a.CardFingerprint == card && a.At > since
                    && (a.Class == "charged" || a.Class == "not_charged" || a.Class == "awaits_card")).Select(a => new { a.OrderId, a.Operation, a.Class, a.Reason })
                .ToListAsync(ct);
            var declined = seen.Where(a => a.Reason is { } reason && ChargeSources.Declines.Contains(reason)).ToList();
            var confirms = declined.Where(a => a is { Operation: "confirm", Class: "not_charged" }).Select(a => a.OrderId).ToList();
            // A failure at the shopper's bank is only read, perhaps twice; but so is the answer to a confirm, by its webhook.
            declines = confirms.Count + declined.Where(a => a.Class is "awaits_card").Select(a => a.OrderId).Distinct().Except(confirms).Count();
            charges = seen.Where(a => a.Class is "charged").Select(a => a.OrderId).Distinct().Count();
        }

        if (declines < options.Value.RefuseCard || declines < options.Value.Ratio * (declines + charges))
            return false;

        await KeepAsync(job, SourceKind.Card, Convert.FromHexString(card)[..16], declines, ct);
        return true;
    }

    /// <summary>Read at the gateway once for a charge, however often that is leased; null while it can't be read.</summary>
    private async Task<string?> CardOfAsync(PaymentJob job, string token, CancellationToken ct)
    {
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            if (await db.PaymentAttempts.Where(a => a.OrderId == job.OrderId && a.JobId == job.Id && a.Class == "method_read")
                .Select(a => new { a.CardFingerprint }).FirstOrDefaultAsync(ct) is { } read)
                return read.CardFingerprint;
        }

        var asked = await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, token, (g, cancel) => g.ReadMethodAsync(token, cancel), ct);
        await using var books = await contexts.CreateDbContextAsync(ct);
        books.PaymentAttempts.Add(asked.ToAttempt(job.OrderId, job.Id));
        await books.SaveChangesAsync(ct);
        return asked.Answer.Facts.Card?.Fingerprint;
    }

    /// <summary>Several may count at once when the time has come; they find the same.</summary>
    private async Task<bool> IsShopTestedAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (_shop is { } known && now - known.At < options.Value.ShopCountedEvery)
            return known.IsHigh;

        var since = TimeOrderedId.FirstAt(now - options.Value.ShopWindow);
        await using var db = await contexts.CreateDbContextAsync(ct);
        // A range of the primary key, and no more rows than decide.
        var declines = await db.PaymentAttempts.Where(a => a.Id >= since && ChargeSources.Declines.Contains(a.Reason)
                && ((a.Operation == "confirm" && a.Class == "not_charged") || (a.Class == "awaits_card" && a.Reason == Reasons.AuthenticationFailed)))
            .OrderByDescending(a => a.Id).Take(options.Value.ShopDeclines).CountAsync(ct);
        var isHigh = declines >= options.Value.ShopDeclines;
        if (isHigh != _shop.IsHigh)
            logger.EveryCardLookedAt(isHigh, declines, options.Value.ShopWindow);
        _shop = new(isHigh, now);
        return isHigh;
    }

    private async Task<IReadOnlyList<SourceCount>> CountAsync(PaymentJob job, DateTimeOffset now, CancellationToken ct)
    {
        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        batch.BatchCommands.Add(ChargeSources.CountOfJob(job.Id, now - options.Value.Window));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        return await ChargeSources.ReadAsync(reader, ct);
    }

    private async Task KeepAsync(PaymentJob job, SourceKind kind, byte[] hash, int declines, CancellationToken ct)
    {
        logger.CardTestingRefused(job.OrderId, kind, declines);
        telemetry.CardTestingRefused(kind);
        var now = clock.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(ct);
        db.VelocityEvents.Add(new VelocityEvent
        {
            Id = Guid.CreateVersion7(now), Tier = VelocityTier.Refused, Kind = kind, Hash = hash, Declines = declines, At = now,
        });
        await db.SaveChangesAsync(ct);
    }
}

internal sealed class SourcePurge(IDbContextFactory<ShopDbContext> contexts, IOptions<CardTestingOptions> options, TimeProvider clock)
{
    private const int Batch = 1000;

    /// <summary>Where charges came from says nothing any more after some days, and is kept no longer.</summary>
    internal async Task<string> PurgeAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        var before = clock.GetUtcNow() - options.Value.Keep;
        await using var db = await contexts.CreateDbContextAsync(ct);
        var (deleted, all) = (0, 0);
        do
        {
            deleted = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM payments.charge_sources WHERE (job_id, kind) IN (
                    SELECT job_id, kind FROM payments.charge_sources WHERE at < {before} ORDER BY at LIMIT {Batch} FOR UPDATE SKIP LOCKED)
                """, ct);
            all += deleted;
        }
        while (deleted == Batch);

        do
        {
            // By the key: the id is the time, and there is no index on the column.
            deleted = await db.Database.ExecuteSqlAsync($"""
                DELETE FROM payments.velocity_events WHERE id IN (
                    SELECT id FROM payments.velocity_events WHERE id < {TimeOrderedId.FirstAt(before)} ORDER BY id LIMIT {Batch} FOR UPDATE SKIP LOCKED)
                """, ct);
        }
        while (deleted == Batch);

        return $"{all} sources of charges forgotten";
    }
}
