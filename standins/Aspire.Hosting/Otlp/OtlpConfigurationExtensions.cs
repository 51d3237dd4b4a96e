using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

public enum OtlpProtocol
{
    Grpc = 0,
    HttpProtobuf = 1,
    HttpJson = 2,
}

public class OtlpExporterAnnotation : IResourceAnnotation
{
    public OtlpProtocol? RequiredProtocol { get; init; }
}

public static class OtlpConfigurationExtensions
{
    private const string GrpcUrl = "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL";
    private const string HttpUrl = "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL";
    private const string NobodyListens = "http://localhost:18889";

    public static IResourceBuilder<T> WithOtlpExporter<T>(this IResourceBuilder<T> builder) where T : IResourceWithEnvironment =>
        builder.WithOtlp(null);

    public static IResourceBuilder<T> WithOtlpExporter<T>(this IResourceBuilder<T> builder, OtlpProtocol protocol)
        where T : IResourceWithEnvironment => builder.WithOtlp(protocol);

    private static IResourceBuilder<T> WithOtlp<T>(this IResourceBuilder<T> builder, OtlpProtocol? protocol) where T : IResourceWithEnvironment
    {
        var again = builder.Resource.HasAnnotationOfType<OtlpExporterAnnotation>();
        builder.WithAnnotation(new OtlpExporterAnnotation { RequiredProtocol = protocol }, ResourceAnnotationMutationBehavior.Replace);
        return again ? builder : builder.WithEnvironment(context => SetVariables(builder.ApplicationBuilder, context));
    }

    private static void SetVariables(IDistributedApplicationBuilder application, EnvironmentCallbackContext context)
    {
        if (context.ExecutionContext.IsPublishMode || !context.Resource.TryGetLastAnnotation<OtlpExporterAnnotation>(out var exporter))
            return;

        var variables = context.EnvironmentVariables;
        var (url, protocol) = Collector(application, exporter.RequiredProtocol);
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = url;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol switch
        {
            OtlpProtocol.Grpc => "grpc",
            OtlpProtocol.HttpProtobuf => "http/protobuf",
            _ => "http/json",
        };
        if (application.Configuration["AppHost:OtlpApiKey"] is { Length: > 0 } key)
            variables["OTEL_EXPORTER_OTLP_HEADERS"] = $"x-otlp-api-key={key}";

        // Filled in by DCP, because each replica has its own.
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={DcpTemplates.Annotation(DcpAnnotations.OtelInstanceId)}";
        variables["OTEL_SERVICE_NAME"] = DcpTemplates.Annotation(DcpAnnotations.OtelServiceName);

        if (application.Environment.IsDevelopment())
        {
            variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
            variables["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = "true";
            variables["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"] = "true";
            variables["OTEL_DOTNET_EXPERIMENTAL_HTTPCLIENT_DISABLE_URL_QUERY_REDACTION"] = "true";
        }
    }

    /// <summary>The dashboard's own endpoint where it runs (its port may be random); otherwise what the configuration says.</summary>
    private static (object Url, OtlpProtocol Protocol) Collector(IDistributedApplicationBuilder application, OtlpProtocol? required)
    {
        var grpc = Endpoint("otlp-grpc") ?? application.Configuration[GrpcUrl];
        var http = Endpoint("otlp-http") ?? application.Configuration[HttpUrl];
        return (required, grpc, http) switch
        {
            (OtlpProtocol.Grpc, not null, _) => (grpc, OtlpProtocol.Grpc),
            (OtlpProtocol.Grpc, null, _) => throw new InvalidOperationException(
                $"OtlpExporter is configured to require gRPC protocol, but no endpoint was configured for {GrpcUrl}"),
            (OtlpProtocol.HttpProtobuf or OtlpProtocol.HttpJson, _, not null) => (http, required.Value),
            (OtlpProtocol.HttpProtobuf or OtlpProtocol.HttpJson, _, null) => throw new InvalidOperationException(
                $"OtlpExporter is configured to require http/protobuf protocol, but no endpoint was configured for {HttpUrl}"),
            (_, not null, _) => (grpc, OtlpProtocol.Grpc),
            (_, null, not null) => (http, OtlpProtocol.HttpProtobuf),
            _ => (NobodyListens, OtlpProtocol.Grpc),
        };

        object? Endpoint(string name) =>
            application.Resources.OfType<DashboardResource>().FirstOrDefault()?.GetEndpoint(name) is { Exists: true } endpoint ? endpoint : null;
    }
}
