using System.Diagnostics;
using System.Net;

namespace StackExchange.Redis;

/// <summary>One command on its way, encoded once by the caller.</summary>
internal abstract class Message
{
    /// <summary>The name under which the instrumentation package for this client makes its spans.</summary>
    private static readonly ActivitySource Spans = new("OpenTelemetry.Instrumentation.StackExchangeRedis");

    private readonly ActivityContext _parent;
    private readonly DateTime _created;
    private int _isDone;

    protected Message(string command, int db, ReadOnlySpan<RedisValue> args)
    {
        (Command, Db, Payload) = (command, db, Resp.Encode(command, args));
        if (Activity.Current is { Recorded: true } caller && Spans.HasListeners())
            (_parent, _created) = (caller.Context, DateTime.UtcNow);
    }

    /// <summary>The same bytes in another place of the conversation.</summary>
    protected Message(Message inner) => (Command, Db, Payload) = (inner.Command, inner.Db, inner.Payload);

    public string Command { get; }

    /// <summary>-1 where it does not matter.</summary>
    public int Db { get; }

    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>In bytes, with everything that goes out together with it.</summary>
    public virtual long Size => Payload.Length;

    public long Created { get; } = Stopwatch.GetTimestamp();

    public CommandStatus Status { get; private set; } = CommandStatus.WaitingInBacklog;

    public bool IsDone => Volatile.Read(ref _isDone) != 0;

    /// <summary>The channel of a (un)subscribe, whose answer is a push.</summary>
    public bool IsSubscription { get; init; }

    /// <summary>Gives the bytes away: what only waits for a reply needs none.</summary>
    public ReadOnlyMemory<byte> Send()
    {
        var payload = Payload;
        (Payload, Status) = (default, CommandStatus.Sent);
        return payload;
    }

    /// <summary>False when it has already ended, for example timed out; its reply still comes, and still has to be taken off the queue.</summary>
    public bool TryEnd(RedisResult? reply, Exception? failure, EndPoint server)
    {
        if (Interlocked.Exchange(ref _isDone, 1) != 0)
            return false;
        if (failure is null && reply?.ErrorMessage is { } error)
            failure = new RedisServerException(error);
        Trace(server, failure is not null);
        if (failure is null)
        {
            try
            {
                Complete(reply!, server);
                return true;
            }
#pragma warning disable CA1031 // An answer of another shape than this command has is its caller's trouble, not the connection's.
            catch (Exception e)
            {
                failure = e;
            }
#pragma warning restore CA1031
        }

        Fail(failure, server);
        return true;
    }

    /// <summary>It was never carried out, and nobody failed: the transaction around it did not happen.</summary>
    public void Cancel()
    {
        if (Interlocked.Exchange(ref _isDone, 1) == 0)
            Forsake();
    }

    protected abstract void Complete(RedisResult reply, EndPoint server);

    protected abstract void Fail(Exception failure, EndPoint server);

    protected abstract void Forsake();

    private void Trace(EndPoint server, bool failed)
    {
        if (_parent == default)
            return;
        using var span = Spans.StartActivity(Command, ActivityKind.Client, _parent, startTime: _created);
        if (span is null)
            return;

        // The command's name alone: keys and values may be anything.
        span.SetTag("db.system", "redis").SetTag("db.statement", Command).SetTag("db.redis.database_index", Math.Max(Db, 0));
        var (address, port) = server switch
        {
            IPEndPoint ip => (ip.Address.ToString(), ip.Port),
            DnsEndPoint dns => (dns.Host, dns.Port),
            _ => (server.ToString() ?? "", 0),
        };
        span.SetTag("server.address", address).SetTag("server.port", port);
        if (failed)
            span.SetStatus(ActivityStatusCode.Error);
    }
}

/// <summary>A command whose answer somebody may wait for, in the shape that they want it in.</summary>
internal sealed class Message<T>(string command, int db, Func<RedisResult, T> read, params ReadOnlySpan<RedisValue> args) : Message(command, db, args)
{
    private readonly TaskCompletionSource<T> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Reply => _reply.Task;

    /// <summary>What a caller gets who does not wait.</summary>
    public T Nothing => read(RedisResult.Nothing);

    protected override void Complete(RedisResult reply, EndPoint server) => _reply.TrySetResult(read(reply));

    protected override void Fail(Exception failure, EndPoint server)
    {
        _reply.TrySetException(failure);
        _ = _reply.Task.Exception; // observed: a fire-and-forget failure must not end up in UnobservedTaskException
    }

    protected override void Forsake() => _reply.TrySetCanceled(CancellationToken.None);
}

/// <summary>Replies as commands want them. Null comes after fire-and-forget, where nothing was waited for.</summary>
internal static class Reply
{
    public static readonly Func<RedisResult, RedisResult> Any = reply => reply;
    public static readonly Func<RedisResult, bool> Ok = reply => !reply.IsNull && reply.Resp2Type == ResultType.SimpleString;
    public static readonly Func<RedisResult, bool> Flag = reply => ((long?)reply ?? 0) > 0;
    public static readonly Func<RedisResult, bool[]> Flags = reply => (bool[]?)reply ?? [];
    public static readonly Func<RedisResult, long> Long = reply => (long?)reply ?? 0;
    public static readonly Func<RedisResult, long?> LongOrNull = reply => (long?)reply;
    public static readonly Func<RedisResult, double> Double = reply => (double?)reply ?? 0;
    public static readonly Func<RedisResult, double?> DoubleOrNull = reply => (double?)reply;
    public static readonly Func<RedisResult, double?[]> Doubles = reply => ((RedisValue[]?)reply)?.Select(item => (double?)item).ToArray() ?? [];
    public static readonly Func<RedisResult, string?> Text = reply => (string?)reply;
    public static readonly Func<RedisResult, RedisValue> Value = reply => (RedisValue)reply;
    public static readonly Func<RedisResult, RedisValue[]> Values = reply => (RedisValue[]?)reply ?? [];

    public static readonly Func<RedisResult, HashEntry[]> Fields =
        reply => [.. ((RedisValue[]?)reply ?? []).Chunk(2).Select(pair => new HashEntry(pair[0], pair[1]))];

    /// <summary>RESP3 answers most commands with pairs, RESP2 (and ZPOPMIN of one in both) with one flat list.</summary>
    public static readonly Func<RedisResult, SortedSetEntry[]> Entries = reply => (RedisResult[]?)reply switch
    {
        null => [],
        [{ Resp2Type: ResultType.Array }, ..] pairs => [.. pairs.Select(pair => new SortedSetEntry((RedisValue)pair[0], (double)pair[1]))],
        var flat => [.. flat.Chunk(2).Select(pair => new SortedSetEntry((RedisValue)pair[0], (double)pair[1]))],
    };

    public static readonly Func<RedisResult, SortedSetEntry?> Entry = reply => Entries(reply) is [var first, ..] ? first : null;

    public static readonly Func<RedisResult, TimeSpan?> TimeLeft =
        reply => (long?)reply is { } left and >= 0 ? TimeSpan.FromMilliseconds(left) : null; // -1 never, -2 no such key

    public static readonly Func<RedisResult, DateTime?> Time =
        reply => (long?)reply is { } at and >= 0 ? DateTimeOffset.FromUnixTimeMilliseconds(at).UtcDateTime : null;

    public static readonly Func<RedisResult, RedisType> Type = reply => (string?)reply switch
    {
        null or "none" => RedisType.None,
        "string" => RedisType.String,
        "list" => RedisType.List,
        "set" => RedisType.Set,
        "zset" => RedisType.SortedSet,
        "hash" => RedisType.Hash,
        "stream" => RedisType.Stream,
        _ => RedisType.Unknown,
    };

    /// <summary>Where the next page begins, 0 after the last, and what is on this one.</summary>
    public static readonly Func<RedisResult, (long Cursor, RedisValue[] Items)> Page = reply => ((long)reply[0], (RedisValue[]?)reply[1] ?? []);
}
