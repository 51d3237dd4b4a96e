namespace Shop.AppHost;

/// <summary>What every service of the shop has in common in the model.</summary>
internal static class ShopServices
{
    /// <summary>Health check, its name on the dashboard, and more named pages under the same endpoint.</summary>
    public static IResourceBuilder<ProjectResource> AsShopService(
        this IResourceBuilder<ProjectResource> project, string name, params (string Path, string Name)[] pages)
    {
        project.WithHttpHealthCheck("/ready").WithoutTelemetryRetry()
            .WithUrlForEndpoint("http", url => url.DisplayText = name);
        // One ladder and one plan for all: a rung that only one process knows contradicts the others in silence.
        foreach (var section in (string[])["Timeouts", "Connections", "CardTesting"])
        {
            foreach (var setting in project.ApplicationBuilder.Configuration.GetSection(section).GetChildren())
                project.WithEnvironment($"{section}__{setting.Key}", setting.Value);
        }

        foreach (var page in pages)
            project.WithUrlForEndpoint("http", endpoint => new ResourceUrlAnnotation { Url = page.Path, DisplayText = page.Name });
        return project;
    }

    /// <summary>With the retry that Aspire asks for, a process outlives its collector by 13 s at every stop.</summary>
    public static IResourceBuilder<ProjectResource> WithoutTelemetryRetry(this IResourceBuilder<ProjectResource> project) =>
        project.ApplicationBuilder.ExecutionContext.IsRunMode
            ? project.WithEnvironment(context => context.EnvironmentVariables.Remove("OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"))
            : project;

    /// <summary>Generated once: here kept in user secrets, in a deployment by the tool that deploys.</summary>
    public static IResourceBuilder<ParameterResource> AddGeneratedSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);

    /// <summary>Generated here. A deployment is asked for it, because somebody else chose it, or has to know it.</summary>
    public static IResourceBuilder<ParameterResource> AddKnownSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.ExecutionContext.IsPublishMode ? builder.AddParameter(name, secret: true) : builder.AddGeneratedSecret(name);

    /// <summary>A parameter's value by its name, or by what a shell can export: <c>Parameters__stripe_secret_key</c>.</summary>
    public static string? ParameterValue(this IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"];
}
