namespace Aspire.Hosting.Dcp;

internal static class DcpAnnotations
{
    internal const string ServiceProducer = "service-producer";
    internal const string ResourceName = "resource-name";
    internal const string EndpointName = "endpoint-name";
    internal const string OtelServiceName = "otel-service-name";
    internal const string OtelInstanceId = "otel-service-instance-id";
    internal const string ReplicaCount = "resource-replica-count";
    internal const string ReplicaIndex = "resource-replica-index";
}

/// <summary>Go templates that DCP fills in when it starts a process. The dashes eat surrounding blanks.</summary>
internal static class DcpTemplates
{
    internal static string Annotation(string name) => $$$"""{{- index .Annotations "{{{name}}}" -}}""";
    internal static string PortForServing(string service) => $$$"""{{- portForServing "{{{service}}}" -}}""";
}
