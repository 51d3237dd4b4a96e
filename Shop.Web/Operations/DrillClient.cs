using Microsoft.Extensions.Options;
using Shop.Web.Api;

namespace Shop.Web.Operations;

/// <summary>Bound from <c>Drill</c>.</summary>
internal sealed class DrillOptions
{
    public const string Section = "Drill";

    /// <summary>Where drills are played, in development and tests; nowhere else is there such a thing.</summary>
    public Uri? Url { get; init; }
}

/// <summary>Asks the simulator what it has done to whom, to be compared with how we explained it.</summary>
internal sealed class DrillClient(HttpClient http, IOptions<DrillOptions> options)
{
    public async Task<Fetched<DrillReport>> GetAsync(CancellationToken ct) => options.Value.Url is not { } url ? new(null, IsMissing: true)
        : await http.FetchAsync<DrillReport>(new Uri(url, "/drills/payments-failing").AbsoluteUri, ct);
}

/// <summary><see cref="State"/>: idle, running, settling, done, stopped or failed.</summary>
/// <param name="Problems">Shoppers that could not order at all.</param>
public sealed record DrillReport(
    string State, int Planted, int Explained, IReadOnlyList<DrillOrder> Orders, IReadOnlyList<string> Problems, string? Act = null, DateTimeOffset? StartedAt = null);

/// <summary>What really happened, of the simulator's own knowledge: whose doing it was, and whether money was taken.</summary>
public sealed record DrillOrder(long Number, string Planted, string MoneyTaken, string? Side = null, string? Because = null);
