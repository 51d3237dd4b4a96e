namespace Aspire.Hosting.Testing;

/// <summary>
/// Started by letting the AppHost's entry point go on to its Run(). Stops what it started when it is disposed, so that a failed test
/// leaves no processes, and gives up on what does not stop.
/// </summary>
internal sealed class TestingApplication : DistributedApplication
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(45);

    private readonly DistributedApplication _inner;
    private readonly EntryPointRun? _entryPoint;
    private readonly TaskCompletionSource _mayBeDisposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _started;
    private int _disposed;

    /// <param name="entryPoint">Null: the test has made the builder itself, and nobody else will start the application.</param>
    public TestingApplication(DistributedApplication inner, EntryPointRun? entryPoint) : base(inner)
    {
        (_inner, _entryPoint) = (inner, entryPoint);
        inner.MayBeDisposed = _mayBeDisposed.Task;
    }

    public override async Task StartAsync(CancellationToken cancellationToken = default)
    {
        _started = true;
        if (_entryPoint is null)
        {
            await _inner.StartAsync(cancellationToken);
            return;
        }

        _entryPoint.GoOn();
        await (await Task.WhenAny(_inner.Started, _entryPoint.Ended).WaitAsync(cancellationToken));
        if (!_inner.Started.IsCompleted)
            throw new InvalidOperationException("The entry point exited without starting the DistributedApplication.");
        await _inner.Started;
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        if (_started)
            await StopAsync(CancellationToken.None).WaitAsync(_limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        _mayBeDisposed.TrySetResult();
        _entryPoint?.Abandon();
        await base.DisposeAsync();
    }
}
