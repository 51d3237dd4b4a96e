using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Threading.Channels;

namespace StackExchange.Redis;

/// <summary>
/// Commands that wait to be sent, and commands that wait for their replies. Bounded in number and bytes: a server that does not
/// answer costs its callers a timeout, and this process no more memory than that.
/// </summary>
internal sealed class CommandQueue(ConfigurationOptions options, EndPoint server, Action<string> onError)
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
    private bool _mustUnwatch;

    /// <summary>Takes them, with nobody's commands in between, or ends them with the reason why not.</summary>
    public void Add(params ReadOnlySpan<Message> messages)
    {
        Exception? refusal = null;
        var taken = 0;
        lock (_lock)
        {
            var wasEmpty = _unsent.Count == 0;
            for (; taken < messages.Length && (refusal = Refusal(messages[taken])) is null; taken++)
            {
                _unsent.Enqueue(messages[taken]);
                _unsentBytes += messages[taken].Size;
            }

            if (wasEmpty && taken > 0)
                Signal(); // otherwise whoever sends has not come to the end yet
        }

        foreach (var message in messages[taken..])
            message.TryEnd(null, refusal, server);
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
            _unsentBytes += message.Size;
        }
    }

    /// <summary>Returns when there may be something to send.</summary>
    public async Task WaitAsync(CancellationToken ct) => await _signal.Reader.ReadAsync(ct);

    /// <summary>Moves the bytes of the next commands into the batch, with the SELECTs that they need, until it is full. False when there was nothing.</summary>
    public bool TrySend(ArrayBufferWriter<byte> batch, int fullAt, ref int db)
    {
        lock (_lock)
        {
            if (_mustUnwatch)
                Unwatch(batch);

            while (batch.WrittenCount < fullAt && _unsent.TryPeek(out var next))
            {
                if (next.Db >= 0 && next.Db != db)
                {
                    db = next.Db;
                    Send(new Message<RedisResult>("SELECT", -1, Reply.Any, db), batch);
                }

                if (next is Transaction { IsConditional: true } conditional)
                {
                    if (!conditional.IsAsking)
                        conditional.Ask().ForEach(question => Send(question, batch));
                    if (!conditional.IsAnswered)
                        break; // the last answer goes on from here
                }

                _unsent.Dequeue();
                _unsentBytes -= next.Size;
                if (next is not Transaction transaction)
                {
                    Send(next, batch);
                }
                else if (transaction.MayRun)
                {
                    transaction.Run().ForEach(message => Send(message, batch));
                }
                else
                {
                    Unwatch(batch);
                    transaction.Refuse(server);
                }
            }

            return batch.WrittenCount > 0;
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
            if (IsAsking)
            {
                message.TryEnd(reply, failure: null, server); // still inside: what it says decides what is sent next
                Signal();
            }
        }

        message.TryEnd(reply, failure: null, server);
        if (reply.ErrorMessage is { } error)
            onError(error);
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
            (_isConnected, _lastFailure, _mustUnwatch) = (false, why, false);
            lost = [.. _sent];
            _sent.Clear();
            if (IsAsking)
                lost.Add(Drop());
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
                _mustUnwatch |= message is Transaction { IsAsking: true };
                overdue.Add((Drop(), Timeout(message)));
            }

            if (_mustUnwatch)
                Signal();
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

    private bool IsAsking => _unsent.TryPeek(out var first) && first is Transaction { IsAsking: true };

    private Exception? Refusal(Message message)
    {
        if (_isClosed)
            return new ObjectDisposedException(nameof(ConnectionMultiplexer));
        if (!_isConnected && !options.BacklogPolicy.QueueWhileDisconnected)
        {
            return new RedisConnectionException(
                _lastFailure?.FailureType ?? ConnectionFailureType.UnableToResolvePhysicalConnection,
                $"No connection is active/available to service this operation: {message.Command}", _lastFailure, CommandStatus.WaitingToBeSent);
        }

        return _unsent.Count + _sent.Count >= MaxCommands || _unsentBytes + message.Size > MaxBytes
            ? new RedisTimeoutException(
                $"Too many commands wait for the server already ({_unsent.Count} unsent, {_sent.Count} unanswered): {message.Command}",
                CommandStatus.WaitingToBeSent)
            : null;
    }

    // Into the list of awaited replies before the socket, or a fast reply would find nobody.
    private void Send(Message message, ArrayBufferWriter<byte> batch)
    {
        _sent.Enqueue(message);
        batch.Write(message.Send().Span);
    }

    private void Unwatch(ArrayBufferWriter<byte> batch)
    {
        _mustUnwatch = false;
        Send(new Message<RedisResult>("UNWATCH", -1, Reply.Any), batch);
    }

    private Message Drop()
    {
        var first = _unsent.Dequeue();
        _unsentBytes -= first.Size;
        return first;
    }

    private void Signal() => _signal.Writer.TryWrite(true);
}
