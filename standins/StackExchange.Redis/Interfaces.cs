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

    IServer[] GetServers();

    string GetStatus();

    Task CloseAsync(bool allowCommandsToComplete = true);
}

public class RedisErrorEventArgs(EndPoint endPoint, string message) : EventArgs
{
    public EndPoint EndPoint { get; } = endPoint;

    public string Message { get; } = message;
}

public class ConnectionFailedEventArgs(EndPoint? endPoint, ConnectionFailureType failureType, Exception? exception) : EventArgs
{
    public EndPoint? EndPoint { get; } = endPoint;

    public ConnectionFailureType FailureType { get; } = failureType;

    public Exception? Exception { get; } = exception;
}

public class InternalErrorEventArgs(EndPoint? endPoint, Exception exception, string? origin) : EventArgs
{
    public EndPoint? EndPoint { get; } = endPoint;

    public Exception Exception { get; } = exception;

    public string? Origin { get; } = origin;
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

    Task<bool> HashDeleteAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<long> HashDeleteAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<bool> HashExistsAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> HashGetAsync(RedisKey key, RedisValue hashField, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> HashGetAsync(RedisKey key, RedisValue[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<HashEntry[]> HashGetAllAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> HashIncrementAsync(RedisKey key, RedisValue hashField, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<long> HashLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task HashSetAsync(RedisKey key, HashEntry[] hashFields, CommandFlags flags = CommandFlags.None);
    Task<bool> HashSetAsync(RedisKey key, RedisValue hashField, RedisValue value, When when = When.Always, CommandFlags flags = CommandFlags.None);

    Task<bool> KeyDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> KeyDeleteAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExistsAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> KeyExistsAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExpireAsync(RedisKey key, TimeSpan? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyExpireAsync(RedisKey key, DateTime? expiry, ExpireWhen when = ExpireWhen.Always, CommandFlags flags = CommandFlags.None);
    Task<bool> KeyPersistAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<TimeSpan?> KeyTimeToLiveAsync(RedisKey key, CommandFlags flags = CommandFlags.None);

    Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None);
    Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None);

    Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    Task<RedisResult> ExecuteAsync(string command, params object[] args);
    Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None);
    Task<RedisResult> ScriptEvaluateAsync(string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None);

    Task<long> StringDecrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<RedisValue[]> StringGetAsync(RedisKey[] keys, CommandFlags flags = CommandFlags.None);
    Task<RedisValue> StringGetDeleteAsync(RedisKey key, CommandFlags flags = CommandFlags.None);
    Task<long> StringIncrementAsync(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None);
    Task<double> StringIncrementAsync(RedisKey key, double value, CommandFlags flags = CommandFlags.None);
    Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, TimeSpan? expiry, bool keepTtl, When when = When.Always, CommandFlags flags = CommandFlags.None);
    Task<bool> StringSetAsync(
        RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None);
}

public interface IDatabase : IRedis, IDatabaseAsync
{
    int Database { get; }

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

    Task<RedisResult> ExecuteAsync(string command, params object[] args);

    Task FlushDatabaseAsync(int database = -1, CommandFlags flags = CommandFlags.None);
}
