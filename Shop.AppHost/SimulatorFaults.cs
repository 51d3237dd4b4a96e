using System.Text;

namespace Shop.AppHost;

/// <summary>"Play faults" and "Stop faults" on the simulator: the common ones by name. All of them: <c>PUT /faults</c>, docs/simulator.md.</summary>
internal static class SimulatorFaults
{
    private const string Which = "faults";

    // An outage is 503 here: the runtime's proxy takes every connection, so nothing can be refused on this machine's running shop.
    private static readonly Dictionary<string, (string Name, string Json)> Known = new()
    {
        ["outage"] = ("Outage: every call is answered 503", """{ "rules": [ { "fault": "unavailable_503" } ] }"""),
        ["slow"] = ("Slow: 1.5 s, one call in a hundred 8 s", """{ "latency": { "medianMs": 1500, "p99Ms": 8000 } }"""),
        ["declines"] = ("Declines: every second charge", """{ "declineRate": 0.5 }"""),
        ["lost-answers"] = ("Lost answers: three calls in ten are done, and nobody is told", """{ "rules": [ { "fault": "answer_lost", "rate": 0.3 } ] }"""),
        ["webhooks-lost"] = ("Webhooks lost: none arrives", """{ "webhooks": { "lost": 1 } }"""),
        ["paypal-outage"] = ("PayPal, outage: every call is answered 503", """{ "gateway": "paypal", "rules": [ { "fault": "unavailable_503" } ] }"""),
        ["paypal-declines"] = ("PayPal, declines: every second payment", """{ "gateway": "paypal", "declineRate": 0.5 }"""),
        ["paypal-pending"] = ("PayPal, pending: every payment is reviewed first", """{ "gateway": "paypal", "declineRate": 1, "declineCodes": [ "PENDING" ] }"""),
        ["paypal-lost-answers"] = ("PayPal, lost answers: three calls in ten are done, and nobody is told", """{ "gateway": "paypal", "rules": [ { "fault": "answer_lost", "rate": 0.3 } ] }"""),
        ["paypal-webhooks-lost"] = ("PayPal, webhooks lost: none arrives", """{ "gateway": "paypal", "webhooks": { "lost": 1 } }"""),
        ["both-outage"] = ("Both gateways, outage: every call is answered 503", """{ "rules": [ { "fault": "unavailable_503" }, { "fault": "unavailable_503", "gateway": "paypal" } ] }"""),
        ["everything"] = ("Everything, a little of each", """
            {
              "declineRate": 0.1,
              "latency": { "medianMs": 150, "p99Ms": 2000 },
              "rules": [
                { "fault": "unavailable_503", "rate": 0.03 }, { "fault": "hang", "rate": 0.01 }, { "fault": "rate_limited_429", "rate": 0.03 },
                { "fault": "error_500_before", "rate": 0.02 }, { "fault": "error_500_after", "rate": 0.02 }, { "fault": "answer_lost", "rate": 0.03 },
                { "fault": "reset", "rate": 0.03 }, { "fault": "html_502", "rate": 0.02 }
              ],
              "webhooks": { "late": { "rate": 0.1, "delayMs": 5000 }, "duplicated": 0.1, "reordered": 0.1, "lost": 0.1, "forged": 0.1 }
            }
            """),
    };

    public static IResourceBuilder<ProjectResource> WithFaultCommands(this IResourceBuilder<ProjectResource> simulator) => simulator
        .WithHttpCommand("/faults", "Play faults", endpointName: "http", commandName: "play-faults", commandOptions: new HttpCommandOptions
        {
            Description = "Let a gateway misbehave until the faults are stopped; Stripe where nothing else is said.",
            IconName = "PlugDisconnected",
            Method = HttpMethod.Put,
            Arguments =
            [
                new InteractionInput
                {
                    Name = Which, Label = "Faults", InputType = InputType.Choice, Required = true, Value = "outage",
                    Options = [.. Known.Select(k => KeyValuePair.Create(k.Key, k.Value.Name))],
                },
            ],
            ValidateArguments = context =>
            {
                if (!Known.ContainsKey(context.Inputs.GetString(Which) ?? ""))
                    context.AddValidationError(Which, $"One of {string.Join(", ", Known.Keys)}.");
                return Task.CompletedTask;
            },
            PrepareRequest = context =>
            {
                context.Request.Content = new StringContent(Known[context.Arguments.GetString(Which) ?? ""].Json, Encoding.UTF8, "application/json");
                return Task.CompletedTask;
            },
        })
        .WithHttpCommand("/faults", "Stop faults", endpointName: "http", commandName: "stop-faults", commandOptions: new HttpCommandOptions
        {
            Description = "Both gateways behave again.",
            IconName = "PlugConnected",
            Method = HttpMethod.Delete,
        })
        .WithHttpCommand("/drills/payments-failing", "Drill: payments are failing", endpointName: "http", commandName: "drill", commandOptions: new HttpCommandOptions
        {
            Description = "Synthetic shoppers buy for some minutes while payments fail in many ways; the storefront's /ops/drill shows how each was explained.",
            IconName = "PersonRunning",
            Method = HttpMethod.Post,
        })
        .WithHttpCommand("/drills/payments-failing", "Stop the drill", endpointName: "http", commandName: "stop-drill", commandOptions: new HttpCommandOptions
        {
            Description = "Its shoppers leave, and its faults end.",
            IconName = "PersonProhibited",
            Method = HttpMethod.Delete,
        });
}
