using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Gateways;

/// <param name="Live">Replicas of Payments that have said something lately.</param>
/// <param name="Troubled">Those of them whose breaker is not closed.</param>
internal sealed record GatewaySight(PaymentProvider Provider, int Live, int Troubled, OverrideMode? Override);

internal sealed class GatewayWatchOptions
{
    public const string Section = "GatewayWatch";

    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")] public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// How the gateways stand, in memory: every shopper's checkout asks, and none of them waits for the database. Looked up when a notice
/// comes, and every five seconds in any case. Without a database the last sight stays; nobody could order anyway.
/// </summary>
internal sealed class GatewayWatch(
    [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database, IOptions<GatewayWatchOptions> options, IOptions<PaymentMethodsOptions> methods,
    IOptions<Timeouts> timeouts, TimeProvider clock, ILogger<GatewayWatch> logger) : BackgroundService
{
    private volatile IReadOnlyList<GatewaySight> _sights = [];
    private volatile TaskCompletionSource _news = Unheard();

    /// <summary>Empty until it was looked up for the first time.</summary>
    public IReadOnlyList<GatewaySight> Sights => _sights;

    /// <summary>What one can pay with right now, best first.</summary>
    public IReadOnlyList<PaymentMethodView> Methods => PaymentMethods.Of(_sights, methods.Value.Offered);

    /// <summary>Something may have changed.</summary>
    public void Look() => _news.TrySetResult();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var news = _news = Unheard(); // before looking: what comes meanwhile is news again
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                limit.CancelAfter(timeouts.Value.BackgroundCommand);
                _sights = await ReadAsync(limit.Token);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                logger.GatewaysNotSeen(e.Message);
            }

            await Task.WhenAny(news.Task, Task.Delay(options.Value.Poll, clock, stoppingToken));
        }
    }

    internal async Task<IReadOnlyList<GatewaySight>> ReadAsync(CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add("""
            SELECT provider, count(*)::int, count(*) FILTER (WHERE state <> 'Closed')::int
            FROM payments.gateway_health WHERE seen_at > now() - $1 GROUP BY provider
            """, GatewayState.Silence);
        batch.Add("SELECT provider, mode FROM payments.gateway_overrides WHERE until IS NULL OR until > now()");
        Dictionary<PaymentProvider, (int Live, int Troubled)> replicas = [];
        Dictionary<PaymentProvider, OverrideMode> overrides = [];
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            replicas[Enum.Parse<PaymentProvider>(reader.GetString(0))] = (reader.GetInt32(1), reader.GetInt32(2));
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
            overrides[Enum.Parse<PaymentProvider>(reader.GetString(0))] = Enum.Parse<OverrideMode>(reader.GetString(1));
        return
        [
            .. methods.Value.Offered.Select(provider =>
            {
                var (live, troubled) = replicas.GetValueOrDefault(provider);
                return new GatewaySight(provider, live, troubled, overrides.TryGetValue(provider, out var mode) ? mode : null);
            }),
        ];
    }

    private static TaskCompletionSource Unheard() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
