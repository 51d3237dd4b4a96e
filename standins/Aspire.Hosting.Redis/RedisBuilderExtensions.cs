using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

public static class RedisBuilderExtensions
{
    private const string Registry = "docker.io";
    private const string Image = "library/redis";
    private const string Tag = "8.6";

    public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, string name, int? port) =>
        builder.AddRedis(name, port, null);

    public static IResourceBuilder<RedisResource> AddRedis(
        this IDistributedApplicationBuilder builder, string name, int? port = null, IResourceBuilder<ParameterResource>? password = null)
    {
        var redis = new RedisResource(
            name, password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
        redis.Entrypoint = "/bin/sh";
#pragma warning disable ASPIRECONTAINERSHELLEXECUTION001 // Experimental for those who set it.
        redis.ShellExecution = builder.ExecutionContext.IsRunMode;
#pragma warning restore ASPIRECONTAINERSHELLEXECUTION001
        var healthCheck = $"{name}_check";
        builder.Services.AddHealthChecks().AddAsyncCheck(healthCheck, ct => RedisProbe.CheckAsync(redis, ct));

        return builder.AddResource(redis)
            .WithEndpoint(port: port, targetPort: 6379, scheme: "redis", name: RedisResource.EndpointName)
            .WithImage(Image, Tag).WithImageRegistry(Registry)
            .WithHealthCheck(healthCheck)
            .WithEnvironment(context =>
            {
                if (redis.PasswordParameter is { } secret)
                    context.EnvironmentVariables["REDIS_PASSWORD"] = secret;
            })
            .WithArgs(context =>
            {
                var words = Arguments(redis);
                // A deployment knows of no shell execution: there the words are one.
                foreach (var arg in context.ExecutionContext.IsPublishMode ? ["-c", string.Join(' ', words)] : words)
                    context.Args.Add(arg);
            });
    }

    public static IResourceBuilder<RedisResource> WithDataVolume(
        this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false) =>
        Kept(builder.WithVolume(name ?? VolumeNames.Of(builder, "data"), "/data", isReadOnly), isReadOnly);

    public static IResourceBuilder<RedisResource> WithDataBindMount(
        this IResourceBuilder<RedisResource> builder, string source, bool isReadOnly = false) =>
        Kept(builder.WithBindMount(source, "/data", isReadOnly), isReadOnly);

    /// <param name="interval">One minute unless given.</param>
    public static IResourceBuilder<RedisResource> WithPersistence(
        this IResourceBuilder<RedisResource> builder, TimeSpan? interval = null, long keysChangedThreshold = 1) =>
        builder.WithAnnotation(
            new PersistenceAnnotation(interval ?? TimeSpan.FromSeconds(60), keysChangedThreshold), ResourceAnnotationMutationBehavior.Replace);

    public static IResourceBuilder<RedisResource> WithPassword(
        this IResourceBuilder<RedisResource> builder, IResourceBuilder<ParameterResource>? password)
    {
        builder.Resource.PasswordParameter = password?.Resource;
        return builder;
    }

    public static IResourceBuilder<RedisResource> WithHostPort(this IResourceBuilder<RedisResource> builder, int? port) =>
        builder.WithEndpoint(RedisResource.EndpointName, endpoint => endpoint.Port = port);

    private static IResourceBuilder<RedisResource> Kept(IResourceBuilder<RedisResource> builder, bool isReadOnly) =>
        isReadOnly ? builder : builder.WithPersistence();

    private static string[] Arguments(RedisResource redis)
    {
        string[] password = redis.PasswordParameter is null ? [] : ["--requirepass", "$REDIS_PASSWORD"];
        string[] saving = redis.TryGetLastAnnotation<PersistenceAnnotation>(out var kept)
            ? ["--save", kept.Interval.TotalSeconds.ToString("0", CultureInfo.InvariantCulture), kept.KeysChanged.ToString(CultureInfo.InvariantCulture)]
            : [];
        return ["redis-server", .. password, .. saving];
    }

    private sealed class PersistenceAnnotation(TimeSpan interval, long keysChanged) : IResourceAnnotation
    {
        internal TimeSpan Interval { get; } = interval;
        internal long KeysChanged { get; } = keysChanged;
    }
}
