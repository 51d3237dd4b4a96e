using System.Reflection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>
/// An AppHost's entry point on a thread of its own. It is held inside Build() twice: while the test changes the builder, and until the
/// test starts what was built. Then it goes on, and its own Run() is what starts the application.
/// </summary>
internal sealed class EntryPointRun(
    Assembly assembly, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> constructing)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource<IDistributedApplicationBuilder> _building = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _built = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _mayBuild = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _mayGoOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The entry point has returned, or failed.</summary>
    public Task Ended => _ended.Task;

    public async Task<IDistributedApplicationBuilder> StartAsync(CancellationToken cancellationToken)
    {
        var main = assembly.EntryPoint
            ?? throw new InvalidOperationException($"Assembly '{assembly.GetName().Name}' has no entry point, so it is no AppHost.");
        new Thread(() => Run(main)) { IsBackground = true, Name = $"Entry point of {assembly.GetName().Name}" }.Start();
        return await _building.Task.WaitAsync(_limit, cancellationToken);
    }

    public async Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _mayBuild.TrySetResult(true);
        return await _built.Task.WaitAsync(_limit, cancellationToken);
    }

    public void GoOn() => _mayGoOn.TrySetResult(true);

    /// <summary>Lets a held entry point end, by the exception that hosts are ended with.</summary>
    public void Abandon()
    {
        _mayBuild.TrySetResult(false);
        _mayGoOn.TrySetResult(false);
    }

    private static void Hold(Task<bool> until)
    {
        if (!until.GetAwaiter().GetResult())
            throw new HostAbortedException();
    }

    private void Run(MethodInfo main)
    {
        using var events = new BuilderEvents
        {
            Constructing = constructing,
            Constructed = TestingDefaults.Apply,
            Building = builder =>
            {
                _building.TrySetResult(builder);
                Hold(_mayBuild.Task);
            },
            Built = application =>
            {
                _built.TrySetResult(application);
                Hold(_mayGoOn.Task);
            },
        };
        events.ListenHere();
        var reason = new InvalidOperationException("The entry point exited without building a DistributedApplication.");
        try
        {
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [args], null);
            _ended.TrySetResult();
            Fail(reason); // has no effect where the application was built
        }
        catch (HostAbortedException)
        {
            _ended.TrySetResult();
            Fail(reason);
        }
#pragma warning disable CA1031 // The AppHost's own exception, for the test to see.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _ended.TrySetException(e);
            _ = _ended.Task.Exception; // a failure after the start is in the log
            Fail(e);
        }
    }

    private void Fail(Exception reason)
    {
        _building.TrySetException(reason);
        _built.TrySetException(reason);
    }
}
