namespace Aspire.Hosting.ApplicationModel;

public class ParameterResource : Resource, IExpressionValue
{
    private readonly Func<ParameterDefault?, string> callback;
    private readonly Lock gate = new();
    private TaskCompletionSource<string>? awaited;
    private string? known;

    public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false) : base(name)
    {
        ArgumentNullException.ThrowIfNull(callback);
        this.callback = callback;
        Secret = secret;
    }

    public ParameterDefault? Default { get; set; }
    public bool Secret { get; }
    public bool IsConnectionString { get; set; }
    public string? Description { get; set; }
    public bool EnableDescriptionMarkdown { get; set; }
    public string ValueExpression => IsConnectionString ? $"{{{Name}.connectionString}}" : $"{{{Name}.value}}";

    /// <summary>Where the value is looked up; shown when it is missing.</summary>
    internal string ConfigurationKey { get => field ??= IsConnectionString ? $"ConnectionStrings:{Name}" : $"Parameters:{Name}"; init; }

    /// <exception cref="MissingParameterValueException">No value, and nobody is going to be asked for one.</exception>
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken)
    {
        Task<string> pending;
        lock (gate)
        {
            if (awaited is null)
                return new ValueTask<string?>(CurrentValue());
            pending = awaited.Task;
        }
        return Await(pending, cancellationToken);

        static async ValueTask<string?> Await(Task<string> value, CancellationToken ct) => await value.WaitAsync(ct);
    }

#pragma warning disable CA1725 // The real name is `_`.
    public ValueTask<string?> GetValueAsync(ValueProviderContext _, CancellationToken cancellationToken) => GetValueAsync(cancellationToken);
#pragma warning restore CA1725

    /// <summary>Computed once: a generated value must be the same for all who ask.</summary>
    internal string CurrentValue()
    {
        lock (gate)
            return known ??= callback(Default);
    }

    /// <summary>From now on readers wait for a value that a person enters in the dashboard.</summary>
    internal void AwaitValue()
    {
        lock (gate)
        {
            known = null;
            awaited ??= new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal bool IsAwaited
    {
        get
        {
            lock (gate)
                return awaited is not null;
        }
    }

    internal void SetValue(string value)
    {
        lock (gate)
        {
            known = value;
            var waiting = awaited;
            awaited = null;
            waiting?.TrySetResult(value);
        }
    }
}
