using System.Collections.Concurrent;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Tests.Fixtures;

/// <summary>How one call to a <see cref="ScriptedGateway"/> goes. Lost: done, but nobody learns of it. Silent: not done, and nobody knows.</summary>
internal enum Scene { Well, Declined, BankAsks, NeverLeft, OurKeyRefused, OurRequestRefused, RateLimited, Lost, Silent }

/// <summary>
/// A gateway that does as it is told, for what no simulator can play on purpose: a refusal at exactly this call. It keeps real books of intents,
/// keys and charges. One that can't cancel asks its shoppers on a page of its own, as PayPal does.
/// </summary>
internal sealed class ScriptedGateway(PaymentProvider provider, bool canCancel) : IPaymentGateway
{
    private const string Page = "https://gateway.example/approve/";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Intent> _intents = [];
    private readonly Dictionary<string, GatewayAnswer> _answered = [];
    private readonly Dictionary<GatewayOperation, Queue<Scene>> _script = [];
    private readonly Dictionary<GatewayOperation, Scene> _always = [];

    private sealed class Intent
    {
        public required string Id { get; init; }
        public required NewIntent Wanted { get; init; }
        public string Status { get; set; } = "waits";
        public int Charges { get; set; }
        public long RefundedMinor { get; set; }
    }

    /// <summary>operation and key, in the order in which they came.</summary>
    public ConcurrentQueue<(GatewayOperation Operation, string? Key, string? Id, string? Token)> Calls { get; } = new();

    public PaymentProvider Provider => provider;
    public bool CanCancel => canCancel;

    /// <summary>While set, the next confirm waits for it, having been sent.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public void Next(GatewayOperation operation, params Scene[] scenes)
    {
        lock (_lock)
        {
            var queue = _script.TryGetValue(operation, out var known) ? known : _script[operation] = new();
            foreach (var scene in scenes)
                queue.Enqueue(scene);
        }
    }

    public void Always(GatewayOperation operation, Scene scene)
    {
        lock (_lock)
            _always[operation] = scene;
    }

    public void Well()
    {
        lock (_lock)
        {
            _always.Clear();
            _script.Clear();
        }
    }

    /// <summary>The shopper agrees: on the gateway's page, which takes nothing, or at the bank, which does.</summary>
    public void Approve(Guid orderId)
    {
        lock (_lock)
        {
            var intent = _intents.Values.Last(i => i.Wanted.OrderId == orderId);
            if (canCancel)
                Charge(intent);
            else
                intent.Status = "approved";
        }
    }

    public int Charges(Guid orderId)
    {
        lock (_lock)
            return _intents.Values.Where(i => i.Wanted.OrderId == orderId).Sum(i => i.Charges);
    }

    public string[] Statuses(Guid orderId)
    {
        lock (_lock)
            return [.. _intents.Values.Where(i => i.Wanted.OrderId == orderId).Select(i => i.Status)];
    }

    public NewIntent[] Created(Guid orderId)
    {
        lock (_lock)
            return [.. _intents.Values.Where(i => i.Wanted.OrderId == orderId).Select(i => i.Wanted)];
    }

    public string[] Operations(Guid orderId)
    {
        lock (_lock)
        {
            var ids = _intents.Values.Where(i => i.Wanted.OrderId == orderId).Select(i => i.Id).ToHashSet();
            return [.. Calls.Where(c => c.Id is not null && ids.Contains(c.Id)).Select(c => c.Operation.ToString().ToLowerInvariant())];
        }
    }

    public Task<GatewayAnswer> CreateCustomerAsync(string key, Guid userId, CancellationToken ct)
    {
        Calls.Enqueue((GatewayOperation.Customer, key, null, null));
        return Task.FromResult(Play(GatewayOperation.Customer, () => new GatewayAnswer.Created($"cus_{userId:N}")));
    }

    public Task<GatewayAnswer> CreateAsync(string key, NewIntent intent, CancellationToken ct)
    {
        var answer = Play(GatewayOperation.Create, () => Once(key, () =>
        {
            var made = new Intent { Id = $"{provider}_{Guid.NewGuid():N}", Wanted = intent };
            _intents[made.Id] = made;
            return new GatewayAnswer.Created(made.Id, canCancel || intent.HasSavedMethod ? null : Page + made.Id) { Facts = new Facts(made.Id) };
        }));
        Calls.Enqueue((GatewayOperation.Create, key, (answer as GatewayAnswer.Created)?.Id, null));
        return Task.FromResult(answer);
    }

    public async Task<GatewayAnswer> ConfirmAsync(string key, string intentId, Confirmation confirmation, CancellationToken ct)
    {
        Calls.Enqueue((GatewayOperation.Confirm, key, intentId, confirmation.PaymentToken));
        if (Gate is { } gate)
            await gate.Task.WaitAsync(ct);
        return Play(GatewayOperation.Confirm, () => Once(key, () => Confirm(_intents[intentId], confirmation)), scene => scene switch
        {
            // What was executed, the key remembers.
            Scene.Declined => Once(key, () => Decline(_intents[intentId])),
            Scene.BankAsks => Once(key, () => Ask(_intents[intentId])),
            _ => null,
        });
    }

    private GatewayAnswer Confirm(Intent intent, Confirmation confirmation)
    {
        if (intent.Status is "canceled")
            return new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime) { Facts = new Facts(intent.Id) };
        if (!canCancel && !intent.Wanted.HasSavedMethod && intent.Status is not "approved")
            return new GatewayAnswer.ActionNeeded(Page + intent.Id) { Facts = new Facts(intent.Id) };
        Charge(intent);
        return Read(intent) with
        {
            Facts = new Facts(intent.Id, ChargeId: $"ch_{intent.Id}", Saved: confirmation.SavesMethod || intent.Wanted.SavesMethod
                ? new($"kept_{intent.Id}", canCancel ? "Visa •4242" : "PayPal", intent.Wanted.CustomerId) : null),
        };
    }

    private static GatewayAnswer.NotCharged Decline(Intent intent)
    {
        intent.Status = intent.Status is "approved" ? "approved" : "declined";
        return new GatewayAnswer.NotCharged(Refusal.Card, Reasons.CardDeclined) { Facts = new Facts(intent.Id, Code: "card_declined") };
    }

    private static GatewayAnswer.ActionNeeded Ask(Intent intent)
    {
        intent.Status = "asks";
        return new GatewayAnswer.ActionNeeded($"https://bank.example/{intent.Id}") { Facts = new Facts(intent.Id) };
    }

    private static void Charge(Intent intent)
    {
        if (intent.Status is "canceled")
            return;
        intent.Charges = 1; // an intent takes money once, however often it is confirmed
        intent.Status = "charged";
    }

    private GatewayAnswer Read(Intent intent) => intent.Status switch
    {
        "charged" => new GatewayAnswer.Charged(intent.Wanted.AmountMinor, intent.Wanted.Currency) { Facts = new Facts(intent.Id, ChargeId: $"ch_{intent.Id}") },
        "canceled" => new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime) { Facts = new Facts(intent.Id) },
        "approved" => new GatewayAnswer.Approved { Facts = new Facts(intent.Id) },
        "asks" => new GatewayAnswer.ActionNeeded($"https://bank.example/{intent.Id}") { Facts = new Facts(intent.Id) },
        _ => canCancel ? new GatewayAnswer.AwaitsCard(Reasons.CardDeclined) { Facts = new Facts(intent.Id) }
            : new GatewayAnswer.ActionNeeded(Page + intent.Id) { Facts = new Facts(intent.Id) },
    };

    public Task<GatewayAnswer> CaptureAsync(string key, string intentId, CancellationToken ct) => throw new NotSupportedException();

    public Task<GatewayAnswer> ReadAsync(string intentId, CancellationToken ct)
    {
        Calls.Enqueue((GatewayOperation.Read, null, intentId, null));
        return Task.FromResult(Play(GatewayOperation.Read, () => Read(_intents[intentId])));
    }

    public Task<GatewayAnswer> ReadMethodAsync(string paymentToken, CancellationToken ct) =>
        Task.FromResult<GatewayAnswer>(new GatewayAnswer.MethodRead { Facts = new Facts(paymentToken, Card: new("visa", "4242", "DE", paymentToken)) });

    public Task<GatewayAnswer> CancelAsync(string key, string intentId, CancellationToken ct)
    {
        Calls.Enqueue((GatewayOperation.Cancel, key, intentId, null));
        return Task.FromResult(Play(GatewayOperation.Cancel, () =>
        {
            if (!canCancel)
                throw new NotSupportedException();
            if (_intents[intentId].Status is not "charged")
                _intents[intentId].Status = "canceled";
            return Read(_intents[intentId]);
        }));
    }

    public Task<GatewayAnswer> RefundAsync(string key, NewRefund refund, CancellationToken ct)
    {
        Calls.Enqueue((GatewayOperation.Refund, key, refund.IntentId, null));
        return Task.FromResult(Play(GatewayOperation.Refund, () => Once(key, () =>
        {
            _intents[refund.IntentId].RefundedMinor += refund.AmountMinor;
            return new GatewayAnswer.Refunded($"re_{refund.RefundId:N}", refund.AmountMinor);
        })));
    }

    public long RefundedMinor(Guid orderId)
    {
        lock (_lock)
            return _intents.Values.Where(i => i.Wanted.OrderId == orderId).Sum(i => i.RefundedMinor);
    }

    public Task<GatewayAnswer> ReadRefundAsync(string refundId, CancellationToken ct) => throw new NotSupportedException();

    public Task<GatewayAnswer> ReadDisputeAsync(string disputeId, CancellationToken ct) => throw new NotSupportedException();

    public Task<GatewayAnswer> FindRefundAsync(string intentId, Guid refundId, CancellationToken ct) =>
        Task.FromResult<GatewayAnswer>(new GatewayAnswer.NoRefund());

    private GatewayAnswer Once(string key, Func<GatewayAnswer> act) => _answered.TryGetValue(key, out var known) ? known : _answered[key] = act();

    private GatewayAnswer Play(GatewayOperation operation, Func<GatewayAnswer> act, Func<Scene, GatewayAnswer?>? more = null)
    {
        lock (_lock)
        {
            var scene = _script.TryGetValue(operation, out var queue) && queue.TryDequeue(out var next) ? next : _always.GetValueOrDefault(operation);
            switch (scene)
            {
                case Scene.Well:
                    return act();
                case Scene.Lost:
                    act();
                    return new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true);
                case Scene.Silent:
                    return new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true);
                case Scene.RateLimited:
                    return new GatewayAnswer.Unknown(Reasons.GatewayRateLimited, Fault: true);
                case Scene.NeverLeft:
                    return new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayUnreachable);
                case Scene.OurKeyRefused:
                    return new GatewayAnswer.NotCharged(Refusal.OurKey, Reasons.GatewayRefusedOurKey);
                case Scene.OurRequestRefused:
                    return new GatewayAnswer.NotCharged(Refusal.OurRequest, Reasons.GatewayRefusedRequest);
                default:
                    return more?.Invoke(scene) ?? throw new InvalidOperationException($"{operation} can't be {scene}.");
            }
        }
    }
}
