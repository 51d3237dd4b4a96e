using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Shop.Simulator.Gateways;

namespace Shop.Simulator.Faults;

/// <summary>What goes wrong at one gateway from now on: the body of <c>PUT /faults</c>, and of its answer, which also tells how often each was played.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)] // a misspelt fault would be a test of nothing
internal sealed partial record FaultSettings
{
    private const int MostRules = 50;

    /// <summary>Whose faults these are; null: Stripe's. The other's stay as they are, unless a rule names it.</summary>
    public Gateway? Gateway { get; init; }

    /// <summary>Without one it is drawn, and told in the answer.</summary>
    public int? Seed { get; init; }

    /// <summary>Of the charges that would have succeeded. Without one, the configured rate holds.</summary>
    public double? DeclineRate { get; init; }

    /// <summary>
    /// The banks' words, at PayPal its issues; without any, a mixture as a shop sees it. A code nobody knows is a code of tomorrow, and allowed. At
    /// PayPal PENDING, DECLINED and FAILED are no refusals but captures of that status.
    /// </summary>
    public string[]? DeclineCodes { get; init; }

    public Latency? Latency { get; init; }
    public FaultRule[]? Rules { get; init; }
    public WebhookFaults? Webhooks { get; init; }

    /// <summary>What order these faults were taken from, and what its shopper did. Told along: what is played is the rest.</summary>
    public System.Text.Json.JsonElement? Scenario { get; init; }

    /// <summary>How often each was played since it was set. Only in answers.</summary>
    public IReadOnlyDictionary<string, int>? Played { get; init; }

    /// <summary>What it says of each gateway that it speaks of.</summary>
    public IEnumerable<FaultSettings> ByGateway()
    {
        var mine = Gateway ?? Gateways.Gateway.Stripe;
        var rules = (Rules ?? []).ToLookup(r => r.Gateway ?? mine);
        yield return this with { Gateway = mine, Rules = [.. rules[mine]] };
        foreach (var others in rules.Where(r => r.Key != mine))
            yield return new() { Gateway = others.Key, Seed = Seed, Rules = [.. others] };
    }

    /// <summary>What is wrong with it, by member.</summary>
    public Dictionary<string, string[]> Problems(Func<Gateway, IReadOnlyCollection<string>> operationsOf)
    {
        Dictionary<string, string[]> problems = [];
        var mine = Gateway ?? Gateways.Gateway.Stripe;
        Rate("declineRate", DeclineRate ?? 0);
        Check("declineCodes", DeclineCodes is null || DeclineCodes is { Length: > 0 and <= 100 } && DeclineCodes.All(c => c is not null && Word().IsMatch(c)),
            "1 to 100 codes such as insufficient_funds.");
        if (Latency is { } latency)
        {
            Check("latency", latency.MedianMs is >= 0 and <= 60_000 && (latency.P99Ms == 0 || latency.P99Ms >= latency.MedianMs && latency.P99Ms <= 120_000),
                "medianMs is 0 to 60000, and p99Ms 0 (all alike) or medianMs to 120000.");
            Operation("latency.operation", latency.Operation, mine);
        }

        Check("rules", (Rules?.Length ?? 0) <= MostRules, $"At most {MostRules}.");
        foreach (var (i, rule) in (Rules ?? []).Index())
        {
            if (rule is null)
            {
                Check($"rules[{i}]", false, "Missing.");
                continue;
            }

            Check($"rules[{i}].fault", rule.Fault is not null, "Missing.");
            Rate($"rules[{i}].rate", rule.Rate);
            Check($"rules[{i}].count", rule.Count is null or >= 0, "0 or more, or null for all.");
            Operation($"rules[{i}].operation", rule.Operation, rule.Gateway ?? mine);
        }

        if (Webhooks is { } webhooks)
        {
            Rate("webhooks.late.rate", webhooks.Late?.Rate ?? 0);
            Check("webhooks.late.delayMs", webhooks.Late is null or { DelayMs: >= 0 and <= 3_600_000 }, "0 to 3600000.");
            Rate("webhooks.duplicated", webhooks.Duplicated);
            Rate("webhooks.reordered", webhooks.Reordered);
            Rate("webhooks.lost", webhooks.Lost);
            Rate("webhooks.forged", webhooks.Forged);
        }

        return problems;

        void Rate(string member, double rate) => Check(member, rate is >= 0 and <= 1, "0 to 1.");
        void Operation(string member, string? name, Gateway gateway) => Check(member, name is null || operationsOf(gateway).Contains(name),
            $"One of {string.Join(", ", operationsOf(gateway))}, or null for all but payment_method.");
        void Check(string member, bool isRight, string rule)
        {
            if (!isRight)
                problems[member] = [rule];
        }
    }

    [GeneratedRegex("^([a-z][a-z0-9_]{1,59}|[A-Z][A-Z0-9_]{1,59})$")]
    private static partial Regex Word();
}

/// <summary>One fault for some calls: a share of them, those of one operation, or the next few. The first rule that hits a call is played.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record FaultRule
{
    public Fault? Fault { get; init; }

    /// <summary>Null: the gateway of the settings it is part of.</summary>
    public Gateway? Gateway { get; init; }
    public double Rate { get; init; } = 1;

    /// <summary>Null: every call of the shop; the card form is only hit by its name.</summary>
    public string? Operation { get; init; }

    /// <summary>Null: without an end.</summary>
    public int? Count { get; init; }

    /// <summary>How often since it was set. Only in answers.</summary>
    public int? Played { get; init; }

    /// <summary>Nothing gets through: the one case that can be a closed door.</summary>
    [JsonIgnore] public bool IsClosedDoor => this is { Fault: Faults.Fault.Refused, Rate: 1, Operation: null, Count: null };
}

/// <summary>How long the gateway thinks: a log-normal distribution by its median and its 99th percentile, as real ones have.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record Latency
{
    public double MedianMs { get; init; }

    /// <summary>0: all calls take the median.</summary>
    public double P99Ms { get; init; }

    /// <summary>Null: every call of the shop.</summary>
    public string? Operation { get; init; }
}

/// <summary>Rates, drawn for each event and each of them on its own.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WebhookFaults
{
    public LateWebhooks? Late { get; init; }
    public double Duplicated { get; init; }

    /// <summary>Held back for up to two seconds, so that younger ones overtake it.</summary>
    public double Reordered { get; init; }

    /// <summary>Never sent; <c>GET /v1/events?delivery_success=false</c> still tells of it.</summary>
    public double Lost { get; init; }

    /// <summary>Two more arrive: one that claims a payment and is signed with another secret, one that is well signed and about a payment nobody knows.</summary>
    public double Forged { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LateWebhooks
{
    public double Rate { get; init; }
    public int DelayMs { get; init; }
}
