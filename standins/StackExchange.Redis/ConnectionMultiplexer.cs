using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;

namespace StackExchange.Redis;

/// <summary>
/// One server, one connection at a time, shared by all callers. A lost one is replaced for as long as this object lives; meanwhile
/// commands wait, up to their timeout.
/// </summary>
public sealed class ConnectionMultiplexer : IConnectionMultiplexer
{
    private readonly ConfigurationOptions _options;
    private readonly EndPoint _endpoint;
    private readonly CommandQueue _queue;
    private readonly RedisSubscriber _subscriber;
    private readonly ILogger? _logger;
    private readonly TextWriter? _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstAttempts = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _supervisor;
    private volatile RedisConnection? _connection;
    private int _isClosed;

    private ConnectionMultiplexer(ConfigurationOptions options, TextWriter? log)
    {
        _options = options.Clone();
        _endpoint = _options.EndPoints switch
        {
            [DnsEndPoint { Port: 0 } dns] => new DnsEndPoint(dns.Host, DefaultPort),
            [IPEndPoint { Port: 0 } ip] => new IPEndPoint(ip.Address, DefaultPort),
            [var only] => only,
            [] => throw new ArgumentException("No endpoints specified", nameof(options)),
            _ => throw new NotSupportedException("This stand-in for StackExchange.Redis talks to a single server: no replicas, no cluster."),
        };
        _queue = new(_options, _endpoint, OnError);
        _subscriber = new(this, _queue);
        _logger = _options.LoggerFactory?.CreateLogger(typeof(ConnectionMultiplexer));
        _log = log;
        // Not in the context of whoever happens to ask first: its trace would never end.
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
            _supervisor = Task.Run(SuperviseAsync);
    }

    public string ClientName => new([.. (_options.ClientName ?? Environment.MachineName).Where(c => c is > ' ' and <= '~')]);

    public string Configuration => _options.ToString(includePassword: false);

    public int TimeoutMilliseconds => _options.SyncTimeout;

    public bool IsConnected => _connection is not null;

    public bool IsConnecting => _connection is null && !_stopping.IsCancellationRequested;

    public event EventHandler<RedisErrorEventArgs>? ErrorMessage;

    public event EventHandler<ConnectionFailedEventArgs>? ConnectionFailed;

    public event EventHandler<InternalErrorEventArgs>? InternalError;

    public event EventHandler<ConnectionFailedEventArgs>? ConnectionRestored;

    internal bool IsResp3 => _connection?.IsResp3 ?? true;

    internal ConfigurationOptions Options => _options;

    internal EndPoint EndPoint => _endpoint;

    private int DefaultPort => _options.Ssl ? 6380 : 6379;

    public static Task<ConnectionMultiplexer> ConnectAsync(string configuration, TextWriter? log = null) =>
        ConnectAsync(ConfigurationOptions.Parse(configuration), log);

    public static Task<ConnectionMultiplexer> ConnectAsync(string configuration, Action<ConfigurationOptions> configure, TextWriter? log = null) =>
        ConnectAsync(Configured(configuration, configure), log);

    /// <summary>With AbortOnConnectFail: connected, or an exception. Without: after the first attempt, whatever came of it.</summary>
    public static async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions configuration, TextWriter? log = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var multiplexer = new ConnectionMultiplexer(configuration, log);
        try
        {
            await multiplexer._firstAttempts.Task;
            return multiplexer;
        }
        catch
        {
            await multiplexer.DisposeAsync();
            throw;
        }
    }

    public static ConnectionMultiplexer Connect(string configuration, TextWriter? log = null) => Connect(ConfigurationOptions.Parse(configuration), log);

    public static ConnectionMultiplexer Connect(string configuration, Action<ConfigurationOptions> configure, TextWriter? log = null) =>
        Connect(Configured(configuration, configure), log);

    public static ConnectionMultiplexer Connect(ConfigurationOptions configuration, TextWriter? log = null) =>
        Task.Run(() => ConnectAsync(configuration, log)).GetAwaiter().GetResult();

    public EndPoint[] GetEndPoints(bool configuredOnly = false) => [_endpoint];

    public void Wait(Task task)
    {
        if (!TryWait(task))
            throw new RedisTimeoutException($"Timeout performing a command ({_options.SyncTimeout} ms)", CommandStatus.Unknown);
        task.GetAwaiter().GetResult();
    }

    public T Wait<T>(Task<T> task)
    {
        Wait((Task)task);
        return task.GetAwaiter().GetResult();
    }

    public ISubscriber GetSubscriber(object? asyncState = null) => _subscriber;

    public IDatabase GetDatabase(int db = -1, object? asyncState = null) => new RedisDatabase(this, db < 0 ? _options.DefaultDatabase ?? 0 : db);

    public IServer GetServer(string host, int port, object? asyncState = null) => GetServer(new EndPointCollection { { host, port } }[0]);

    public IServer GetServer(string hostAndPort, object? asyncState = null) => GetServer(new EndPointCollection { hostAndPort }[0]);

    public IServer GetServer(IPAddress host, int port) => GetServer(new IPEndPoint(host, port));

    public IServer GetServer(EndPoint endpoint, object? asyncState = null) => endpoint.Equals(_endpoint)
        ? new RedisServer(this)
        : throw new ArgumentException("The specified endpoint is not defined", nameof(endpoint));

    public IServer[] GetServers() => [new RedisServer(this)];

    /// <summary>There is one, whatever the key.</summary>
    public IServer GetServer(RedisKey key, object? asyncState = null, CommandFlags flags = CommandFlags.None) => new RedisServer(this);

    public void GetStatus(TextWriter log)
    {
        ArgumentNullException.ThrowIfNull(log);
        log.WriteLine(GetStatus());
    }

    public string GetStatus() => $"{EndPointCollection.ToString(_endpoint)}: {(IsConnected ? "connected" : IsConnecting ? "connecting" : "closed")}";

    public async Task CloseAsync(bool allowCommandsToComplete = true)
    {
        if (allowCommandsToComplete && IsConnected)
        {
            var started = Stopwatch.GetTimestamp();
            while (!_queue.IsEmpty && Stopwatch.GetElapsedTime(started).TotalMilliseconds < _options.AsyncTimeout)
                await Task.Delay(10);
        }

        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
            await _stopping.CancelAsync();
        await _supervisor;
        _stopping.Dispose();
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public override string ToString() => Configuration;

    internal bool TryWait(Task task)
    {
        try
        {
            return task.Wait(_options.SyncTimeout);
        }
        catch (AggregateException)
        {
            return true; // it has ended; awaiting it says how
        }
    }

    internal Task<T> Send<T>(Message<T> message, CommandFlags flags)
    {
        _queue.Add(message);
        return flags.HasFlag(CommandFlags.FireAndForget) ? Task.FromResult(message.Nothing) : message.Reply;
    }

    internal void Send(params ReadOnlySpan<Message> messages) => _queue.Add(messages);

    private static ConfigurationOptions Configured(string configuration, Action<ConfigurationOptions> configure)
    {
        var options = ConfigurationOptions.Parse(configuration);
        configure(options);
        return options;
    }

    private async Task SuperviseAsync()
    {
        var everConnected = false;
        var hasFailed = false;
        for (var failures = 0; !_stopping.IsCancellationRequested;)
        {
            RedisConnectionException why;
            try
            {
                await using var connection = await RunSweepsAsync(RedisConnection.OpenAsync(
                    _endpoint, _options, ClientName, _queue, _subscriber.OnPush, _stopping.Token));
                (_connection, failures) = (connection, 0);
                _subscriber.OnConnected();
                _queue.Connected();
                Say(LogLevel.Information, $"Connected to {EndPointCollection.ToString(_endpoint)}");
                if (hasFailed)
                    Raise(() => ConnectionRestored?.Invoke(this, new(_endpoint, ConnectionFailureType.None, null)));
                everConnected = true;
                _firstAttempts.TrySetResult();
                why = await WatchAsync(connection);
            }
            catch (RedisConnectionException e)
            {
                why = e;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // The loop that brings the connection back must survive whatever it meets.
            catch (Exception e)
            {
                Raise(() => InternalError?.Invoke(this, new(_endpoint, e, nameof(SuperviseAsync))));
                why = new(ConnectionFailureType.InternalFailure, e.Message, e);
            }
#pragma warning restore CA1031

            _connection = null;
            _queue.Disconnected(why);
            if (_stopping.IsCancellationRequested)
                break;

            (hasFailed, failures) = (true, failures + 1);
            Say(LogLevel.Warning, $"No connection to {EndPointCollection.ToString(_endpoint)}: {why.FailureType}, {why.Message}");
            Raise(() => ConnectionFailed?.Invoke(this, new(_endpoint, why.FailureType, why)));
            if (!everConnected && !_options.AbortOnConnectFail)
                _firstAttempts.TrySetResult(); // the rest goes on in the background
            if (!everConnected && _options.AbortOnConnectFail && failures >= Math.Max(_options.ConnectRetry, 1))
            {
                _firstAttempts.TrySetException(new RedisConnectionException(
                    why.FailureType == ConnectionFailureType.AuthenticationFailure ? why.FailureType : ConnectionFailureType.UnableToConnect,
                    $"It was not possible to connect to the redis server(s). {why.Message}", why));
                break;
            }

            // A connection that has just worked is tried again at once; most often a server was restarted.
            await RunSweepsAsync(everConnected && failures == 1 ? Task.CompletedTask : BackOffAsync(failures - 1, everConnected));
        }

        _queue.Close(new(ConnectionFailureType.ConnectionDisposed, "The connection was closed by this client."));
        _subscriber.Close();
        _firstAttempts.TrySetException(new ObjectDisposedException(nameof(ConnectionMultiplexer)));
        _ = _firstAttempts.Task.Exception;
    }

    private async Task<RedisConnectionException> WatchAsync(RedisConnection connection)
    {
        using var dead = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var run = connection.RunAsync(dead.Token);
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, Task.Delay(SweepPeriod, CancellationToken.None));
            if (_queue.Sweep())
            {
                await dead.CancelAsync();
                await run;
                return new(ConnectionFailureType.SocketFailure, $"The server has answered nothing for {4 * _options.AsyncTimeout} ms.");
            }

            if (_options.KeepAlive > 0 && connection.UnusedFor > TimeSpan.FromSeconds(_options.KeepAlive))
                Send(new Message<RedisResult>("PING", -1, Reply.Any));
        }

        return await run;
    }

    /// <summary>Waits for something, and ends commands that are overdue meanwhile.</summary>
    private async Task RunSweepsAsync(Task wait)
    {
        while (!wait.IsCompleted)
        {
            await Task.WhenAny(wait, Task.Delay(SweepPeriod, CancellationToken.None));
            _queue.Sweep();
        }

        await wait;
    }

    private async Task<T> RunSweepsAsync<T>(Task<T> wait)
    {
        await RunSweepsAsync((Task)wait);
        return await wait;
    }

    private async Task BackOffAsync(long retries, bool everConnected)
    {
        var started = Stopwatch.GetTimestamp();
        do
        {
            await Task.Delay(everConnected || !_options.AbortOnConnectFail ? 20 : 100, CancellationToken.None);
        }
        while (!_stopping.IsCancellationRequested && (everConnected || !_options.AbortOnConnectFail)
            && !_options.ReconnectRetryPolicy.ShouldRetry(retries, (int)Math.Min(Stopwatch.GetElapsedTime(started).TotalMilliseconds, int.MaxValue)));
    }

    private TimeSpan SweepPeriod => TimeSpan.FromMilliseconds(
        Math.Clamp(Math.Min(_options.AsyncTimeout / 10.0, _options.HeartbeatInterval.TotalMilliseconds), 5, 1000));

    // Elsewhere than on the loop that reads the replies: a slow listener must not hold them up.
    private void OnError(string message)
    {
        if (ErrorMessage is { } listeners)
            ThreadPool.QueueUserWorkItem(_ => Raise(() => listeners(this, new(_endpoint, message))));
    }

    private void Raise(Action listeners)
    {
        try
        {
            listeners();
        }
#pragma warning disable CA1031 // The application's code, on a path that has to go on.
        catch (Exception e)
        {
            _logger?.LogError(e, "A listener of the connection's events failed");
        }
#pragma warning restore CA1031
    }

    private void Say(LogLevel level, string what)
    {
        _logger?.Log(level, "{Event}", what);
        _log?.WriteLine(what);
    }
}
