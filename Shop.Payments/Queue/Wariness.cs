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
/// were all asked for before the first of them was declined. Here the card itself is known too, by whoever and from wherever it is entered.
/// A charge that nothing speaks against costs nothing.
/// </summary>
internal sealed class Wariness(
    IDbContextFactory<ShopDbContext> contexts, GatewayCalls gateways, IOptions<CardTestingOptions> options, PaymentTelemetry telemetry,
    TimeProvider clock, ILogger<Wariness> logger)
{
    /// <returns>True when too much was declined: this one is not tried.</returns>
    public async Task<bool> RefusesAsync(PaymentJob job, CancellationToken ct)
    {
        if (!job.Wary || options.Value.Lifted)
            return false;

        var now = clock.GetUtcNow();
        var bySource = Velocity.Of(await CountAsync(job, now, ct), options.Value, now);
        if (bySource is { Tier: VelocityTier.Refused, By: { } source })
        {
            await KeepAsync(job, source.Kind, source.Hash, source.Declines, ct);
            return true;
        }

        if (job.PaymentToken is not { } token)
            return false;
        var asked = await gateways.AskAsync(job.Provider, GatewayOperation.Read, null, token, (g, cancel) => g.ReadMethodAsync(token, cancel), ct);
        await using var db = await contexts.CreateDbContextAsync(ct);
        db.PaymentAttempts.Add(asked.ToAttempt(job.OrderId, job.Id));
        await db.SaveChangesAsync(ct);
        if (asked.Answer.Facts.Card?.Fingerprint is not { } card)
            return false; // nothing is known against it
        var since = now - options.Value.CardWindow;
        var seen = await db.PaymentAttempts.Where(a => a.CardFingerprint == card && a.At > since && a.Operation == "confirm").GroupBy(a => 1).Select(g => new
        {
            Declines = g.Count(a => a.Class == "not_charged" && ChargeSources.Declines.Contains(a.Reason)), Charges = g.Count(a => a.Class == "charged"),
        }).SingleOrDefaultAsync(ct);
        if (seen is not { Declines: var declines } || declines < options.Value.RefuseCard || declines < options.Value.Ratio * (declines + seen.Charges))
            return false;

        await KeepAsync(job, SourceKind.Card, Convert.FromHexString(card)[..16], declines, ct);
        return true;
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

        await db.VelocityEvents.Where(v => v.At < before).ExecuteDeleteAsync(ct);
        return $"{all} sources of charges forgotten";
    }
}
