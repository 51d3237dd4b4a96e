using System.Reflection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>
/// An AppHost's entry point on a thread of its own. It is held inside Build() while the test changes the builder, and ended when Build()
/// has its result, by the exception that hosts are ended with.
/// </summary>
internal sealed class EntryPointRun(
    Assembly assembly, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> constructing)
{
    private static readonly TimeSpan _limit = TimeSpan.FromMinutes(2);

    private readonly TaskCompletionSource<IDistributedApplicationBuilder> _building = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _built = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _mayBuild = new(TaskCreationOptions.RunContinuationsAsynchronously);

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

    /// <summary>Lets a held entry point end without an application.</summary>
    public void Abandon() => _mayBuild.TrySetResult(false);

    private void Hold(IDistributedApplicationBuilder builder)
    {
        _building.TrySetResult(builder);
        if (!_mayBuild.Task.GetAwaiter().GetResult())
            throw new HostAbortedException();
    }

    private void Run(MethodInfo main)
    {
        using var events = new BuilderEvents
        {
            Constructing = constructing,
            Constructed = TestingDefaults.Apply,
            Building = Hold,
            Built = application =>
            {
                _built.TrySetResult(application);
                throw new HostAbortedException();
            },
        };
        events.ListenHere();
        var reason = new InvalidOperationException("The entry point exited without building a DistributedApplication.");
        try
        {
            main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, main.GetParameters().Length == 0 ? [] : [args], null);
            Fail(reason);
        }
        catch (HostAbortedException)
        {
            Fail(reason); // has no effect where the application was built
        }
#pragma warning disable CA1031 // The AppHost's own exception, for the test to see.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
        }
    }

    private void Fail(Exception reason)
    {
        _building.TrySetException(reason);
        _built.TrySetException(reason);
    }
}
