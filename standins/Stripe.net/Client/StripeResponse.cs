using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Stripe;

public abstract class StripeResponseBase(HttpStatusCode statusCode, HttpResponseHeaders headers)
{
    public HttpStatusCode StatusCode { get; } = statusCode;
    public HttpResponseHeaders Headers { get; } = headers;
    public DateTimeOffset? Date => Headers?.Date;
    public string IdempotencyKey => Header("Idempotency-Key");
    public string RequestId => Header("Request-Id");

    public override string ToString() =>
        $"<{GetType().FullName} status={(int)StatusCode} Request-Id={RequestId} Date={Date?.ToString("s", CultureInfo.InvariantCulture)}>";

    private string Header(string name) => Headers != null && Headers.TryGetValues(name, out var values) ? values.First() : null;
}

public class StripeResponse(HttpStatusCode statusCode, HttpResponseHeaders headers, string content) : StripeResponseBase(statusCode, headers)
{
    public string Content { get; } = content;
}

public class StripeStreamedResponse(HttpStatusCode statusCode, HttpResponseHeaders headers, Stream body) : StripeResponseBase(statusCode, headers)
{
    public Stream Body { get; } = body;
}
