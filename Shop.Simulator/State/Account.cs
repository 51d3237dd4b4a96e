using Microsoft.Extensions.Options;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.Webhooks;

namespace Shop.Simulator.State;

/// <summary>
/// One merchant's accounts: everything the gateways know. One piece of work at a time, and each is kept whole or not at all, together
/// with its events, its webhooks and the answer its idempotency key remembers.
/// </summary>
internal sealed class Account
{
    private readonly Lock _gate = new();
    private readonly Journal _journal;
    private readonly TimeProvider _clock;
    private readonly StripeOptions _stripe;
    private readonly PayPalOptions _payPal;
    private readonly FaultBoxes _faults;
    private readonly Dictionary<Type, Table> _tables = [];

    public Account(Journal journal, IOptions<StripeOptions> stripe, IOptions<PayPalOptions> payPal, FaultBoxes faults, TimeProvider clock)
    {
        (_journal, _stripe, _payPal, _faults, _clock) = (journal, stripe.Value, payPal.Value, faults, clock);
        foreach (var fact in journal.Take(f => f is not (Mail.ReceivedMail or Authenticator.PhoneEntry)))
            Table(fact.GetType()).Keep(fact);
    }

    /// <summary>Raised after a commit that put something into the webhook queue.</summary>
    public event Action<Delivery[]>? WebhooksQueued;

    public T Read<T>(Func<Work, T> read)
    {
        lock (_gate)
            return read(new Work(this, _stripe, _payPal, _faults, _clock, null, null));
    }

    /// <summary>Runs the work and keeps what it saved. If it throws, nothing of it happened.</summary>
    public T Write<T>(Func<Work, T> write, string? requestId = null, string? idempotencyKey = null)
    {
        T result;
        Delivery[] queued;
        lock (_gate)
        {
            var work = new Work(this, _stripe, _payPal, _faults, _clock, requestId, idempotencyKey);
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

/// <summary>One call's view of the accounts: what is there, and what it is about to change.</summary>
internal sealed class Work(
    Account account, StripeOptions stripe, PayPalOptions payPal, FaultBoxes faults, TimeProvider clock, string? requestId, string? idempotencyKey)
{
    private readonly OrderedDictionary<string, Fact> _saved = [];

    public IReadOnlyList<Fact> Saved => [.. _saved.Values];

    public long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    public StripeOptions Options => stripe;

    public PayPalOptions PayPal => payPal;

    public string? RequestId => requestId;

    public string? IdempotencyKey => idempotencyKey;

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

    /// <summary>Queues an event for an endpoint, and lets the faults decide what becomes of it on the way.</summary>
    public void Queue(Gateway gateway, string eventId, string type, string url)
    {
        var fate = faults.Of(gateway).Webhook();
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

        Delivery New(DateTimeOffset due) => new(Ids.New("whd_"), eventId, type, url, due);
    }
}
