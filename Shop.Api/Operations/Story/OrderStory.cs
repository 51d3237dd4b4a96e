using System.Text.Json;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Operations.Story;

/// <summary>All of an order on one page: the answer first, then what can be done, then how it came to be.</summary>
/// <param name="Hidden">How many older entries there are than are told.</param>
/// <param name="ForCustomer">What an agent can say, in plain words.</param>
internal sealed record OrderStory(
    OrderFile Order, string TraceId, bool IsSynthetic, AnswerCard Answer, IReadOnlyList<StoryAct> Acts, IReadOnlyList<StoryItem> Items, int Hidden,
    IReadOnlyList<JobView> Jobs, string ForCustomer);

/// <summary>What everybody asks first.</summary>
/// <param name="Side">Whose side it was on; null when nothing went wrong.</param>
/// <param name="HowWeKnow">What says whether money was taken.</param>
/// <param name="Since">Since when it has been so.</param>
/// <param name="Next">What happens by itself, and when.</param>
internal sealed record AnswerCard(
    string WhatHappened, Side? Side, MoneyTaken MoneyTaken, string HowWeKnow, string WhatToDo, string CustomerSees, IReadOnlyList<StoryMail> Mails,
    DateTimeOffset Since, IReadOnlyList<StoryNext> Next);

internal sealed record StoryMail(Guid Id, string Kind, string State, DateTimeOffset At, string? Why);

internal sealed record StoryNext(DateTimeOffset? At, string What);

/// <param name="Path">Of its page, below the order's.</param>
/// <param name="WhyNot">Why it cannot be done now; null when it can.</param>
internal sealed record StoryAct(string Path, string Title, string? WhyNot);

/// <summary>One thing that happened, with all who tell of it.</summary>
/// <param name="Source">order, attempt, webhook, mail, staff, refund, dispute, failover or gap.</param>
/// <param name="Facts">For engineers.</param>
/// <param name="By">Who of the staff did it.</param>
internal sealed record StoryItem(
    DateTimeOffset At, string Source, string Kind, string Summary, string? Reason, bool ForShopper, IReadOnlyList<StoryFact> Facts,
    IReadOnlyList<StoryAnswer> Answers, string? TraceId, string? By, string? Why);

internal sealed record StoryFact(string Name, string Value);

/// <summary>A gateway's answer as it came, scrubbed.</summary>
internal sealed record StoryAnswer(
    string Request, string Outcome, int? HttpStatus, IReadOnlyList<StoryFact> Headers, string? Body, long BodyBytes, double LatencyMs);

// What the database tells, as it comes from there.
internal sealed record TimelineRow(Guid Id, DateTimeOffset At, string Kind, string? Reason, string Summary, bool ForShopper, JsonElement? Data, string? TraceId);

internal sealed record AttemptRow(
    Guid Id, DateTimeOffset At, PaymentProvider Provider, string Operation, string? Key, string Class, string? Reason, string? Code, string? DeclineCode,
    string? AdviceCode, string? NetworkCode, int? HttpStatus, string? RequestId, string? GatewayId, string? ChargeId, string? CardBrand, string? CardLast4,
    string? CardCountry, double LatencyMs, string? TraceId, string? Proof);

internal sealed record RawRow(
    Guid AttemptId, int N, string Request, string Outcome, int? HttpStatus, JsonElement? Headers, string? Body, long BodyBytes, double LatencyMs);

internal sealed record JobRow(
    Guid Id, PaymentJobKind Kind, PaymentProvider Provider, JobState State, DateTimeOffset DueAt, DateTimeOffset LeasedUntil, int Leases, int Attempts,
    string? LastReason, DateTimeOffset CreatedAt);

internal sealed record WebhookRow(
    PaymentProvider Provider, string EventId, string Type, DateTimeOffset ReceivedAt, JobState State, int Attempts, string? LastError, string? Changed,
    DateTimeOffset? ProcessedAt, DateTimeOffset? FetchedAt);

internal sealed record GapRow(string Type, DateTimeOffset ExpectedBy, DateTimeOffset NoticedAt, DateTimeOffset? ArrivedAt);

internal sealed record MailRowOf(
    Guid Id, string Kind, JobState State, DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? SentAt, int Attempts, string? LastError);

internal sealed record AuditRowOf(Guid Id, DateTimeOffset At, string Name, string ActorRole, string Action, string? Why, string? Reference);

internal sealed record RefundRowOf(
    Guid Id, PaymentProvider Provider, long AmountMinor, string Currency, string Reason, RefundState State, string? GatewayId, DateTimeOffset CreatedAt,
    DateTimeOffset? SettledAt);

internal sealed record DisputeRowOf(Guid Id, string Kind, string GatewayId, long AmountMinor, string Currency, string Reason, string Status, DateTimeOffset OpenedAt);

internal sealed record FailoverRow(
    Guid Id, DateTimeOffset At, PaymentProvider FromProvider, PaymentProvider ToProvider, string Proof, string ProofKind, string AskedBy);

/// <summary>Everything that is written down about one order, as far as it is told.</summary>
internal sealed record StoryRows(
    IReadOnlyList<TimelineRow> Timeline, IReadOnlyList<AttemptRow> Attempts, IReadOnlyList<RawRow> Raw, IReadOnlyList<JobRow> Jobs,
    IReadOnlyList<WebhookRow> Webhooks, IReadOnlyList<GapRow> Gaps, IReadOnlyList<MailRowOf> Mails, IReadOnlyList<AuditRowOf> Audit,
    IReadOnlyList<RefundRowOf> Refunds, IReadOnlyList<DisputeRowOf> Disputes, IReadOnlyList<FailoverRow> Failovers, DateTimeOffset? HeldUntil, int Hidden,
    bool IsConfirmOpen, DateTimeOffset? UnknownSince, int AskedSince);
