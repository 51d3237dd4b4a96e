using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Shop.Web.Api;

namespace Shop.Web.Operations;

/// <summary>What the gateway told us, what nobody knows yet, and whether the books are equal.</summary>
internal sealed class ReconciliationClient(HttpClient http)
{
    public Task<Fetched<WebhookList>> GetWebhooksAsync(WebhookSearch search, CancellationToken ct) =>
        http.FetchAsync<WebhookList>(search.Address("/operations/webhooks"), ct);

    public Task<Fetched<UnknownList>> GetUnknownAsync(CancellationToken ct) => http.FetchAsync<UnknownList>("/operations/unknown", ct);

    public Task<Fetched<BackgroundJobList>> GetBackgroundJobsAsync(CancellationToken ct) =>
        http.FetchAsync<BackgroundJobList>("/operations/background-jobs", ct);

    public Task<Fetched<ReconciliationDetail>> GetReconciliationAsync(Guid? run, DateTimeOffset? from, DateTimeOffset? to, CancellationToken ct) =>
        http.FetchAsync<ReconciliationDetail>(QueryHelpers.AddQueryString("/operations/reconciliation", new Dictionary<string, string?>
        {
            ["run"] = run?.ToString(), ["from"] = Text(from), ["to"] = Text(to),
        }), ct);

    public Task<Fetched<MismatchDetail>> GetMismatchAsync(Guid id, CancellationToken ct) => http.FetchAsync<MismatchDetail>($"/operations/mismatches/{id}", ct);

    public Task<Written<Done>> ReplayAsync(string provider, string eventId, string why, Guid key, CancellationToken ct) =>
        DoAsync($"webhooks/{Uri.EscapeDataString(provider)}/{Uri.EscapeDataString(eventId)}/replay", new { why }, key, ct);

    public Task<Written<Done>> RunJobAsync(string name, string why, Guid key, CancellationToken ct) =>
        DoAsync($"background-jobs/{Uri.EscapeDataString(name)}/run", new { why }, key, ct);

    public Task<Written<Done>> CompareAsync(DateTimeOffset from, DateTimeOffset to, string why, Guid key, CancellationToken ct) =>
        DoAsync("reconciliation", new { from, to, why }, key, ct);

    public Task<Written<Done>> RepairAsync(Guid id, string repair, string why, Guid key, CancellationToken ct) => DoAsync($"mismatches/{id}/{repair}", new { why }, key, ct);

    private Task<Written<Done>> DoAsync(string what, object body, Guid key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/operations/{what}", body, key), ct, whenEmpty: new Done());

    private static string? Text(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

public sealed record WebhookSearch(string? State = null, string? Type = null, long? Order = null, string? Id = null, string? Before = null)
{
    public string Address(string path) => QueryHelpers.AddQueryString(path, new Dictionary<string, string?>
    {
        ["state"] = Said(State), ["type"] = Said(Type), ["order"] = Order?.ToString(CultureInfo.InvariantCulture), ["id"] = Said(Id), ["before"] = Said(Before),
    });

    private static string? Said(string? words) => string.IsNullOrWhiteSpace(words) ? null : words.Trim();
}

public sealed record WebhookList(
    WebhookArrival LastHour, IReadOnlyList<string> Types, IReadOnlyList<WebhookRow> Parked, IReadOnlyList<WebhookRow> Items, string? Next = null);

public sealed record WebhookArrival(int Expected, int Arrived);

public sealed record WebhookRow(
    string Provider, string EventId, string Type, string State, DateTimeOffset ReceivedAt, int Attempts, DateTimeOffset? FetchedAt = null,
    DateTimeOffset? ProcessedAt = null, string? Changed = null, string? Why = null, long? OrderNumber = null);

public sealed record UnknownList(IReadOnlyList<UnknownOrder> Items);

public sealed record UnknownOrder(
    long Number, string Payment, long TotalMinor, string Currency, DateTimeOffset Since, DateTimeOffset DeadlineAt, int Asked, string? Reason = null,
    Guid? JobId = null, string? JobKind = null, string? JobState = null, DateTimeOffset? NextAt = null, DateTimeOffset? LeasedUntil = null,
    DateTimeOffset? LastAskedAt = null, string? LastAnswer = null, string? LastCode = null);

public sealed record BackgroundJobList(IReadOnlyList<BackgroundJobRow> Items);

public sealed record BackgroundJobRow(
    string Name, string State, DateTimeOffset DueAt, int Failures, DateTimeOffset? StartedAt = null, DateTimeOffset? SucceededAt = null,
    double? TookMs = null, string? Result = null);

public sealed record ReconciliationDetail(
    IReadOnlyList<ReconciliationRun> Runs, IReadOnlyList<MismatchDetail> Waiting, IReadOnlyList<MismatchDetail> Settled, ReconciliationRun? Run = null);

public sealed record ReconciliationRun(
    Guid Id, DateTimeOffset From, DateTimeOffset To, DateTimeOffset DoneUntil, string State, DateTimeOffset CreatedAt, int Percent, int Objects, int Charges,
    long GatewayMinor, long AttemptsMinor, long OrdersMinor, long DifferenceMinor, int Mismatches, string? StartedBy = null, DateTimeOffset? EndedAt = null,
    string? LastError = null, string Provider = "stripe")
{
    public const string Currency = "EUR";

    public string Gateway => Operations.Gateway.NameOf(Provider);

    /// <summary>The whole answer in one sentence.</summary>
    public string Verdict => this switch
    {
        { State: "parked" } => "The comparison was given up: the gateway could not be read.",
        { State: not "done" } => $"The comparison is running: {Percent} % done.",
        { DifferenceMinor: 0, Mismatches: 0 } when AttemptsMinor == GatewayMinor =>
            $"The difference is {Money(0)}: orders, attempts and gateway agree on {Money(GatewayMinor)} over {Counted(Charges, "charge")}.",
        { DifferenceMinor: 0 } => $"The difference is {Money(0)}, and {Counted(Mismatches, "thing")} did not match all the same.",
        _ => $"The difference is {Money(DifferenceMinor)}: orders have {Money(OrdersMinor)}, the gateway {Money(GatewayMinor)}. "
            + $"{Counted(Mismatches, "mismatch", "mismatches")} found.",
    };

    public bool IsGood => State is "done" && DifferenceMinor is 0 && Mismatches is 0 && AttemptsMinor == GatewayMinor;

    private static string Money(long minor) => Components.Price.Text(minor, Currency);

    private static string Counted(int count, string one, string? more = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? one : more ?? one + "s")}");
}

public sealed record MismatchDetail(
    Guid Id, string Kind, string Title, string Side, string Meaning, string Action, string Subject, string Currency, DateTimeOffset At, DateTimeOffset FoundAt,
    string State, IReadOnlyList<string>? Repairs = null, long? OrderNumber = null, string? IntentId = null, long? OursMinor = null, long? GatewayMinor = null,
    string? Repair = null, string? Result = null, DateTimeOffset? ClosedAt = null);

/// <summary>What can be done about a mismatch, each on a page of its own that says what comes of it and asks why.</summary>
internal sealed record MismatchAction(string Path, string Link, string Question, string Outcome, string Button)
{
    public static readonly IReadOnlyList<MismatchAction> All =
    [
        new("refund", "Refund", "Send this money back?",
            "The gateway is asked what is left of it, and that goes back, once. This cannot be undone.", "Send it back"),
        new("mark_paid", "Ask the gateway and book", "Book what the gateway says?",
            "The gateway is asked now, and its answer is booked, whatever it is. Nothing is booked on your word.", "Ask and book"),
        new("book_refund", "Book the refund", "Book this refund?",
            "The gateway is asked now; what it has sent back is booked, and the customer gets the mail about it.", "Ask and book"),
        new("release", "Release", "Cancel this intent at the gateway?",
            "It cannot be paid any more. Should it have been paid by now, the order hears of it.", "Cancel it"),
        new("ignore", "Ignore", "Leave it as it is?",
            "It stays in the books and is no longer counted. Your reason is what the next person will find.", "Ignore it"),
    ];

    public static MismatchAction? Of(string path) => All.FirstOrDefault(action => action.Path == path);
}
