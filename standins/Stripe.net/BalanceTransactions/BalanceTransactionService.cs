namespace Stripe;

public class BalanceTransactionService : Service
{
    private const string Path = "/v1/balance_transactions";

    public BalanceTransactionService()
    {
    }

    public BalanceTransactionService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<BalanceTransaction> GetAsync(
        string id, BalanceTransactionGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<BalanceTransaction>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<BalanceTransaction>> ListAsync(
        BalanceTransactionListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<BalanceTransaction>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<BalanceTransaction> ListAutoPagingAsync(
        BalanceTransactionListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<BalanceTransaction>(Path, options, requestOptions, cancellationToken);
}
