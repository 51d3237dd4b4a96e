using System.Net;
using System.Text.Json;
using Polly;

namespace Shop.Web.Api;

internal static class ApiHttp
{
    // A field that a page needs and the Api does not send is an error at once, and not a blank on a page.
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public static async Task<Fetched<T>> FetchAsync<T>(this HttpClient http, HttpRequestMessage request, CancellationToken ct) where T : class
    {
        using (request)
        {
            try
            {
                using var response = await http.SendAsync(request, ct);
                if (response.StatusCode is HttpStatusCode.NotFound)
                    return new(null, IsMissing: true);
                return response.IsSuccessStatusCode ? new(await response.Content.ReadFromJsonAsync<T>(Json, ct)) : new(null, IsUnreachable: true);
            }
            catch (Exception e) when (IsUnreachable(e))
            {
                return new(null, IsUnreachable: true);
            }
        }
    }

    public static Task<Fetched<T>> FetchAsync<T>(this HttpClient http, string address, CancellationToken ct) where T : class =>
        http.FetchAsync<T>(new HttpRequestMessage(HttpMethod.Get, address), ct);

    public static async Task<Written<T>> WriteAsync<T>(
        this HttpClient http, HttpRequestMessage request, CancellationToken ct, T? whenEmpty = null) where T : class
    {
        using (request)
        {
            try
            {
                using var response = await http.SendAsync(request, ct);
                if (response.StatusCode is HttpStatusCode.NoContent)
                    return new(whenEmpty);
                if (response.IsSuccessStatusCode)
                    return new(await response.Content.ReadFromJsonAsync<T>(Json, ct));
                return response.Content.Headers.ContentType?.MediaType is "application/problem+json"
                    ? new(null, await response.Content.ReadFromJsonAsync<ApiProblem>(Json, ct))
                    : new(null, new((int)response.StatusCode));
            }
            catch (Exception e) when (IsUnreachable(e))
            {
                return default;
            }
        }
    }

    public static HttpRequestMessage Post(string address, object? body, Guid idempotencyKey) => new(HttpMethod.Post, address)
    {
        Headers = { { "Idempotency-Key", idempotencyKey.ToString() } },
        Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: Json),
    };

    public static bool IsUnreachable(Exception e) => 
        e is HttpRequestException or ExecutionRejectedException or TaskCanceledException { InnerException: TimeoutException };
}
