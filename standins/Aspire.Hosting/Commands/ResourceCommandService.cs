using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Runs the commands of resources. Whatever goes wrong is a failed result; nothing is thrown at the caller but a cancellation.</summary>
public class ResourceCommandService
{
    private readonly ResourceNotificationService _notifications;
    private readonly ResourceLoggerService _consoles;
    private readonly IServiceProvider _services;

    internal ResourceCommandService(
        ResourceNotificationService resourceNotificationService, ResourceLoggerService resourceLoggerService, IServiceProvider serviceProvider)
    {
        _notifications = resourceNotificationService;
        _consoles = resourceLoggerService;
        _services = serviceProvider;
    }

    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteCommandAsync(resourceId, commandName, new InteractionInputCollection([]), cancellationToken);

    public Task<ExecuteCommandResult> ExecuteCommandAsync(
        string resourceId, string commandName, InteractionInputCollection arguments, CancellationToken cancellationToken = default) =>
        _notifications.TryGetCurrentState(resourceId, out var instance)
            ? ExecuteOnAsync(instance.Resource, instance.ResourceId, commandName, arguments, cancellationToken)
            : Task.FromResult(CommandResults.Failure($"Resource '{resourceId}' not found."));

    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteCommandAsync(resource, commandName, new InteractionInputCollection([]), cancellationToken);

    /// <summary>On all instances of the resource at once.</summary>
    public async Task<ExecuteCommandResult> ExecuteCommandAsync(
        IResource resource, string commandName, InteractionInputCollection arguments, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        var results = await Task.WhenAll(resource.GetResolvedResourceNames()
            .Select(id => ExecuteOnAsync(resource, id, commandName, arguments, cancellationToken)));
        if (results is [var only])
            return only;

        var failed = results.Where(r => r is { Success: false, Canceled: false }).ToArray();
        if (failed.Length == 0)
            return results.FirstOrDefault(r => r.Canceled) ?? CommandResults.Success();

        var reasons = failed.Select(r => r.Message).Where(m => !string.IsNullOrEmpty(m)).Distinct();
        return CommandResults.Failure($"{failed.Length} of {results.Length} executions of '{commandName}' failed. {string.Join(" ", reasons)}".TrimEnd());
    }

    private async Task<ExecuteCommandResult> ExecuteOnAsync(
        IResource resource, string resourceId, string commandName, InteractionInputCollection arguments, CancellationToken cancellationToken)
    {
        var logger = _consoles.GetLogger(resourceId);
        var command = resource.Annotations.OfType<ResourceCommandAnnotation>().LastOrDefault(c => c.Name == commandName);
        if (command is null)
        {
            logger.LogInformation("Command '{CommandName}' not available.", commandName);
            return CommandResults.Failure($"Command '{commandName}' not available for resource '{resourceId}'.");
        }

        logger.LogInformation("Executing command '{CommandName}'.", commandName);
        try
        {
            var complete = Complete(command, arguments);
            if (!await InputValidation.ValidateAsync(complete, command.ValidateArguments, _services, cancellationToken))
            {
                logger.LogError("The arguments of command '{CommandName}' are not valid.", commandName);
                return new ExecuteCommandResult { Success = false, Message = "Command argument validation failed.", InvalidArguments = true };
            }

            var result = await command.ExecuteCommand(new ExecuteCommandContext
            {
                Services = _services,
                ResourceName = resourceId,
                CancellationToken = cancellationToken,
                Logger = logger,
                Arguments = complete,
            });
            if (result.Success)
                logger.LogInformation("Successfully executed command '{CommandName}'.", commandName);
            else if (result.Canceled)
                logger.LogInformation("Command '{CommandName}' was canceled.", commandName);
            else
                logger.LogError("Failure executing command '{CommandName}'. {Message}", commandName, result.Message);

            return result;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandResults.Canceled();
        }
#pragma warning disable CA1031 // Foreign code; its failure is the result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LogError(e, "Error executing command '{CommandName}'.", commandName);
            return CommandResults.Failure(e);
        }
    }

    /// <summary>The declared arguments in their order with the given values. Copies: two callers may run one command at the same time.</summary>
    private static InteractionInputCollection Complete(ResourceCommandAnnotation command, InteractionInputCollection given) =>
        new([.. command.Arguments.Select(a => a.Copy(given.TryGetByName(a.Name, out var value) ? value.Value : a.Value))]);
}
