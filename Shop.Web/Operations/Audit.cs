using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Shop.Web.Operations;

/// <summary>What the audit is searched for. The days are UTC's, and both are included.</summary>
public sealed record AuditSearch(
    string? Who = null, string? Action = null, string? Subject = null, string? Reference = null, string? Text = null, DateOnly? From = null,
    DateOnly? To = null, Guid? Before = null)
{
    public string Address(string path) => QueryHelpers.AddQueryString(path, new Dictionary<string, string?>
    {
        ["who"] = Said(Who), ["action"] = Said(Action), ["subject"] = Said(Subject), ["reference"] = Said(Reference), ["text"] = Said(Text),
        ["from"] = Midnight(From), ["to"] = Midnight(To < DateOnly.MaxValue ? To?.AddDays(1) : null), ["before"] = Before?.ToString(),
    });

    private static string? Said(string? words) => string.IsNullOrWhiteSpace(words) ? null : words.Trim();

    private static string? Midnight(DateOnly? day) => day?.ToString("yyyy-MM-dd'T00:00:00Z'", CultureInfo.InvariantCulture);
}

public sealed record AuditPageOf(IReadOnlyList<AuditRow> Items, IReadOnlyList<string> Actions, Guid? Next = null);

/// <summary><see cref="Name"/> is empty when the person was erased; the id stays.</summary>
public sealed record AuditActor(Guid Id, string Name, string Role);

public sealed record AuditRow(
    DateTimeOffset At, AuditActor Actor, string Action, string SubjectKind, string Subject, JsonElement? Before = null, JsonElement? After = null,
    string? Why = null, string? Reference = null);

/// <summary>One fact that an action changed; null where there was none.</summary>
public sealed record AuditChange(string Name, string? Before, string? After)
{
    /// <summary>What differs between the two, fact by fact. What stayed the same is left out.</summary>
    public static IReadOnlyList<AuditChange> Between(JsonElement? before, JsonElement? after)
    {
        var (was, became) = (Facts(before), Facts(after));
        return
        [
            .. was.Keys.Union(became.Keys)
                .Select(name => new AuditChange(name, was.GetValueOrDefault(name), became.GetValueOrDefault(name)))
                .Where(change => change.Before != change.After),
        ];
    }

    private static Dictionary<string, string?> Facts(JsonElement? json) => json switch
    {
        { ValueKind: JsonValueKind.Object } facts => facts.EnumerateObject().GroupBy(f => f.Name).ToDictionary(f => f.Key, f => Text(f.Last().Value)),
        { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value => new() { [""] = Text(value) },
        _ => [],
    };

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        _ => value.GetRawText(),
    };
}
