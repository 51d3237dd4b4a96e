using Microsoft.AspNetCore.Connections;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

public class DistributedApplication : IHost, IAsyncDisposable
{
    private readonly IHost host;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private Task? stop;
    private Task? disposal;

    internal DistributedApplication(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;
    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();
    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    /// <summary>Done when it has started, whoever started it; failed with the reason when it could not.</summary>
    internal Task Started => started.Task;

    /// <summary>A test still looks at its application after the stop, when Run() in the AppHost would dispose it at once.</summary>
    internal Task MayBeDisposed { get; set; } = Task.CompletedTask;

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);

    public static IDistributedApplicationBuilder CreateBuilder(string[] args) =>
        CreateBuilder(new DistributedApplicationOptions { Args = args });

    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new DistributedApplicationBuilder(options);
    }

    public virtual async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            Services.GetService<ApplicationOrchestrator>()?.CheckStart(); // there is none when publishing
            await host.StartAsync(cancellationToken);
            started.TrySetResult();
        }
        catch (Exception e)
        {
            started.TrySetException(e);
            _ = started.Task.Exception; // nobody may ask
            throw;
        }
    }

    /// <summary>Once: a test and the AppHost's own Run() may both come to it.</summary>
    public virtual Task StopAsync(CancellationToken cancellationToken = default)
    {
        lock (gate)
            return stop ??= host.StopAsync(cancellationToken);
    }

    /// <summary>Until Ctrl+C or SIGTERM, also while resources still wait for each other.</summary>
    public virtual async Task RunAsync(CancellationToken cancellationToken = default)
    {
        var lifetime = Services.GetRequiredService<IHostApplicationLifetime>();
        try
        {
            await StartAsync(cancellationToken);
            await this.WaitForShutdownAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested || cancellationToken.IsCancellationRequested)
        {
            await StopAsync(CancellationToken.None);
        }
        catch (StartRefusedException e)
        {
            Services.GetRequiredService<ILogger<DistributedApplication>>().LogCritical("{Reason}", e.Message);
            Environment.ExitCode = 1;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            Services.GetRequiredService<ILogger<DistributedApplication>>().LogCritical("{Reason} Is the application running already?", e.Message);
            Environment.ExitCode = 1;
        }
        finally
        {
            await DisposeAsync();
        }
    }

    public void Run() => RunAsync().GetAwaiter().GetResult();

    void IDisposable.Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await MayBeDisposed;
        lock (gate)
            disposal ??= host is IAsyncDisposable disposable ? disposable.DisposeAsync().AsTask() : Task.CompletedTask;
        await disposal;
    }
}
