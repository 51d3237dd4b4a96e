using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

internal static class ProjectEndpoints
{
    /// <summary>One endpoint per URL of the profile, named by its scheme; the URL's port is the public one.</summary>
    internal static void AddFromProfile(IResourceBuilder<ProjectResource> project, LaunchProfile profile)
    {
        var names = new Dictionary<string, int>();
        foreach (var url in Split(profile.ApplicationUrl))
        {
            // http://+:5000 and http://*:5000 are not URIs.
            var uri = new Uri(url.Replace("://*", "://localhost", StringComparison.Ordinal).Replace("://+", "://localhost", StringComparison.Ordinal));
            var nth = names[uri.Scheme] = names.GetValueOrDefault(uri.Scheme) + 1;
            project.WithEndpoint(nth == 1 ? uri.Scheme : $"{uri.Scheme}{nth}", endpoint =>
            {
                endpoint.Protocol = ProtocolType.Tcp;
                endpoint.UriScheme = uri.Scheme;
                endpoint.Transport = "http";
                endpoint.TlsEnabled = uri.Scheme == "https";
                endpoint.Port = project.ApplicationBuilder.ExecutionContext.IsRunMode ? uri.Port : null;
                endpoint.FromLaunchProfile = true;
            });
        }
    }

    internal static void ApplyProfile(IResourceBuilder<ProjectResource> project, LaunchProfileAnnotation annotation)
    {
        var profile = annotation.Profile;
        project.WithEnvironment(context =>
        {
            context.EnvironmentVariables.TryAdd("DOTNET_LAUNCH_PROFILE", annotation.Name);
            foreach (var (name, value) in profile.EnvironmentVariables)
                context.EnvironmentVariables.TryAdd(name, System.Environment.ExpandEnvironmentVariables(value));
        });
        project.WithArgs(context =>
        {
            foreach (var arg in CommandLine.Split(profile.CommandLineArgs))
                context.Args.Add(arg);
        });
        if (profile.LaunchUrl is { Length: > 0 } launchUrl)
            project.WithUrls(context => PointTo(context, launchUrl));
    }

    /// <summary>Tells Kestrel where to listen; DCP fills in the port of each replica.</summary>
    internal static void SetUrls(EnvironmentCallbackContext context)
    {
        var resource = (ProjectResource)context.Resource;
        var filters = resource.Annotations.OfType<EndpointEnvironmentFilterAnnotation>().ToArray();
        var endpoints = resource.GetEndpoints()
            .Where(e => e.Scheme is "http" or "https" && filters.All(f => f.Filter(e.EndpointAnnotation)))
            .ToArray();

        if (endpoints.Length > 0 && !context.EnvironmentVariables.ContainsKey("ASPNETCORE_URLS"))
        {
            var urls = new ReferenceExpressionBuilder();
            foreach (var endpoint in endpoints)
            {
                if (!urls.IsEmpty)
                    urls.AppendLiteral(";");
                urls.AppendLiteral($"{endpoint.Scheme}://{endpoint.EndpointAnnotation.TargetHost}:");
                urls.AppendFormatted(endpoint.Property(EndpointProperty.TargetPort));
            }
            context.EnvironmentVariables["ASPNETCORE_URLS"] = urls.Build();
        }
        if (endpoints.FirstOrDefault(e => e.IsHttps) is { } https)
            context.EnvironmentVariables.TryAdd("ASPNETCORE_HTTPS_PORT", https.Property(EndpointProperty.Port));
    }

    private static void PointTo(ResourceUrlsCallbackContext context, string launchUrl)
    {
        if (context.Urls.FirstOrDefault(u => u.Endpoint is { IsHttpSchemeNamedEndpoint: true }) is not { } url)
            return;
        url.Url = Uri.TryCreate(launchUrl, UriKind.Absolute, out var absolute) && absolute.Scheme is "http" or "https"
            ? launchUrl
            : $"{url.Url.TrimEnd('/')}/{launchUrl.TrimStart('/')}";
    }

    private static string[] Split(string? urls) =>
        (urls ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
