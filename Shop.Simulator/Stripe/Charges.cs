using System.Text.Json.Nodes;

namespace Shop.Simulator.Stripe;

internal static class Charges
{
    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Charge(work.Find<Charge>(call.Id)
        ?? throw StripeFailure.NotFound("charge", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call)
    {
        var intent = form.NonEmpty("payment_intent");
        return Page.Of(work.All<Charge>().Where(c => intent is null || c.Intent == intent), form, call, c => c.Created, c => Render.Charge(c, work));
    }
}

internal static class Refunds
{
    public static Answer Create(Work work, Form form, CallContext call)
    {
        if (form.NonEmpty("charge") is null && form.NonEmpty("payment_intent") is null)
            throw StripeFailure.Invalid("One of the following params should be provided for this request: payment_intent or charge.", code: "parameter_missing");
        var reason = form.OneOf("reason", "duplicate", "fraudulent", "requested_by_customer");

        var charge = Refundable(work, form);
        var left = charge.AmountCaptured - charge.AmountRefunded;
        if (left == 0)
        {
            throw new StripeFailure(400, "invalid_request_error", $"Charge {charge.Id} has already been refunded.")
            {
                Code = "charge_already_refunded", IsKept = true,
            };
        }

        var amount = form.Integer("amount") ?? left;
        if (amount < 1)
            throw StripeFailure.Invalid("Invalid positive integer", "amount", "parameter_invalid_integer");
        if (amount > left)
        {
            throw new StripeFailure(400, "invalid_request_error", $"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")
            {
                Param = "amount", IsKept = true,
            };
        }

        var fate = TestCard.ByName(work.Find<PaymentMethod>(charge.PaymentMethod)!.TestCard)!.Refunds;
        var refund = work.Save(new Refund(Ids.New("re_"), work.Now, charge.Id, charge.Intent, amount, charge.Currency)
        {
            Status = fate is RefundFate.ArriveLater ? "pending" : "succeeded",
            SettlesAt = fate is RefundFate.Arrive ? null : work.Now + (long)Math.Ceiling(work.Options.RefundsSettleAfter.TotalSeconds),
            Reason = reason,
            Metadata = form.Metadata([]),
        });
        var before = charge.AmountRefunded;
        charge = work.Save(charge with { AmountRefunded = before + amount });
        work.Emit("charge.refunded", Render.Charge(charge, work), new JsonObject { ["amount_refunded"] = before, ["refunded"] = false });
        work.Emit("refund.created", Render.Refund(refund));
        return Answer.Ok(Render.Refund(refund));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Render.Refund(work.Find<Refund>(call.Id)
        ?? throw StripeFailure.NotFound("refund", call.Id!, "id", 404)));

    public static Answer List(Work work, Form form, CallContext call)
    {
        var (intent, charge) = (form.NonEmpty("payment_intent"), form.NonEmpty("charge"));
        return Page.Of(work.All<Refund>().Where(r => (intent is null || r.Intent == intent) && (charge is null || r.Charge == charge)),
            form, call, r => r.Created, Render.Refund);
    }

    /// <summary>The bank's last word on a refund: one that was pending has arrived, one that had succeeded comes back.</summary>
    public static void Settle(Work work, Refund refund)
    {
        if (refund.Status == "pending")
        {
            work.Emit("refund.updated", Render.Refund(work.Save(refund with { Status = "succeeded", SettlesAt = null })));
            return;
        }

        refund = work.Save(refund with { Status = "failed", FailureReason = "expired_or_canceled_card", SettlesAt = null });
        var charge = work.Find<Charge>(refund.Charge)!;
        work.Save(charge with { AmountRefunded = charge.AmountRefunded - refund.Amount });
        work.Emit("refund.updated", Render.Refund(refund));
        work.Emit("refund.failed", Render.Refund(refund));
    }

    private static Charge Refundable(Work work, Form form)
    {
        var id = form.NonEmpty("charge");
        if (form.NonEmpty("payment_intent") is { } intentId)
        {
            var intent = work.Find<PaymentIntent>(intentId) ?? throw StripeFailure.NotFound("payment_intent", intentId, "payment_intent", 404);
            id ??= intent.LatestCharge;
            if (work.Find<Charge>(id) is not { AmountCaptured: > 0 })
            {
                throw new StripeFailure(400, "invalid_request_error", $"This PaymentIntent ({intentId}) does not have a successful charge to refund.")
                {
                    IsKept = true,
                };
            }
        }

        var charge = work.Find<Charge>(id) ?? throw StripeFailure.NotFound("charge", id!, "charge", 404);
        return charge.AmountCaptured > 0 ? charge : throw new StripeFailure(400, "invalid_request_error",
            $"Charge {charge.Id} has not been captured and cannot be refunded.") { IsKept = true };
    }
}

internal static class Events
{
    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(Json(work.Find<StripeEvent>(call.Id)
        ?? throw StripeFailure.NotFound("event", call.Id!, "id", 404), work));

    public static Answer List(Work work, Form form, CallContext call)
    {
        string[] types = form.NonEmpty("type") is { } one ? [one] : form.List("types");
        var events = work.All<StripeEvent>().Where(e => types.Length == 0 || types.Any(t => Matches(e.Type, t)));
        if (form.NonEmpty("delivery_success") is { } success)
            events = events.Where(e => (Pending(e, work) == 0) == (success == "true"));
        return Page.Of(events, form, call, e => e.Created, e => Json(e, work));
    }

    public static JsonObject Json(StripeEvent @event, Work work) => Render.Event(@event, Pending(@event, work));

    private static int Pending(StripeEvent @event, Work work) =>
        work.All<Webhooks.Delivery>().Count(d => d.EventId == @event.Id && d.Forgery is null && d.State != Webhooks.DeliveryState.Delivered);

    private static bool Matches(string type, string pattern) =>
        pattern.EndsWith(".*", StringComparison.Ordinal) ? type.StartsWith(pattern[..^1], StringComparison.Ordinal) : type == pattern;
}

/// <summary>Stripe's lists: newest first, from or up to an id, with more behind.</summary>
internal static class Page
{
    public static Answer Of<T>(IEnumerable<T> oldestFirst, Form form, CallContext call, Func<T, long> created, Func<T, JsonObject> render)
        where T : State.Fact
    {
        var limit = (int)(form.Integer("limit") ?? 10);
        if (limit is < 1 or > 100)
            throw StripeFailure.Invalid($"This value must be between 1 and 100 (it currently is '{limit}').", "limit", "parameter_invalid_integer");

        List<T> items = [.. oldestFirst.Reverse().Where(item => InRange(form, created(item)))];
        var (from, before) = (form.NonEmpty("starting_after"), form.NonEmpty("ending_before"));
        if (from is not null)
            items = items[(IndexOf(from, "starting_after") + 1)..];

        List<T> page;
        if (before is not null && from is null)
        {
            items = items[..IndexOf(before, "ending_before")];
            page = [.. items.TakeLast(limit)];
        }
        else
        {
            page = [.. items.Take(limit)];
        }

        return Answer.Ok(new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. page.Select(render)]),
            ["has_more"] = items.Count > page.Count,
            ["url"] = call.Path,
        });

        int IndexOf(string id, string param) =>
            items.FindIndex(i => i.Id == id) is >= 0 and var index ? index : throw StripeFailure.NotFound("object", id, param, 400);
    }

    private static bool InRange(Form form, long created) =>
        (form.Integer("created") is not { } at || created == at)
        && (form.Integer("created[gt]") is not { } gt || created > gt)
        && (form.Integer("created[gte]") is not { } gte || created >= gte)
        && (form.Integer("created[lt]") is not { } lt || created < lt)
        && (form.Integer("created[lte]") is not { } lte || created <= lte);
}
