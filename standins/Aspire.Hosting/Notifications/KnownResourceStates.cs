namespace Aspire.Hosting.ApplicationModel;

/// <summary>State texts with a meaning. Any other text is shown by the dashboard as it is.</summary>
public static class KnownResourceStates
{
    public static readonly string Starting = "Starting";
    public static readonly string Running = "Running";
    public static readonly string FailedToStart = "FailedToStart";
    public static readonly string RuntimeUnhealthy = "RuntimeUnhealthy";
    public static readonly string Stopping = "Stopping";
    public static readonly string Exited = "Exited";
    public static readonly string Finished = "Finished";
    public static readonly string Waiting = "Waiting";
    public static readonly string NotStarted = "NotStarted";
    public static readonly string Building = "Building";
    public static readonly string ValueMissing = "ValueMissing";
    public static readonly string Active = "Active";
    public static readonly IReadOnlyList<string> TerminalStates = [Finished, FailedToStart, Exited];
    public static readonly IReadOnlyList<string> BuildableStates = [Running, Waiting, Finished, FailedToStart, Exited];

    internal static readonly string Hidden = "Hidden";
}

public static class KnownResourceStateStyles
{
    public static readonly string Success = "success";
    public static readonly string Error = "error";
    public static readonly string Info = "info";
    public static readonly string Warn = "warning";
}

public static class CustomResourceKnownProperties
{
    public static string Source { get; } = KnownProperties.Resource.Source;
    public static string ConnectionString { get; } = KnownProperties.Resource.ConnectionString;
}
