using Microsoft.Extensions.Options;
using Npgsql;

namespace Shop.Api.Accounts;

/// <summary>Forgets sessions that have ended, some at a time. A revoked one stays until it would have expired.</summary>
internal sealed class SessionSweep(
    [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, IOptions<AccountOptions> options, IOptions<ShopTime> time, TimeProvider clock,
    ILogger<SessionSweep> logger) : BackgroundService
{
    // FOR UPDATE SKIP LOCKED: two replicas at it do not wait for each other.
    private const string Purge = """
        DELETE FROM accounts.sessions WHERE id IN (
            SELECT id FROM accounts.sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = time.Value.Of(options.Value.SweepInterval);
        using var timer = new PeriodicTimer(interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await SweepAsync(stoppingToken) == options.Value.SweepBatch)
                {
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.SessionSweepFailed(e, interval);
            }
        }
    }

    /// <returns>How many.</returns>
    internal async Task<int> SweepAsync(CancellationToken ct)
    {
        await using var command = database.CreateCommand(Purge);
        command.Parameters.Add(new() { Value = clock.GetUtcNow() });
        command.Parameters.Add(new() { Value = options.Value.SweepBatch });
        var purged = await command.ExecuteNonQueryAsync(ct);
        if (purged > 0)
            logger.SessionsPurged(purged);
        return purged;
    }
}
