using System.Globalization;
using System.Text.Json;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;

namespace Shop.Simulator.Page;

/// <summary>One fault that is set, for people.</summary>
internal sealed record FaultRow(string Fault, string Hits, int? Played)
{
    public static FaultRow[] Of(FaultSettings faults)
    {
        var at = faults.Gateway is Gateway.PayPal ? "PayPal: " : "";
        return
        [
            .. faults.Rules!.Select(r => new FaultRow($"{at}{Name(r.Fault!.Value)}", r.IsClosedDoor ? "every connection: the gateway's own listener is closed"
                : $"{Share(r.Rate)} {(r.Operation is { } o ? $"of {o}" : "of all calls")}{(r.Count is { } count ? $", {count} in all" : "")}", r.Played)),
            .. faults.DeclineRate is > 0 and var declines
                ? [new($"{at}declined", $"{Share(declines)} of good {(at.Length > 0 ? "payments" : "cards")}{(faults.DeclineCodes is { } codes ? $": {string.Join(", ", codes)}" : "")}", Played("declined"))]
                : Array.Empty<FaultRow>(),
            .. faults.Latency is { MedianMs: > 0 } slow
                ? [new($"{at}slow", $"{slow.Operation ?? "all calls"}: median {slow.MedianMs} ms{(slow.P99Ms > 0 ? $", 99 % within {slow.P99Ms} ms" : "")}", Played("slow"))]
                : Array.Empty<FaultRow>(),
            .. faults.Webhooks is { } w
                ? new[] { Webhook("late", w.Late?.Rate ?? 0), Webhook("duplicated", w.Duplicated), Webhook("reordered", w.Reordered), Webhook("lost", w.Lost), Webhook("forged", w.Forged) }
                    .OfType<FaultRow>()
                : [],
        ];

        int? Played(string name) => faults.Played!.GetValueOrDefault(name);
        FaultRow? Webhook(string name, double rate) => rate > 0 ? new($"{at}webhook {name}", $"{Share(rate)} of all", Played(name)) : null;
    }

    /// <summary>As it is called in <c>PUT /faults</c>.</summary>
    public static string Name(Fault fault) => JsonSerializer.Serialize(fault).Trim('"');

    private static string Share(double rate) => rate == 1 ? "each" : rate.ToString("0.## %", CultureInfo.InvariantCulture);
}
