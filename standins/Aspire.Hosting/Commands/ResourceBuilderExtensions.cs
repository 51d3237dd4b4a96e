using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Adds a command, or replaces the one of the same name.</summary>
    public static IResourceBuilder<T> WithCommand<T>(
        this IResourceBuilder<T> builder,
        string name,
        string displayName,
        Func<ExecuteCommandContext, Task<ExecuteCommandResult>> executeCommand,
        CommandOptions? commandOptions = null)
        where T : IResource
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(displayName);
        ArgumentNullException.ThrowIfNull(executeCommand);

        var annotations = builder.Resource.Annotations;
        foreach (var replaced in annotations.OfType<ResourceCommandAnnotation>().Where(c => c.Name == name).ToArray())
            annotations.Remove(replaced);

        var options = commandOptions ?? CommandOptions.Default;
        return builder.WithAnnotation(new ResourceCommandAnnotation(
            name, displayName, options.UpdateState ?? (_ => ResourceCommandState.Enabled), executeCommand, options.Description,
            options.Arguments, options.ConfirmationMessage, options.IconName, options.IconVariant, options.IsHighlighted,
            options.Visibility, options.ValidateArguments));
    }

    /// <summary>A command that is a request to an endpoint of the resource: POST unless told otherwise, successful when answered 2xx.</summary>
    public static IResourceBuilder<TResource> WithHttpCommand<TResource>(
        this IResourceBuilder<TResource> builder,
        string path,
        string displayName,
        string? endpointName = null,
        string? commandName = null,
        HttpCommandOptions? commandOptions = null)
        where TResource : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.WithHttpCommand(
            path, displayName, endpointName is null ? null : () => builder.Resource.GetEndpoint(endpointName), commandName, commandOptions);
    }

    public static IResourceBuilder<TResource> WithHttpCommand<TResource>(
        this IResourceBuilder<TResource> builder,
        string path,
        string displayName,
        Func<EndpointReference>? endpointSelector,
        string? commandName = null,
        HttpCommandOptions? commandOptions = null)
        where TResource : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = commandOptions ?? HttpCommandOptions.Default;
        var endpoint = (endpointSelector ?? options.EndpointSelector ?? (() => HttpEndpointOf(builder.Resource, "HTTP command")))();
        var command = new HttpCommand(endpoint, path, options);
        builder.ApplicationBuilder.Services.AddHttpClient();
        return builder.WithCommand(
            commandName ?? command.DefaultName, displayName, command.ExecuteAsync,
            new CommandOptions
            {
                Description = options.Description,
                Arguments = options.Arguments,
                ValidateArguments = options.ValidateArguments,
                Visibility = options.Visibility,
                ConfirmationMessage = options.ConfirmationMessage,
                IconName = options.IconName,
                IconVariant = options.IconVariant,
                IsHighlighted = options.IsHighlighted,
                UpdateState = options.UpdateState ?? HttpCommand.StateIn,
            });
    }

    /// <summary>https before http, as people do.</summary>
    private static EndpointReference HttpEndpointOf(IResourceWithEndpoints resource, string what)
    {
        string[] names = ["https", "http"];
        return names.Select(resource.GetEndpoint).FirstOrDefault(e => e.Exists)
            ?? throw new DistributedApplicationException(
                $"Could not create {what} for resource '{resource.Name}' as no endpoint was found matching one of the specified names: " +
                string.Join(", ", names));
    }
}
