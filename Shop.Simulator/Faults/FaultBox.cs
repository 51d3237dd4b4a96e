using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Simulator.Gateways;

namespace Shop.Simulator.Faults;

/// <summary>What becomes of one event on its way to one endpoint.</summary>
internal sealed record WebhookFate(int Copies, TimeSpan Delay, bool IsForged);

/// <summary>
/// Plays the faults that are set for one gateway. Every fault throws its own seeded dice, once for each call it could hit, so the same seed and the same
/// sequence of calls meet the same faults, whatever else is set. Forgotten at a restart: a fault is not part of the outside world's memory.
/// </summary>
internal sealed class FaultBox
{
    private static readonly TimeSpan LongestHoldBack = TimeSpan.FromSeconds(2);

    // What a shop's declines look like: most of them about money, few of them about stolen cards.
    private static readonly string[] UsualOfStripe =
    [
        "insufficient_funds", "insufficient_funds", "insufficient_funds", "insufficient_funds", "generic_decline", "generic_decline", "do_not_honor",
        "do_not_honor", "transaction_not_allowed", "expired_card", "incorrect_cvc", "card_velocity_exceeded", "try_again_later", "processing_error", "lost_card",
    ];

    private static readonly string[] UsualOfPayPal =
    [
        "INSTRUMENT_DECLINED", "INSTRUMENT_DECLINED", "INSTRUMENT_DECLINED", "INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED",
        "PAYER_ACCOUNT_RESTRICTED", "TRANSACTION_LIMIT_EXCEEDED",
    ];

    private static readonly string[] Kinds = ["declined", "declineCode", "slow", "late", "duplicated", "reordered", "lost", "forged"];

    private readonly Lock _gate = new();
    private readonly Gateway _gateway;
    private readonly double _declineRate;
    private FaultSettings _settings = new();
    private Dictionary<string, Dice> _dice = [];
    private Dice[] _ruleDice = [];

    /// <param name="declineRate">While nothing else is said.</param>
    public FaultBox(Gateway gateway, double declineRate)
    {
        (_gateway, _declineRate) = (gateway, declineRate);
        Set(new FaultSettings());
    }

    public FaultSettings Current
    {
        get
        {
            lock (_gate)
            {
                return _settings with
                {
                    Rules = [.. _settings.Rules!.Zip(_ruleDice, (rule, dice) => rule with { Played = dice.Hits })],
                    Played = _dice.Where(d => d.Value.Hits > 0).ToDictionary(d => d.Key, d => d.Value.Hits),
                };
            }
        }
    }

    /// <summary>Nobody can even connect.</summary>
    public bool IsDoorClosed
    {
        get
        {
            lock (_gate)
                return _settings.Rules!.Any(r => r.IsClosedDoor);
        }
    }

    public void Set(FaultSettings settings)
    {
        lock (_gate)
        {
            var seed = settings.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue);
            _settings = settings with { Gateway = _gateway, Seed = seed, DeclineRate = settings.DeclineRate ?? _declineRate, Rules = settings.Rules ?? [] };
            _ruleDice = [.. _settings.Rules!.Select((_, i) => new Dice(seed, $"rule {i}"))];
            _dice = Kinds.ToDictionary(n => n, n => new Dice(seed, n));
        }
    }

    /// <summary>What hits this call; null: nothing does.</summary>
    public Fault? Take(string operation)
    {
        lock (_gate)
        {
            Dice? first = null;
            Fault? fault = null;
            foreach (var (rule, dice) in _settings.Rules!.Zip(_ruleDice).Where(r => Meets(r.First.Operation, operation)))
            {
                // A rule throws its dice although another has hit already, or its faults would depend on the other's.
                if (dice.Throw(rule.Rate) && first is null && !(dice.Hits >= rule.Count))
                    (first, fault) = (dice, rule.Fault);
            }

            first?.Hit();
            return fault is Fault.None ? null : fault;
        }
    }

    public TimeSpan Latency(string operation)
    {
        lock (_gate)
        {
            if (_settings.Latency is not { MedianMs: > 0 and var median } latency || !Meets(latency.Operation, operation))
                return TimeSpan.Zero;
            var slow = _dice["slow"];
            slow.Hit();
            const double z99 = 2.3263; // the 99th percentile of the normal distribution
            var sigma = latency.P99Ms > 0 ? Math.Log(latency.P99Ms / median) / z99 : 0;
            return TimeSpan.FromMilliseconds(Math.Min(median * Math.Exp(sigma * slow.Normal()), 120_000));
        }
    }

    /// <summary>The gateway's word for the no to a charge that would have succeeded; null: it says yes.</summary>
    public string? Decline()
    {
        lock (_gate)
        {
            if (!_dice["declined"].Throw(_settings.DeclineRate ?? 0))
                return null;
            _dice["declined"].Hit();
            return _dice["declineCode"].Pick(_settings.DeclineCodes ?? (_gateway is Gateway.PayPal ? UsualOfPayPal : UsualOfStripe));
        }
    }

    public WebhookFate Webhook()
    {
        lock (_gate)
        {
            if (_settings.Webhooks is not { } faults)
                return new(1, TimeSpan.Zero, false);

            var lost = Play("lost", faults.Lost);
            var copies = Play("duplicated", faults.Duplicated) ? 2 : 1;
            var delay = Play("late", faults.Late?.Rate ?? 0) ? TimeSpan.FromMilliseconds(faults.Late!.DelayMs) : TimeSpan.Zero;
            if (Play("reordered", faults.Reordered))
                delay += LongestHoldBack * _dice["reordered"].Uniform();
            return new(lost ? 0 : copies, delay, Play("forged", faults.Forged));
        }

        bool Play(string name, double rate)
        {
            var hits = _dice[name].Throw(rate);
            if (hits)
                _dice[name].Hit();
            return hits;
        }
    }

    private static bool Meets(string? only, string operation) => only is null ? operation != "payment_method" : only == operation;

    private sealed class Dice(int seed, string name)
    {
        private readonly Random _random = new(BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{name}"))));

        public int Hits { get; private set; }

        public void Hit() => Hits++;
        public bool Throw(double rate) => _random.NextDouble() < rate;
        public double Uniform() => _random.NextDouble();
        public string Pick(string[] from) => from[_random.Next(from.Length)];
        public double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
    }
}

internal sealed class FaultBoxes(IOptions<StripeOptions> stripe, IOptions<PayPalOptions> payPal)
{
    public FaultBox Stripe { get; } = new(Gateway.Stripe, stripe.Value.DeclineRate);
    public FaultBox PayPal { get; } = new(Gateway.PayPal, payPal.Value.DeclineRate);

    public FaultBox Of(Gateway gateway) => gateway is Gateway.PayPal ? PayPal : Stripe;
}
