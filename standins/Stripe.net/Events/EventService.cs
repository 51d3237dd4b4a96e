namespace Stripe;

public class EventService : Service
{
    private const string Path = "/v1/events";

    public EventService()
    {
    }

    public EventService(IStripeClient client)
        : base(client)
    {
    }

    public virtual Task<Event> GetAsync(
        string id, EventGetOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<Event>(HttpMethod.Get, $"{Path}/{Escaped(id)}", options, requestOptions, cancellationToken);

    public virtual Task<StripeList<Event>> ListAsync(
        EventListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        RequestAsync<StripeList<Event>>(HttpMethod.Get, Path, options, requestOptions, cancellationToken);

    public virtual IAsyncEnumerable<Event> ListAutoPagingAsync(
        EventListOptions options = null, RequestOptions requestOptions = null, CancellationToken cancellationToken = default) =>
        PagesAsync<Event>(Path, options, requestOptions, cancellationToken);
}
