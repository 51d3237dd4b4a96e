using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting;

internal static class ProjectEndpoints
{
    /// <summary>In a run: one endpoint per URL of the profile, named by its scheme; the URL's port is the public one.</summary>
    internal static void AddFromProfile(IResourceBuilder<ProjectResource> project, LaunchProfile profile, bool http2)
    {
        var names = new Dictionary<string, int>();
        foreach (var url in Split(profile.ApplicationUrl))
        {
            var address = BindingAddress.Parse(url);
            var nth = names[address.Scheme] = names.GetValueOrDefault(address.Scheme) + 1;
            project.WithEndpoint(nth == 1 ? address.Scheme : $"{address.Scheme}{nth}", endpoint =>
            {
                Set(endpoint, address, http2);
                endpoint.Port = address.Port;
                endpoint.FromLaunchProfile = true;
            });
        }
    }

    /// <summary>One endpoint per Kestrel endpoint of the project's settings, under the scheme where it is the only one of it.</summary>
    internal static void AddFromKestrel(IResourceBuilder<ProjectResource> project, KestrelSettings kestrel)
    {
        foreach (var ofScheme in kestrel.Endpoints.GroupBy(e => e.Address.Scheme))
        {
            var only = ofScheme.Count() == 1;
            foreach (var configured in ofScheme)
            {
                project.WithEndpoint(only ? ofScheme.Key : configured.Name, endpoint =>
                {
                    Set(endpoint, configured.Address, configured.Http2 ?? kestrel.Http2ByDefault);
                    // What is deployed is reached on the ports of where it is deployed to; a replica of a run needs a port of its own.
                    if (project.ApplicationBuilder.ExecutionContext.IsPublishMode)
                        endpoint.TargetPort = configured.Address.Port;
                    else
                        endpoint.Port = configured.Address.Port;
                });
            }
        }
    }

    /// <summary>In a manifest every web project has both, on the same port inside; TLS ends in front of it.</summary>
    internal static void AddForPublishing(IResourceBuilder<ProjectResource> project, bool http2)
    {
        var (http, https) = (Published(project, "http", http2), Published(project, "https", http2));
        http.TargetPort = https.TargetPort = http.TargetPort ?? https.TargetPort;
    }

    /// <summary>Tells a published project where to listen, except for the https endpoint that exists in front of it only.</summary>
    internal static void SetPorts(EnvironmentCallbackContext context)
    {
        foreach (var (variable, scheme) in new[] { ("HTTP_PORTS", "http"), ("HTTPS_PORTS", "https") })
        {
            var ports = new ReferenceExpressionBuilder();
            foreach (var endpoint in Listening(context.Resource).Where(e => e.Scheme == scheme && !e.EndpointAnnotation.EndsInFront))
            {
                if (!ports.IsEmpty)
                    ports.AppendLiteral(";");
                ports.AppendFormatted(endpoint.Property(EndpointProperty.TargetPort));
            }
            if (!ports.IsEmpty)
                context.EnvironmentVariables.TryAdd(variable, ports.Build());
        }
    }

    /// <summary>Endpoints of the settings win over every other way to tell Kestrel, so they are what is overridden.</summary>
    internal static void SetKestrelUrls(EnvironmentCallbackContext context)
    {
        foreach (var endpoint in Listening(context.Resource).Where(e => !e.EndpointAnnotation.EndsInFront))
        {
            var host = context.ExecutionContext.IsRunMode ? endpoint.EndpointAnnotation.TargetHost : "*";
            context.EnvironmentVariables[$"Kestrel__Endpoints__{endpoint.EndpointName}__Url"] =
                ReferenceExpression.Create($"{endpoint.Scheme}://{host}:{endpoint.Property(EndpointProperty.TargetPort)}");
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
        var endpoints = Listening(context.Resource).ToArray();
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

    private static IEnumerable<EndpointReference> Listening(IResource resource)
    {
        var filters = resource.Annotations.OfType<EndpointEnvironmentFilterAnnotation>().ToArray();
        return ((ProjectResource)resource).GetEndpoints()
            .Where(e => e.Scheme is "http" or "https" && filters.All(f => f.Filter(e.EndpointAnnotation)));
    }

    private static void Set(EndpointAnnotation endpoint, BindingAddress address, bool http2)
    {
        endpoint.UriScheme = address.Scheme;
        endpoint.TargetHost = address.Host;
        endpoint.Transport = http2 ? "http2" : "http";
        endpoint.TlsEnabled = address.Scheme == "https";
    }

    private static EndpointAnnotation Published(IResourceBuilder<ProjectResource> project, string scheme, bool http2)
    {
        if (project.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(e => e.UriScheme == scheme) is { } known)
            return known;
        var endpoint = new EndpointAnnotation(ProtocolType.Tcp, scheme, http2 ? "http2" : null, scheme) { EndsInFront = scheme == "https" };
        project.WithAnnotation(endpoint);
        return endpoint;
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
