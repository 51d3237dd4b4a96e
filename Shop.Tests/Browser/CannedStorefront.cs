using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using Shop.Web;

namespace Shop.Tests.Browser;

/// <summary>The whole storefront, as in production, over an Api whose answers are written down.</summary>
internal sealed class CannedStorefront(CannedApi api, params (string Key, string? Value)[] settings) : WebApplicationFactory<ShopWeb>
{
    public const string CardOrigin = "http://cards.test";

    public WrittenLog Log { get; } = new();

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment(settings.FirstOrDefault(s => s.Key == "environment").Value ?? "Production");
        builder.UseStaticWebAssets(); // from where they are built: nothing is published here
        builder.UseSetting("HostedFields:Url", CardOrigin);
        builder.UseSetting("HostedFields:PublishableKey", "pk_test_shop");
        builder.UseSetting("services:api:http:0", "http://api.test");
        builder.UseSetting("Timeouts:Drain", "00:00:00"); // nothing balances the load of a test
        builder.UseSetting("Records:Enabled", "false"); // nothing comes by the clock to an Api that counts its requests
        foreach (var (key, value) in settings)
            builder.UseSetting(key, value);
        builder.ConfigureServices(services => services.AddSingleton<IHttpMessageHandlerBuilderFilter>(new AnsweredBy(api)).AddSingleton<ILoggerProvider>(Log));
    }

    /// <summary>In place of the socket alone: deadlines and retries stay as they are.</summary>
    private sealed class AnsweredBy(CannedApi api) : IHttpMessageHandlerBuilderFilter
    {
        public Action<HttpMessageHandlerBuilder> Configure(Action<HttpMessageHandlerBuilder> next) => builder =>
        {
            next(builder);
            builder.PrimaryHandler = api;
        };
    }
}

/// <summary>What was logged: by event id, and its words.</summary>
internal sealed class WrittenLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<int> Events { get; } = [];
    public ConcurrentQueue<(int Event, string Text)> Lines { get; } = [];

    /// <summary>What was logged as an error, or worse.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Events.Enqueue(eventId.Id);
        Lines.Enqueue((eventId.Id, formatter(state, exception)));
        if (logLevel >= LogLevel.Error)
            Failures.Enqueue(formatter(state, exception));
    }

    public void Dispose()
    {
    }
}

internal sealed class CannedApi : HttpMessageHandler
{
    public const string Mug = """
        { "slug": "mug", "name": "Mug", "summary": "Holds tea.", "description": "One.\n\nTwo.", "categorySlug": "kitchen", "categoryName": "Kitchen",
          "pictureId": "p1", "currency": "EUR", "taxRateBp": 1900, "variants": [{ "sku": "mug-1", "name": "Grey", "priceMinor": 1250 }], "related": [] }
        """;

    public const string FullCart = """
        { "version": 3, "itemCount": 1, "currency": "EUR", "totalMinor": 1250, "lines": [{ "sku": "mug-1", "productSlug": "mug", "productName": "Mug",
          "variantName": "Grey", "pictureId": "p1", "quantity": 1, "unitPriceMinor": 1250, "totalMinor": 1250, "available": 4 }] }
        """;

    public const string Paid = """
        { "number": 100042, "key": "k-secret", "placedAt": "2026-01-15T12:00:00Z", "status": "paid", "payment": "paid", "reason": null,
          "moneyTaken": "yes", "reference": "4T7QK-9XW2M", "currency": "EUR", "totalMinor": 1250, "taxMinor": 200, "actionUrl": null, "retryable": false,
          "lines": [], "shipTo": { "name": "Ada", "line1": "L 7", "line2": null, "postalCode": "10115", "city": "Berlin", "country": "DE" },
          "email": "a•••@example.org", "texts": { "headline": "Paid, thank you.", "explanation": "We have it.", "nextStep": null },
          "timeline": [{ "at": "2026-01-15T12:00:00Z", "summary": "You ordered." }] }
        """;

    /// <summary>The answer that made the cart.</summary>
    public static readonly string NewCart = FullCart.Replace("\"version\"", "\"token\": \"t1\", \"version\"", StringComparison.Ordinal);

    private readonly ConcurrentDictionary<string, (HttpStatusCode Status, string Body, string Type, SemaphoreSlim? After)> _answers = [];

    public ConcurrentQueue<HttpRequestMessage> Seen { get; } = [];
    public ConcurrentDictionary<string, string> LastBody { get; } = [];
    public bool IsDown { get; set; }

    public CannedApi On(string path, string body, HttpStatusCode status = HttpStatusCode.OK, string? type = null, SemaphoreSlim? after = null)
    {
        _answers[path] = (status, body, type ?? (status is HttpStatusCode.OK ? "application/json" : "application/problem+json"), after);
        return this;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Seen.Enqueue(request);
        if (request.Content is { } content)
            LastBody[request.RequestUri!.AbsolutePath] = await content.ReadAsStringAsync(cancellationToken);
        if (IsDown)
            throw new HttpRequestException(HttpRequestError.ConnectionError, "refused");
        if (!_answers.TryGetValue(request.RequestUri!.AbsolutePath, out var answer))
            return new(HttpStatusCode.NotFound) { RequestMessage = request };
        if (answer.After is { } gate)
            await gate.WaitAsync(cancellationToken);
        return new(answer.Status) { RequestMessage = request, Content = new StringContent(answer.Body, Encoding.UTF8, answer.Type) };
    }
}
