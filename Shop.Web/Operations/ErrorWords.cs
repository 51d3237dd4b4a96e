namespace Shop.Web.Operations;

internal sealed record ErrorAct(string Path, string Link, string Question, string Outcome)
{
    public static readonly IReadOnlyList<ErrorAct> All =
    [
        new("resolve", "Resolve", "Is this error resolved?", "It leaves the list. When it is seen again after this moment, in whichever release, it is opened again as a regression."),
        new("ignore", "Ignore", "Ignore this error?", "It leaves the list and stays away. It is still counted."),
        new("reopen", "Reopen", "Open this error again?", "It is back on the list."),
    ];

    public bool IsFor(ErrorRow error) => Path switch { "reopen" => error.State is not "open", "resolve" => error.State is not "resolved", _ => error.State is not "ignored" };
}

internal static class ErrorWords
{
    /// <summary>The last two words of each name: <c>Npgsql.PostgresException 23505</c>, <c>OrderReads.FindAsync</c>.</summary>
    public static string Short(string names) => string.Join(" ← ", names.Split(" ← ").Select(name => string.Join('.', name.Split('.')[^Math.Min(2, name.Split('.').Length)..])));
}
