using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;

namespace Shop.Payments.Gateways;

internal sealed class GatewayHealthOptions
{
    public const string Section = "Gateways:Health";

    /// <summary>A replica says how it finds the gateways at least this often; silent for three times as long, it counts for nothing.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:05")] public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What waited for a gateway falls due within this time when it is back, not all in one moment.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")] public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Which gateways are worth asking right now. Writes down how this replica finds them, looks how the others do and what an operator has
/// decided, and makes the jobs that waited for a gateway due when it is back: their own back-off would let them wait a quarter of an hour.
/// </summary>
internal sealed class GatewayHealth : BackgroundService
{
    // Only these wait for the gateway. A bank that said no, or a shopper who is asked, gets no sooner answer by its return.
    private static readonly string[] WaitsForGateway = [.. Reasons.WaitForGateway];

    private readonly IDbContextFactory<ShopDbContext> _contexts;
    private readonly WorkSignal _signal;
    private readonly GatewayHealthOptions _options;
    private readonly TimeSpan _limit;
    private readonly Pace _pace;
    private readonly TimeProvider _clock;
    private readonly ILogger<GatewayHealth> _logger;
    private readonly Gateway[] _gateways;
    private readonly PaymentProvider[] _absent; // the shop has none of these (any more): what is about them waits
    private volatile TaskCompletionSource _news = Unheard();

    public GatewayHealth(
        IServiceProvider services, IDbContextFactory<ShopDbContext> contexts, WorkSignal signal, IOptions<GatewayHealthOptions> options,
        IOptions<Timeouts> timeouts, Pace pace, TimeProvider clock, ILogger<GatewayHealth> logger)
    {
        (_contexts, _signal, _options, _limit) = (contexts, signal, options.Value, timeouts.Value.BackgroundCommand);
        (_pace, _clock, _logger) = (pace, clock, logger);
        _gateways =
        [
            .. Enum.GetValues<PaymentProvider>().Select(p => (Provider: p, Breakers: services.GetKeyedService<GatewayBreakers>(p)))
                .Where(g => g.Breakers is not null).Select(g => new Gateway(g.Provider, g.Breakers!)),
        ];
        foreach (var gateway in _gateways)
            gateway.Breakers.Changed += Look;
        _absent = [.. Enum.GetValues<PaymentProvider>().Except(_gateways.Select(g => g.Provider))];
    }

    /// <summary>Something may have changed.</summary>
    public void Look() => _news.TrySetResult();

    /// <summary>What to lease with so many free hands: at most this many jobs, and none of these gateways'.</summary>
    /// <remarks>When a break is over one job is the probe. Eight of them would be seven that are refused and put off.</remarks>
    public (int Limit, IReadOnlyList<PaymentProvider> Closed) Room(int free)
    {
        List<PaymentProvider> closed = [.. _absent];
        var limit = free;
        foreach (var gateway in _gateways)
        {
            switch (gateway.Gate)
            {
                case Gate.Shut:
                    closed.Add(gateway.Provider);
                    break;
                case Gate.Probe:
                    limit = 1;
                    break;
            }
        }

        return (limit, closed);
    }

    /// <summary>A job of this gateway is leased; it may be the probe.</summary>
    public void Taken(PaymentJob job)
    {
        if (Array.Find(_gateways, g => g.Provider == job.Provider) is { Gate: Gate.Probe } gateway)
            Interlocked.CompareExchange(ref gateway.Probe, job, null);
    }

    public void Returned(PaymentJob job)
    {
        if (Array.Find(_gateways, g => g.Provider == job.Provider) is { } gateway)
            Interlocked.CompareExchange(ref gateway.Probe, null, job);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            _news = Unheard(); // before looking: what comes meanwhile is news again
            var news = _news;
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                limit.CancelAfter(_limit);
                await LookAsync(limit.Token);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                _logger.LoopFailed(e);
            }

            await Task.WhenAny(news.Task, Task.Delay(UntilNextLook(), _clock, stoppingToken));
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
            await db.GatewayStates.Where(s => s.Replica == Replica.Name).ExecuteDeleteAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or OperationCanceledException)
        {
            _logger.LoopFailed(e); // its silence will tell
        }
    }

    /// <summary>One round trip: says how this replica finds the gateways, and learns the rest. A second one when a gateway is back.</summary>
    internal async Task LookAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin(); // every few seconds, nearly always for nothing
        await using var db = await _contexts.CreateDbContextAsync(ct);
        await db.Database.OpenConnectionAsync(ct);
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();

        foreach (var gateway in _gateways)
        {
            var sight = gateway.Breakers.Sight;
            var changes = gateway.Breakers.TakeChanges();
            try
            {
                (var mode, gateway.Others, gateway.OthersTroubled) = await TellAsync(connection, gateway.Provider, sight, changes, ct);
                if (mode != gateway.Mode)
                    _logger.GatewayOverridden(gateway.Provider, mode?.ToString() ?? "automatic");
                gateway.Mode = mode;
                await gateway.Breakers.OverrideAsync(mode, ct);
            }
            catch
            {
                gateway.Breakers.GiveBack(changes);
                throw;
            }

            if (sight != gateway.Told)
            {
                gateway.Told = sight;
                await NotifyAsync(connection, Notices.Gateways, ct);
            }

            await BringForwardAsync(connection, gateway, ct);
        }
    }

    private static async Task<(OverrideMode? Mode, int Others, int OthersTroubled)> TellAsync(
        NpgsqlConnection connection, PaymentProvider provider, BreakerSight sight, IReadOnlyList<GatewayChange> changes, CancellationToken ct)
    {
        await using var batch = connection.CreateBatch();
        Add(batch, """
            INSERT INTO payments.gateway_health (provider, replica, state, since, open_until, reason, code, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, now())
            ON CONFLICT (provider, replica) DO UPDATE SET state = excluded.state, since = excluded.since, open_until = excluded.open_until,
                reason = excluded.reason, code = excluded.code, seen_at = excluded.seen_at
            """, $"{provider}", Replica.Name, $"{sight.State}", sight.Since, sight.OpenUntil, sight.Reason, sight.Code);
        foreach (var change in changes)
        {
            Add(batch, """
                INSERT INTO payments.gateway_changes (id, provider, replica, breaker, state, reason, code, at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
                """, change.Id, $"{provider}", change.Replica, change.Breaker, $"{change.State}", change.Reason, change.Code, change.At);
        }

        Add(batch, "DELETE FROM payments.gateway_health WHERE provider = $1 AND seen_at < now() - interval '1 hour'", $"{provider}"); // killed ones
        Add(batch, """
            SELECT (SELECT mode FROM payments.gateway_overrides WHERE provider = $1 AND (until IS NULL OR until > now())),
                count(*)::int, count(*) FILTER (WHERE state <> 'Closed')::int
            FROM payments.gateway_health WHERE provider = $1 AND replica <> $2 AND seen_at > now() - $3
            """, $"{provider}", Replica.Name, GatewayState.Silence);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return (reader.IsDBNull(0) ? null : Enum.Parse<OverrideMode>(reader.GetString(0)), reader.GetInt32(1), reader.GetInt32(2));
    }

    /// <summary>The gateway is back: all that waited for it. Its break is over: one job, should none be due that could be the probe.</summary>
    private async Task BringForwardAsync(NpgsqlConnection connection, Gateway gateway, CancellationToken ct)
    {
        var gate = gateway.Gate;
        if (gate is Gate.Shut or Gate.Stopped)
            gateway.WasShut = true;
        if (gate is Gate.Shut or Gate.Stopped || !gateway.WasShut)
            return;

        var all = gate is Gate.Open;
        await using var batch = connection.CreateBatch();
        // Leased ones are left alone, and so is what somebody holds: a worker writes its job anew when it is done with it.
        Add(batch, """
            UPDATE payments.payment_jobs SET due_at = least(due_at, now() + random() * $3)
            WHERE id IN (
                SELECT id FROM payments.payment_jobs
                WHERE state = 'Waiting' AND provider = $1 AND due_at > now() AND leased_until <= now() AND last_reason = ANY ($2)
                    AND ($4 OR NOT EXISTS (
                        SELECT FROM payments.payment_jobs WHERE state = 'Waiting' AND provider = $1 AND due_at <= now() AND kind <> 'Close'))
                ORDER BY due_at LIMIT CASE WHEN $4 THEN NULL ELSE 1 END FOR UPDATE SKIP LOCKED)
            """, $"{gateway.Provider}", WaitsForGateway, all ? _pace.Of(_options.Spread) : TimeSpan.Zero, all);
        await using (var reader = await batch.ExecuteReaderAsync(ct))
        {
            if (all && reader.RecordsAffected > 0)
                _logger.BroughtForward(gateway.Provider, reader.RecordsAffected);
        }

        if (all)
            gateway.WasShut = false;
        _signal.Raise();
        await NotifyAsync(connection, Notices.Work, ct); // the other replicas
    }

    private TimeSpan UntilNextLook()
    {
        var next = _options.Heartbeat;
        foreach (var gateway in _gateways)
        {
            // Just after the break, to find a probe.
            if (gateway.Breakers.Sight.OpenUntil - _clock.GetUtcNow() is { } left && left > TimeSpan.Zero && left < next)
                next = left + TimeSpan.FromMilliseconds(1);
        }

        return next;
    }

    private static async Task NotifyAsync(NpgsqlConnection connection, string channel, CancellationToken ct)
    {
        await using var notify = new NpgsqlCommand("SELECT pg_notify($1, '')", connection) { Parameters = { new() { Value = channel } } };
        await notify.ExecuteNonQueryAsync(ct);
    }

    private static void Add(NpgsqlBatch batch, string sql, params object?[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        batch.BatchCommands.Add(command);
    }

    private static TaskCompletionSource Unheard() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Stopped: everything goes but new payments, which are refused where they would leave.</summary>
    private enum Gate { Open, Stopped, Probe, Shut }

    private sealed class Gateway(PaymentProvider provider, GatewayBreakers breakers)
    {
        /// <summary>The job that finds out whether the gateway is back; null while none is at it.</summary>
        public PaymentJob? Probe;

        public PaymentProvider Provider => provider;
        public GatewayBreakers Breakers => breakers;

        /// <summary>What the database was last told.</summary>
        public BreakerSight? Told { get; set; }

        public OverrideMode? Mode { get; set; }

        /// <summary>Other replicas that have said something lately.</summary>
        public int Others { get; set; }

        public int OthersTroubled { get; set; }

        /// <summary>Jobs may be waiting that need not any more; at the start too, as a process before this one may have put them off.</summary>
        public bool WasShut { get; set; } = true;

        public Gate Gate => breakers.Sight switch
        {
            _ when breakers.IsForced => Gate.Open,
            // One replica may have a bad network of its own. When most find the gateway ill, it is.
            { State: BreakerState.Closed } => 2 * OthersTroubled > Others + 1 ? Gate.Shut : breakers.IsStopped ? Gate.Stopped : Gate.Open,
            _ when breakers.IsOpen || Probe is not null => Gate.Shut,
            _ => Gate.Probe,
        };
    }
}

internal static class GatewayHealthExtensions
{
    public static void AddGatewayHealth(this IServiceCollection services)
    {
        services.AddOptions<GatewayHealthOptions>().BindConfiguration(GatewayHealthOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<GatewayHealth>();
        services.AddHostedService(sp => sp.GetRequiredService<GatewayHealth>());
    }
}
