using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations.Story;

/// <param name="Json">What <c>PUT /faults</c> of the simulator takes: the faults, and who paid with what.</param>
/// <param name="Test">A test that plays it, to be changed into what should have happened.</param>
/// <param name="Notes">What of the order can not be played.</param>
internal sealed record ExportedOrder(long Number, string Json, string Test, IReadOnlyList<string> Notes);

internal static class ScenarioEndpoints
{
    public static void MapScenarios(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/orders/{number:long}/scenario", GetScenario).WithName(nameof(GetScenario)).RequireAuthorization(Policies.Agent).ProducesProblem(404)
            .WithSummary("What happened to an order, as a script for the simulator and a test that plays it. Nothing personal.");

    internal static async Task<Results<Ok<ExportedOrder>, ProblemHttpResult>> GetScenario(long number, ReportsDatabase reports, CancellationToken ct)
    {
        await using var db = reports.Open();
        if (await db.Orders.AsNoTracking().SingleOrDefaultAsync(o => o.Number == number, ct) is not { } order)
            return Problems.Refuse(404, "order_not_found", $"There is no order {number}.");

        var attempts = await db.PaymentAttempts.AsNoTracking().Include(a => a.Answers).Where(a => a.OrderId == order.Id).OrderBy(a => a.At).ThenBy(a => a.Id).Take(200).ToListAsync(ct);
        return TypedResults.Ok(Scenario.Of(order, attempts));
    }
}

/// <summary>
/// Turns what gateways answered to an order into what the simulator has to do so that it answers the same: which card or source pays, and which call
/// meets which fault. An answer that needs neither, like a refusal before anything was sent, is noted and not played.
/// </summary>
internal static class Scenario
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // Stripe's test cards that are declined with this word by themselves.
    private static readonly Dictionary<string, string> CardsByWord = new(StringComparer.Ordinal)
    {
        ["generic_decline"] = "pm_card_visa_chargeDeclined", ["insufficient_funds"] = "pm_card_visa_chargeDeclinedInsufficientFunds",
        ["lost_card"] = "pm_card_visa_chargeDeclinedLostCard", ["stolen_card"] = "pm_card_visa_chargeDeclinedStolenCard",
        ["card_velocity_exceeded"] = "pm_card_visa_chargeDeclinedVelocityLimitExceeded", ["expired_card"] = "pm_card_chargeDeclinedExpiredCard",
        ["incorrect_cvc"] = "pm_card_chargeDeclinedIncorrectCvc", ["processing_error"] = "pm_card_chargeDeclinedProcessingError", ["fraudulent"] = "pm_card_radarBlock",
    };

    private static readonly Dictionary<string, string> SourcesByWord = new(StringComparer.Ordinal)
    {
        ["INSTRUMENT_DECLINED"] = "declined", ["PAYER_ACCOUNT_RESTRICTED"] = "restricted", ["PENDING_REVIEW"] = "review", ["ECHECK"] = "echeck",
    };

    public static ExportedOrder Of(Order order, IReadOnlyList<PaymentAttempt> attempts)
    {
        List<string> notes = [];
        List<string> declines = [];
        List<JsonObject> rules = [];
        var gateway = (attempts.Count > 0 ? attempts[0].Provider : order.PaysAt) is PaymentProvider.PayPal ? "paypal" : "stripe";
        if (attempts.Any(a => a.Provider != attempts[0].Provider))
            notes.Add("The order was paid at two gateways; this is what the first one did.");
        attempts = [.. attempts.TakeWhile(a => a.Provider == attempts[0].Provider)];

        var asks = attempts.Any(a => a.Class is "action_needed");
        var pays = attempts.Where(a => a.Operation is "confirm" or "capture").ToList();
        // One try of the shopper ends with a refusal; what is repeated under the same key is the same try.
        List<string> ways = [];
        foreach (var confirm in pays.Where(a => a.Class is not "unknown" || a == pays[^1]).GroupBy(a => a.Key).Select(g => g.Last()))
        {
            if (gateway is "paypal")
                ways.Add(SourceOf(confirm, declines));
            else
                ways.Add(CardOf(confirm, asks, declines));
            if (confirm.Class is "charged")
                break;
        }

        if (ways is [])
            ways.Add(gateway is "paypal" ? "balance" : "pm_card_visa");

        foreach (var attempt in attempts)
            Play(attempt, attempts, rules, notes);
        if (rules.TrueForAll(r => (string?)r["fault"] is "none"))
            rules.Clear();
        else
            while (rules is [.., var last] && (string?)last["fault"] is "none")
                rules.RemoveAt(rules.Count - 1);
        if (declines.Distinct().Count() > 1)
            notes.Add("It was declined with several words that no test card has; each decline is one of them, drawn.");

        var end = End(order);
        var scenario = new JsonObject
        {
            ["order"] = order.Number, ["amountMinor"] = order.TotalMinor, ["currency"] = order.Currency, ["paysWith"] = new JsonArray([.. ways.Select(w => JsonValue.Create(w))]),
            ["shopper"] = Shopper(order, gateway, attempts, asks), ["end"] = end,
            ["calls"] = new JsonArray([.. Calls(attempts.Select(a => (a.Operation, a.Class, a.Reason))).Select(c => JsonValue.Create(c))]),
        };
        if (notes is not [])
            scenario["notes"] = new JsonArray([.. notes.Select(n => JsonValue.Create(n))]);
        var faults = new JsonObject { ["gateway"] = gateway };
        if (declines is not [])
            (faults["declineRate"], faults["declineCodes"]) = (1.0, new JsonArray([.. declines.Distinct().Select(d => JsonValue.Create(d))]));
        if (rules is not [])
            faults["rules"] = new JsonArray([.. Together(rules)]);
        faults["scenario"] = scenario;
        var json = faults.ToJsonString(Readable);
        return new(order.Number, json, Test(order, json, end), notes);
    }

    /// <summary>
    /// The calls that take or end something, each with its answer; what is told twice in a row is told once. Reads are left out: how often one
    /// looks depends on the clock.
    /// </summary>
    public static IReadOnlyList<string> Calls(IEnumerable<(string Operation, string Class, string? Reason)> attempts)
    {
        List<string> calls = [];
        foreach (var (operation, @class, reason) in attempts.Where(a => a.Operation is not ("read" or "refund" or "customer")))
        {
            var call = string.Join(' ', ((string?[])[operation, @class, reason]).OfType<string>());
            if (calls is [] || calls[^1] != call)
                calls.Add(call);
        }

        return calls;
    }

    private static string CardOf(PaymentAttempt confirm, bool asks, List<string> declines)
    {
        var word = confirm.DeclineCode ?? confirm.Code;
        if (confirm.Class is "not_charged" && word is not null && confirm.HttpStatus is 402)
        {
            if (CardsByWord.TryGetValue(word, out var card))
                return card;
            declines.Add(word);
        }

        return asks ? "pm_card_authenticationRequired" : "pm_card_visa";
    }

    private static string SourceOf(PaymentAttempt capture, List<string> declines)
    {
        if (capture.Class is not "not_charged" || capture.Code is not { } word)
            return "balance";
        if (SourcesByWord.TryGetValue(word, out var source))
            return source;
        if (capture.HttpStatus is 422)
            declines.Add(word);
        return "balance";
    }

    private static string Shopper(Order order, string gateway, IReadOnlyList<PaymentAttempt> attempts, bool asks)
    {
        var isLeft = order is { Payment: PaymentState.ActionNeeded or PaymentState.Abandoned } && order.Reason is Reasons.AuthenticationAbandoned or Reasons.ApprovalAbandoned
            or Reasons.AuthenticationNeeded or Reasons.ApprovalNeeded;
        if (isLeft)
            return "leaves";
        if (gateway is "paypal")
            return "agrees";
        return !asks ? "pays" : attempts.Any(a => a.Class is "charged") ? "agrees" : "refuses";
    }

    private static string End(Order order) => order.Reason is null ? $"{order.Payment}" : $"{order.Payment} {order.Reason}";

    private static void Play(PaymentAttempt attempt, IReadOnlyList<PaymentAttempt> all, List<JsonObject> rules, List<string> notes)
    {
        var operation = attempt.Provider is PaymentProvider.PayPal && attempt.Operation is "confirm" ? "capture" : attempt.Operation;
        if (operation is "refund" or "customer")
            return;
        if (attempt.Class is not "unknown" && attempt.Reason is Reasons.GatewayUnreachable or Reasons.PaymentsPaused or Reasons.GatewayRefusedOurKey && attempt.HttpStatus is null)
        {
            if (attempt.Code is "ConnectionError" or "NameResolutionError" or "SecureConnectionError")
            {
                // Nobody can connect, whatever for: that is for all calls at once, and until it is ended.
                if (!rules.Exists(r => (string?)r["fault"] is "refused"))
                    rules.Add(new JsonObject { ["fault"] = "refused" });
                return;
            }

            notes.Add($"{attempt.Operation} at {attempt.At.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} was not sent ({attempt.Code ?? attempt.Reason}): nothing of the gateway's to play.");
            return;
        }

        // It was done although its answer was none, if the next that is known of it is no work of its own: a read, or an answer that was kept under its key.
        var worked = attempt.Operation is "confirm" or "capture" && all.FirstOrDefault(a => a.At > attempt.At && a.Class is "charged" or "authorized") is { } known
            && (known.Operation is "read" || (known.Key == attempt.Key && IsReplay(known)));
        var fault = (attempt.HttpStatus, attempt.Class) switch
        {
            (429, _) => "rate_limited_429",
            (502, _) => "html_502",
            (503 or 504, _) => "unavailable_503",
            ( >= 500, _) => worked ? "error_500_after" : "error_500_before",
            (null, "unknown" or "not_charged") when worked => "answer_lost",
            (null, "unknown") when attempt.Code is "TimeoutRejectedException" or "TaskCanceledException" or "OperationCanceledException" => "hang",
            (null, "unknown") => "reset",
            _ => "none",
        };
        rules.Add(new JsonObject { ["fault"] = fault, ["operation"] = operation, ["count"] = 1 });
    }

    private static bool IsReplay(PaymentAttempt attempt) => attempt.Provider is PaymentProvider.PayPal
        ? attempt.HttpStatus is 200 // 201 is new
        : attempt.Answers.Exists(a => a.Headers?.Contains("Idempotent-Replayed", StringComparison.OrdinalIgnoreCase) is true);

    /// <summary>The same fault for the same operation, several times in a row, is one rule that counts. Rules of other operations do not stand between.</summary>
    private static IEnumerable<JsonObject> Together(List<JsonObject> rules)
    {
        List<JsonObject> together = [];
        foreach (var rule in rules)
        {
            var before = together.FindLast(r => (string?)r["operation"] == (string?)rule["operation"]);
            if (before is not null && (string?)before["fault"] == (string?)rule["fault"] && before["count"] is not null && rule["count"] is not null)
                before["count"] = (int)before["count"]! + 1;
            else
                together.Add(rule);
        }

        // An operation that never meets a fault needs no script.
        var troubled = together.Where(r => (string?)r["fault"] is not "none").Select(r => (string?)r["operation"]).ToHashSet();
        return together.Where(r => troubled.Contains((string?)r["operation"]));
    }

    private static string Test(Order order, string json, string end)
    {
        var text = new StringBuilder();
        var indented = json.ReplaceLineEndings("\n        ");
        text.Append(CultureInfo.InvariantCulture, $$""""
            using System.Threading.Tasks;
            using Shop.Tests.Fixtures;
            using Xunit;

            namespace Shop.Tests.Integration;

            /// <summary>How order {{order.Number}} went at the gateway. Change what is expected to what should have happened, and make it so.</summary>
            [Collection(SharedPaymentsShop.Name)]
            public sealed class Order{{order.Number}}Tests(PaymentsShop shop)
            {
                private const string Scenario = """
                    {{indented}}
                    """;

                [Fact]
                public async Task Order_{{order.Number}}_goes_as_it_should()
                {
                    var played = await PlayedOrder.OfAsync(shop, Scenario);

                    Assert.Equal(PlayedOrder.CallsOf(Scenario), played.Calls);
                    Assert.Equal("{{end}}", played.End);
                    Assert.Fail("So far this is what happened to the order. Say above what should have happened, and delete this line.");
                }
            }

            """");
        return text.ToString();
    }
}
