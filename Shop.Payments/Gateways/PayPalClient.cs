using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shop.Data.Orders;

namespace Shop.Payments.Gateways;

/// <param name="Status">0 when there was no answer; then <paramref name="None"/> says what is known.</param>
/// <param name="DebugId">What PayPal's support asks for.</param>
internal sealed record PayPalReply(int Status, string? DebugId, byte[] Body, GatewayAnswer? None = null)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <returns>Null for what is no such object: a proxy's page, half an answer, nothing.</returns>
    public T? As<T>(JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Sends one call to PayPal. Nothing is repeated but what a used-up token kept from being executed.</summary>
internal sealed class PayPalClient(HttpClient http, PayPalToken token)
{
    private const int MaxKey = 108; // PayPal keeps no more of it

    public Task<PayPalReply> GetAsync(string path, CancellationToken ct) => SendAsync(HttpMethod.Get, path, null, null, ct);

    public Task<PayPalReply> PostAsync<T>(string path, string key, T body, JsonTypeInfo<T> type, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, key, JsonSerializer.SerializeToUtf8Bytes(body, type), ct);

    private async Task<PayPalReply> SendAsync(HttpMethod method, string path, string? key, byte[]? body, CancellationToken ct)
    {
        if (key is { Length: > MaxKey })
            throw new ArgumentException($"The key {key} is longer than {MaxKey} characters.", nameof(key));

        string? refused = null;
        while (true)
        {
            PayPalBearer bearer;
            try
            {
                bearer = await token.GetAsync(refused, ct);
            }
            catch (OperationCanceledException) // no time is left, and nothing was sent
            {
                return Nothing(new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayUnreachable) { Facts = new(Code: "token") });
            }

            if (bearer.Text is null)
                return Nothing(bearer.None!);

            try
            {
                using var request = RequestOf(method, path, key, body, bearer.Text);
                using var response = await http.SendAsync(request, ct);
                if (response.StatusCode is HttpStatusCode.Unauthorized && refused is null)
                {
                    refused = bearer.Text; // not even looked at: once more, with a new one
                    continue;
                }

                return new((int)response.StatusCode, DebugIdOf(response), await response.Content.ReadAsByteArrayAsync(ct));
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.SecureConnectionError)
            {
                // Proof, as nobody below us retries: what cannot connect has sent nothing.
                return Nothing(new GatewayAnswer.NotCharged(Refusal.NotSent, Reasons.GatewayUnreachable) { Facts = new(Code: e.HttpRequestError.ToString()) });
            }
            catch (Exception e) // a timeout, a reset, half an answer: nobody knows how far the call came
            {
                return Nothing(new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true) { Facts = new(Code: e.GetType().Name) });
            }
        }
    }

    private static HttpRequestMessage RequestOf(HttpMethod method, string path, string? key, byte[]? body, string bearer)
    {
        var request = new HttpRequestMessage(method, path)
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", bearer), Accept = { new("application/json") } },
        };
        if (body is not null)
        {
            // Otherwise the answer may hold an id and no word about the money.
            request.Headers.Add("Prefer", "return=representation");
            request.Headers.Add("PayPal-Request-Id", key);
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        }

        return request;
    }

    private static PayPalReply Nothing(GatewayAnswer none) => new(0, null, [], none);

    private static string? DebugIdOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Paypal-Debug-Id", out var values) ? values.FirstOrDefault() : null;
}
