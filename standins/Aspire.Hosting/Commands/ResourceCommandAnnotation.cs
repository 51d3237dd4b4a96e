namespace Aspire.Hosting.ApplicationModel;

public enum IconVariant
{
    Regular = 0,
    Filled = 1,
}

public enum ResourceCommandState
{
    Enabled = 0,
    Disabled = 1,
    Hidden = 2,
}

/// <summary>Who is offered the command: people in the dashboard, programs, or neither.</summary>
[Flags]
public enum ResourceCommandVisibility
{
    None = 0,
    UI = 1,
    Api = 2,
}

public sealed class UpdateCommandStateContext
{
    public required CustomResourceSnapshot ResourceSnapshot { get; init; }
    public required IServiceProvider Services { get; init; }
}

public sealed class ResourceCommandAnnotation(
    string name,
    string displayName,
    Func<UpdateCommandStateContext, ResourceCommandState> updateState,
    Func<ExecuteCommandContext, Task<ExecuteCommandResult>> executeCommand,
    string? displayDescription,
    IReadOnlyList<InteractionInput>? arguments,
    string? confirmationMessage,
    string? iconName,
    IconVariant? iconVariant,
    bool isHighlighted,
    ResourceCommandVisibility visibility = ResourceCommandVisibility.UI | ResourceCommandVisibility.Api,
    Func<InputsDialogValidationContext, Task>? validateArguments = null) : IResourceAnnotation
{
    public string Name { get; } = name;
    public string DisplayName { get; } = displayName;
    public Func<UpdateCommandStateContext, ResourceCommandState> UpdateState { get; } = updateState;
    public Func<ExecuteCommandContext, Task<ExecuteCommandResult>> ExecuteCommand { get; } = executeCommand;
    public string? DisplayDescription { get; } = displayDescription;
    public IReadOnlyList<InteractionInput> Arguments { get; } = arguments ?? [];
    public Func<InputsDialogValidationContext, Task>? ValidateArguments { get; } = validateArguments;
    public string? ConfirmationMessage { get; } = confirmationMessage;
    public string? IconName { get; } = iconName;
    public IconVariant? IconVariant { get; } = iconVariant;
    public bool IsHighlighted { get; } = isHighlighted;
    public ResourceCommandVisibility Visibility { get; } = visibility;

    internal ResourceCommandSnapshot ToSnapshot(ResourceCommandState state) =>
        new(Name, state, DisplayName, DisplayDescription, Parameter: null, ConfirmationMessage, IconName, IconVariant, IsHighlighted)
        {
            Arguments = Arguments,
            Visibility = Visibility,
        };
}

public sealed record ResourceCommandSnapshot
{
    public ResourceCommandSnapshot(
        string Name, ResourceCommandState State, string DisplayName, string? DisplayDescription, object? Parameter,
        string? ConfirmationMessage, string? IconName, IconVariant? IconVariant, bool IsHighlighted)
    {
        if (Parameter is not null)
            throw new NotSupportedException("A command's parameter is obsolete; give the command Arguments.");

        this.Name = Name;
        this.State = State;
        this.DisplayName = DisplayName;
        this.DisplayDescription = DisplayDescription;
        this.ConfirmationMessage = ConfirmationMessage;
        this.IconName = IconName;
        this.IconVariant = IconVariant;
        this.IsHighlighted = IsHighlighted;
    }

    public string Name { get; init; }
    public ResourceCommandState State { get; init; }
    public string DisplayName { get; init; }
    public string? DisplayDescription { get; init; }
    public string? ConfirmationMessage { get; init; }
    public string? IconName { get; init; }
    public IconVariant? IconVariant { get; init; }
    public bool IsHighlighted { get; init; }
    public IReadOnlyList<InteractionInput> Arguments { get; init; } = [];
    public ResourceCommandVisibility Visibility { get; init; } = ResourceCommandVisibility.UI | ResourceCommandVisibility.Api;
}
