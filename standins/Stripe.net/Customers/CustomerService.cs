namespace Stripe;

public class CustomerService : Service
{
    private const string Path = "/v1/customers";

    public CustomerService()
    {
    }

    public CustomerService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<Customer> CreateAsync(
        CustomerCreateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Customer>(HttpMethod.Post, Path, options, requestOptions, cancellationToken);

    public virtual Task<Customer> GetAsync(
        string id, CustomerGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Customer>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<Customer> UpdateAsync(
        string id, CustomerUpdateOptions options, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Customer>(HttpMethod.Post, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<Customer> DeleteAsync(
        string id, CustomerDeleteOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Customer>(HttpMethod.Delete, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<Customer>> ListAsync(
        CustomerListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<Customer>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Customer> ListAutoPagingAsync(
        CustomerListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<Customer>(Path, options, requestOptions, cancellationToken);

    public virtual Task<StripeSearchResult<Customer>> SearchAsync(
        CustomerSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeSearchResult<Customer>>(HttpMethod.Get, $"{Path}/search", options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Customer> SearchAutoPagingAsync(
        CustomerSearchOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        FoundAsync<Customer>($"{Path}/search", options, requestOptions, cancellationToken);
}
