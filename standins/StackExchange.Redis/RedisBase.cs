using System.Diagnostics;

namespace StackExchange.Redis;

/// <summary>What databases, batches, subscriber and server have in common.</summary>
internal abstract class RedisBase(ConnectionMultiplexer multiplexer) : IRedis
{
    public IConnectionMultiplexer Multiplexer => multiplexer;

    protected ConnectionMultiplexer Owner => multiplexer;

    public async Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None)
    {
        var started = Stopwatch.GetTimestamp();
        await Send(flags, -1, "PING", Reply.Any);
        return Stopwatch.GetElapsedTime(started);
    }

    public TimeSpan Ping(CommandFlags flags = CommandFlags.None) => Wait(PingAsync(flags));

    public bool TryWait(Task task) => multiplexer.TryWait(task);

    public void Wait(Task task) => multiplexer.Wait(task);

    public T Wait<T>(Task<T> task) => multiplexer.Wait(task);

    protected virtual Task<T> Send<T>(Message<T> message, CommandFlags flags) => multiplexer.Send(message, flags);

    protected Task<T> Send<T>(CommandFlags flags, int db, string command, Func<RedisResult, T> read, params ReadOnlySpan<RedisValue> args) =>
        Send(new Message<T>(command, db, read, args), flags);

    protected Task<RedisResult> ExecuteAsync(int db, string command, IEnumerable<object>? args, CommandFlags flags)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(command);
        if (Unavailable.Contains(command))
            throw new RedisCommandException($"{command.ToUpperInvariant()} is not available on a connection that many share.");

        return Send(flags, db, command.ToUpperInvariant(), Reply.Any, [.. (args ?? []).Select(Wire)]);
    }

    // They would change, block or end the connection under everybody else, or are answered in another shape than one reply.
    private static readonly HashSet<string> Unavailable = new(StringComparer.OrdinalIgnoreCase)
    {
        "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC", "PSYNC", "REPLCONF", "QUIT",
        "RESET", "HELLO", "AUTH", "SELECT", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BLMPOP",
        "BZPOPMIN", "BZPOPMAX", "BZMPOP", "WAIT", "WAITAOF",
    };

    private static RedisValue Wire(object arg) => arg switch
    {
        RedisKey key => key.Wire(),
        RedisValue value => value,
        RedisChannel channel => channel.Wire(),
        string text => text,
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> memory => memory,
        int number => number,
        long number => number,
        uint number => number,
        ulong number => number,
        float number => number,
        double number => number,
        bool flag => flag,
        null => throw new ArgumentNullException(nameof(arg)),
        _ => throw new InvalidCastException($"Unable to make a redis argument of {arg.GetType()}"),
    };
}
