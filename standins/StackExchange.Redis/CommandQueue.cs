using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading.Channels;

namespace StackExchange.Redis;

/// <summary>
/// Commands that wait to be sent, and commands that wait for their replies. Bounded in number and bytes: a server that does not
/// answer costs its callers a timeout, and this process no more memory than that.
/// </summary>
internal sealed class CommandQueue(ConfigurationOptions options, EndPoint server)
{
    internal const int MaxCommands = 100_000;
    internal const long MaxBytes = 64 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<Message> _unsent = new();
    private readonly Queue<Message> _sent = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _unsentBytes;
    private RedisConnectionException? _lastFailure;
    private bool _isConnected;
    private bool _isClosed;

    public void Add(Message message)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(ConnectionMultiplexer));
            if (!_isConnected && !options.BacklogPolicy.QueueWhileDisconnected)
            {
                throw new RedisConnectionException(
                    _lastFailure?.FailureType ?? ConnectionFailureType.UnableToResolvePhysicalConnection,
                    $"No connection is active/available to service this operation: {message.Command}", _lastFailure, CommandStatus.WaitingToBeSent);
            }

            if (_unsent.Count + _sent.Count >= MaxCommands || _unsentBytes + message.Payload.Length > MaxBytes)
            {
                throw new RedisTimeoutException(
                    $"Too many commands wait for the server already ({_unsent.Count} unsent, {_sent.Count} unanswered): {message.Command}",
                    CommandStatus.WaitingToBeSent);
            }

            _unsent.Enqueue(message);
            _unsentBytes += message.Payload.Length;
        }

        Signal();
    }

    /// <summary>Ahead of what already waits; for the few words that a new connection begins with.</summary>
    public void AddFirst(Message message)
    {
        lock (_lock)
        {
            Message[] rest = [.. _unsent];
            _unsent.Clear();
            _unsent.Enqueue(message);
            foreach (var other in rest)
                _unsent.Enqueue(other);
            _unsentBytes += message.Payload.Length;
        }
    }

    /// <summary>Returns when there may be something to send.</summary>
    public async Task WaitAsync(CancellationToken ct) => await _signal.Reader.ReadAsync(ct);

    /// <summary>The bytes of the next command, or of the SELECT that it needs first.</summary>
    public ReadOnlyMemory<byte>? TrySend(ref int db)
    {
        lock (_lock)
        {
            if (!_unsent.TryPeek(out var next))
                return null;

            if (next.Db >= 0 && next.Db != db)
            {
                db = next.Db;
                next = new Message("SELECT", -1, ((RedisValue)db).Bytes());
            }
            else
            {
                _unsent.Dequeue();
                _unsentBytes -= next.Payload.Length;
            }

            _sent.Enqueue(next);
            if (_unsent.Count > 0)
                Signal();
            return next.Send();
        }
    }

    public bool TryAnswer(RedisResult reply, bool isSubscription)
    {
        Message? message;
        lock (_lock)
        {
            if (!_sent.TryPeek(out message) || (message.IsSubscription != isSubscription && reply.ErrorMessage is null))
                return false;
            _sent.Dequeue();
        }

        message.TryEnd(reply, failure: null, server);
        return true;
    }

    public void Connected()
    {
        lock (_lock)
            (_isConnected, _lastFailure) = (true, null);
        Signal();
    }

    /// <summary>What was sent may have been done or not, so it fails. What was not sent waits for the next connection, unless told otherwise.</summary>
    public void Disconnected(RedisConnectionException why)
    {
        List<Message> lost;
        lock (_lock)
        {
            (_isConnected, _lastFailure) = (false, why);
            lost = [.. _sent];
            _sent.Clear();
            if (options.BacklogPolicy.AbortPendingOnConnectionFailure || _isClosed)
            {
                lost.AddRange(_unsent);
                _unsent.Clear();
                _unsentBytes = 0;
            }
        }

        foreach (var message in lost)
            message.TryEnd(null, new RedisConnectionException(why.FailureType, $"{why.Message} ({message.Command})", why, message.Status), server);
    }

    public void Close(RedisConnectionException why)
    {
        lock (_lock)
            _isClosed = true;
        Disconnected(why);
    }

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
                return _sent.Count == 0 && _unsent.Count == 0;
        }
    }

    /// <summary>Ends what is overdue. True when the server has owed an answer for so long that the connection cannot be alive.</summary>
    public bool Sweep()
    {
        var limit = TimeSpan.FromMilliseconds(options.AsyncTimeout);
        List<(Message, Exception)> overdue = [];
        bool isDead;
        lock (_lock)
        {
            // Oldest first, so each walk ends at the first that still has time. Sent ones stay: their replies may come, and have a place.
            foreach (var message in _sent.TakeWhile(IsOverdue).Where(m => !m.IsDone))
                overdue.Add((message, Timeout(message)));
            while (_unsent.TryPeek(out var message) && IsOverdue(message))
            {
                _unsent.Dequeue();
                _unsentBytes -= message.Payload.Length;
                overdue.Add((message, Timeout(message)));
            }

            isDead = _sent.TryPeek(out var oldest) && Stopwatch.GetElapsedTime(oldest.Created) > 4 * limit;
        }

        foreach (var (message, failure) in overdue)
            message.TryEnd(null, failure, server);
        return isDead;

        bool IsOverdue(Message message) => Stopwatch.GetElapsedTime(message.Created) > limit;

        Exception Timeout(Message message)
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"Timeout awaiting response ({limit.TotalMilliseconds} ms, {_unsent.Count} unsent, {_sent.Count} unanswered): {message.Command}");
            return _isConnected || _lastFailure is null
                ? new RedisTimeoutException(text, message.Status)
                : new RedisConnectionException(
                    _lastFailure.FailureType,
                    $"The message timed out in the backlog attempting to send because no connection became available ({limit.TotalMilliseconds} ms): {message.Command}",
                    _lastFailure, message.Status);
        }
    }

    private void Signal() => _signal.Writer.TryWrite(true);
}
