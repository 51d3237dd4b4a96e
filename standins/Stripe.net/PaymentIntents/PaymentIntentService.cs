namespace Stripe;

public class PaymentIntentService : Service
{
    private const string Path = "/v1/payment_intents";

    public PaymentIntentService()
    {
    }

    public PaymentIntentService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<PaymentIntent> CreateAsync(
        PaymentIntentCreateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Post, Path, options, requestOptions, cancellationToken);

    public virtual Task<PaymentIntent> GetAsync(
        string id, PaymentIntentGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<PaymentIntent> UpdateAsync(
        string id, PaymentIntentUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<PaymentIntent> ConfirmAsync(
        string id, PaymentIntentConfirmOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}/confirm", options, requestOptions, cancellationToken);

    public virtual Task<PaymentIntent> CaptureAsync(
        string id, PaymentIntentCaptureOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}/capture", options, requestOptions, cancellationToken);

    public virtual Task<PaymentIntent> CancelAsync(
        string id, PaymentIntentCancelOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}/cancel", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<PaymentIntent>> ListAsync(
        PaymentIntentListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<PaymentIntent>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<PaymentIntent> ListAutoPagingAsync(
        PaymentIntentListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<PaymentIntent>(Path, options, requestOptions, cancellationToken);

    public virtual Task<StripeSearchResult<PaymentIntent>> SearchAsync(
        PaymentIntentSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeSearchResult<PaymentIntent>>(HttpMethod.Get, $"{Path}/search", options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<PaymentIntent> SearchAutoPagingAsync(
        PaymentIntentSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        FoundAsync<PaymentIntent>($"{Path}/search", options, requestOptions, cancellationToken);
}
