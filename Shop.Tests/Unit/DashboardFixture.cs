using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Shop.Tests.Unit;

/// <summary>The observation half of an AppHost without anything that starts processes: the test says what state resources are in.</summary>
internal sealed class DashboardFixture : IAsyncDisposable
{
    private readonly IHost _host;

    public DashboardFixture(bool dashboard = true, Action<IHealthChecksBuilder>? checks = null, params IResource[] resources)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "Shop.AppHost" });
        builder.Services.AddSingleton(new DistributedApplicationModel(resources));
        builder.Services.AddSingleton<IDistributedApplicationEventing>(Eventing);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(new DistributedApplicationOptions { DisableDashboard = !dashboard });
        builder.Services.AddResourceObservation();
        checks?.Invoke(builder.Services.AddHealthChecks());
        _host = builder.Build();
    }

    public static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    public DistributedApplicationEventing Eventing { get; } = new();
    public IServiceProvider Services => _host.Services;
    public ResourceNotificationService Notifications => Services.GetRequiredService<ResourceNotificationService>();
    public ResourceLoggerService Consoles => Services.GetRequiredService<ResourceLoggerService>();
    public ResourceCommandService Commands => Services.GetRequiredService<ResourceCommandService>();
    public InteractionService Interactions => Services.GetRequiredService<InteractionService>();

    public async Task<DashboardFixture> StartedAsync()
    {
        await _host.StartAsync(Ct);
        return this;
    }

    public Task SetAsync(IResource resource, string? state, int? exitCode = null) =>
        Notifications.PublishUpdateAsync(resource, s => s with { State = state, ExitCode = exitCode });

    public Task SetAsync(IResource resource, string id, string state) =>
        Notifications.PublishUpdateAsync(resource, id, s => s with { State = state });

    /// <summary>Healthy in the way the health loop says it.</summary>
    public Task SetReadyAsync(IResource resource, Task? handlers = null) => Notifications.PublishUpdateAsync(resource, s => s with
    {
        State = KnownResourceStates.Running,
        HealthReports = [.. s.HealthReports.Select(r => r with { Status = HealthStatus.Healthy })],
        ResourceReady = handlers ?? Task.CompletedTask,
    });

    public CustomResourceSnapshot Snapshot(string id) =>
        Notifications.TryGetCurrentState(id, out var e) ? e.Snapshot : throw new InvalidOperationException($"'{id}' has no state.");

    public static void WithReplicas(IResource resource, params string[] suffixes) =>
        resource.Annotations.Add(new DcpInstancesAnnotation(
            [.. suffixes.Select((suffix, index) => new DcpInstance($"{resource.Name}-{suffix}", suffix, index))]));

    public static ResourceCommandAnnotation Command(
        string name, Func<ExecuteCommandContext, Task<ExecuteCommandResult>> execute,
        Func<UpdateCommandStateContext, ResourceCommandState>? state = null, InteractionInput[]? arguments = null,
        Func<InputsDialogValidationContext, Task>? validate = null, string? confirmation = null,
        ResourceCommandVisibility visibility = ResourceCommandVisibility.UI | ResourceCommandVisibility.Api) =>
        new(name, name, state ?? (_ => ResourceCommandState.Enabled), execute, null, arguments, confirmation, null, null, false, visibility, validate);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(Ct);
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    internal sealed class Thing(string name) : Resource(name);

    internal sealed class Part(string name, IResource whole) : Resource(name), IResourceWithParent
    {
        public IResource Parent => whole;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
