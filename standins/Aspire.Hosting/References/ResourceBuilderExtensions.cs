using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithConnectionString> source,
        string? connectionName = null, bool optional = false) where TDestination : IResourceWithEnvironment
    {
        var resource = source.Resource;
        var name = connectionName ?? resource.Name;
        return builder.WithReferenceRelationship(resource).WithEnvironment(context =>
        {
            var flags = ReferenceEnvironmentInjectionAnnotation.Of(context.Resource);
            var redirected = resource.TryGetLastAnnotation<ConnectionStringRedirectAnnotation>(out var redirect) ? redirect.Resource : resource;
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.ConnectionString))
            {
                context.EnvironmentVariables[resource.ConnectionStringEnvironmentVariable ?? $"ConnectionStrings__{name}"] =
                    new ConnectionStringReference(redirected, optional);
            }
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.ConnectionProperties))
            {
                foreach (var (property, value) in PropertiesOf(redirected))
                    context.EnvironmentVariables[EnvironmentNames.Of($"{name}_{property}")] = value;
            }
        });
    }

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where TDestination : IResourceWithEnvironment => builder.WithServiceReference(source.Resource, source.Resource.Name, endpoint: null);

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source, string name)
        where TDestination : IResourceWithEnvironment => builder.WithServiceReference(source.Resource, name, endpoint: null);

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, EndpointReference endpointReference) where TDestination : IResourceWithEnvironment =>
        builder.WithServiceReference(endpointReference.Resource, endpointReference.Resource.Name, endpointReference.EndpointName);

    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, string name, Uri uri) where TDestination : IResourceWithEnvironment
    {
        if (!uri.IsAbsoluteUri)
            throw new InvalidOperationException("The uri for service reference must be absolute.");
        if (uri.AbsolutePath != "/")
            throw new InvalidOperationException("The uri absolute path must be \"/\".");

        return builder.WithEnvironment(context =>
        {
            var flags = ReferenceEnvironmentInjectionAnnotation.Of(context.Resource);
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.ServiceDiscovery))
                context.EnvironmentVariables[$"services__{name}__default__0"] = uri.ToString();
            if (flags.HasFlag(ReferenceEnvironmentInjectionFlags.Endpoints))
                context.EnvironmentVariables[name] = uri.ToString();
        });
    }

    public static IResourceBuilder<TDestination> WithReferenceEnvironment<TDestination>(
        this IResourceBuilder<TDestination> builder, ReferenceEnvironmentInjectionFlags flags)
        where TDestination : IResourceWithEnvironment =>
        builder.WithAnnotation(new ReferenceEnvironmentInjectionAnnotation(flags), ResourceAnnotationMutationBehavior.Replace);

    public static IResourceBuilder<T> WithConnectionProperty<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithConnectionString => builder.WithAnnotation(new ConnectionPropertyAnnotation(name, value));

    public static IResourceBuilder<T> WithConnectionProperty<T>(this IResourceBuilder<T> builder, string name, string value)
        where T : IResourceWithConnectionString => builder.WithConnectionProperty(name, ReferenceExpression.Create($"{value}"));

    public static IResourceBuilder<T> WithConnectionStringRedirection<T>(
        this IResourceBuilder<T> builder, IResourceWithConnectionString resource) where T : IResourceWithConnectionString =>
        builder.WithAnnotation(new ConnectionStringRedirectAnnotation(resource), ResourceAnnotationMutationBehavior.Replace);

    private static Dictionary<string, ReferenceExpression> PropertiesOf(IResourceWithConnectionString resource)
    {
        var properties = new Dictionary<string, ReferenceExpression>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in resource.GetConnectionProperties())
            properties[name] = value;
        foreach (var added in resource.Annotations.OfType<ConnectionPropertyAnnotation>())
            properties[added.Name] = added.Value;
        return properties;
    }

    private static IResourceBuilder<T> WithServiceReference<T>(
        this IResourceBuilder<T> builder, IResourceWithEndpoints source, string name, string? endpoint) where T : IResourceWithEnvironment
    {
        builder.WithReferenceRelationship(source);
        var annotation = builder.Resource.Annotations.OfType<ServiceReferenceAnnotation>()
            .FirstOrDefault(a => a.Source == source && a.ServiceName == name);
        if (annotation is null)
        {
            annotation = new ServiceReferenceAnnotation(source, name);
            builder.WithAnnotation(annotation).WithEnvironment(annotation.SetVariables);
        }

        if (endpoint is null)
            annotation.AllEndpoints = true;
        else
            annotation.EndpointNames.Add(endpoint);
        return builder;
    }
}
