using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Orders;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.ServiceDefaults;

namespace Shop.Api.Search;

/// <summary>In the body and never in an address: it may be somebody's name.</summary>
internal sealed record SearchRequest(string? Query)
{
    public override string ToString() => nameof(SearchRequest);
}

/// <param name="Understood">What the input looks like, most likely first.</param>
/// <param name="Jump">The one order that was asked for by a number or an id of its own; null when there is something to choose.</param>
/// <param name="IsMore">There are more hits than are told.</param>
internal sealed record SearchAnswer(IReadOnlyList<string> Understood, IReadOnlyList<SearchHit> Hits, long? Jump, bool IsMore);

/// <param name="Why">The reason in an agent's words.</param>
/// <param name="By">What of it matched, in words.</param>
/// <param name="IsExact">False for a part of it, and for something like it.</param>
/// <param name="Name">Empty when the person was erased.</param>
/// <param name="Email">Whole where it is what was asked for, otherwise enough of it to recognise it.</param>
internal sealed record SearchHit(
    long Number, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, long TotalMinor, string Currency, string? Reason, string? Why,
    string Reference, bool IsSynthetic, string By, bool IsExact, bool IsAlike, string Name, string Email);

/// <summary>One box for everything an order can be found by.</summary>
internal static class SearchEndpoints
{
    public static void MapSearch(this IEndpointRouteBuilder operations) =>
        operations.MapPost("/search", Search).WithName(nameof(Search)).RequireAuthorization(Policies.Agent)
            .WithSummary("Finds orders by number, reference, person, card or gateway's id; in part and mistyped too.").ProducesProblem(422);

    internal static async Task<Results<Ok<SearchAnswer>, ProblemHttpResult>> Search(
        SearchRequest request, ReportsDatabase reports, Caller caller, TimeProvider clock, CancellationToken ct)
    {
        var typed = request.Query?.Trim() ?? "";
        if (typed.Length is 0 or > SearchTerm.MaxLength)
            return AccountEndpoints.Invalid(new() { ["query"] = [$"Please enter what you know of the order, in at most {SearchTerm.MaxLength} characters."] });

        var term = SearchTerm.Read(typed);
        await using var db = reports.Open();
        var (found, isMore) = await OrderSearch.FindAsync(db, term, ct);
        if (term.IsPersonal)
        {
            // That somebody looked for a person, and not for whom: the audit keeps no personal data either.
            db.Record(caller, clock.GetUtcNow(), AuditActions.PeopleSearched, AuditSubjects.Search, KindOf(term), after: new { Hits = found.Count });
            await db.SaveChangesAsync(ct);
        }

        var direct = found.Where(f => f is { Rank: 0, IsPersonal: false }).Take(2).ToList();
        return TypedResults.Ok(new SearchAnswer(
            term.Understood,
            [.. found.Select(ToHit)],
            direct is [var one] && !found.Any(f => f is { Rank: 0, IsPersonal: true }) ? one.Number : null, isMore));
    }

    private static string KindOf(SearchTerm term) => term switch
    {
        { Email: not null } => "email",
        { PhoneBackwards: not [] } or { Last4: not null } => "digits",
        { Words: not [] } => "name",
        _ => "part",
    };

    private static SearchHit ToHit(FoundOrder f) => new(
        f.Number, f.PlacedAt, f.Status, f.Payment, f.TotalMinor, f.Currency, f.Reason, f.Reason is { } code && Reasons.IsKnown(code) ? Reasons.Of(code).Agent : null,
        f.Reference, f.IsSynthetic, f.By, f.Rank == 0, f.Rank >= OrderSearch.Alike, f.Name,
        f is { Rank: 0, IsPersonal: true } || f.Email is "" ? f.Email : OrderFacts.Mask(f.Email));
}
