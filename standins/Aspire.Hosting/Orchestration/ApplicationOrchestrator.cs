using System.Collections.Immutable;
using System.Reflection;
using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Dcp;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>The start of an application, in the order that AppHosts rely on, and its end.</summary>
internal sealed class ApplicationOrchestrator(
    DistributedApplicationModel model,
    DistributedApplicationOptions options,
    DistributedApplicationExecutionContext execution,
    AppHostIdentity appHost,
    IConfiguration configuration,
    IDistributedApplicationEventing eventing,
    ResourceNotificationService notifications,
    ResourceLoggerService consoles,
    ParameterValues parameters,
    ResourceServiceServer resourceService,
    IHostApplicationLifetime lifetime,
    IServiceProvider services,
    ILogger<DistributedApplication> logger) : IHostedService, IAsyncDisposable
{
    private static readonly TimeSpan StopProcessesLimit = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource ending = new();
    private readonly bool randomizePorts = configuration.GetValue<bool>("DcpPublisher:RandomizePorts");
    private Task<DcpSession>? session;
    private ResourceRunner? runner;
    private Uri? resourceServiceAddress;
    private int stopped;
    private int disposed;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StartResourcesAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Ctrl+C while resources still wait for each other is a normal end, not a failed start.
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0)
            return;
        if (session is null)
        {
            await ending.CancelAsync();
            return;
        }

        if (session.IsCompletedSuccessfully && runner is not null)
            await StopProcessesAsync(runner);
        // The dashboard ends sooner without its streams.
        await resourceService.StopAsync(CancellationToken.None);
        // Also what was about to start: an unfinished start of DCP is given up, a finished one ended.
        await ending.CancelAsync();
        await ((Task)session).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (session.IsCompletedSuccessfully)
        {
            var dcp = await session;
            await dcp.StopAsync();
            dcp.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The service collection holds this twice, as itself and as a hosted service.
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        await StopAsync(CancellationToken.None);
        runner?.Dispose();
        ending.Dispose();
    }

    /// <summary>What is known before anything starts. The host would make a page of stack trace of it.</summary>
    internal DcpLocations CheckStart()
    {
        TransportRules.Check(configuration, options);
        return DcpLocations.Find(configuration, appHost, withDashboard: !options.DisableDashboard);
    }

    internal Task StartAsync(string id, CancellationToken ct) => Runner.StartAsync(id, ct);

    internal Task<bool> StopAsync(string id, CancellationToken ct) => Runner.StopAsync(id, ct);

    internal Task<bool> RestartAsync(string id, CancellationToken ct) => Runner.RestartAsync(id, ct);

    private async Task StartResourcesAsync(CancellationToken cancellationToken)
    {
        logger.LogInformation("Aspire AppHost version: {Version}", Version());
        logger.LogInformation("Distributed application starting.");
        logger.LogInformation("Application host directory is: {AppHostDirectory}", appHost.Directory);
        var locations = CheckStart();
        if (!options.DisableDashboard)
            await AddDashboardAsync(locations, cancellationToken);
        await eventing.PublishAsync(new BeforeStartEvent(services, model), cancellationToken);

        var endpoints = new EndpointServices(randomizePorts, logger);
        foreach (var resource in Started())
            Prepare(resource, endpoints);
        // While the model is published DCP comes up by itself.
        session = DcpSession.StartAsync(locations.Dcp, configuration["DcpPublisher:ContainerRuntime"], logger, ending.Token);
        await PublishInitialAsync(cancellationToken);
        var dcp = (await session.WaitAsync(cancellationToken)).Client;

        var urls = await AllocateAsync(dcp, endpoints, cancellationToken);
        runner = new ResourceRunner(dcp, endpoints, urls, model, appHost, execution, eventing, notifications, consoles, services, logger, randomizePorts);
        foreach (var resource in Started())
            runner.Add(resource);
        _ = runner.WatchAsync(DcpKind.Executable, LostAfter, DcpLost, ending.Token);
        _ = runner.WatchAsync(DcpKind.Container, LostAfter, static () => { }, ending.Token);
        if (model.Resources.OfType<DashboardResource>().FirstOrDefault() is { } dashboard)
            _ = AnnounceAsync(dashboard, ending.Token);
        parameters.AskForMissing(ending.Token);

        await CreateNetworkAsync(dcp, cancellationToken);
        await Task.WhenAll(Started().Where(r => !r.HasAnnotationOfType<ExplicitStartupAnnotation>())
            .Select(r => runner.StartAsync(r, cancellationToken)));
        await eventing.PublishAsync(new AfterResourcesCreatedEvent(services, model), cancellationToken);
        logger.LogInformation("Distributed application started. Press Ctrl+C to shut down.");
    }

    private ResourceRunner Runner => runner ?? throw new InvalidOperationException("The application has not been started.");

    private IEnumerable<IResource> Started() => model.Resources.Where(r => r is ProjectResource or ExecutableResource or ContainerResource);

    private static string Version() => typeof(ApplicationOrchestrator).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private async Task AddDashboardAsync(DcpLocations locations, CancellationToken ct)
    {
        var address = configuration["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] is { Length: > 0 } url ? new Uri(url) : null;
        resourceServiceAddress = await resourceService.StartAsync(address, configuration["AppHost:ResourceService:ApiKey"], ct);
        var dashboard = new DashboardResource(locations.Dashboard, configuration, () => resourceServiceAddress);
        dashboard.Annotations.Add(ManifestPublishingCallbackAnnotation.Ignore);
        model.Resources.Insert(0, dashboard);
    }

    private void Prepare(IResource resource, EndpointServices endpoints)
    {
        endpoints.Name(resource);
        // What outlives a run is found again under its name.
        var kept = ContainerSpecs.IsPersistent(resource) ? OwnHash() : null;
        resource.Annotations.Add(new DcpInstancesAnnotation([.. Enumerable.Range(0, resource.GetReplicaCount()).Select(index =>
        {
            var suffix = kept ?? RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8);
            return new DcpInstance($"{resource.Name}-{suffix}", suffix, index);
        })]));
        LifecycleCommands.AddTo(resource);
    }

    private async Task PublishInitialAsync(CancellationToken ct)
    {
        foreach (var resource in model.Resources)
        {
            var parent = (resource as IResourceWithParent)?.Parent
                ?? resource.Annotations.OfType<ResourceRelationshipAnnotation>().LastOrDefault(r => r.Type == KnownRelationshipTypes.Parent)?.Resource;
            await notifications.PublishUpdateAsync(resource, s => ResourceSnapshots.Initial(resource, s)
                .With(KnownProperties.Resource.ParentName, parent?.GetResolvedResourceNames()[0]) with
            {
                IsHidden = s.IsHidden || (resource is DashboardResource && !configuration.GetValue<bool>("ASPIRE_SHOW_DASHBOARD_RESOURCES")),
                SupportsDetailedTelemetry = resource.HasAnnotationOfType<OtlpExporterAnnotation>(),
                State = resource.HasAnnotationOfType<ExplicitStartupAnnotation>() ? KnownResourceStates.NotStarted : s.State,
            });
        }
        await parameters.PublishAsync();
        foreach (var resource in model.Resources)
        {
            await eventing.PublishAsync(
                new InitializeResourceEvent(resource, eventing, consoles, notifications, services), EventDispatchBehavior.NonBlockingConcurrent, ct);
        }
    }

    private async Task<Dictionary<IResource, ImmutableArray<UrlSnapshot>>> AllocateAsync(DcpClient dcp, EndpointServices endpoints, CancellationToken ct)
    {
        await Task.WhenAll(Started().Select(r => endpoints.AllocateAsync(dcp, r, ct)));
        var dashboard = model.Resources.OfType<DashboardResource>().FirstOrDefault();
        if (dashboard?.Annotations.OfType<EndpointAnnotation>().Select(e => e.AllocationFailure).FirstOrDefault(f => f is not null) is { } failure)
            throw failure;

        var urls = new Dictionary<IResource, ImmutableArray<UrlSnapshot>>();
        foreach (var resource in model.Resources)
        {
            if (resource is IResourceWithEndpoints owner && owner.GetEndpoints().Any())
                await eventing.PublishAsync(new ResourceEndpointsAllocatedEvent(resource, services), ct);
            var found = urls[resource] = await ResourceUrls.OfAsync(resource, execution, consoles.GetLogger(resource), ct);
            if (found.IsEmpty)
                continue;
            // What is not started by us is there whenever it says so itself.
            var inactive = resource.HasAnnotationOfType<DcpInstancesAnnotation>();
            await notifications.PublishUpdateAsync(resource, s => s with { Urls = [.. found.Select(u => u with { IsInactive = inactive })] });
        }
        return urls;
    }

    private async Task CreateNetworkAsync(DcpClient dcp, CancellationToken ct)
    {
        var containers = model.Resources.OfType<ContainerResource>().ToArray();
        if (containers.Length == 0)
            return;
        var persistent = containers.Any(ContainerSpecs.IsPersistent);
        var name = persistent
            ? $"aspire-persistent-network-{OwnHash()}"
            : $"aspire-session-network-{RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", 8)}";
        await dcp.CreateAsync(DcpKind.ContainerNetwork, ContainerSpecs.Network, [], ContainerSpecs.CreateNetwork(name, persistent), ct);
    }

#pragma warning disable CA1308 // Names of containers and networks are written in lower case.
    private string OwnHash() => appHost.PathSha256[..8].ToLowerInvariant();
#pragma warning restore CA1308

    private async Task AnnounceAsync(DashboardResource dashboard, CancellationToken ct)
    {
        try
        {
            await notifications.WaitForResourceAsync(dashboard.Name, KnownResourceStates.Running, ct);
            var url = dashboard.Frontend!.Url;
            logger.LogInformation("Now listening on: {Url}", url);
            if (configuration["AppHost:BrowserToken"] is { } token)
                logger.LogInformation("Login to the dashboard at {Url}/login?t={Token}", url, token);
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
    }

    private void DcpLost()
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return;
        logger.LogCritical("DCP has gone, and with it every process of the application. The application host stops.");
        lifetime.StopApplication();
    }

    private async Task StopProcessesAsync(ResourceRunner running)
    {
        using var limit = new CancellationTokenSource(StopProcessesLimit);
        try
        {
            await running.StopAllAsync(r => r is not DashboardResource, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            logger.LogWarning("Not every process confirmed its end: {Reason}", e.Message);
        }
    }
}
