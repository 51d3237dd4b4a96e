namespace Stripe;

public class DisputeService : Service
{
    private const string Path = "/v1/disputes";

    public DisputeService()
    {
    }

    public DisputeService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<Dispute> GetAsync(
        string id, DisputeGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Dispute>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<Dispute> UpdateAsync(
        string id, DisputeUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Dispute>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<Dispute> CloseAsync(
        string id, DisputeCloseOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Dispute>(HttpMethod.Post, $"{Path}/{Escaped(id)}/close", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<Dispute>> ListAsync(
        DisputeListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<Dispute>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Dispute> ListAutoPagingAsync(
        DisputeListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<Dispute>(Path, options, requestOptions, cancellationToken);
}
