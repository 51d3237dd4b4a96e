namespace Stripe;

public class PaymentMethodService : Service
{
    private const string Path = "/v1/payment_methods";

    public PaymentMethodService()
    {
    }

    public PaymentMethodService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<PaymentMethod> CreateAsync(
        PaymentMethodCreateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentMethod>(HttpMethod.Post, Path, options, requestOptions, cancellationToken);

    public virtual Task<PaymentMethod> GetAsync(
        string id, PaymentMethodGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<PaymentMethod>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);
}
