using System.Diagnostics;
using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Publishing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    internal const string DiagnosticName = "Aspire.Hosting";
    internal const string Constructing = "DistributedApplicationBuilderConstructing";
    internal const string Constructed = "DistributedApplicationBuilderConstructed";
    internal const string Building = "DistributedApplicationBuilding";
    internal const string Built = "DistributedApplicationBuilt";

    private static readonly DiagnosticListener Diagnostics = new(DiagnosticName);
    private readonly HostApplicationBuilder inner;
    private readonly DistributedApplicationOptions options;

    internal DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        this.options = options;
        // The test host listens: it changes options before anything is read, and takes the builder away from the entry point.
        var settings = new HostApplicationBuilderSettings { Args = options.Args, Configuration = new ConfigurationManager() };
        settings.Configuration.AddEnvironmentVariables("ASPIRE_");
        Diagnostics.Write(Constructing, (options, settings));

        inner = new HostApplicationBuilder(settings);
        inner.Configuration.AddCommandLine(options.Args ?? [], AppHostConfiguration.SwitchMappings);

        Identity = AppHostIdentity.Of(options);
        ExecutionContext = AppHostConfiguration.ExecutionContext(inner.Configuration);
        AppHostConfiguration.AddIdentity(inner.Configuration, Identity, options, inner.Environment, ExecutionContext);
        if (ExecutionContext.IsRunMode && !options.DisableDashboard)
            AppHostConfiguration.AddDashboardKeys(inner.Configuration, UserSecrets.Of(this));

        AddServices();
        Diagnostics.Write(Constructed, this);
    }

    public ConfigurationManager Configuration => inner.Configuration;
    public string AppHostDirectory => Identity.Directory;
    public Assembly? AppHostAssembly => Identity.Assembly;
    public IHostEnvironment Environment => inner.Environment;
    public IServiceCollection Services => inner.Services;
    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();
    public DistributedApplicationExecutionContext ExecutionContext { get; }
    public IResourceCollection Resources { get; } = new ResourceCollection([]);

    internal AppHostIdentity Identity { get; }

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        ResourceNames.Validate(resource.Name);
        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        Diagnostics.Write(Building, this);
        var application = new DistributedApplication(inner.Build());
        ExecutionContext.Services = application.Services;
        Diagnostics.Write(Built, application);
        return application;
    }

    private void AddServices()
    {
        Services.AddSingleton(options);
        Services.AddSingleton(Identity);
        Services.AddSingleton<IDistributedApplicationBuilder>(this);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(Eventing);
        Services.AddSingleton(UserSecrets.Of(this));
        Services.AddSingleton(_ => new DistributedApplicationModel(Resources));

        // What is worth a line is said by the application itself and in the consoles of the resources.
        inner.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        inner.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        inner.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        inner.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        if (!options.DisableDashboard)
            inner.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", LogLevel.None);

        Services.AddResourceObservation();
        if (ExecutionContext.IsPublishMode)
            Services.AddHostedService<ManifestPublisher>();
        else
            Services.AddOrchestration();
    }
}
