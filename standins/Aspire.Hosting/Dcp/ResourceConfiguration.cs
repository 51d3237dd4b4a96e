using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

internal sealed record Argument(string Value, bool IsSecret);

/// <summary>What the environment and argument callbacks of a resource say at this start; nothing is kept for the next.</summary>
internal sealed record ResourceConfiguration(IReadOnlyDictionary<string, string> Environment, IReadOnlyList<Argument> Arguments)
{
    internal static async Task<ResourceConfiguration> ResolveAsync(
        IResource resource, DistributedApplicationExecutionContext execution, ILogger logger, CancellationToken ct)
    {
        var seenFrom = new ValueProviderContext
        {
            ExecutionContext = execution,
            Caller = resource,
            Network = resource is ContainerResource ? KnownNetworkIdentifiers.DefaultAspireContainerNetwork : null,
        };
        return new ResourceConfiguration(
            await EnvironmentAsync(resource, execution, seenFrom, logger, ct), await ArgumentsAsync(resource, execution, seenFrom, logger, ct));
    }

    private static async Task<Dictionary<string, string>> EnvironmentAsync(
        IResource resource, DistributedApplicationExecutionContext execution, ValueProviderContext seenFrom, ILogger logger, CancellationToken ct)
    {
        var context = new EnvironmentCallbackContext(execution, resource, cancellationToken: ct) { Logger = logger };
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
            await annotation.Callback(context);

        var resolved = new Dictionary<string, string>();
        foreach (var (name, value) in context.EnvironmentVariables)
        {
            try
            {
                if (await TextOfAsync(value, seenFrom, ct) is { } text)
                    resolved[name] = text;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new DistributedApplicationException(
                    $"Failed to resolve environment variable '{name}' for resource '{resource.Name}'. A dependency may have failed to start.", e);
            }
        }
        return resolved;
    }

    private static async Task<List<Argument>> ArgumentsAsync(
        IResource resource, DistributedApplicationExecutionContext execution, ValueProviderContext seenFrom, ILogger logger, CancellationToken ct)
    {
        var context = new CommandLineArgsCallbackContext([], resource, ct) { ExecutionContext = execution, Logger = logger };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
            await annotation.Callback(context);

        var resolved = new List<Argument>();
        foreach (var value in context.Args)
        {
            if (await TextOfAsync(value, seenFrom, ct) is { } text)
                resolved.Add(new Argument(text, References.IsSecret(value)));
        }
        return resolved;
    }

    private static async ValueTask<string?> TextOfAsync(object value, ValueProviderContext seenFrom, CancellationToken ct) => value switch
    {
        string text => text,
        IValueProvider provider => await provider.GetValueAsync(seenFrom, ct),
        IResourceBuilder<IResource> { Resource: IValueProvider provider } => await provider.GetValueAsync(seenFrom, ct),
        bool yes => yes ? "true" : "false",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"A value of type '{value.GetType()}' can be neither an environment variable nor an argument."),
    };
}
