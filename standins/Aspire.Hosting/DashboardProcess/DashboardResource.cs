using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>
/// The dashboard as one more process of the application: published on the AppHost's own URLs, hidden from the list it shows.
/// </summary>
internal sealed class DashboardResource : ExecutableResource
{
    internal const string ResourceName = "aspire-dashboard";
    internal const string OtlpGrpc = "otlp-grpc";
    internal const string OtlpHttp = "otlp-http";

    private readonly IConfiguration configuration;

    internal DashboardResource(string path, IConfiguration configuration, Func<Uri> resourceService)
        : base(ResourceName, path, Path.GetDirectoryName(path)!)
    {
        this.configuration = configuration;
        AddEndpoints();
        Annotations.Add(new EnvironmentCallbackAnnotation(context => SetVariables(context.EnvironmentVariables, resourceService())));
        if (Path.GetFileNameWithoutExtension(path) == "aspire-managed")
            Annotations.Add(new CommandLineArgsCallbackAnnotation(args => args.Add("dashboard")));
    }

    internal EndpointReference? Frontend => this.GetEndpoints().FirstOrDefault(e => e.EndpointName is not (OtlpGrpc or OtlpHttp));

    private bool Anonymous => configuration.GetValue<bool>("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS");

    private void AddEndpoints()
    {
        var names = new HashSet<string>();
        foreach (var url in (configuration["ASPNETCORE_URLS"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var uri = new Uri(url);
            if (names.Add(uri.Scheme))
                AddEndpoint(uri.Scheme, uri.Scheme, uri);
        }
        if (names.Count == 0)
            AddEndpoint("http", "http", null);

        var (grpc, http) = (Address("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"), Address("ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"));
        if (grpc is not null || http is null)
            AddEndpoint(OtlpGrpc, grpc?.Scheme ?? "http", grpc);
        if (http is not null || grpc is null)
            AddEndpoint(OtlpHttp, http?.Scheme ?? "http", http);
    }

    private Uri? Address(string key) => configuration[key] is { Length: > 0 } text ? new Uri(text) : null;

    private void AddEndpoint(string name, string scheme, Uri? published) =>
        Annotations.Add(new EndpointAnnotation(ProtocolType.Tcp, scheme, name: name, port: published?.Port is > 0 and var port ? port : null)
        {
            Transport = name == OtlpGrpc ? "http2" : "http",
        });

    private void SetVariables(Dictionary<string, object> variables, Uri resourceService)
    {
        variables["ASPNETCORE_ENVIRONMENT"] = "Production";
        variables["ASPNETCORE_URLS"] = Listen(this.GetEndpoints().Where(e => e.EndpointName is not (OtlpGrpc or OtlpHttp)));
        foreach (var endpoint in this.GetEndpoints())
        {
            if (endpoint.EndpointName == OtlpGrpc)
                variables["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = Listen([endpoint]);
            else if (endpoint.EndpointName == OtlpHttp)
                variables["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"] = Listen([endpoint]);
        }
        variables["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = resourceService.ToString();
        variables["DASHBOARD__FRONTEND__PUBLICURL"] = Frontend!;
        variables["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
        Secure(variables, "DASHBOARD__FRONTEND", "BrowserToken", "BROWSERTOKEN", "AppHost:BrowserToken");
        Secure(variables, "DASHBOARD__RESOURCESERVICECLIENT", "ApiKey", "APIKEY", "AppHost:ResourceService:ApiKey");
        Secure(variables, "DASHBOARD__OTLP", "ApiKey", "PRIMARYAPIKEY", "AppHost:OtlpApiKey");
        Secure(variables, "DASHBOARD__API", "ApiKey", "PRIMARYAPIKEY", "AppHost:DashboardApiKey");
    }

    private void Secure(Dictionary<string, object> variables, string section, string mode, string variable, string key)
    {
        variables[$"{section}__AUTHMODE"] = Anonymous ? "Unsecured" : mode;
        if (!Anonymous && configuration[key] is { } secret)
            variables[$"{section}__{variable}"] = secret;
    }

    private static ReferenceExpression Listen(IEnumerable<EndpointReference> endpoints)
    {
        var urls = new ReferenceExpressionBuilder();
        foreach (var endpoint in endpoints)
        {
            if (!urls.IsEmpty)
                urls.AppendLiteral(";");
            urls.AppendLiteral($"{endpoint.Scheme}://localhost:");
            urls.AppendFormatted(endpoint.Property(EndpointProperty.TargetPort));
        }
        return urls.Build();
    }
}
