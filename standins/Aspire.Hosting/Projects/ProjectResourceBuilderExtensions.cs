using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public class ProjectResourceOptions
{
    /// <summary>Null: the AppHost's own profile name where the project has one, else its first.</summary>
    public string? LaunchProfileName { get; set; }

    public bool ExcludeLaunchProfile { get; set; }
    public bool ExcludeKestrelEndpoints { get; set; }
}

public static class ProjectResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => Add(builder, name, new TProject(), new ProjectResourceOptions());

    public static IResourceBuilder<ProjectResource> AddProject(this IDistributedApplicationBuilder builder, string name, string projectPath) =>
        Add(builder, name, At(builder, projectPath), new ProjectResourceOptions());

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, string? launchProfileName) where TProject : IProjectMetadata, new() =>
        Add(builder, name, new TProject(), Profile(launchProfileName));

    public static IResourceBuilder<ProjectResource> AddProject(
        this IDistributedApplicationBuilder builder, string name, string projectPath, string? launchProfileName) =>
        Add(builder, name, At(builder, projectPath), Profile(launchProfileName));

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure) where TProject : IProjectMetadata, new() =>
        Add(builder, name, new TProject(), Configured(configure));

    public static IResourceBuilder<ProjectResource> AddProject(
        this IDistributedApplicationBuilder builder, string name, string projectPath, Action<ProjectResourceOptions> configure) =>
        Add(builder, name, At(builder, projectPath), Configured(configure));

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(replicas);
        return builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);
    }

    public static IResourceBuilder<ProjectResource> DisableForwardedHeaders(this IResourceBuilder<ProjectResource> builder) =>
        builder.WithAnnotation<DisableForwardedHeadersAnnotation>(ResourceAnnotationMutationBehavior.Replace);

    /// <summary>Which endpoints the project is told to listen on by ASPNETCORE_URLS.</summary>
    public static IResourceBuilder<ProjectResource> WithEndpointsInEnvironment(
        this IResourceBuilder<ProjectResource> builder, Func<EndpointAnnotation, bool> filter) =>
        builder.WithAnnotation(new EndpointEnvironmentFilterAnnotation(filter));

    private static IResourceBuilder<ProjectResource> Add(
        IDistributedApplicationBuilder builder, string name, IProjectMetadata project, ProjectResourceOptions options)
    {
        var resource = builder.AddResource(new ProjectResource(name)).WithAnnotation(project);
        resource.WithOtlpExporter();
        resource.WithEnvironment("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY", "in_memory");
        var profile = LaunchProfiles.Select(project, options, builder.Configuration);
        var kestrel = options.ExcludeKestrelEndpoints ? new KestrelSettings([], false) : KestrelSettings.Read(project.ProjectPath);
        if (builder.ExecutionContext.IsRunMode)
        {
            ConfigureRun(resource, profile, kestrel);
            ProjectRebuilderResource.AddFor(resource, project);
        }
        else
        {
            ConfigurePublish(resource, profile, kestrel);
        }
        return resource;
    }

    private static void ConfigureRun(IResourceBuilder<ProjectResource> resource, LaunchProfileAnnotation? profile, KestrelSettings kestrel)
    {
        resource.WithEnvironment("LOGGING__CONSOLE__FORMATTERNAME", "simple");
        resource.WithEnvironment("DOTNET_SYSTEM_CONSOLE_ALLOW_ANSI_COLOR_REDIRECTION", "true");
        ProjectEndpoints.AddFromKestrel(resource, kestrel);
        if (profile is not null)
        {
            resource.WithAnnotation(profile);
            if (kestrel.Endpoints.Count == 0)
                ProjectEndpoints.AddFromProfile(resource, profile.Profile, kestrel.Http2ByDefault);
            ProjectEndpoints.ApplyProfile(resource, profile);
        }
        resource.WithEnvironment(kestrel.Endpoints.Count > 0 ? ProjectEndpoints.SetKestrelUrls : ProjectEndpoints.SetUrls);
    }

    private static void ConfigurePublish(IResourceBuilder<ProjectResource> resource, LaunchProfileAnnotation? profile, KestrelSettings kestrel)
    {
        resource.WithEnvironment(context =>
        {
            if (resource.Resource.GetEndpoints().Any() && !resource.Resource.HasAnnotationOfType<DisableForwardedHeadersAnnotation>())
                context.EnvironmentVariables["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "true";
        });
        ProjectEndpoints.AddFromKestrel(resource, kestrel);
        resource.WithEnvironment(kestrel.Endpoints.Count > 0 ? ProjectEndpoints.SetKestrelUrls : ProjectEndpoints.SetPorts);
        if (profile?.Profile.ApplicationUrl is not null || kestrel.Endpoints.Count > 0)
            ProjectEndpoints.AddForPublishing(resource, kestrel.Http2ByDefault);
    }

    private static ProjectResourceOptions Profile(string? name) => new() { LaunchProfileName = name, ExcludeLaunchProfile = name is null };

    private static ProjectResourceOptions Configured(Action<ProjectResourceOptions> configure)
    {
        var options = new ProjectResourceOptions();
        configure(options);
        return options;
    }

    private static ProjectAt At(IDistributedApplicationBuilder builder, string projectPath) =>
        new(Path.GetFullPath(projectPath.Replace('\\', Path.DirectorySeparatorChar), builder.AppHostDirectory));

    private sealed class ProjectAt(string path) : IProjectMetadata
    {
        public string ProjectPath { get; } = path;
    }
}

internal sealed class DisableForwardedHeadersAnnotation : IResourceAnnotation;

internal sealed class EndpointEnvironmentFilterAnnotation(Func<EndpointAnnotation, bool> filter) : IResourceAnnotation
{
    internal Func<EndpointAnnotation, bool> Filter { get; } = filter;
}
