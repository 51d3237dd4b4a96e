using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Shop.Api.Carts;

/// <summary>Bound from <c>Carts</c>.</summary>
internal sealed class CartOptions
{
    public const string Section = "Carts";

    [Range(typeof(TimeSpan), "1.00:00:00", "365.00:00:00")] public TimeSpan Keep { get; init; } = TimeSpan.FromDays(30);
    [Range(typeof(TimeSpan), "01:00:00", "30.00:00:00")] public TimeSpan KeepRequestKeys { get; init; } = TimeSpan.FromHours(24);
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan SweepInterval { get; init; } = TimeSpan.FromHours(1);
    [Range(1, 10_000)] public int SweepBatch { get; init; } = 500;
}

/// <summary>Forgets abandoned carts and old request keys, some at a time, in one process at a time.</summary>
internal sealed class CartSweep(
    [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, IOptions<CartOptions> options, IOptions<ShopTime> time, TimeProvider clock,
    ILogger<CartSweep> logger) : BackgroundService
{
    private const long LeaseId = 0x5_40b_0001;

    // FOR UPDATE SKIP LOCKED: a cart that somebody is changing right now is not abandoned.
    private const string PurgeCarts = """
        DELETE FROM shop.carts WHERE id IN (
            SELECT id FROM shop.carts WHERE updated_at < $1 ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """;

    private const string PurgeKeys = """
        DELETE FROM shop.request_keys WHERE key IN (
            SELECT key FROM shop.request_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = time.Value.Of(options.Value.SweepInterval);
        using var timer = new PeriodicTimer(interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await SweepAsync(stoppingToken))
                {
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.CartSweepFailed(e, interval);
            }
        }
    }

    /// <returns>True when there may be more.</returns>
    internal async Task<bool> SweepAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await using (var lease = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock($1)", connection, transaction))
        {
            lease.Parameters.Add(new() { Value = LeaseId });
            if (await lease.ExecuteScalarAsync(ct) is not true)
                return false; // another replica is at it
        }

        var now = clock.GetUtcNow();
        var carts = await DeleteAsync(PurgeCarts, now - options.Value.Keep);
        var keys = await DeleteAsync(PurgeKeys, now - options.Value.KeepRequestKeys);
        await transaction.CommitAsync(ct);
        if (carts + keys > 0)
            logger.CartsPurged(carts, keys);
        return carts == options.Value.SweepBatch || keys == options.Value.SweepBatch;

        async Task<int> DeleteAsync(string sql, DateTimeOffset before)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction)
            {
                Parameters = { new() { Value = before }, new() { Value = options.Value.SweepBatch } },
            };
            return await command.ExecuteNonQueryAsync(ct);
        }
    }
}
