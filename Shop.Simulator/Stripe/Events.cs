using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;
using Shop.Simulator.Webhooks;

namespace Shop.Simulator.Stripe;

internal static class Events
{
    public static WebhookSettings Webhooks(this Work work) => work.Find<WebhookSettings>(WebhookSettings.TheOne) ?? new(WebhookSettings.TheOne, work.Options.AllWebhooks);

    /// <summary>Records that something happened, with the object as it is at this moment, and queues it for every endpoint.</summary>
    public static void Emit(this Work work, string type, JsonObject about, JsonObject? previous = null)
    {
        var endpoints = work.Webhooks().Endpoints;
        var @event = work.Save(new StripeEvent(Ids.New("evt_"), work.Now, type, work.Options.ApiVersion, new(about))
        {
            RequestId = work.RequestId,
            IdempotencyKey = work.IdempotencyKey,
            Webhooks = endpoints.Length,
            OrderId = (string?)about["metadata"]?["order_id"] ?? work.Find<PaymentIntent>((string?)about["payment_intent"])?.OrderId,
            PreviousJson = previous is null ? null : new(previous),
        });
        foreach (var endpoint in endpoints)
            work.Queue(Gateway.Stripe, @event.Id, type, endpoint.Url);
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(work.Find<StripeEvent>(call.Id)
        ?? throw StripeFailure.NotFound("event", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call)
    {
        string[] types = form.NonEmpty("type") is { } one ? [one] : form.List("types");
        var events = work.NewestFirst<StripeEvent>().Where(e => types.Length == 0 || types.Any(t => Matches(e.Type, t)));
        if (form.NonEmpty("delivery_success") is { } success)
            events = events.Where(e => (Pending(e, work) == 0) == (success == "true"));
        return Listing.Of(events, form, call, e => e.Created, e => Json(e, work));
    }

    private static JsonObject Json(StripeEvent @event, Work work) => Render.Event(@event, Pending(@event, work), @event.ApiVersion);

    private static int Pending(StripeEvent @event, Work work) => work.With<Delivery>($"event:{@event.Id}")
        .Where(d => d.Forgery is null && d.State != DeliveryState.Delivered).Select(d => d.Url).Distinct().Count();

    private static bool Matches(string type, string pattern) =>
        pattern.EndsWith(".*", StringComparison.Ordinal) ? type.StartsWith(pattern[..^1], StringComparison.Ordinal) : type == pattern;
}
