using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>What a person at the dashboard can do with a parameter.</summary>
internal static class ParameterCommands
{
    private const string Value = "Value";
    private const string DeleteInput = "DeleteFromUserSecrets";

    internal static void AddTo(ParameterResource parameter, ParameterValues values)
    {
        var value = ParameterValues.Input(parameter, Value);
        value.Value = ValueOf(parameter) ?? value.Value;

        Add(parameter, "set-parameter", "Set parameter", "Set parameter value", "Key", [value, values.SaveSwitch()],
            _ => ResourceCommandState.Enabled,
            async context =>
            {
                if (context.Arguments.GetString(Value) is not { Length: > 0 } given)
                    return CommandResults.Success();
                await values.SetAsync(parameter, given, values.IsToBeSaved(context.Arguments));
                value.Value = given; // what the next dialog begins with
                return CommandResults.Success($"Successfully set parameter '{parameter.Name}'.");
            });
        var deleteSaved = new InteractionInput
        {
            Name = DeleteInput,
            Label = "Delete from user secrets",
            Description = "Also forget a value that is saved in user secrets.",
            InputType = InputType.Boolean,
        };
        Add(parameter, "delete-parameter", "Delete parameter", "Delete parameter value", "Delete", [deleteSaved],
            _ => ValueOf(parameter) is { Length: > 0 } ? ResourceCommandState.Enabled : ResourceCommandState.Hidden,
            async context =>
            {
                await values.RemoveAsync(parameter, bool.TryParse(context.Arguments.GetString(DeleteInput), out var yes) && yes);
                value.Value = null;
                return CommandResults.Success($"Successfully deleted parameter '{parameter.Name}'.");
            });
    }

    private static string? ValueOf(ParameterResource parameter)
    {
        try
        {
            return parameter.IsAwaited ? null : parameter.CurrentValue();
        }
        catch (Exception e) when (e is MissingParameterValueException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Add(
        ParameterResource parameter, string name, string displayName, string description, string icon, IReadOnlyList<InteractionInput> arguments,
        Func<UpdateCommandStateContext, ResourceCommandState> state, Func<ExecuteCommandContext, Task<ExecuteCommandResult>> run)
    {
        if (parameter.Annotations.OfType<ResourceCommandAnnotation>().All(c => c.Name != name))
        {
            parameter.Annotations.Add(new ResourceCommandAnnotation(
                name, displayName, state, run, description, arguments, confirmationMessage: null, icon, IconVariant.Regular, isHighlighted: true));
        }
    }
}
