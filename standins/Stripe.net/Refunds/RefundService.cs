namespace Stripe;

public class RefundService : Service
{
    private const string Path = "/v1/refunds";

    public RefundService()
    {
    }

    public RefundService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<Refund> CreateAsync(
        RefundCreateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Refund>(HttpMethod.Post, Path, options, requestOptions, cancellationToken);

    public virtual Task<Refund> GetAsync(
        string id, RefundGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Refund>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<Refund>> ListAsync(
        RefundListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<Refund>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Refund> ListAutoPagingAsync(
        RefundListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<Refund>(Path, options, requestOptions, cancellationToken);

    public virtual Task<Refund> UpdateAsync(
        string id, RefundUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Refund>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<Refund> CancelAsync(
        string id, RefundCancelOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Refund>(HttpMethod.Post, $"{Path}/{Escaped(id)}/cancel", options, requestOptions, cancellationToken);
}
