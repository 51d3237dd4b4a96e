using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace StackExchange.Redis;

/// <summary>One command on its way, encoded once by the caller.</summary>
internal sealed class Message
{
    /// <summary>The name under which the instrumentation package for this client makes its spans.</summary>
    private static readonly ActivitySource Spans = new("OpenTelemetry.Instrumentation.StackExchangeRedis");

    private readonly TaskCompletionSource<RedisResult> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ActivityContext _parent;
    private readonly DateTime _created;
    private int _isDone;

    public Message(string command, int db, params ReadOnlySpan<ReadOnlyMemory<byte>> args)
    {
        (Command, Db, Payload) = (command, db, Encode(command, args));
        if (Activity.Current is { Recorded: true } caller && Spans.HasListeners())
            (_parent, _created) = (caller.Context, DateTime.UtcNow);
    }

    public string Command { get; }

    /// <summary>-1 where it does not matter.</summary>
    public int Db { get; }

    public ReadOnlyMemory<byte> Payload { get; private set; }

    public long Created { get; } = Stopwatch.GetTimestamp();

    public CommandStatus Status { get; private set; } = CommandStatus.WaitingInBacklog;

    public Task<RedisResult> Reply => _reply.Task;

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
        var error = reply?.ErrorMessage;
        Trace(server, failure is not null || error is not null);
        if (failure is not null)
            _reply.TrySetException(failure);
        else if (error is not null)
            _reply.TrySetException(new RedisServerException(error));
        else
            _reply.TrySetResult(reply!);
        _ = _reply.Task.Exception; // observed: a fire-and-forget failure must not end up in UnobservedTaskException
        return true;
    }

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

    private static byte[] Encode(string command, ReadOnlySpan<ReadOnlyMemory<byte>> args)
    {
        using var buffer = new MemoryStream(64);
        Write(buffer, string.Create(CultureInfo.InvariantCulture, $"*{args.Length + 1}\r\n"));
        WriteBulk(buffer, Encoding.ASCII.GetBytes(command));
        foreach (var arg in args)
            WriteBulk(buffer, arg.Span);
        return buffer.ToArray();

        static void WriteBulk(MemoryStream buffer, ReadOnlySpan<byte> bytes)
        {
            Write(buffer, string.Create(CultureInfo.InvariantCulture, $"${bytes.Length}\r\n"));
            buffer.Write(bytes);
            buffer.Write("\r\n"u8);
        }

        static void Write(MemoryStream buffer, string text) => buffer.Write(Encoding.ASCII.GetBytes(text));
    }
}
