using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary><c>GET /payment_intents/search</c>: clauses joined by AND. As at Stripe it lags behind, and must not be asked for what was just written.</summary>
internal static partial class Search
{
    public static Answer Intents(Work work, Form form, CallContext call)
    {
        var query = form.Required("query");
        var clauses = AndWord().Split(query).Select(c => Clause().Match(c.Trim())).ToArray();
        if (clauses.Any(c => !c.Success))
            throw StripeFailure.Invalid("We were unable to parse your search query. This simulator takes clauses such as status:'succeeded', joined by AND.", "query");

        var order = clauses.FirstOrDefault(c => c.Groups["key"].Value == "order_id" && c.Groups["field"].Value == "metadata" && c.Groups["not"].Length == 0);
        var known = work.Now - (long)work.Options.SearchLag.TotalSeconds;
        var found = (order is null ? work.NewestFirst<PaymentIntent>() : work.With<PaymentIntent>($"order:{order.Groups["text"].Value}").Reverse())
            .Where(i => i.Created <= known && clauses.All(c => Meets(i, c)));
        var limit = Listing.Limit(form);
        var skip = form.NonEmpty("page") is { } page && int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : 0;
        PaymentIntent[] some = [.. found.Skip(skip).Take(limit + 1)];
        return Answer.Ok(new JsonObject
        {
            ["object"] = "search_result",
            ["data"] = new JsonArray([.. some.Take(limit).Select(i => Render.Intent(i, work))]),
            ["has_more"] = some.Length > limit,
            ["next_page"] = some.Length > limit ? $"{skip + limit}" : null,
            ["url"] = call.Path,
        });
    }

    private static bool Meets(PaymentIntent intent, Match clause)
    {
        var (text, number) = (clause.Groups["text"].Value, clause.Groups["number"].Value);
        var met = clause.Groups["field"].Value switch
        {
            "metadata" => intent.Metadata.GetValueOrDefault(clause.Groups["key"].Value) == text,
            "status" => intent.Status == text,
            "currency" => string.Equals(intent.Currency, text, StringComparison.OrdinalIgnoreCase),
            "customer" => intent.Customer == text,
            "amount" => Compare(intent.Amount),
            "created" => Compare(intent.Created),
            var other => throw StripeFailure.Invalid($"Field `{other}` is an unsupported search field for resource `payment_intents`.", "query"),
        };
        return met != (clause.Groups["not"].Length > 0);

        bool Compare(long value)
        {
            if (!long.TryParse(number.Length > 0 ? number : text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
                throw StripeFailure.Invalid($"A number is needed in {clause.Value}.", "query");
            return clause.Groups["operator"].Value switch
            {
                ">" => value > limit,
                ">=" => value >= limit,
                "<" => value < limit,
                "<=" => value <= limit,
                _ => value == limit,
            };
        }
    }

    [GeneratedRegex(@"\s+AND\s+", RegexOptions.IgnoreCase)]
    private static partial Regex AndWord();

    [GeneratedRegex("""^(?<not>-?)(?<field>[a-z_]+)(\[(?<q>['"])(?<key>[^'"]+)\k<q>\])?(?<operator>:|<=|>=|<|>)(?:(?<r>['"])(?<text>[^'"]*)\k<r>|(?<number>[0-9]+))$""")]
    private static partial Regex Clause();
}
