using System.Buffers.Binary;
using StackExchange.Redis;

namespace Shop.Api.Catalog;

/// <summary>The second level, shared by all replicas. Without it pages come from Postgres.</summary>
internal sealed class RedisPages(QuickRedis redis)
{
    private const string Prefix = "shop:catalogue:1:"; // the number changes with the shape of an answer: releases run side by side
    private const int Header = sizeof(long);

    public async Task<CachedPage?> GetAsync(string key)
    {
        byte[]? value = (await redis.AskAsync(database => database.StringGetAsync(Prefix + key))).Answer;
        return value is { Length: > Header }
            ? CachedPage.Of(value[Header..], "application/json; charset=utf-8", BinaryPrimitives.ReadInt64BigEndian(value))
            : null;
    }

    /// <summary>Nobody waits for it.</summary>
    public void Set(string key, CachedPage page, TimeSpan lifetime)
    {
        var value = new byte[Header + page.Content.Length];
        BinaryPrimitives.WriteInt64BigEndian(value, page.ReadAt);
        page.Content.CopyTo(value, Header);
        _ = redis.AskAsync(database => database.StringSetAsync(Prefix + key, value, lifetime, keepTtl: false));
    }
}
