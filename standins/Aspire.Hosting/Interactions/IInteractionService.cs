using System.Diagnostics.CodeAnalysis;

namespace Aspire.Hosting;

/// <summary>Asks the person at the dashboard. Prompts stay open, in every browser, until answered, dismissed or cancelled.</summary>
public interface IInteractionService
{
    /// <summary>False without a dashboard; every prompt throws then.</summary>
    bool IsAvailable { get; }

    Task<InteractionResult<bool>> PromptConfirmationAsync(
        string title, string message, MessageBoxInteractionOptions? options = null, CancellationToken cancellationToken = default);

    Task<InteractionResult<bool>> PromptMessageBoxAsync(
        string title, string message, MessageBoxInteractionOptions? options = null, CancellationToken cancellationToken = default);

    Task<InteractionResult<InteractionInput>> PromptInputAsync(
        string title, string? message, string inputLabel, string placeHolder, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default);

    Task<InteractionResult<InteractionInput>> PromptInputAsync(
        string title, string? message, InteractionInput input, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default);

    Task<InteractionResult<InteractionInputCollection>> PromptInputsAsync(
        string title, string? message, IReadOnlyList<InteractionInput> inputs, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default);

    Task<InteractionResult<bool>> PromptNotificationAsync(
        string title, string message, NotificationInteractionOptions? options = null, CancellationToken cancellationToken = default);
}

public enum MessageIntent
{
    None = 0,
    Success = 1,
    Warning = 2,
    Error = 3,
    Information = 4,
    Confirmation = 5,
}

public class InteractionOptions
{
    public string? PrimaryButtonText { get; set; }
    public string? SecondaryButtonText { get; set; }
    public bool? ShowSecondaryButton { get; set; }
    public bool? ShowDismiss { get; set; }
    public bool? EnableMessageMarkdown { get; set; }
}

public class MessageBoxInteractionOptions : InteractionOptions
{
    public MessageIntent? Intent { get; set; }
}

public class NotificationInteractionOptions : InteractionOptions
{
    public MessageIntent? Intent { get; set; }
    public string? LinkText { get; set; }
    public string? LinkUrl { get; set; }
}

public class InputsDialogInteractionOptions : InteractionOptions
{
    /// <summary>Called with each submitted set of values; the dialog stays open while it adds errors.</summary>
    public Func<InputsDialogValidationContext, Task>? ValidationCallback { get; set; }
}

public static class InteractionResult
{
    public static InteractionResult<T> Ok<T>(T result) => new(result, canceled: false);

    public static InteractionResult<T> Cancel<T>(T? data = default) => new(data, canceled: true);
}

public class InteractionResult<T>
{
    internal InteractionResult(T? data, bool canceled)
    {
        Data = data;
        Canceled = canceled;
    }

    public T? Data { get; }

    [MemberNotNullWhen(false, nameof(Data))]
    public bool Canceled { get; }
}
