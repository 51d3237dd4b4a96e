using Shop.Web.Api;

namespace Shop.Web.Operations;

internal sealed class PatternsClient(HttpClient http)
{
    public Task<Fetched<PatternList>> GetPatternsAsync(bool past, CancellationToken ct) =>
        http.FetchAsync<PatternList>($"/operations/patterns?past={(past ? "true" : "false")}", ct);

    public Task<Fetched<SyntheticOrderList>> GetSyntheticOrdersAsync(CancellationToken ct) =>
        http.FetchAsync<SyntheticOrderList>("/operations/synthetic-orders?limit=200", ct);
}

public sealed record PatternList(IReadOnlyList<PatternRow> Current, IReadOnlyList<PatternRow> Past, DateTimeOffset? LookedAt = null);

/// <summary><see cref="Traffic"/>: shop or drill. <see cref="Outcome"/>: any, side, reason or code.</summary>
public sealed record PatternRow(
    Guid Id, string Traffic, string Sentence, IReadOnlyList<PatternFactRow> Facts, string Outcome, string OutcomeValue, int Failures, int Payments,
    double UsualRate, double PValue, DateTimeOffset BeganAt, DateTimeOffset LastFailureAt, DateTimeOffset FoundAt, DateTimeOffset SeenAt,
    IReadOnlyList<long> Orders, string? Side = null, DateTimeOffset? EndedAt = null);

public sealed record PatternFactRow(string Fact, string Level);

public sealed record SyntheticOrderList(IReadOnlyList<SyntheticOrder> Items);

public sealed record SyntheticOrder(
    Guid Id, long Number, DateTimeOffset PlacedAt, string Status, string Payment, string MoneyTaken, string? Said = null, string? Side = null,
    string? Reason = null);
