using System.Text.Json.Nodes;

namespace Shop.Simulator.Stripe;

internal static class Events
{
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

    private static int Pending(StripeEvent @event, Work work) => work.With<Webhooks.Delivery>($"event:{@event.Id}")
        .Where(d => d.Forgery is null && d.State != Webhooks.DeliveryState.Delivered).Select(d => d.Url).Distinct().Count();

    private static bool Matches(string type, string pattern) =>
        pattern.EndsWith(".*", StringComparison.Ordinal) ? type.StartsWith(pattern[..^1], StringComparison.Ordinal) : type == pattern;
}
