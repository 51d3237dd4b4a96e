using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Publishes what parameters are, and asks for those that are missing where somebody can answer.</summary>
internal sealed class ParameterValues(
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    IInteractionService interactions,
    UserSecrets secrets,
    ILogger<ParameterValues> logger)
{
    private const string SaveInput = "save-to-user-secrets";

    internal async Task PublishAsync()
    {
        foreach (var parameter in model.Resources.OfType<ParameterResource>())
        {
            try
            {
                await PublishValueAsync(parameter, parameter.CurrentValue());
            }
            catch (Exception e) when (e is MissingParameterValueException or ArgumentException or InvalidOperationException)
            {
                if (interactions.IsAvailable)
                    parameter.AwaitValue();
                await PublishFaultAsync(parameter, e);
            }
        }
    }

    /// <summary>Until none is missing. Nothing that needs no such value waits for this.</summary>
    internal async Task AskForMissingAsync(CancellationToken ct)
    {
        if (!interactions.IsAvailable)
            return;
        try
        {
            while (model.Resources.OfType<ParameterResource>().Where(p => p.IsAwaited).ToArray() is { Length: > 0 } missing)
            {
                var wanted = await interactions.PromptNotificationAsync(
                    "Unresolved parameters", "There are unresolved parameters that need to be set. Please provide values for them.",
                    new NotificationInteractionOptions { Intent = MessageIntent.Warning, PrimaryButtonText = "Enter values" }, ct);
                if (wanted.Canceled || !wanted.Data)
                    return;
                await AskAsync(missing, ct);
            }
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
        catch (InvalidOperationException e)
        {
            logger.LogDebug("Nobody can be asked for parameters: {Reason}", e.Message);
        }
    }

    private async Task AskAsync(ParameterResource[] missing, CancellationToken ct)
    {
        var answer = await interactions.PromptInputsAsync(
            "Set unresolved parameters",
            "Please provide values for the unresolved parameters. Parameters can be saved to user secrets for future use.",
            [.. missing.Select(Input), new InteractionInput { Name = SaveInput, Label = "Save to user secrets", InputType = InputType.Boolean, Disabled = !secrets.IsAvailable }],
            new InputsDialogInteractionOptions { PrimaryButtonText = "Save", ShowDismiss = true, EnableMessageMarkdown = true }, ct);
        if (answer.Canceled)
            return;

        var save = secrets.IsAvailable && answer.Data.GetBoolean(SaveInput);
        foreach (var parameter in missing)
        {
            if (answer.Data.GetString(parameter.Name) is not { Length: > 0 } value)
                continue;
            if (save)
                secrets.Set(parameter.ConfigurationKey, value);
            parameter.SetValue(value);
            await PublishValueAsync(parameter, value);
        }
    }

    private static InteractionInput Input(ParameterResource parameter) => new()
    {
        Name = parameter.Name,
        Label = parameter.Name,
        Description = parameter.Description,
        EnableDescriptionMarkdown = parameter.EnableDescriptionMarkdown,
        InputType = parameter.Secret ? InputType.SecretText : InputType.Text,
        Placeholder = $"Enter value for {parameter.Name}",
    };

    private Task PublishValueAsync(ParameterResource parameter, string value) => notifications.PublishUpdateAsync(parameter, s =>
        Described(parameter, s).With(KnownProperties.Parameter.Value, value, parameter.Secret) with
        {
            State = new ResourceStateSnapshot(KnownResourceStates.Running, KnownResourceStateStyles.Success),
        });

    private Task PublishFaultAsync(ParameterResource parameter, Exception fault) => notifications.PublishUpdateAsync(parameter, s =>
        Described(parameter, s).With(KnownProperties.Parameter.Value, fault.Message, isSensitive: true) with
        {
            State = fault is MissingParameterValueException
                ? new ResourceStateSnapshot(KnownResourceStates.ValueMissing, KnownResourceStateStyles.Warn)
                : new ResourceStateSnapshot("Error resolving parameter", KnownResourceStateStyles.Error),
        });

    private static CustomResourceSnapshot Described(ParameterResource parameter, CustomResourceSnapshot s) =>
        (s with { ResourceType = parameter.IsConnectionString ? "ConnectionString" : "Parameter" })
            .With(KnownProperties.Resource.Source, parameter.ConfigurationKey);
}
