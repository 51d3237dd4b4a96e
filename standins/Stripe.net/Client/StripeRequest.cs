using System.Net.Http.Headers;

namespace Stripe;

public class StripeRequest
{
    private readonly BaseOptions _options;

    public StripeRequest(IStripeClient client, HttpMethod method, string path, BaseOptions options, RequestOptions requestOptions)
    {
        ArgumentNullException.ThrowIfNull(client);

        _options = options;
        Method = method;
        Uri = Address(client.ApiBase + path, method, options);
        AuthorizationHeader = new AuthenticationHeaderValue("Bearer", requestOptions?.ApiKey ?? client.ApiKey ?? throw new StripeException(
            "No API key provided. Set your API key using `var client = new Stripe.StripeClient(\"<API-KEY>\")`."));
        StripeHeaders = Headers(method, requestOptions);
    }

    public HttpMethod Method { get; }
    public Uri Uri { get; }
    public AuthenticationHeaderValue AuthorizationHeader { get; }
    public IDictionary<string, string> StripeHeaders { get; }

    /// <summary>A new instance at every call: a retry cannot send the content of the attempt before it.</summary>
    public HttpContent Content => Method == HttpMethod.Post ? FormEncoder.ContentOf(_options) : null;

    public override string ToString() => $"<{GetType().FullName} Method={Method} Uri={Uri}>";

    private static Uri Address(string address, HttpMethod method, BaseOptions options)
    {
        var query = method == HttpMethod.Post || options == null ? "" : FormEncoder.Encode(options);
        return new Uri(query.Length == 0 ? address : $"{address}?{query}");
    }

    private static Dictionary<string, string> Headers(HttpMethod method, RequestOptions options)
    {
        var headers = new Dictionary<string, string> { ["Stripe-Version"] = StripeConfiguration.ApiVersion };
        Add("Stripe-Account", options?.StripeAccount);
        Add("Stripe-Context", options?.StripeContext);
        Add("Stripe-Request-Trigger", options?.StripeRequestTrigger);
        Add("Idempotency-Key", options?.IdempotencyKey);

        // One key per call, shared by its retries. It protects against the retries of this client and against nothing else.
        if (method == HttpMethod.Post)
            headers.TryAdd("Idempotency-Key", Guid.NewGuid().ToString());
        return headers;

        void Add(string name, string value)
        {
            if (!string.IsNullOrEmpty(value))
                headers.Add(name, value);
        }
    }
}
