using System.Buffers.Binary;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Shop.Api.Catalog;

/// <summary>
/// The second level, shared by all replicas. It may be missing, slow or down: then it is skipped, and after a failure not even asked for
/// some seconds, so that a dead Redis costs a request nothing.
/// </summary>
internal sealed class RedisPages(
    IServiceProvider services, IOptions<CatalogOptions> options, TimeProvider clock, ILogger<RedisPages> logger) : BackgroundService
{
    public const string ConnectionName = "cache";

    private const string Prefix = "shop:catalogue:1:"; // the number changes with the shape of an answer: releases run side by side
    private const int Header = sizeof(long);

    private volatile IConnectionMultiplexer? _connection;
    private long _pausedUntil;

    // Connecting blocks for as long as Redis does not answer, so no request does it.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.Run(() =>
    {
        try
        {
            _connection = services.GetService<IConnectionMultiplexer>(); // none where no Redis is configured
        }
        catch (Exception e) when (e is RedisException or ObjectDisposedException)
        {
            logger.CacheSkipped(Timeout.InfiniteTimeSpan, e.Message);
        }
    }, stoppingToken);

    public async Task<CachedPage?> GetAsync(string key)
    {
        if (Database() is not { } database)
            return null;
        try
        {
            byte[]? value = await InTime(database.StringGetAsync(Prefix + key));
            return value is { Length: > Header }
                ? CachedPage.Of(value[Header..], "application/json; charset=utf-8", BinaryPrimitives.ReadInt64BigEndian(value))
                : null;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Pause(e);
            return null;
        }
    }

    /// <summary>Nobody waits for it.</summary>
    public void Set(string key, CachedPage page, TimeSpan lifetime)
    {
        if (Database() is not { } database)
            return;

        var value = new byte[Header + page.Content.Length];
        BinaryPrimitives.WriteInt64BigEndian(value, page.ReadAt);
        page.Content.CopyTo(value, Header);
        _ = SetAsync();

        async Task SetAsync()
        {
            try
            {
                await InTime(database.StringSetAsync(Prefix + key, value, lifetime, keepTtl: false));
            }
            catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
            {
                Pause(e);
            }
        }
    }

    private IDatabase? Database() =>
        _connection is { IsConnected: true } connection && clock.GetTimestamp() >= Interlocked.Read(ref _pausedUntil) ? connection.GetDatabase() : null;

    private async Task<T> InTime<T>(Task<T> answer)
    {
        try
        {
            return await answer.WaitAsync(options.Value.RedisBudget, clock);
        }
        catch (TimeoutException)
        {
            _ = answer.ContinueWith(late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private void Pause(Exception e)
    {
        Interlocked.Exchange(ref _pausedUntil, clock.GetTimestamp() + (long)(options.Value.RedisPause.TotalSeconds * clock.TimestampFrequency));
        logger.CacheSkipped(options.Value.RedisPause, e.Message);
    }
}
