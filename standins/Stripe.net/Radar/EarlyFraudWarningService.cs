namespace Stripe.Radar;

public class EarlyFraudWarningService : Service
{
    private const string Path = "/v1/radar/early_fraud_warnings";

    public EarlyFraudWarningService()
    {
    }

    public EarlyFraudWarningService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<EarlyFraudWarning> GetAsync(
        string id, EarlyFraudWarningGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<EarlyFraudWarning>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<EarlyFraudWarning>> ListAsync(
        EarlyFraudWarningListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<EarlyFraudWarning>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<EarlyFraudWarning> ListAutoPagingAsync(
        EarlyFraudWarningListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<EarlyFraudWarning>(Path, options, requestOptions, cancellationToken);
}
