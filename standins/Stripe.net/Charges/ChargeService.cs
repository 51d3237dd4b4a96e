namespace Stripe;

public class ChargeService : Service
{
    private const string Path = "/v1/charges";

    public ChargeService()
    {
    }

    public ChargeService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<Charge> GetAsync(
        string id, ChargeGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Charge>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<Charge>> ListAsync(
        ChargeListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<Charge>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Charge> ListAutoPagingAsync(
        ChargeListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<Charge>(Path, options, requestOptions, cancellationToken);

    public virtual Task<Charge> UpdateAsync(
        string id, ChargeUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Charge>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeSearchResult<Charge>> SearchAsync(
        ChargeSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeSearchResult<Charge>>(HttpMethod.Get, $"{Path}/search", options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Charge> SearchAutoPagingAsync(
        ChargeSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        FoundAsync<Charge>($"{Path}/search", options, requestOptions, cancellationToken);
}
