using System.Globalization;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;

namespace Aspire.Hosting.Publishing;

/// <summary>Writes the parts of a resource, and remembers what they refer to.</summary>
public sealed class ManifestPublishingContext(
    DistributedApplicationExecutionContext executionContext, string manifestPath, Utf8JsonWriter writer,
    CancellationToken cancellationToken = default)
{
    private readonly PortAllocator ports = new();

    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;
    public string ManifestPath { get; } = manifestPath;
    public Utf8JsonWriter Writer { get; } = writer;
    public CancellationToken CancellationToken { get; } = cancellationToken;

    internal ManifestReferences References { get; } = new();

    public string? GetManifestRelativePath(string? path)
    {
        if (path is null)
            return null;

        var directory = Path.GetDirectoryName(Path.GetFullPath(ManifestPath))
            ?? throw new DistributedApplicationException("Could not get directory name of output path");
        return Path.GetRelativePath(directory, path.Replace('\\', Path.DirectorySeparatorChar)).Replace('\\', '/');
    }

    public async Task WriteContainerAsync(ContainerResource container)
    {
        Writer.WriteString("type", "container.v0");
        WriteConnectionString(container);
        Writer.WriteString("image", ContainerSpecs.Image(container));
        if (container.Entrypoint is { } entrypoint)
            Writer.WriteString("entrypoint", entrypoint);
        await WriteCommandLineArgumentsAsync(container);
        WriteMounts(container);
        await WriteEnvironmentVariablesAsync(container);
        WriteBindings(container);
    }

    public void WriteConnectionString(IResource resource)
    {
        if (resource is IResourceWithConnectionString { ConnectionStringExpression: { } expression })
        {
            TryAddDependentResources(expression);
            Writer.WriteString("connectionString", References.ManifestText(expression));
        }
    }

    public async Task WriteEnvironmentVariablesAsync(IResource resource)
    {
        var context = new EnvironmentCallbackContext(ExecutionContext, resource, cancellationToken: CancellationToken);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
            await annotation.Callback(context);
        if (context.EnvironmentVariables.Count == 0)
            return;

        Writer.WriteStartObject("env");
        foreach (var (name, value) in context.EnvironmentVariables)
            Writer.WriteString(name, TextOf(value));
        Writer.WriteEndObject();
    }

    public async Task WriteCommandLineArgumentsAsync(IResource resource)
    {
        var context = new CommandLineArgsCallbackContext([], resource, CancellationToken) { ExecutionContext = ExecutionContext };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
            await annotation.Callback(context);
        if (context.Args.Count == 0)
            return;

        Writer.WriteStartArray("args");
        foreach (var value in context.Args)
            Writer.WriteStringValue(TextOf(value));
        Writer.WriteEndArray();
    }

    public void WriteBindings(IResource resource)
    {
        var bindings = ports.Resolve(resource).ToArray();
        if (bindings.Length == 0)
            return;

        Writer.WriteStartObject("bindings");
        foreach (var (endpoint, port, targetPort) in bindings)
        {
            Writer.WriteStartObject(endpoint.Name);
            Writer.WriteString("scheme", endpoint.UriScheme);
#pragma warning disable CA1308 // As it is written there.
            Writer.WriteString("protocol", endpoint.Protocol.ToString().ToLowerInvariant());
#pragma warning restore CA1308
            Writer.WriteString("transport", endpoint.Transport);
            if (port is { } published)
                Writer.WriteNumber("port", published);
            if (targetPort is { } target)
                Writer.WriteNumber("targetPort", target);
            if (endpoint.IsExternal)
                Writer.WriteBoolean("external", true);
            Writer.WriteEndObject();
        }
        Writer.WriteEndObject();
    }

    /// <summary>Whatever the value is made of will be in the manifest, also where it is no resource of the model.</summary>
    public void TryAddDependentResources(object? value) => References.Add(value);

    private string TextOf(object value)
    {
        var wrapped = value is IResourceBuilder<IResource> { Resource: var resource } ? resource : value;
        TryAddDependentResources(wrapped);
        return wrapped switch
        {
            string text => text,
            ReferenceExpression expression => References.ManifestText(expression),
            IManifestExpressionProvider expression => expression.ValueExpression,
            bool yes => yes ? "true" : "false",
            IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
            _ => wrapped.ToString() ?? "",
        };
    }

    private void WriteMounts(ContainerResource container)
    {
        foreach (var (property, type) in new[] { ("bindMounts", ContainerMountType.BindMount), ("volumes", ContainerMountType.Volume) })
        {
            var mounts = container.Annotations.OfType<ContainerMountAnnotation>().Where(m => m.Type == type).ToArray();
            if (mounts.Length == 0)
                continue;

            Writer.WriteStartArray(property);
            foreach (var mount in mounts)
            {
                Writer.WriteStartObject();
                if (type == ContainerMountType.BindMount)
                    Writer.WriteString("source", GetManifestRelativePath(mount.Source));
                else if (mount.Source is { } name)
                    Writer.WriteString("name", name);
                Writer.WriteString("target", mount.Target);
                Writer.WriteBoolean("readOnly", mount.IsReadOnly);
                Writer.WriteEndObject();
            }
            Writer.WriteEndArray();
        }
    }
}
