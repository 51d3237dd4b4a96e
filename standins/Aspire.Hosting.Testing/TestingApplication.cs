using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>Stops what it started when it is disposed, so that a failed test leaves no processes, and gives up on what does not stop.</summary>
internal sealed class TestingApplication(DistributedApplication inner) : DistributedApplication(inner)
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(45);

    private bool _started;
    private int _disposed;

    public override Task StartAsync(CancellationToken cancellationToken = default)
    {
        _started = true;
        return base.StartAsync(cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        if (_started)
            await StopAsync(CancellationToken.None).WaitAsync(_limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        await base.DisposeAsync();
    }
}
