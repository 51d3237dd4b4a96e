using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Publishes what parameters are, asks for those that are missing where somebody can answer, and changes them.</summary>
internal sealed class ParameterValues(
    DistributedApplicationModel model,
    ResourceNotificationService notifications,
    ResourceLoggerService consoles,
    IInteractionService interactions,
    UserSecrets secrets,
    ILogger<ParameterValues> logger)
{
    private const string SaveInput = "SaveToUserSecrets";

    private readonly Lock gate = new();
    private CancellationToken stopping;
    private CancellationTokenSource? asking;

    internal bool CanSave => secrets.IsAvailable;

    internal async Task PublishAsync()
    {
        foreach (var parameter in model.Resources.OfType<ParameterResource>())
        {
            if (interactions.IsAvailable)
                ParameterCommands.AddTo(parameter, this);
            try
            {
                await PublishValueAsync(parameter, parameter.CurrentValue());
            }
            catch (Exception e) when (e is MissingParameterValueException or ArgumentException or InvalidOperationException)
            {
                if (interactions.IsAvailable && e is MissingParameterValueException)
                {
                    parameter.AwaitValue();
                    consoles.GetLogger(parameter).LogWarning(
                        "Parameter resource {ResourceName} could not be initialized. Waiting for user input.", parameter.Name);
                }
                else
                {
                    consoles.GetLogger(parameter).LogError(e, "Failed to initialize parameter resource {ResourceName}.", parameter.Name);
                }
                await PublishFaultAsync(parameter, e);
            }
        }
    }

    internal async Task SetAsync(ParameterResource parameter, string value, bool save)
    {
        if (save)
            secrets.Set(parameter.ConfigurationKey, value);
        parameter.SetValue(value);
        await PublishValueAsync(parameter, value);
        consoles.GetLogger(parameter).LogInformation("Parameter resource {ResourceName} has been resolved via user interaction.", parameter.Name);

        lock (gate)
        {
            if (Missing().Length == 0)
                asking?.Cancel();
        }
    }

    /// <summary>Whoever needs the value waits for a new one.</summary>
    internal async Task RemoveAsync(ParameterResource parameter, bool alsoSaved)
    {
        if (alsoSaved)
            secrets.Remove(parameter.ConfigurationKey);
        parameter.AwaitValue();
        consoles.GetLogger(parameter).LogInformation(
            "Parameter resource {ResourceName} value has been {Done}.", parameter.Name, alsoSaved ? "deleted from user secrets" : "cleared");
        await PublishFaultAsync(parameter, new MissingParameterValueException("Parameter value has been deleted"));
        AskForMissing(stopping);
    }

    /// <summary>From now on, until none is missing. Nothing that needs no such value waits for this.</summary>
    internal void AskForMissing(CancellationToken untilStop)
    {
        if (!interactions.IsAvailable)
            return;
        lock (gate)
        {
            asking?.Cancel(); // its question is out of date
            stopping = untilStop;
            asking = CancellationTokenSource.CreateLinkedTokenSource(untilStop);
            _ = AskUntilNoneIsMissingAsync(asking.Token);
        }
    }

    internal static InteractionInput Input(ParameterResource parameter, string? name = null)
    {
        var input = parameter.TryGetLastAnnotation<ParameterInputAnnotation>(out var own) ? own.Create(parameter) : new InteractionInput
        {
            Name = parameter.Name,
            Label = parameter.Name,
            Description = parameter.Description,
            EnableDescriptionMarkdown = parameter.EnableDescriptionMarkdown,
            InputType = parameter.Secret ? InputType.SecretText : InputType.Text,
            Placeholder = $"Enter value for {parameter.Name}",
        };
        return input.Copy(input.Value, name);
    }

    internal InteractionInput SaveSwitch() => new()
    {
        Name = SaveInput,
        Label = "Save to user secrets",
        InputType = InputType.Boolean,
        Disabled = !CanSave,
        Description = CanSave ? "Save value to user secrets for future use." : "Requires user secrets to be configured for the AppHost.",
    };

    internal bool IsToBeSaved(InteractionInputCollection inputs) =>
        CanSave && inputs.TryGetByName(SaveInput, out var save) && bool.TryParse(save.Value, out var yes) && yes;

    private ParameterResource[] Missing() => [.. model.Resources.OfType<ParameterResource>().Where(p => p.IsAwaited)];

    private async Task AskUntilNoneIsMissingAsync(CancellationToken ct)
    {
        try
        {
            while (Missing().Length > 0)
            {
                var wanted = await interactions.PromptNotificationAsync(
                    "Unresolved parameters", "There are unresolved parameters that need to be set. Please provide values for them.",
                    new NotificationInteractionOptions { Intent = MessageIntent.Warning, PrimaryButtonText = "Enter values" }, ct);
                // Dismissed, it comes again: without the values something stays where it is.
                if (wanted is { Canceled: false, Data: true })
                    await AskAsync(Missing(), ct);
            }
        }
        catch (OperationCanceledException)
        {
            // None is missing any more, or the application stops.
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
            "Please provide values for the unresolved parameters. Parameters can be saved to [user secrets](https://aka.ms/aspire/user-secrets) for future use.",
            [.. missing.Select(p => Input(p, p.Name)), SaveSwitch()],
            new InputsDialogInteractionOptions { PrimaryButtonText = "Save", ShowDismiss = true, EnableMessageMarkdown = true }, ct);
        if (answer.Canceled)
            return;

        var save = IsToBeSaved(answer.Data);
        foreach (var parameter in missing)
        {
            if (answer.Data.GetString(parameter.Name) is { Length: > 0 } value)
                await SetAsync(parameter, value, save);
        }
    }

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
