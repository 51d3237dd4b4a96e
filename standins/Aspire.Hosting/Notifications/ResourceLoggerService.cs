using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One console per resource instance: what the process wrote and what the AppHost says about it.</summary>
public class ResourceLoggerService : IDisposable
{
    private readonly ConcurrentDictionary<string, ResourceLog> _logs = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _disposing = new();
    private readonly TimeProvider _clock;
    private bool _disposed;

    public ResourceLoggerService()
        : this(TimeProvider.System)
    {
    }

    internal ResourceLoggerService(TimeProvider clock) => _clock = clock;

    private event Action<LogSubscriber>? SubscribersChanged;

    /// <summary>A logger whose lines appear in the console of every instance of the resource.</summary>
    public ILogger GetLogger(IResource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return new ResourceLogger(this, resource.GetResolvedResourceNames);
    }

    public ILogger GetLogger(string resourceName)
    {
        ArgumentNullException.ThrowIfNull(resourceName);
        string[] names = [resourceName];
        return new ResourceLogger(this, () => names);
    }

    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IResource resource) => Merge(resource, GetAllAsync);

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(string resourceName)
    {
        await Task.CompletedTask;
        foreach (var batch in GetLog(resourceName).ReadAll())
            yield return batch;
    }

    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => Merge(resource, WatchAsync);

    /// <summary>The lines so far, then every further one until <see cref="Complete(string)"/> or the token of the enumeration.</summary>
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
    {
        ArgumentNullException.ThrowIfNull(resourceName);
        return Watch(this, resourceName);

        static async IAsyncEnumerable<IReadOnlyList<LogLine>> Watch(
            ResourceLoggerService self, string name, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, self._disposing.Token);
            await foreach (var batch in self.GetLog(name).FollowAsync(either.Token))
                yield return batch;
        }
    }

    /// <summary>Tells, now and at every change, whether anybody follows a resource's console.</summary>
    public async IAsyncEnumerable<LogSubscriber> WatchAnySubscribersAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);
        var changes = Channel.CreateUnbounded<LogSubscriber>();
        void Queue(LogSubscriber change) => changes.Writer.TryWrite(change);

        SubscribersChanged += Queue;
        try
        {
            foreach (var (name, log) in _logs)
            {
                if (log.HasFollowers)
                    yield return new LogSubscriber(name, AnySubscribers: true);
            }

            await foreach (var change in changes.Reader.ReadAllAsync(either.Token))
                yield return change;
        }
        finally
        {
            SubscribersChanged -= Queue;
        }
    }

    public void Complete(IResource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        foreach (var name in resource.GetResolvedResourceNames())
            Complete(name);
    }

    public void Complete(string name) => GetLog(name).Complete();

    public void ClearBacklog(string resourceName) => GetLog(resourceName).Clear();

    /// <summary>A line as the process wrote it. <paramref name="content"/> may begin with its own RFC 3339 time and a space.</summary>
    internal void Append(string resourceName, string content, bool isErrorMessage) => GetLog(resourceName).Append(content, isErrorMessage);

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _disposing.Cancel();
            _disposing.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    private ResourceLog GetLog(string name) => _logs.GetOrAdd(name, static (name, self) =>
    {
        var log = new ResourceLog();
        log.AnyFollowersChanged += any => self.SubscribersChanged?.Invoke(new LogSubscriber(name, any));
        return log;
    }, this);

    private static async IAsyncEnumerable<IReadOnlyList<LogLine>> Merge(
        IResource resource, Func<string, IAsyncEnumerable<IReadOnlyList<LogLine>>> read, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var names = resource.GetResolvedResourceNames();
        var batches = Channel.CreateBounded<IReadOnlyList<LogLine>>(names.Count);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var readers = Task.WhenAll(names.Select(async name =>
        {
            await foreach (var batch in read(name).WithCancellation(stop.Token))
                await batches.Writer.WriteAsync(batch, stop.Token);
        }));
        var ended = readers.ContinueWith(done => batches.Writer.Complete(done.Exception?.InnerException), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellationToken))
                yield return batch;
        }
        finally
        {
            await stop.CancelAsync();
            await ended;
        }
    }

    private sealed class ResourceLogger(ResourceLoggerService service, Func<IReadOnlyList<string>> names) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;

            var text = formatter(state, exception) + (exception is null ? "" : Environment.NewLine + exception);
            var line = $"{service.Timestamp()} {text}";
            foreach (var name in names())
                service.Append(name, line, isErrorMessage: logLevel >= LogLevel.Error);
        }
    }

    private string Timestamp() => _clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
}
