namespace StackExchange.Redis;

/// <summary>Each command as it goes over the wire. Whether that is now, later or inside a transaction is the business of the class that inherits this.</summary>
internal abstract partial class DatabaseCommands(ConnectionMultiplexer multiplexer, int database) : RedisBase(multiplexer), IDatabaseAsync
{
    public int Database => database;

    public bool IsConnected(RedisKey key, CommandFlags flags = CommandFlags.None) => Owner.IsConnected;

    public Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "GET", Reply.Value, key.Wire());

    public Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) =>
        keys is [] ? Task.FromResult<RedisValue[]>([]) : Send(flags, "MGET", Reply.Values, Wire(keys));

    public Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "GETDEL", Reply.Value, key.Wire());

    public Task<RedisValue> StringGetSetAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "GETSET", Reply.Value, key.Wire(), value);

    public Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "GETEX", Reply.Value, [key.Wire(), .. WordsOfLife(expiry is { } ttl ? new(ttl) : default)]);

    public Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, DateTime expiry, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "GETEX", Reply.Value, [key.Wire(), .. WordsOfLife(new(expiry))]);

    /// <summary>Two commands, one after the other: the time may be that of a value which has just been replaced.</summary>
    public async Task<RedisValueWithExpiry> StringGetWithExpiryAsync(RedisKey key, CommandFlags flags = CommandFlags.None)
    {
        var left = KeyTimeToLiveAsync(key, flags);
        var value = StringGetAsync(key, flags);
        await Task.WhenAll(left, value);
        return new(await value, await left);
    }

    public Task<long> StringAppendAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "APPEND", Reply.Long, key.Wire(), value);

    public Task<long> StringLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "STRLEN", Reply.Long, key.Wire());

    public Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, bool keepTtl, When when = When.Always, CommandFlags flags = CommandFlags.None) =>
        (expiry, keepTtl) switch
        {
            ({ }, true) => throw new ArgumentException("Cannot specify both expiry and keepTtl.", nameof(keepTtl)),
            ({ } ttl, _) => StringSetAsync(key, value, ttl, when, flags),
            (null, true) => StringSetAsync(key, value, Expiration.KeepTtl, when, flags),
            _ => StringSetAsync(key, value, Expiration.Default, when, flags),
        };

    public Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None) =>
        value.IsNull ? KeyDeleteAsync(key, flags) // nothing is what a key without value holds
        : expiry == default && when == default ? Send(flags, "SET", Reply.Ok, key.Wire(), value)
        : Send(flags, "SET", Reply.Ok, [key.Wire(), value, .. expiry.Words(), .. when.Words()]);

    public Task<bool> StringSetAsync(KeyValuePair<RedisKey, RedisValue>[] values, When when, CommandFlags flags) =>
        StringSetAsync(values, when, Expiration.Default, flags);

    /// <summary>All or none. With an expiry, or only over what exists, it needs a server that knows MSETEX.</summary>
    public Task<bool> StringSetAsync(
        KeyValuePair<RedisKey, RedisValue>[] values, When when = When.Always, Expiration expiry = default, CommandFlags flags = CommandFlags.None)
    {
        RedisValue[] pairs = [.. values.SelectMany(pair => (RedisValue[])[pair.Key.Wire(), pair.Value])];
        return (values, when) switch
        {
            ([], _) => Task.FromResult(false),
            ([var (key, value)], _) => StringSetAsync(key, value, expiry, when, flags),
            (_, When.Always) when expiry == Expiration.Default => Send(flags, "MSET", Reply.Ok, pairs),
            (_, When.NotExists) when expiry == Expiration.Default => Send(flags, "MSETNX", Reply.Flag, pairs),
            _ => Send(flags, "MSETEX", Reply.Flag, [values.Length, .. pairs, .. expiry.Words(), .. ((ValueCondition)when).Words()]),
        };
    }

    public Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) =>
        value == 1 ? Send(flags, "INCR", Reply.Long, key.Wire()) : Send(flags, "INCRBY", Reply.Long, key.Wire(), value);

    public Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "INCRBYFLOAT", Reply.Double, key.Wire(), value);

    public Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) => StringIncrementAsync(key, -value, flags);

    public Task<double> StringDecrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None) => StringIncrementAsync(key, -value, flags);

    public Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "DEL", Reply.Flag, key.Wire());

    public Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) => Count(flags, "DEL", keys);

    public Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "EXISTS", Reply.Flag, key.Wire());

    public Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) => Count(flags, "EXISTS", keys);

    public Task<bool> KeyTouchAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "TOUCH", Reply.Flag, key.Wire());

    public Task<long> KeyTouchAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None) => Count(flags, "TOUCH", keys);

    public Task<RedisType> KeyTypeAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "TYPE", Reply.Type, key.Wire());

    public Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is not { } ttl || ttl == TimeSpan.MaxValue
            ? KeyPersistAsync(key, flags)
            : Send(flags, "PEXPIRE", Reply.Flag, [key.Wire(), (long)ttl.TotalMilliseconds, .. Words(when)]);

    public Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None) =>
        expiry is not { } at || at == DateTime.MaxValue
            ? KeyPersistAsync(key, flags)
            : Send(flags, "PEXPIREAT", Reply.Flag, [key.Wire(), Expiration.UnixMilliseconds(at), .. Words(when)]);

    public Task<DateTime?> KeyExpireTimeAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "PEXPIRETIME", Reply.Time, key.Wire());

    public Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "PERSIST", Reply.Flag, key.Wire());

    public Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "PTTL", Reply.TimeLeft, key.Wire());

    public Task<long> HashDecrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        HashIncrementAsync(key, hashField, -value, flags);

    public Task<double> HashDecrementAsync(RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        HashIncrementAsync(key, hashField, -value, flags);

    public Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "HDEL", Reply.Flag, key.Wire(), hashField);

    public Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        Count(flags, "HDEL", key, hashFields);

    public Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "HEXISTS", Reply.Flag, key.Wire(), hashField);

    public Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "HGET", Reply.Value, key.Wire(), hashField);

    public Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None) =>
        hashFields is [] ? Task.FromResult<RedisValue[]>([]) : Send(flags, "HMGET", Reply.Values, [key.Wire(), .. hashFields]);

    public Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "HGETALL", Reply.Fields, key.Wire());

    public Task<long> HashIncrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "HINCRBY", Reply.Long, key.Wire(), hashField, value);

    public Task<double> HashIncrementAsync(RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "HINCRBYFLOAT", Reply.Double, key.Wire(), hashField, value);

    public Task<RedisValue[]> HashKeysAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "HKEYS", Reply.Values, key.Wire());

    public Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "HLEN", Reply.Long, key.Wire());

    public virtual async IAsyncEnumerable<HashEntry> HashScanAsync(
        RedisKey key, RedisValue pattern = default, int pageSize = 250, long cursor = 0, int pageOffset = 0, CommandFlags flags = CommandFlags.None)
    {
        do
        {
            var page = await Send(flags, "HSCAN", Reply.Page, [key.Wire(), cursor, .. Scan.Words(pattern, pageSize)]);
            foreach (var pair in page.Items.Chunk(2).Skip(pageOffset))
                yield return new(pair[0], pair[1]);
            (cursor, pageOffset) = (page.Cursor, 0);
        }
        while (cursor != 0);
    }

    public Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None) => hashFields is []
        ? Task.CompletedTask
        : Send(flags, "HSET", Reply.Long, [key.Wire(), .. hashFields.SelectMany(entry => (RedisValue[])[entry.Name, entry.Value])]);

    public Task<bool> HashSetAsync(
        RedisKey key, RedisValue hashField, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None) => when switch
        {
            When.Always or When.NotExists when value.IsNull => HashDeleteAsync(key, hashField, flags),
            When.Always => Send(flags, "HSET", Reply.Flag, key.Wire(), hashField, value),
            When.NotExists => Send(flags, "HSETNX", Reply.Flag, key.Wire(), hashField, value),
            _ => throw new ArgumentException($"{when} is not valid in this context; the permitted values are: Always, NotExists", nameof(when)),
        };

    public Task<RedisValue[]> HashValuesAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "HVALS", Reply.Values, key.Wire());

    public Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        value.IsNull ? throw new ArgumentNullException(nameof(value)) : StringSetAsync(key, value, expiry, When.NotExists, flags);

    public Task<RedisValue> LockQueryAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => StringGetAsync(key, flags);

    public async Task<bool> LockExtendAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        Reply.Flag(await ScriptEvaluateAsync(
            "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end",
            [key], [value, (long)expiry.TotalMilliseconds], flags));

    public async Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Reply.Flag(await ScriptEvaluateAsync(
            "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end", [key], [value], flags));

    public Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Send(flags, -1, "PUBLISH", Reply.Long, channel.Wire(), message);

    public Task<RedisResult> ExecuteAsync(string command, params object[] args) => ExecuteAsync(database, command, args, CommandFlags.None);

    public Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None) =>
        ExecuteAsync(database, command, args, flags);

    public virtual Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "EVAL", Reply.Any, ScriptWords(script, keys, values));

    protected static RedisValue[] ScriptWords(RedisValue script, RedisKey[]? keys, RedisValue[]? values) =>
        [script, keys?.Length ?? 0, .. Wire(keys ?? []), .. values ?? []];

    protected Task<T> Send<T>(CommandFlags flags, string command, Func<RedisResult, T> read, params ReadOnlySpan<RedisValue> args) =>
        Send(flags, database, command, read, args);

    private Task<long> Count(CommandFlags flags, string command, RedisKey[] keys) =>
        keys is [] ? Task.FromResult(0L) : Send(flags, command, Reply.Long, Wire(keys));

    private Task<long> Count(CommandFlags flags, string command, RedisKey key, RedisValue[] values) =>
        values is [] ? Task.FromResult(0L) : Send(flags, command, Reply.Long, [key.Wire(), .. values]);

    private static RedisValue[] Wire(RedisKey[] keys) => Array.ConvertAll(keys, key => key.Wire());

    // GETEX without a word changes nothing; here no time means for ever.
    private static RedisValue[] WordsOfLife(Expiration expiry) => expiry == Expiration.Default ? Expiration.Persist.Words() : expiry.Words();

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
