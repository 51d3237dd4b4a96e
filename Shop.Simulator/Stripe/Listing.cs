using System.Text.Json.Nodes;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>Stripe's lists: newest first, from or up to an id, with more behind.</summary>
internal static class Listing
{
    public static Answer Of<T>(IEnumerable<T> newestFirst, Form form, CallContext call, Func<T, long> created, Func<T, JsonObject> render) where T : Fact
    {
        var limit = Limit(form);
        var range = new CreatedRange(form);
        var items = newestFirst.SkipWhile(i => range.IsAfter(created(i))).TakeWhile(i => !range.IsBefore(created(i)));
        var (from, before) = (form.NonEmpty("starting_after"), form.NonEmpty("ending_before"));

        List<T> page;
        bool hasMore;
        if (from is not null)
        {
            (page, hasMore) = Take(After(items, from, "starting_after"), limit);
        }
        else if (before is not null)
        {
            var newer = UpTo(items, before, "ending_before");
            (page, hasMore) = ([.. newer.TakeLast(limit)], newer.Count > limit);
        }
        else
        {
            (page, hasMore) = Take(items, limit);
        }

        return Answer.Ok(new JsonObject
        {
            ["object"] = "list", ["data"] = new JsonArray([.. page.Select(render)]), ["has_more"] = hasMore, ["url"] = call.Path,
        });
    }

    public static int Limit(Form form) => (int)(form.Integer("limit") ?? 10) is >= 1 and <= 100 and var limit
        ? limit : throw StripeFailure.Invalid("This value must be between 1 and 100.", "limit", "parameter_invalid_integer");

    private static (List<T> Page, bool HasMore) Take<T>(IEnumerable<T> items, int limit)
    {
        List<T> some = [.. items.Take(limit + 1)];
        return some.Count > limit ? (some[..limit], true) : (some, false);
    }

    private static IEnumerable<T> After<T>(IEnumerable<T> items, string id, string param) where T : Fact
    {
        var found = false;
        foreach (var item in items)
        {
            if (found)
                yield return item;
            found |= item.Id == id;
        }

        if (!found)
            throw StripeFailure.NotFound("object", id, param, 400);
    }

    private static List<T> UpTo<T>(IEnumerable<T> items, string id, string param) where T : Fact
    {
        List<T> newer = [];
        foreach (var item in items)
        {
            if (item.Id == id)
                return newer;
            newer.Add(item);
        }

        throw StripeFailure.NotFound("object", id, param, 400);
    }

    /// <summary><c>created</c>, or <c>created[gte]</c> and its like. Things are created in the order they are listed in, so a range has two ends.</summary>
    private sealed class CreatedRange
    {
        private readonly long _first = long.MinValue;
        private readonly long _last = long.MaxValue;

        public CreatedRange(Form form)
        {
            var at = form.Integer("created");
            _first = Math.Max(at ?? form.Integer("created[gte]") ?? _first, form.Integer("created[gt]") + 1 ?? _first);
            _last = Math.Min(at ?? form.Integer("created[lte]") ?? _last, form.Integer("created[lt]") - 1 ?? _last);
        }

        public bool IsAfter(long created) => created > _last;
        public bool IsBefore(long created) => created < _first;
    }
}
