using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Aspire.Hosting.ApplicationModel;

public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

public readonly record struct LogSubscriber(string Name, bool AnySubscribers);

/// <summary>
/// The last lines of one resource instance. Readers hold a position, not a queue: one that cannot keep up loses the oldest lines and
/// costs no memory.
/// </summary>
internal sealed class ResourceLog
{
    public const int MaxLines = 10_000;
    public const int MaxCharacters = 4_000_000;

    /// <summary>The dashboard receives at most 16 MB in one message, and a character takes up to three bytes.</summary>
    private const int MaxBatchCharacters = 1_000_000;

    private readonly Lock _gate = new();
    private readonly List<Channel<bool>> _followers = [];
    private LogLine[] _ring = [];
    private int _first = 1;
    private int _last;
    private long _characters;
    private int _completions;

    public event Action<bool>? AnyFollowersChanged;

    public bool HasFollowers
    {
        get
        {
            lock (_gate)
                return _followers.Count > 0;
        }
    }

    public void Append(string content, bool isErrorMessage)
    {
        if (content.Length > MaxBatchCharacters)
            content = content[..MaxBatchCharacters];

        lock (_gate)
        {
            if (_ring.Length == 0)
                _ring = new LogLine[MaxLines];

            if (_last - _first + 1 == MaxLines)
                DropFirst();

            _last++;
            _ring[_last % MaxLines] = new LogLine(_last, content, isErrorMessage);
            _characters += content.Length;
            while (_characters > MaxCharacters)
                DropFirst();

            Wake();
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            while (_first <= _last)
                DropFirst();
        }
    }

    /// <summary>Lets the present followers end after the last line. A resource that starts again logs on, for new followers.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _completions++;
            Wake();
        }
    }

    public IEnumerable<IReadOnlyList<LogLine>> ReadAll()
    {
        var position = 0;
        while (ReadAfter(ref position) is { Count: > 0 } batch)
            yield return batch;
    }

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> FollowAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        wake.Writer.TryWrite(true);
        bool first;
        int completionsBefore;
        lock (_gate)
        {
            _followers.Add(wake);
            first = _followers.Count == 1;
            completionsBefore = _completions;
        }

        if (first)
            AnyFollowersChanged?.Invoke(true);

        try
        {
            var position = 0;
            while (await wake.Reader.WaitToReadAsync(cancellationToken))
            {
                wake.Reader.TryRead(out _);
                bool completed;
                lock (_gate)
                    completed = _completions > completionsBefore;

                while (ReadAfter(ref position) is { Count: > 0 } batch)
                    yield return batch;

                if (completed)
                    yield break;
            }
        }
        finally
        {
            bool last;
            lock (_gate)
            {
                _followers.Remove(wake);
                last = _followers.Count == 0;
            }

            if (last)
                AnyFollowersChanged?.Invoke(false);
        }
    }

    private List<LogLine> ReadAfter(ref int position)
    {
        var batch = new List<LogLine>();
        var characters = 0;
        lock (_gate)
        {
            for (var number = Math.Max(position + 1, _first); number <= _last; number++)
            {
                var line = _ring[number % MaxLines];
                characters += line.Content.Length;
                if (batch.Count > 0 && characters > MaxBatchCharacters)
                    break;

                batch.Add(line);
                position = number;
            }
        }

        return batch;
    }

    private void DropFirst()
    {
        _characters -= _ring[_first % MaxLines].Content.Length;
        _ring[_first % MaxLines] = default;
        _first++;
    }

    private void Wake()
    {
        foreach (var follower in _followers)
            follower.Writer.TryWrite(true);
    }
}
