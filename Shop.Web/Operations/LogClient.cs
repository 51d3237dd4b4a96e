using Microsoft.AspNetCore.WebUtilities;
using Shop.Web.Api;

namespace Shop.Web.Operations;

internal sealed class LogClient(HttpClient http)
{
    public Task<Written<LogPage>> SearchAsync(LogQuery query, CancellationToken ct) =>
        http.WriteAsync<LogPage>(new HttpRequestMessage(HttpMethod.Post, "/operations/logs") { Content = JsonContent.Create(query, options: ApiHttp.Json) }, ct);

    public Task<Fetched<ErrorRows>> GetErrorsAsync(string? state, string? service, string? sort, CancellationToken ct) =>
        http.FetchAsync<ErrorRows>(QueryHelpers.AddQueryString("/operations/errors", new Dictionary<string, string?>
        {
            ["state"] = state, ["service"] = service, ["sort"] = sort,
        }.Where(part => !string.IsNullOrWhiteSpace(part.Value))), ct);

    public Task<Fetched<ErrorFile>> GetErrorAsync(long id, CancellationToken ct) => http.FetchAsync<ErrorFile>($"/operations/errors/{id}", ct);

    /// <summary><paramref name="act"/>: resolve, ignore or reopen.</summary>
    public Task<Written<Done>> ChangeErrorAsync(long id, string act, string why, Guid key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/operations/errors/{id}/{act}", new { why }, key), ct, whenEmpty: new Done());
}

public sealed record LogQuery(
    DateTimeOffset? From = null, DateTimeOffset? To = null, string? Service = null, string? Level = null, int? EventId = null, long? Order = null,
    string? Reference = null, string? Trace = null, string? Person = null, string? Text = null, bool IsRegex = false, string? Before = null);

/// <summary><see cref="SearchedBackTo"/>: the time was up there, and what was found until then is all there is on this page.</summary>
public sealed record LogPage(IReadOnlyList<LogRow> Items, IReadOnlyList<LogRow> Dropped, string? Next = null, DateTimeOffset? SearchedBackTo = null);

public sealed record LogRow(
    Guid Id, DateTimeOffset At, string Service, string Instance, string Release, string Level, int EventId, string Category, string Message, bool IsSynthetic,
    string? Event = null, string? Reference = null, string? TraceId = null, long? OrderNumber = null, Guid? PaymentId = null, string? PersonId = null,
    string? Exception = null);

public sealed record ErrorRows(IReadOnlyList<ErrorRow> Items, bool HasMore);

/// <summary><see cref="State"/>: open, resolved or ignored. <see cref="RegressedAt"/>: it came again after somebody had resolved it.</summary>
public sealed record ErrorRow(
    long Id, string Service, string Type, string Title, string Culprit, DateTimeOffset FirstAt, DateTimeOffset LastAt, string FirstRelease, string LastRelease,
    long Seen, string State, long Orders, long People, bool IsSynthetic, DateTimeOffset? ResolvedAt = null, string? ResolvedIn = null, DateTimeOffset? RegressedAt = null,
    string? RegressedIn = null);

public sealed record ErrorSighting(
    DateTimeOffset At, string Instance, string Release, bool IsSynthetic, string? Route = null, string? Reference = null, string? TraceId = null,
    long? OrderNumber = null, string? PersonId = null);

public sealed record StackLine(string Text, bool IsOurs);

/// <summary>The newest sighting has the stack and the breadcrumbs.</summary>
public sealed record ErrorFile(
    ErrorRow Error, IReadOnlyList<ErrorSighting> Sightings, IReadOnlyList<StackLine> Stack, IReadOnlyList<LogRow> Breadcrumbs,
    IReadOnlyList<long> OrderNumbers, IReadOnlyList<string> Releases);
