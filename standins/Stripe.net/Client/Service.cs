using System.Runtime.CompilerServices;

namespace Stripe;

public abstract class Service
{
    private readonly IStripeClient _client;

    protected Service()
    {
    }

    protected Service(IStripeClient client) => _client = client;

    private protected Task<T> RequestAsync<T>(
        HttpMethod method, string path, BaseOptions options, RequestOptions requestOptions, CancellationToken cancellationToken)
        where T : IStripeEntity =>
        (_client ?? StripeConfiguration.StripeClient).RequestAsync<T>(method, path, options, requestOptions, cancellationToken);

    /// <summary>An empty id is not refused, here as in the package: it asks for the list. Callers guard their ids.</summary>
    private protected static string Escaped(string id) => Uri.EscapeDataString(id ?? "");

    private protected async IAsyncEnumerable<T> FoundAsync<T>(
        string path, SearchOptions options, RequestOptions requestOptions, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : IStripeEntity
    {
        var next = options?.Clone() ?? new SearchOptions();
        StripeSearchResult<T> page;
        do
        {
            page = await RequestAsync<StripeSearchResult<T>>(HttpMethod.Get, path, next, requestOptions, cancellationToken).ConfigureAwait(false);
            foreach (var item in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return item;
            }

            next.Page = page.NextPage;
        }
        while (page.HasMore && page.NextPage != null);
    }

    private protected async IAsyncEnumerable<T> PagesAsync<T>(
        string path, ListOptions options, RequestOptions requestOptions, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : IStripeEntity, IHasId
    {
        var next = options?.Clone() ?? new ListOptions();
        var backward = !string.IsNullOrEmpty(next.EndingBefore) && string.IsNullOrEmpty(next.StartingAfter);
        while (true)
        {
            var page = await RequestAsync<StripeList<T>>(HttpMethod.Get, path, next, requestOptions, cancellationToken).ConfigureAwait(false);
            if (backward)
                page.Reverse();

            string last = null;
            foreach (var item in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                last = item.Id;
                yield return item;
            }

            if (!page.HasMore || last == null)
                yield break;
            if (backward)
                next.EndingBefore = last;
            else
                next.StartingAfter = last;
        }
    }
}
