using System.Net;

namespace StackExchange.Redis;

public interface IConnectionMultiplexer : IDisposable, IAsyncDisposable
{
    string ClientName { get; }

    /// <summary>Without the password.</summary>
    string Configuration { get; }

    int TimeoutMilliseconds { get; }

    bool IsConnected { get; }

    bool IsConnecting { get; }

    event EventHandler<RedisErrorEventArgs> ErrorMessage;

    event EventHandler<ConnectionFailedEventArgs> ConnectionFailed;

    event EventHandler<InternalErrorEventArgs> InternalError;

    event EventHandler<ConnectionFailedEventArgs> ConnectionRestored;

    EndPoint[] GetEndPoints(bool configuredOnly = false);

    void Wait(Task task);

    T Wait<T>(Task<T> task);

    ISubscriber GetSubscriber(object? asyncState = null);

    IDatabase GetDatabase(int db = -1, object? asyncState = null);

    IServer GetServer(string host, int port, object? asyncState = null);

    IServer GetServer(string hostAndPort, object? asyncState = null);

    IServer GetServer(IPAddress host, int port);

    IServer GetServer(EndPoint endpoint, object? asyncState = null);

    IServer GetServer(RedisKey key, object? asyncState = null, CommandFlags flags = CommandFlags.None);

    IServer[] GetServers();

    string GetStatus();

    void GetStatus(TextWriter log);

    Task CloseAsync(bool allowCommandsToComplete = true);
}

public class RedisErrorEventArgs : EventArgs
{
    internal RedisErrorEventArgs(EndPoint endPoint, string message) => (EndPoint, Message) = (endPoint, message);

    public EndPoint EndPoint { get; }

    public string Message { get; }
}

public class ConnectionFailedEventArgs : EventArgs
{
    internal ConnectionFailedEventArgs(EndPoint? endPoint, ConnectionFailureType failureType, Exception? exception) =>
        (EndPoint, FailureType, Exception) = (endPoint, failureType, exception);

    public EndPoint? EndPoint { get; }

    public ConnectionFailureType FailureType { get; }

    public Exception? Exception { get; }
}

public class InternalErrorEventArgs : EventArgs
{
    internal InternalErrorEventArgs(EndPoint? endPoint, Exception exception, string? origin) =>
        (EndPoint, Exception, Origin) = (endPoint, exception, origin);

    public EndPoint? EndPoint { get; }

    public Exception Exception { get; }

    public string? Origin { get; }
}

public interface IRedisAsync
{
    IConnectionMultiplexer Multiplexer { get; }

    Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None);

    bool TryWait(Task task);

    void Wait(Task task);

    T Wait<T>(Task<T> task);
}

public interface IRedis : IRedisAsync
{
    TimeSpan Ping(CommandFlags flags = CommandFlags.None);
}

public interface IDatabaseAsync : IRedisAsync
{
    bool IsConnected(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<long> HashDecrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<double> HashDecrementAsync(RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None);
    Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> HashIncrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<double> HashIncrementAsync(RedisKey key, RedisValue hashField, double value, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> HashKeysAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    IAsyncEnumerable<HashEntry> HashScanAsync(
        RedisKey key, RedisValue pattern = default, int pageSize = 250, long cursor = 0, int pageOffset = 0, CommandFlags flags = CommandFlags.None);
    Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<bool> HashSetAsync(RedisKey key, RedisValue hashField, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> HashValuesAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<DateTime?> KeyExpireTimeAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyTouchAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> KeyTouchAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<RedisType> KeyTypeAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> LockExtendAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> LockQueryAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);

    Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    Task<RedisResult> ExecuteAsync(string command, params object[] args);
    Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None);
    Task<RedisResult> ScriptEvaluateAsync(string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    Task<bool> SetAddAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<long> SetAddAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);
    Task<bool> SetContainsAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<bool[]> SetContainsAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);
    Task<long> SetLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SetMembersAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<bool> SetMoveAsync(RedisKey source, RedisKey destination, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> SetPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SetPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None);
    Task<bool> SetRemoveAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<long> SetRemoveAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None);

    Task<bool> SortedSetAddAsync(
        RedisKey key, RedisValue member, double score, SortedSetWhen when = SortedSetWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<long> SortedSetAddAsync(
        RedisKey key, SortedSetEntry[] values, SortedSetWhen when = SortedSetWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<double> SortedSetDecrementAsync(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);
    Task<double> SortedSetIncrementAsync(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None);
    Task<double?> SortedSetIncrementAsync(RedisKey key, RedisValue member, double value, ValueCondition when, CommandFlags flags);
    Task<long> SortedSetLengthAsync(
        RedisKey key, double min = double.NegativeInfinity, double max = double.PositiveInfinity, Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None);
    Task<long> SortedSetLengthByValueAsync(
        RedisKey key, RedisValue min, RedisValue max, Exclude exclude = Exclude.None, CommandFlags flags = CommandFlags.None);
    Task<SortedSetEntry?> SortedSetPopAsync(RedisKey key, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);
    Task<SortedSetEntry[]> SortedSetPopAsync(RedisKey key, long count, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SortedSetRangeByRankAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);
    Task<SortedSetEntry[]> SortedSetRangeByRankWithScoresAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SortedSetRangeByScoreAsync(
        RedisKey key, double start = double.NegativeInfinity, double stop = double.PositiveInfinity, Exclude exclude = Exclude.None,
        Order order = Order.Ascending, long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None);
    Task<SortedSetEntry[]> SortedSetRangeByScoreWithScoresAsync(
        RedisKey key, double start = double.NegativeInfinity, double stop = double.PositiveInfinity, Exclude exclude = Exclude.None,
        Order order = Order.Ascending, long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SortedSetRangeByValueAsync(
        RedisKey key, RedisValue min, RedisValue max, Exclude exclude, long skip, long take = -1, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> SortedSetRangeByValueAsync(
        RedisKey key, RedisValue min = default, RedisValue max = default, Exclude exclude = Exclude.None, Order order = Order.Ascending,
        long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None);
    Task<long?> SortedSetRankAsync(RedisKey key, RedisValue member, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None);
    Task<bool> SortedSetRemoveAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);
    Task<long> SortedSetRemoveAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);
    Task<long> SortedSetRemoveRangeByRankAsync(RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None);
    Task<long> SortedSetRemoveRangeByScoreAsync(
        RedisKey key, double start, double stop, Exclude exclude = Exclude.None, CommandFlags flags = CommandFlags.None);
    Task<double?> SortedSetScoreAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None);
    Task<double?[]> SortedSetScoresAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None);

    Task<long> StringAppendAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<double> StringDecrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetSetAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, TimeSpan? expiry, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetSetExpiryAsync(RedisKey key, DateTime expiry, CommandFlags flags = CommandFlags.None);
    Task<RedisValueWithExpiry> StringGetWithExpiryAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None);
    Task<long> StringLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, bool keepTtl, When when = When.Always, CommandFlags flags = CommandFlags.None);
    Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None);
    Task<bool> StringSetAsync(KeyValuePair<RedisKey, RedisValue>[] values, When when, CommandFlags flags);
    Task<bool> StringSetAsync(
        KeyValuePair<RedisKey, RedisValue>[] values, When when = When.Always, Expiration expiry = default, CommandFlags flags = CommandFlags.None);
}

public interface IDatabase : IRedis, IDatabaseAsync
{
    int Database { get; }

    IBatch CreateBatch(object? asyncState = null);

    ITransaction CreateTransaction(object? asyncState = null);

    RedisResult Execute(string command, params object[] args);
    RedisResult Execute(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None);
    bool KeyDelete(RedisKey key, CommandFlags flags = CommandFlags.None);
    bool KeyExists(RedisKey key, CommandFlags flags = CommandFlags.None);
    TimeSpan? KeyTimeToLive(RedisKey key, CommandFlags flags = CommandFlags.None);
    RedisResult ScriptEvaluate(string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);
    RedisValue StringGet(RedisKey key, CommandFlags flags = CommandFlags.None);
    long StringIncrement(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);
    bool StringSet(RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None);
}

/// <summary>Commands that go out together, when told to. Their tasks end no earlier.</summary>
public interface IBatch : IDatabaseAsync
{
    void Execute();
}

/// <summary>Commands that are all carried out with nobody else's in between, or not at all.</summary>
public interface ITransaction : IBatch
{
    ConditionResult AddCondition(Condition condition);

    /// <summary>False: a condition did not hold, or what it looked at was changed meanwhile. The tasks of the commands are cancelled then.</summary>
    bool Execute(CommandFlags flags = CommandFlags.None);

    Task<bool> ExecuteAsync(CommandFlags flags = CommandFlags.None);
}

public interface ISubscriber : IRedis
{
    bool IsConnected(RedisChannel channel = default);

    Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None);

    Task<ChannelMessageQueue> SubscribeAsync(RedisChannel channel, CommandFlags flags = CommandFlags.None);

    Task UnsubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None);

    Task UnsubscribeAllAsync(CommandFlags flags = CommandFlags.None);
}

public interface IServer : IRedis
{
    EndPoint EndPoint { get; }

    bool IsConnected { get; }

    Task<long> DatabaseSizeAsync(int database = -1, CommandFlags flags = CommandFlags.None);

    Task<RedisResult> ExecuteAsync(string command, params object[] args);

    Task<RedisResult> ExecuteAsync(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None);

    Task FlushDatabaseAsync(int database = -1, CommandFlags flags = CommandFlags.None);

    Task<IGrouping<string, KeyValuePair<string, string>>[]> InfoAsync(RedisValue section = default, CommandFlags flags = CommandFlags.None);

    Task<string?> InfoRawAsync(RedisValue section = default, CommandFlags flags = CommandFlags.None);

    /// <summary>Page by page: the server goes on serving others meanwhile. A key may come twice.</summary>
    IAsyncEnumerable<RedisKey> KeysAsync(
        int database = -1, RedisValue pattern = default, int pageSize = 250, long cursor = 0, int pageOffset = 0, CommandFlags flags = CommandFlags.None);
}
