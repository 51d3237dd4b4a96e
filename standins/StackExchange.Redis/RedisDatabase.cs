using System.Security.Cryptography;
using System.Text;

namespace StackExchange.Redis;

internal sealed class RedisDatabase(ConnectionMultiplexer multiplexer, int database) : RedisBase(multiplexer), IDatabase
{
    public int Database => database;

    public bool IsConnected(RedisKey key, CommandFlags flags = CommandFlags.None) => Owner.IsConnected;

    public async Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => (RedisValue)await Send(flags, "GET", key);

    public async Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) =>
        keys is [] ? [] : (RedisValue[]?)await Send(flags, "MGET", keys) ?? [];

    public async Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => (RedisValue)await Send(flags, "GETDEL", key);

    public Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, bool keepTtl, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        (expiry, keepTtl) switch
        {
            ({ }, true) => throw new ArgumentException("Cannot specify both expiry and keepTtl.", nameof(keepTtl)),
            ({ } ttl, _) => StringSetAsync(key, value, ttl, when, flags),
            (null, true) => StringSetAsync(key, value, Expiration.KeepTtl, when, flags),
            _ => StringSetAsync(key, value, Expiration.Default, when, flags),
        };

    public async Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None) =>
        value.IsNull
            ? await KeyDeleteAsync(key, flags) // nothing is what a key without value holds
            : IsOk(await Send(flags, "SET", key, [value, .. expiry.Words(), .. when.Words()]));

    public async Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Long(value == 1 ? await Send(flags, "INCR", key) : await Send(flags, "INCRBY", key, value));

    public async Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None) =>
        (double?)await Send(flags, "INCRBYFLOAT", key, value) ?? 0;

    public Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) => StringIncrementAsync(key, -value, flags);

    public async Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Long(await Send(flags, "DEL", key)) > 0;

    public async Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) =>
        keys is [] ? 0 : Long(await Send(flags, "DEL", keys));

    public async Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Long(await Send(flags, "EXISTS", key)) > 0;

    public async Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) =>
        keys is [] ? 0 : Long(await Send(flags, "EXISTS", keys));

    public async Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is not { } ttl || ttl == TimeSpan.MaxValue
            ? await KeyPersistAsync(key, flags)
            : Long(await Send(flags, "PEXPIRE", key, [(long)ttl.TotalMilliseconds, .. Words(when)])) > 0;

    public async Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is not { } at || at == DateTime.MaxValue
            ? await KeyPersistAsync(key, flags)
            : Long(await Send(flags, "PEXPIREAT", key, [Expiration.UnixMilliseconds(at), .. Words(when)])) > 0;

    public async Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Long(await Send(flags, "PERSIST", key)) > 0;

    public async Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        (long?)await Send(flags, "PTTL", key) is { } left and >= 0 ? TimeSpan.FromMilliseconds(left) : null; // -1 never, -2 no such key

    public async Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Long(await Send(flags, "HDEL", key, hashField)) > 0;

    public async Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        hashFields is [] ? 0 : Long(await Send(flags, "HDEL", key, hashFields));

    public async Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Long(await Send(flags, "HEXISTS", key, hashField)) > 0;

    public async Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        (RedisValue)await Send(flags, "HGET", key, hashField);

    public async Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        hashFields is [] ? [] : (RedisValue[]?)await Send(flags, "HMGET", key, hashFields) ?? [];

    public async Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None) =>
        (RedisValue[]?)await Send(flags, "HGETALL", key) is { } flat ? [.. flat.Chunk(2).Select(pair => new HashEntry(pair[0], pair[1]))] : [];

    public async Task<long> HashIncrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Long(await Send(flags, "HINCRBY", key, hashField, value));

    public async Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Long(await Send(flags, "HLEN", key));

    public Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None) =>
        hashFields is [] ? Task.CompletedTask : Send(flags, "HSET", key, [.. hashFields.SelectMany(entry => (RedisValue[])[entry.Name, entry.Value])]);

    public async Task<bool> HashSetAsync(
        RedisKey key, RedisValue hashField, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None) => when switch
        {
            When.Always => Long(await Send(flags, "HSET", key, hashField, value)) > 0,
            When.NotExists => Long(await Send(flags, "HSETNX", key, hashField, value)) > 0,
            _ => throw new ArgumentException($"{when} is not valid in this context; the permitted values are: Always, NotExists", nameof(when)),
        };

    public Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        value.IsNull ? throw new ArgumentNullException(nameof(value)) : StringSetAsync(key, value, expiry, When.NotExists, flags);

    public async Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) => Long(await ScriptEvaluateAsync(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end", [key], [value], flags)) > 0;

    public async Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Long(await Owner.SendAsync(new Message("PUBLISH", -1, channel.Wire(), message.Bytes()), flags));

    public Task<RedisResult> ExecuteAsync(string command, params object[] args) => ExecuteAsync(database, command, args, CommandFlags.None);

    public Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None) =>
        ExecuteAsync(database, command, args, flags);

    /// <summary>By its hash first: the server remembers what it has run, until it is restarted.</summary>
    public async Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None)
    {
        ReadOnlyMemory<byte>[] args =
            [((RedisValue)(keys?.Length ?? 0)).Bytes(), .. (keys ?? []).Select(key => key.Wire()), .. (values ?? []).Select(value => value.Bytes())];
        if ((flags & (CommandFlags.FireAndForget | CommandFlags.NoScriptCache)) == 0)
        {
            try
            {
#pragma warning disable CA5350 // The name Redis gives a script; nothing is protected by it.
                var hash = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(script)));
#pragma warning restore CA5350
                return await Owner.SendAsync(new Message("EVALSHA", database, [((RedisValue)hash).Bytes(), .. args]), flags);
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
            }
        }

        return await Owner.SendAsync(new Message("EVAL", database, [((RedisValue)script).Bytes(), .. args]), flags);
    }

    public RedisResult Execute(string command, params object[] args) => Wait(ExecuteAsync(command, args));

    public RedisResult Execute(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None) => Wait(ExecuteAsync(command, args, flags));

    public bool KeyDelete(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyDeleteAsync(key, flags));

    public bool KeyExists(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyExistsAsync(key, flags));

    public TimeSpan? KeyTimeToLive(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyTimeToLiveAsync(key, flags));

    public RedisResult ScriptEvaluate(string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None) =>
        Wait(ScriptEvaluateAsync(script, keys, values, flags));

    public RedisValue StringGet(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(StringGetAsync(key, flags));

    public long StringIncrement(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) => Wait(StringIncrementAsync(key, value, flags));

    public bool StringSet(RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None) =>
        Wait(StringSetAsync(key, value, expiry, when, flags));

    private Task<RedisResult> Send(CommandFlags flags, string command, RedisKey key, params RedisValue[] args) =>
        Owner.SendAsync(new Message(command, database, [key.Wire(), .. args.Select(arg => arg.Bytes())]), flags);

    private Task<RedisResult> Send(CommandFlags flags, string command, RedisKey[] keys) =>
        Owner.SendAsync(new Message(command, database, [.. keys.Select(key => key.Wire())]), flags);

    private static bool IsOk(RedisResult reply) => !reply.IsNull && reply.Resp2Type == ResultType.SimpleString;

    // Null after fire-and-forget: nothing was waited for.
    private static long Long(RedisResult reply) => (long?)reply ?? 0;

    private static RedisValue[] Words(ExpireWhen when) => when switch
    {
        ExpireWhen.Always => [],
        ExpireWhen.GreaterThanCurrentExpiry => ["GT"],
        ExpireWhen.HasExpiry => ["XX"],
        ExpireWhen.HasNoExpiry => ["NX"],
        ExpireWhen.LessThanCurrentExpiry => ["LT"],
        _ => throw new ArgumentOutOfRangeException(nameof(when)),
    };
}
