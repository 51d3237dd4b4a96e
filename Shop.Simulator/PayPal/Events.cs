using System.Globalization;
using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

internal static class Events
{
    /// <summary>Links in events lead to the real one's host: who reads an event takes ids from them, and asks where it is configured to ask.</summary>
    public const string LinkBase = "https://api.sandbox.paypal.com";

    private const int MostPerPage = 300;

    public static PayPalWebhook[] PayPalWebhooks(this Work work) => work.Find<PayPalWebhookSettings>(PayPalWebhookSettings.TheOne)?.Endpoints ?? work.PayPal.AllWebhooks;

    /// <summary>Records that something happened, with the thing as it is at this moment, and queues it for every endpoint.</summary>
    public static void Tell(this Work work, string type, string resourceType, string summary, JsonObject resource, string? orderId)
    {
        var @event = work.Save(new PayPalEvent($"WH-{Ids.PayPal()}-{Ids.PayPal()}", work.Now, type, resourceType, summary, new(resource)) { OrderId = orderId });
        foreach (var endpoint in work.PayPalWebhooks())
            work.Queue(Gateway.PayPal, @event.Id, type, endpoint.Url);
    }

    public static JsonObject Json(PayPalEvent it) => new()
    {
        ["id"] = it.Id,
        ["event_version"] = "1.0",
        ["create_time"] = Render.Time(it.Created),
        ["resource_type"] = it.ResourceType,
        ["resource_version"] = "2.0",
        ["event_type"] = it.Type,
        ["summary"] = it.Summary,
        ["resource"] = it.Resource.Parse(),
        ["links"] = new JsonArray(
            PayPalFailure.Link($"{LinkBase}/v1/notifications/webhooks-events/{it.Id}", "self", "GET"),
            PayPalFailure.Link($"{LinkBase}/v1/notifications/webhooks-events/{it.Id}/resend", "resend", "POST")),
    };

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) => new(200, Json(Get(work, call)));

    /// <summary>Newest first; the link to the next page goes on after the last event of this one.</summary>
    public static PayPalAnswer List(Work work, PayPalCall call)
    {
        var (start, end) = (Time(call, "start_time"), Time(call, "end_time"));
        var size = (string?)call.Query["page_size"] is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, MostPerPage) : 10;
        var (type, transaction) = ((string?)call.Query["event_type"], (string?)call.Query["transaction_id"]);
        var after = (string?)call.Query["after"];
        PayPalEvent[] events =
        [
            .. (after is null ? work.NewestFirst<PayPalEvent>() : work.NewestFirst<PayPalEvent>().SkipWhile(e => e.Id != after).Skip(1))
                .Where(e => (start is null || e.Created >= start) && (end is null || e.Created <= end))
                .Where(e => (type is null || e.Type == type) && (transaction is null || (string?)e.Resource.Parse()["id"] == transaction))
                .Take(size + 1),
        ];
        var page = events[..Math.Min(size, events.Length)];
        List<JsonObject> links = [PayPalFailure.Link($"{call.Base}/v1/notifications/webhooks-events", "self", "GET")];
        if (events.Length > size)
        {
            var others = string.Concat(call.Query.Where(q => q.Key != "after").Select(q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}&"));
            links.Add(PayPalFailure.Link($"{call.Base}/v1/notifications/webhooks-events?{others}after={page[^1].Id}", "next", "GET"));
        }

        return new(200, new()
        {
            ["events"] = new JsonArray([.. page.Select(Json)]),
            ["count"] = page.Length,
            ["links"] = new JsonArray([.. links]),
        });
    }

    /// <summary>To every endpoint once more, or to those that are named by their ids.</summary>
    public static PayPalAnswer Resend(Work work, PayPalCall call)
    {
        var it = Get(work, call);
        string?[]? ids = call.Body["webhook_ids"] is JsonArray { Count: > 0 } asked ? [.. asked.Select(i => (string?)i)] : null;
        foreach (var endpoint in work.PayPalWebhooks().Where(w => ids is null || ids.Contains(w.Id)))
            work.Queue(Gateway.PayPal, it.Id, it.Type, endpoint.Url);
        return new(202, Json(it));
    }

    /// <summary>RFC 3339, in unix seconds.</summary>
    public static long? Time(PayPalCall call, string parameter) => (string?)call.Query[parameter] switch
    {
        null or "" => null,
        var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) => at.ToUnixTimeSeconds(),
        var text => throw PayPalFailure.Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", parameter, text),
    };

    private static PayPalEvent Get(Work work, PayPalCall call) => work.Find<PayPalEvent>(call.Id) ?? throw PayPalFailure.NotFound(call.Id);
}
