using System.Net;
using System.Text.Json;

namespace Stripe;

public class StripeClient : IStripeClient
{
    private readonly StripeClientOptions _options;

    public StripeClient(
        string apiKey = null, string clientId = null, IHttpClient httpClient = null, string apiBase = null,
        string connectBase = null, string filesBase = null, string meterEventsBase = null)
        : this(new StripeClientOptions
        {
            ApiKey = apiKey, ClientId = clientId, HttpClient = httpClient, ApiBase = apiBase,
            ConnectBase = connectBase, FilesBase = filesBase, MeterEventsBase = meterEventsBase,
        })
    {
    }

    public StripeClient(StripeClientOptions options)
    {
        options ??= new StripeClientOptions();
        if (options.ApiKey is "")
            throw new ArgumentException("API key cannot be the empty string.", nameof(options));
        if (options.ApiKey?.Any(char.IsWhiteSpace) is true)
            throw new ArgumentException("API key cannot contain whitespace.", nameof(options));

        _options = new StripeClientOptions
        {
            ApiKey = options.ApiKey,
            ClientId = options.ClientId,
            HttpClient = options.HttpClient ?? new SystemNetHttpClient(),
            ApiBase = options.ApiBase ?? DefaultApiBase,
            ConnectBase = options.ConnectBase ?? DefaultConnectBase,
            FilesBase = options.FilesBase ?? DefaultFilesBase,
            MeterEventsBase = options.MeterEventsBase ?? DefaultMeterEventsBase,
            StripeAccount = options.StripeAccount,
            StripeContext = options.StripeContext,
        };
        V1 = new V1Services(this);
    }

    public static string DefaultApiBase => "https://api.stripe.com";
    public static string DefaultConnectBase => "https://connect.stripe.com";
    public static string DefaultFilesBase => "https://files.stripe.com";
    public static string DefaultMeterEventsBase => "https://meter-events.stripe.com";

    public string ApiBase => _options.ApiBase;
    public string ApiKey => _options.ApiKey;
    public string ClientId => _options.ClientId;
    public string ConnectBase => _options.ConnectBase;
    public string FilesBase => _options.FilesBase;
    public string MeterEventsBase => _options.MeterEventsBase;
    public IHttpClient HttpClient => _options.HttpClient;
    public virtual V1Services V1 { get; }

    public async Task<T> RequestAsync<T>(
        HttpMethod method, string path, BaseOptions options, RequestOptions requestOptions, CancellationToken cancellationToken = default)
        where T : IStripeEntity
    {
        if (path.StartsWith("/v2/", StringComparison.Ordinal))
            throw new NotSupportedException("The Stripe.net stand-in speaks API v1 only.");

        var request = new StripeRequest(this, method, path, options, RequestOptions.Merge(requestOptions, _options));
        var response = await HttpClient.MakeRequestAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.OK)
            throw Failure(response);

        try
        {
            var entity = JsonSerializer.Deserialize<T>(response.Content, StripeConfiguration.SerializerOptions);
            entity.StripeResponse = response;
            return entity;
        }
        catch (JsonException)
        {
            throw Unreadable(response);
        }
    }

    public Task<Stream> RequestStreamingAsync(
        HttpMethod method, string path, BaseOptions options, RequestOptions requestOptions, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("The Stripe.net stand-in has no streamed answers.");

    private static StripeException Failure(StripeResponse response)
    {
        StripeError error;
        try
        {
            using var body = JsonDocument.Parse(response.Content);
            if (!body.RootElement.TryGetProperty("error", out var found))
                return Unreadable(response);

            // OAuth answers carry the error as a word, with its description beside it.
            error = (found.ValueKind == JsonValueKind.String ? body.RootElement : found)
                .Deserialize<StripeError>(StripeConfiguration.SerializerOptions);
        }
        catch (JsonException)
        {
            return Unreadable(response);
        }

        error.StripeResponse = response;
        return new StripeException(response.StatusCode, error, error.Message ?? error.ErrorDescription) { StripeResponse = response };
    }

    // A proxy's HTML, or half an answer: StripeError stays null, which is how callers tell it from an answer of Stripe's.
    private static StripeException Unreadable(StripeResponse response) =>
        new(response.StatusCode, null, $"Invalid response object from API: \"{response.Content}\"") { StripeResponse = response };
}

public class V1Services
{
    internal V1Services(IStripeClient client)
    {
        BalanceTransactions = new BalanceTransactionService(client);
        Charges = new ChargeService(client);
        Customers = new CustomerService(client);
        Disputes = new DisputeService(client);
        Events = new EventService(client);
        PaymentIntents = new PaymentIntentService(client);
        PaymentMethods = new PaymentMethodService(client);
        Radar = new RadarService(client);
        Refunds = new RefundService(client);
        SetupIntents = new SetupIntentService(client);
    }

    public virtual BalanceTransactionService BalanceTransactions { get; }
    public virtual ChargeService Charges { get; }
    public virtual CustomerService Customers { get; }
    public virtual DisputeService Disputes { get; }
    public virtual EventService Events { get; }
    public virtual PaymentIntentService PaymentIntents { get; }
    public virtual PaymentMethodService PaymentMethods { get; }
    public virtual RadarService Radar { get; }
    public virtual RefundService Refunds { get; }
    public virtual SetupIntentService SetupIntents { get; }
}

public class RadarService
{
    internal RadarService(IStripeClient client) => EarlyFraudWarnings = new Radar.EarlyFraudWarningService(client);

    public virtual Radar.EarlyFraudWarningService EarlyFraudWarnings { get; }
}
