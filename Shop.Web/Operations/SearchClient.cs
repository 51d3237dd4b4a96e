using Shop.Web.Api;

namespace Shop.Web.Operations;

/// <summary>Finding an order, its story, and what can be done about it.</summary>
internal sealed class SearchClient(HttpClient http)
{
    /// <summary>In the body of a POST: it may be somebody's name.</summary>
    public Task<Fetched<SearchAnswer>> SearchAsync(string query, CancellationToken ct) => http.FetchAsync<SearchAnswer>(
        new HttpRequestMessage(HttpMethod.Post, "/operations/search") { Content = JsonContent.Create(new { query }, options: ApiHttp.Json) }, ct);

    public Task<Fetched<OrderStory>> GetStoryAsync(long number, bool all, CancellationToken ct) =>
        http.FetchAsync<OrderStory>($"/operations/orders/{number}/story{(all ? "?all=true" : "")}", ct);

    public Task<Fetched<ExportedOrder>> GetScenarioAsync(long number, CancellationToken ct) =>
        http.FetchAsync<ExportedOrder>($"/operations/orders/{number}/scenario", ct);

    public Task<Written<Done>> DoAsync(long number, OrderAction action, int? minutes, string why, Guid key, CancellationToken ct) => http.WriteAsync(
        ApiHttp.Post($"/operations/orders/{number}/{action.Api}", action.Path switch
        {
            OrderAction.Note => new { note = why },
            OrderAction.Hold => new { minutes, why },
            _ => new { why },
        }, key), ct, whenEmpty: new Done());
}

public sealed record SearchAnswer(IReadOnlyList<string> Understood, IReadOnlyList<SearchHit> Hits, bool IsMore, long? Jump = null);

/// <summary><see cref="Why"/>: the reason in plain words. <see cref="By"/>: what matched.</summary>
public sealed record SearchHit(
    long Number, DateTimeOffset PlacedAt, string Status, string Payment, long TotalMinor, string Currency, string Reference, bool IsSynthetic, string By, bool IsExact,
    bool IsAlike, string Name, string Email, string? Reason = null, string? Why = null)
{
    public override string ToString() => $"order {Number}";
}

public sealed record OrderStory(
    OrderAnswer Order, AnswerCard Answer, IReadOnlyList<StoryAct> Acts, IReadOnlyList<StoryItem> Items, int Hidden, IReadOnlyList<Job> Jobs, string ForCustomer,
    bool IsSynthetic, string? TraceId = null);

public sealed record AnswerCard(
    string WhatHappened, string MoneyTaken, string HowWeKnow, string WhatToDo, string CustomerSees, IReadOnlyList<StoryMail> Mails, DateTimeOffset Since,
    IReadOnlyList<StoryNext> Next, string? Side = null);

public sealed record StoryMail(Guid Id, string Kind, string State, DateTimeOffset At, string? Why = null);

public sealed record StoryNext(string What, DateTimeOffset? At = null);

/// <summary><see cref="WhyNot"/>: null when it can be done now.</summary>
public sealed record StoryAct(string Path, string Title, string? WhyNot = null);

/// <summary><see cref="Source"/>: order, attempt, webhook, mail, staff, refund, dispute, failover or gap.</summary>
public sealed record StoryItem(
    DateTimeOffset At, string Source, string Kind, string Summary, bool ForShopper, IReadOnlyList<StoryFact> Facts, IReadOnlyList<StoryAnswer> Answers,
    string? Reason = null, string? TraceId = null, string? By = null, string? Why = null);

public sealed record StoryFact(string Name, string Value);

public sealed record StoryAnswer(
    string Request, string Outcome, IReadOnlyList<StoryFact> Headers, long BodyBytes, double LatencyMs, int? HttpStatus = null, string? Body = null)
{
    public string Words => Outcome switch
    {
        "answered" => $"answered {HttpStatus}",
        "cut" => $"answered {HttpStatus}, and broke off after {BodyBytes} bytes",
        "timed_out" when HttpStatus is not null => $"answered {HttpStatus}, and the rest did not come",
        "timed_out" => $"no answer within {Seconds}",
        "lost" => $"the connection was lost after {Seconds}, without an answer",
        _ => "could not connect: nothing was sent",
    };

    private string Seconds => (LatencyMs / 1000).ToString("0.0 's'", System.Globalization.CultureInfo.InvariantCulture);
}

public sealed record ExportedOrder(long Number, string Json, string Test, IReadOnlyList<string> Notes);

/// <summary>What an agent can do about an order: each on a page of its own, which says what comes of it and asks why.</summary>
internal sealed record OrderAction(string Path, string Api, string Question, string Outcome, string Button, string Done)
{
    public const string Note = "note";
    public const string Hold = "hold";

    public static readonly IReadOnlyList<OrderAction> All =
    [
        new("ask", "ask", "Ask the gateway now?",
            "What is due later is done now: a payment that was put off is tried again, and a payment whose outcome is unknown is asked about. It is never sent a second time.",
            "Ask now", "It is being asked; the page shows the answer in a moment."),
        new("cancel", "cancel", "Cancel order {0}?",
            "Unpaid, its payment is called off at the gateway first, and then its goods go back on sale; should the payment go through in the same moment, the money goes back. Paid and not sent, all of its money goes back and its goods are on sale again. This cannot be taken back.",
            "Cancel the order", "It is being cancelled; the page shows when it has ended."),
        new(Hold, "hold", "Keep the goods of order {0} for longer?",
            "Its goods stay reserved, and it can be paid until then: at most three hours after it was placed. Others cannot buy them meanwhile.",
            "Keep them", "The goods are kept for longer."),
        new(Note, "notes", "Write a note on order {0}", "For the staff alone: the customer never sees it. It is kept for good, with your name.", "Write it down", "The note is written down."),
    ];
}
