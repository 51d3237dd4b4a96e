using System.Diagnostics;

namespace StackExchange.Redis;

/// <summary>What database, subscriber and server have in common.</summary>
internal abstract class RedisBase(ConnectionMultiplexer multiplexer) : IRedis
{
    public IConnectionMultiplexer Multiplexer => multiplexer;

    protected ConnectionMultiplexer Owner => multiplexer;

    public async Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None)
    {
        var started = Stopwatch.GetTimestamp();
        await multiplexer.SendAsync(new Message("PING", -1), flags);
        return Stopwatch.GetElapsedTime(started);
    }

    public TimeSpan Ping(CommandFlags flags = CommandFlags.None) => Wait(PingAsync(flags));

    public bool TryWait(Task task) => multiplexer.TryWait(task);

    public void Wait(Task task) => multiplexer.Wait(task);

    public T Wait<T>(Task<T> task) => multiplexer.Wait(task);

    protected Task<RedisResult> ExecuteAsync(int db, string command, IEnumerable<object>? args, CommandFlags flags)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(command);
        if (Unavailable.Contains(command))
            throw new RedisCommandException($"{command.ToUpperInvariant()} is not available on a connection that many share.");

        return multiplexer.SendAsync(new Message(command.ToUpperInvariant(), db, [.. (args ?? []).Select(Wire)]), flags);
    }

    // They would change, block or end the connection under everybody else, or are answered in another shape than one reply.
    private static readonly HashSet<string> Unavailable = new(StringComparer.OrdinalIgnoreCase)
    {
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC", "PSYNC", "REPLCONF", "QUIT",
        "RESET", "HELLO", "AUTH", "SELECT", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP",
        "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF",
    };

    private static ReadOnlyMemory<byte> Wire(object arg) => arg switch
    {
        RedisKey key => key.Wire(),
        RedisValue value => value.Bytes(),
        RedisChannel channel => channel.Wire(),
        string text => ((RedisValue)text).Bytes(),
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory,
        int number => ((RedisValue)number).Bytes(),
        long number => ((RedisValue)number).Bytes(),
        double number => ((RedisValue)number).Bytes(),
        bool flag => ((RedisValue)flag).Bytes(),
        null => throw new ArgumentNullException(nameof(arg)),
        _ => throw new InvalidCastException($"Unable to make a redis argument of {arg.GetType()}"),
    };
}

internal sealed class RedisServer(ConnectionMultiplexer multiplexer) : RedisBase(multiplexer), IServer
{
    public System.Net.EndPoint EndPoint => Owner.EndPoint;

    public bool IsConnected => Owner.IsConnected;

    public Task<RedisResult> ExecuteAsync(string command, params object[] args) => ExecuteAsync(-1, command, args, CommandFlags.None);

    public Task FlushDatabaseAsync(int database = -1, CommandFlags flags = CommandFlags.None) => Owner.Options.AllowAdmin
        ? Owner.SendAsync(new Message("FLUSHDB", database < 0 ? Owner.Options.DefaultDatabase ?? 0 : database), flags)
        : throw new RedisCommandException("This operation is not available unless admin mode is enabled: FLUSHDB");
}
