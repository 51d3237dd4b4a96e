namespace Aspire.Hosting.ApplicationModel;

public class CommandOptions
{
    internal static CommandOptions Default { get; } = new();

    public string? Description { get; set; }

    /// <summary>Asked of a person in a dialog before the command runs, unless the caller brings them.</summary>
    public IReadOnlyList<InteractionInput> Arguments { get; set; } = [];

    public Func<InputsDialogValidationContext, Task>? ValidateArguments { get; set; }
    public ResourceCommandVisibility Visibility { get; set; } = ResourceCommandVisibility.UI | ResourceCommandVisibility.Api;
    public string? ConfirmationMessage { get; set; }
    public string? IconName { get; set; }
    public IconVariant? IconVariant { get; set; }

    /// <summary>A button in the resource's row; otherwise only an entry of its menu.</summary>
    public bool IsHighlighted { get; set; }

    public Func<UpdateCommandStateContext, ResourceCommandState>? UpdateState { get; set; }
}

public class HttpCommandOptions : CommandOptions
{
    internal static new HttpCommandOptions Default { get; } = new();

    public Func<EndpointReference>? EndpointSelector { get; set; }

    /// <summary>POST unless set.</summary>
    public HttpMethod? Method { get; set; }

    public string? HttpClientName { get; set; }
    public Func<HttpCommandRequestContext, Task>? PrepareRequest { get; set; }
    public Func<HttpCommandResultContext, Task<ExecuteCommandResult>>? GetCommandResult { get; set; }
    public HttpCommandResultMode ResultMode { get; set; }
}

/// <summary>What becomes of the answer's body when no <see cref="HttpCommandOptions.GetCommandResult"/> looks at it.</summary>
public enum HttpCommandResultMode
{
    None = 0,
    Auto = 1,
    Json = 2,
    Text = 3,
}

public sealed class HttpCommandRequestContext
{
    public required IServiceProvider Services { get; init; }
    public required string ResourceName { get; init; }
    public required EndpointReference Endpoint { get; init; }
    public required CancellationToken CancellationToken { get; init; }
    public required HttpClient HttpClient { get; init; }
    public InteractionInputCollection Arguments { get; init; } = new([]);
    public required HttpRequestMessage Request { get; init; }
}

public sealed class HttpCommandResultContext
{
    public required IServiceProvider Services { get; init; }
    public required string ResourceName { get; init; }
    public required EndpointReference Endpoint { get; init; }
    public required CancellationToken CancellationToken { get; init; }
    public required HttpClient HttpClient { get; init; }
    public InteractionInputCollection Arguments { get; init; } = new([]);
    public required HttpResponseMessage Response { get; init; }
}
