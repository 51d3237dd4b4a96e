using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;

namespace Aspire.Hosting.Publishing;

/// <summary>The whole manifest: the model in its order, then what it refers to.</summary>
internal static class ManifestDocument
{
    internal static async Task WriteAsync(DistributedApplicationModel model, ManifestPublishingContext context)
    {
        var writer = context.Writer;
        foreach (var resource in model.Resources)
            context.References.Reserve(resource.Name);

        writer.WriteStartObject();
        writer.WriteStartObject("resources");
        foreach (var resource in model.Resources)
            await WriteAsync(resource, context);

        foreach (var (name, referenced) in context.References.Resources.ToArray())
        {
            if (!model.Resources.TryGetByName(name, out _))
                await WriteAsync(referenced, context);
        }
        foreach (var parameter in context.References.EncodedParameters)
            WriteEncoded(parameter, context);
        foreach (var (name, condition) in context.References.Conditions)
        {
            writer.WriteStartObject(name);
            writer.WriteString("type", "value.v0");
            writer.WriteString("connectionString", await condition.GetValueAsync(context.CancellationToken) ?? "");
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
        await writer.FlushAsync(context.CancellationToken);
    }

    private static async Task WriteAsync(IResource resource, ManifestPublishingContext context)
    {
        var own = resource.TryGetLastAnnotation<ManifestPublishingCallbackAnnotation>(out var annotation) ? annotation : null;
        if (own is { Callback: null })
            return;

        context.Writer.WriteStartObject(resource.Name);
        await (own?.Callback is { } write ? write(context) : WriteBodyAsync(resource, context));
        context.Writer.WriteEndObject();
        if (resource is ParameterResource parameter)
            WriteEncoded(parameter, context);
    }

    private static Task WriteBodyAsync(IResource resource, ManifestPublishingContext context)
    {
        switch (resource)
        {
            case ContainerResource container:
                return context.WriteContainerAsync(container);
            case ProjectResource project:
                return WriteProjectAsync(project, context);
            case ExecutableResource executable:
                return WriteExecutableAsync(executable, context);
            case ParameterResource parameter:
                WriteParameter(parameter, context);
                return Task.CompletedTask;
            case IResourceWithConnectionString:
                context.Writer.WriteString("type", "value.v0");
                context.WriteConnectionString(resource);
                return Task.CompletedTask;
            default:
                context.Writer.WriteString("error", "This resource does not support generation in the manifest.");
                return Task.CompletedTask;
        }
    }

    private static async Task WriteProjectAsync(ProjectResource project, ManifestPublishingContext context)
    {
        context.Writer.WriteString("type", "project.v0");
        context.Writer.WriteString("path", context.GetManifestRelativePath(ExecutableSpecs.Metadata(project).ProjectPath));
        await context.WriteCommandLineArgumentsAsync(project);
        await context.WriteEnvironmentVariablesAsync(project);
        context.WriteBindings(project);
    }

    private static async Task WriteExecutableAsync(ExecutableResource executable, ManifestPublishingContext context)
    {
        context.Writer.WriteString("type", "executable.v0");
        context.WriteConnectionString(executable);
        context.Writer.WriteString("workingDirectory", context.GetManifestRelativePath(executable.WorkingDirectory));
        context.Writer.WriteString("command", executable.Command);
        await context.WriteCommandLineArgumentsAsync(executable);
        await context.WriteEnvironmentVariablesAsync(executable);
        context.WriteBindings(executable);
    }

    private static void WriteParameter(ParameterResource parameter, ManifestPublishingContext context)
    {
        var writer = context.Writer;
        writer.WriteString("type", "parameter.v0");
        if (parameter.IsConnectionString)
            writer.WriteString("connectionString", parameter.ValueExpression);
        writer.WriteString("value", $"{{{parameter.Name}.inputs.value}}");
        writer.WriteStartObject("inputs");
        writer.WriteStartObject("value");
        writer.WriteString("type", "string");
        if (parameter.Secret)
            writer.WriteBoolean("secret", true);
        if (parameter.Default is { } fallback)
        {
            writer.WriteStartObject("default");
            fallback.WriteToManifest(context);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteEncoded(ParameterResource parameter, ManifestPublishingContext context)
    {
        foreach (var (name, format) in context.References.TakeEncoded(parameter))
        {
            context.Writer.WriteStartObject(name);
            context.Writer.WriteString("type", "annotated.string");
            context.Writer.WriteString("value", parameter.ValueExpression);
            context.Writer.WriteString("filter", format);
            context.Writer.WriteEndObject();
        }
    }
}
