using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Shop.Simulator.Faults;
using Shop.Simulator.State;
using Shop.Simulator.Webhooks;

namespace Shop.Simulator.Stripe;

/// <summary>
/// One merchant's account: everything Stripe knows. One piece of work at a time, and each is kept whole or not at all, together
/// with its events, its webhooks and the answer its idempotency key remembers.
/// </summary>
internal sealed class Account
{
    private readonly Lock _gate = new();
    private readonly Journal _journal;
    private readonly TimeProvider _clock;
    private readonly StripeOptions _options;
    private readonly FaultBox _faults;
    private readonly Dictionary<Type, Table> _tables = [];

    public Account(Journal journal, IOptions<StripeOptions> options, FaultBox faults, TimeProvider clock)
    {
        (_journal, _options, _faults, _clock) = (journal, options.Value, faults, clock);
        foreach (var fact in journal.Take(f => f is not (Mail.ReceivedMail or Authenticator.PhoneEntry)))
            Table(fact.GetType()).Keep(fact);
    }

    /// <summary>Raised after a commit that put something into the webhook queue.</summary>
    public event Action<Delivery[]>? WebhooksQueued;

    public T Read<T>(Func<Work, T> read)
    {
        lock (_gate)
            return read(new Work(this, _options, _faults, _clock, null, null));
    }

    /// <summary>Runs the work and keeps what it saved. If it throws, nothing of it happened.</summary>
    public T Write<T>(Func<Work, T> write, string? requestId = null, string? idempotencyKey = null)
    {
        T result;
        Delivery[] queued;
        lock (_gate)
        {
            var work = new Work(this, _options, _faults, _clock, requestId, idempotencyKey);
            result = write(work);
            IReadOnlyList<Fact> saved = work.Saved;
            _journal.Append(saved);
            foreach (var fact in saved)
                Table(fact.GetType()).Keep(fact);
            queued = [.. saved.OfType<Delivery>().Where(d => d is { Attempts: 0, State: DeliveryState.Waiting })];
        }

        if (queued.Length > 0)
            WebhooksQueued?.Invoke(queued);
        return result;
    }

    internal Table Table(Type type)
    {
        if (!_tables.TryGetValue(type, out var table))
            _tables[type] = table = new();
        return table;
    }
}

/// <summary>One call's view of the account: what is there, and what it is about to change.</summary>
internal sealed class Work(Account account, StripeOptions options, FaultBox faults, TimeProvider clock, string? requestId, string? idempotencyKey)
{
    private readonly OrderedDictionary<string, Fact> _saved = [];

    public IReadOnlyList<Fact> Saved => [.. _saved.Values];

    public long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    public StripeOptions Options => options;

    public long Later(TimeSpan by) => Now + (long)Math.Ceiling(by.TotalSeconds);

    public T? Find<T>(string? id) where T : Fact =>
        id is null ? null
        : _saved.TryGetValue(id, out var mine) && mine is T saved ? saved
        : account.Table(typeof(T)).Find(id) as T;

    /// <summary>All of a kind, or from one on (without it), as of the last commit.</summary>
    public IEnumerable<T> OldestFirst<T>(string? after = null) where T : Fact =>
        account.Table(typeof(T)).OldestFirst(after is null ? 0 : account.Table(typeof(T)).IndexOf(after) + 1).Cast<T>();

    public IEnumerable<T> NewestFirst<T>() where T : Fact => account.Table(typeof(T)).NewestFirst().Cast<T>();

    /// <summary>Those with one of their <see cref="Fact.Keys"/>, oldest first, as of the last commit.</summary>
    public IEnumerable<T> With<T>(string key) where T : Fact => account.Table(typeof(T)).With(key).Cast<T>();

    public T Save<T>(T fact) where T : Fact
    {
        _saved[fact.Id] = fact;
        return fact;
    }

    /// <summary>Takes back what was saved so far; the call goes on to say why.</summary>
    public void Forget() => _saved.Clear();

    public WebhookSettings Webhooks => Find<WebhookSettings>(WebhookSettings.TheOne) ?? new(WebhookSettings.TheOne, options.AllWebhooks);

    /// <summary>Records that something happened, with the object as it is at this moment, and queues it for every endpoint.</summary>
    public void Emit(string type, JsonObject about, JsonObject? previous = null)
    {
        var endpoints = Webhooks.Endpoints;
        var @event = Save(new StripeEvent(Ids.New("evt_"), Now, type, options.ApiVersion, new(about))
        {
            RequestId = requestId,
            IdempotencyKey = idempotencyKey,
            Webhooks = endpoints.Length,
            OrderId = (string?)about["metadata"]?["order_id"] ?? Find<PaymentIntent>((string?)about["payment_intent"])?.OrderId,
            PreviousJson = previous is null ? null : new(previous),
        });
        foreach (var endpoint in endpoints)
            Queue(@event, endpoint.Url);
    }

    private void Queue(StripeEvent @event, string url)
    {
        var fate = faults.Webhook();
        var now = clock.GetUtcNow();
        for (var i = 0; i < fate.Copies; i++)
            Save(New(now + fate.Delay));
        if (fate.Copies == 0)
            Save(New(now) with { State = DeliveryState.GivenUp, LastError = "lost on the way" });
        if (fate.IsForged)
        {
            Save(New(now) with { Forgery = Forgery.BadSignature });
            Save(New(now) with { Forgery = Forgery.UnknownPayment });
        }

        Delivery New(DateTimeOffset due) => new(Ids.New("whd_"), @event.Id, @event.Type, url, due);
    }
}
