using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;
using StackExchange.Redis;

namespace Shop.Api;

/// <summary>Bound from <c>Redis</c>.</summary>
internal sealed class QuickRedisOptions
{
    public const string Section = "Redis";

    /// <summary>How long a Redis that failed or was too slow is left alone.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// Redis as long as it is quick. It may be missing, slow or down: a question gets <see cref="Timeouts.Cache"/>, and after a failure
/// nobody asks for some seconds, so that a dead Redis costs a request nothing. Then one asks, and the others when that one was answered.
/// </summary>
internal sealed class QuickRedis(
    IServiceProvider services, IOptions<Timeouts> timeouts, IOptions<QuickRedisOptions> options, TimeProvider clock, ILogger<QuickRedis> logger)
    : BackgroundService
{
    public const string ConnectionName = "cache";

    private volatile IConnectionMultiplexer? _connection;
    private long _pausedUntil; // 0: not paused. Moved by each failure, and by whoever is the one to ask again.

    // Connecting blocks for as long as Redis does not answer, so no request does it.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() =>
    {
        try
        {
            _connection = services.GetService<IConnectionMultiplexer>(); // none where no Redis is configured
        }
        catch (Exception e) when (e is RedisException or ObjectDisposedException)
        {
            logger.RedisNotUsed(e.Message);
        }
    }, stoppingToken);

    /// <returns>Not answered when there is no Redis, or it was not asked, or not quick enough.</returns>
    public async Task<(bool IsAnswered, T? Answer)> AskAsync<T>(Func<IDatabase, Task<T>> question)
    {
        if (_connection is not { IsConnected: true } connection || !MayAsk(out var pausedUntil))
            return default;

        Task<T>? asked = null;
        try
        {
            asked = question(connection.GetDatabase());
            var answer = await asked.WaitAsync(timeouts.Value.Cache, clock);
            // An answer to what was asked before the failure proves nothing about now.
            if (pausedUntil != 0 && Interlocked.CompareExchange(ref _pausedUntil, 0, pausedUntil) == pausedUntil)
                logger.RedisIsBack();
            return (true, answer);
        }
        catch (Exception e) when (e is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException)
        {
            _ = asked?.ContinueWith(late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            if (Interlocked.Exchange(ref _pausedUntil, PauseEnd()) == 0)
                logger.RedisLeftAlone(options.Value.Pause, e.Message);
            return default;
        }
    }

    /// <param name="pausedUntil">Not 0 for the one that asks while all others are still kept away.</param>
    private bool MayAsk(out long pausedUntil)
    {
        pausedUntil = 0;
        var until = Volatile.Read(ref _pausedUntil);
        if (until == 0)
            return true;
        pausedUntil = PauseEnd();
        return clock.GetTimestamp() >= until && Interlocked.CompareExchange(ref _pausedUntil, pausedUntil, until) == until;
    }

    private long PauseEnd() => clock.GetTimestamp() + (long)(options.Value.Pause.TotalSeconds * clock.TimestampFrequency);
}

internal static class QuickRedisExtensions
{
    public static void AddQuickRedis(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<QuickRedisOptions>().BindConfiguration(QuickRedisOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<QuickRedis>();
        builder.Services.AddHostedService(sp => sp.GetRequiredService<QuickRedis>());
        if (builder.Configuration.GetConnectionString(QuickRedis.ConnectionName) is not { Length: > 0 })
            return;
        builder.AddRedisClient(QuickRedis.ConnectionName,
            settings => settings.DisableHealthChecks = true, // without Redis the shop is slower, not unhealthy
            redis =>
            {
                (redis.AbortOnConnectFail, redis.ConnectRetry, redis.ConnectTimeout) = (false, 1, 2000);
                redis.BacklogPolicy = BacklogPolicy.FailFast; // a queue of questions to a dead Redis helps nobody
            });
    }
}
