using Shop.Web.Api;
using Shop.Web.Operations.Today;

namespace Shop.Web.Operations;

internal sealed class OperationsClient(HttpClient http)
{
    public Task<Fetched<OrderRows>> GetOrdersAsync(OrderFilter filter, int limit, CancellationToken ct) =>
        http.FetchAsync<OrderRows>(filter.Address("/operations/orders", limit), ct);

    /// <param name="part">live, slow, or null for both.</param>
    public Task<Fetched<Dashboard>> GetDashboardAsync(string range, string? part, CancellationToken ct) =>
        http.FetchAsync<Dashboard>($"/operations/dashboard?range={range}{(part is null ? "" : $"&part={part}")}", ct);

    public Task<Fetched<QueueView>> GetQueueAsync(CancellationToken ct) => http.FetchAsync<QueueView>("/operations/queue", ct);

    public Task<Fetched<GatewayList>> GetGatewaysAsync(CancellationToken ct) => http.FetchAsync<GatewayList>("/operations/gateways", ct);

    /// <summary><paramref name="mode"/>: automatic, stopped or forced.</summary>
    public Task<Written<Done>> OverrideGatewayAsync(string provider, string mode, int? minutes, string why, Guid key, CancellationToken ct) =>
        DoAsync($"gateways/{Uri.EscapeDataString(provider)}/override", new { mode, minutes, why }, key, ct);

    public Task<Fetched<CardTesting>> GetCardTestingAsync(CancellationToken ct) => http.FetchAsync<CardTesting>("/operations/card-testing", ct);

    public Task<Fetched<Shortfalls>> GetShortfallsAsync(CancellationToken ct) => http.FetchAsync<Shortfalls>("/operations/shortfalls", ct);

    public Task<Fetched<AuditPageOf>> GetAuditAsync(AuditSearch search, CancellationToken ct) =>
        http.FetchAsync<AuditPageOf>(search.Address("/operations/audit"), ct);

    public Task<Fetched<StaffList>> GetStaffAsync(CancellationToken ct) => http.FetchAsync<StaffList>("/operations/staff", ct);

    public Task<Written<Done>> InviteAsync(string email, string name, string role, string why, Guid key, CancellationToken ct) =>
        DoAsync("staff/invite", new { email, name, role, why }, key, ct);

    public Task<Written<Done>> SetRoleAsync(Guid id, string role, string why, Guid key, CancellationToken ct) => DoAsync($"staff/{id}/role", new { role, why }, key, ct);

    /// <summary><paramref name="action"/>: disable, enable, unlock, reset-second-factor or resend-invite.</summary>
    public Task<Written<Done>> ChangeStaffAsync(Guid id, string action, string why, Guid key, CancellationToken ct) =>
        DoAsync($"staff/{id}/{action}", new { why }, key, ct);

    public Task<Written<Done>> RetryJobAsync(Guid id, string why, Guid key, CancellationToken ct) => DoAsync($"jobs/{id}/retry", new { why }, key, ct);

    public Task<Written<Done>> RetryWebhookAsync(string provider, string eventId, string why, Guid key, CancellationToken ct) =>
        DoAsync($"webhooks/{Uri.EscapeDataString(provider)}/{Uri.EscapeDataString(eventId)}/retry", new { why }, key, ct);

    public Task<Written<Done>> RetryMessageAsync(Guid id, string why, Guid key, CancellationToken ct) => DoAsync($"outbox/{id}/retry", new { why }, key, ct);

    private Task<Written<Done>> DoAsync(string what, object body, Guid key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/operations/{what}", body, key), ct, whenEmpty: new Done());
}

/// <summary><see cref="Next"/>: the number before which the older ones begin; null when these are the last.</summary>
public sealed record OrderRows(IReadOnlyList<OrderRow> Items, long? Next = null);

public sealed record OrderRow(
    long Number, DateTimeOffset PlacedAt, string Status, string Payment, long TotalMinor, string Currency, string Reference,
    string? Reason = null, string? TraceId = null, string? Gateway = null, bool IsSynthetic = false);

public sealed record OrderAnswer(
    long Number, DateTimeOffset PlacedAt, string Status, string Payment, string MoneyTaken, string Reference, string Currency, long TotalMinor,
    AnswerTexts Texts, string? Reason = null, ReasonWords? Why = null);

/// <summary>A reason for each of the three who ask. <see cref="Side"/>: bank, gateway, us, stock or shopper.</summary>
public sealed record ReasonWords(string Code, string Side, string Retry, string Shopper, string Agent, string Engineer);

public sealed record AnswerTexts(string Headline, string Explanation, string? NextStep = null);

public sealed record Job(
    Guid Id, string Kind, string State, DateTimeOffset DueAt, int Leases, int Attempts, string? LastReason = null);

public sealed record QueueView(
    int Waiting, int Leased, int Parked, IReadOnlyList<ParkedJob> ParkedJobs, Backlog Webhooks, IReadOnlyList<ParkedWebhook> ParkedWebhooks,
    Backlog Outbox, IReadOnlyList<ParkedMessage> ParkedMessages, DateTimeOffset? OldestDueAt = null);

public sealed record ParkedJob(
    Guid Id, long OrderNumber, string Kind, int Leases, int Attempts, DateTimeOffset CreatedAt, string? LastReason = null);

public sealed record ParkedWebhook(
    string Provider, string EventId, string Type, int Attempts, DateTimeOffset ReceivedAt, string? LastError = null);

/// <summary><see cref="OrderNumber"/>: null for a mail about an account.</summary>
public sealed record ParkedMessage(
    Guid Id, string Kind, int Attempts, DateTimeOffset CreatedAt, long? OrderNumber = null, string? LastError = null);

public sealed record Backlog(int Waiting, int Parked);

public sealed record Shortfalls(IReadOnlyList<Shortfall> Items);

/// <summary><see cref="Held"/> and <see cref="Paid"/>: numbers of the orders that were promised it.</summary>
public sealed record Shortfall(
    string Sku, string ProductName, string VariantName, int OnHand, int HeldQuantity, int Missing, IReadOnlyList<long> Held, IReadOnlyList<long> Paid);

public sealed record StaffList(IReadOnlyList<StaffRow> Items);

/// <summary><see cref="State"/>: active, invited, locked or disabled.</summary>
public sealed record StaffRow(
    Guid Id, string Email, string Name, string Role, bool SecondFactor, string State, DateTimeOffset? LastSignInAt = null);
