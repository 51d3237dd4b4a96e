using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;

namespace Shop.Api.Catalog;

/// <summary>An answer as it goes over the wire. <paramref name="ReadAt"/> is when reading began: what changed later is not in it.</summary>
internal sealed record CachedPage(byte[] Content, string ContentType, string ETag, long ReadAt)
{
    public static CachedPage Of(byte[] content, string contentType, long readAt) =>
        new(content, contentType, $"\"{Convert.ToHexStringLower(SHA256.HashData(content))[..20]}\"", readAt);
}

/// <summary>
/// Catalogue answers as finished bytes: memory, then Redis, then Postgres, which is asked once however many ask here. A notice makes all
/// that was read before it old, in both levels; the lifetime is the bound when a notice is lost.
/// </summary>
internal sealed class CatalogCache(
    RedisPages redis, IOptions<CatalogOptions> options, IOptions<Timeouts> timeouts, IOptions<JsonOptions> json, ShopTelemetry telemetry,
    TimeProvider clock) : IDisposable
{
    private readonly MemoryCache _memory = new(new MemoryCacheOptions { SizeLimit = options.Value.MemoryBytes });
    private readonly ConcurrentDictionary<string, Flight> _flights = new();
    private long _evictedAt;

    public void Evict() => Interlocked.Exchange(ref _evictedAt, Now);

    public void Dispose() => _memory.Dispose();

    /// <summary>Null when there is no such thing; that is not remembered, or a stranger's guesses would push out what is read.</summary>
    public Task<CachedPage?> GetJsonAsync<T>(string key, Func<CancellationToken, Task<T?>> read, CancellationToken ct) where T : class =>
        GetAsync(key, shared: true, async (readAt, stop) => await read(stop) is { } page
            ? CachedPage.Of(JsonSerializer.SerializeToUtf8Bytes(page, json.Value.SerializerOptions), "application/json; charset=utf-8", readAt)
            : null, ct);

    /// <param name="shared">Whether it may go to Redis, which holds JSON only.</param>
    public Task<CachedPage?> GetAsync(string key, bool shared, Func<long, CancellationToken, Task<CachedPage?>> read, CancellationToken ct)
    {
        if (_memory.TryGetValue<CachedPage>(key, out var page) && IsFresh(page!.ReadAt))
        {
            telemetry.PageRead(CatalogSource.Memory);
            return Task.FromResult<CachedPage?>(page);
        }

        // One flight for all who ask now, but not for those who ask after a notice that it may not have seen.
        var flight = _flights.AddOrUpdate(key, Start, (k, running) => IsFresh(running.StartedAt) ? running : Start(k));
        return flight.Page.Value.WaitAsync(ct); // whoever hangs up does not take it from the others

        Flight Start(string k)
        {
            Flight? self = null;
            var startedAt = Now;
            self = new Flight(startedAt, new Lazy<Task<CachedPage?>>(() => FlyAsync(k, shared, startedAt, read, () => self!)));
            return self;
        }
    }

    private async Task<CachedPage?> FlyAsync(
        string key, bool shared, long startedAt, Func<long, CancellationToken, Task<CachedPage?>> read, Func<Flight> self)
    {
        try
        {
            if (shared && await redis.GetAsync(key) is { } found && IsFresh(found.ReadAt))
            {
                telemetry.PageRead(CatalogSource.Redis);
                Remember(key, found);
                return found;
            }

            using var limit = new CancellationTokenSource(timeouts.Value.Request, clock);
            var page = await read(startedAt, limit.Token);
            telemetry.PageRead(CatalogSource.Postgres);
            if (page is null)
                return null;

            Remember(key, page);
            if (shared)
                redis.Set(key, page, options.Value.Lifetime);
            return page;
        }
        finally
        {
            _flights.TryRemove(new KeyValuePair<string, Flight>(key, self()));
        }
    }

    private void Remember(string key, CachedPage page)
    {
        var left = options.Value.Lifetime - TimeSpan.FromMilliseconds(Now - page.ReadAt);
        if (left > TimeSpan.Zero)
            _memory.Set(key, page, new MemoryCacheEntryOptions { Size = page.Content.Length + 500, AbsoluteExpirationRelativeToNow = left });
    }

    private bool IsFresh(long readAt) =>
        readAt > Interlocked.Read(ref _evictedAt) && Now - readAt < options.Value.Lifetime.TotalMilliseconds;

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Flight(long StartedAt, Lazy<Task<CachedPage?>> Page);
}
