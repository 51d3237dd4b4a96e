namespace Shop.Web.Api;

/// <summary>
/// What a write came back with: a value, or the Api's problem. Neither: the answer was lost, and nobody here knows whether it was done.
/// </summary>
internal readonly record struct Written<T>(T? Value, ApiProblem? Problem = null) where T : class
{
    /// <summary>True when the Api refused and nothing was changed. A 5xx says nothing of the kind.</summary>
    public bool IsRefused => Problem is { Status: < 500 };
}

/// <summary>The value of a write that is answered without one.</summary>
internal sealed record Done;

/// <summary>The part of application/problem+json that pages use; the last two are extensions of single endpoints.</summary>
public sealed record ApiProblem(
    int Status, string? Reason = null, string? Detail = null, string? Reference = null,
    Dictionary<string, string[]>? Errors = null, string[]? Skus = null);
