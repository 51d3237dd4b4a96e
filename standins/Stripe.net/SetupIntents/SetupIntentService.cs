namespace Stripe;

public class SetupIntentService : Service
{
    private const string Path = "/v1/setup_intents";

    public SetupIntentService()
    {
    }

    public SetupIntentService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<SetupIntent> CreateAsync(
        SetupIntentCreateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<SetupIntent>(HttpMethod.Post, Path, options, requestOptions, cancellationToken);

    public virtual Task<SetupIntent> GetAsync(
        string id, SetupIntentGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<SetupIntent>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<SetupIntent> UpdateAsync(
        string id, SetupIntentUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<SetupIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<SetupIntent> ConfirmAsync(
        string id, SetupIntentConfirmOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<SetupIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}/confirm", options, requestOptions, cancellationToken);

    public virtual Task<SetupIntent> CancelAsync(
        string id, SetupIntentCancelOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<SetupIntent>(HttpMethod.Post, $"{Path}/{Escaped(id)}/cancel", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<SetupIntent>> ListAsync(
        SetupIntentListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<SetupIntent>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<SetupIntent> ListAutoPagingAsync(
        SetupIntentListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<SetupIntent>(Path, options, requestOptions, cancellationToken);
}
