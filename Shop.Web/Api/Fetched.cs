namespace Shop.Web.Api;

/// <summary>
/// What a read came back with: a value, the certainty that there is none, a link that opens it no longer, or no answer. None of the four is a
/// read under way, which a page that is rendered while it waits must not mistake for trouble.
/// </summary>
internal readonly record struct Fetched<T>(T? Value, bool IsMissing = false, bool IsUnreachable = false, bool IsExpired = false) where T : class;

internal static class Budget
{
    /// <summary>Null when the budget ran out. The read goes on unobserved: its own limits end it.</summary>
    public static async Task<Fetched<T>?> WithinAsync<T>(this Task<Fetched<T>> read, TimeSpan budget, CancellationToken ct) where T : class =>
        await Task.WhenAny(read, Task.Delay(budget, ct)) == read ? await read : null;
}
