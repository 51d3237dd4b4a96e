using System.Net;
using System.Text.Json;
using Polly;
using Shop.Web.Accounts;

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
                if (response.IsSuccessStatusCode)
                    return new(await response.Content.ReadFromJsonAsync<T>(Json, ct));
                _ = await ReadProblemAsync(response, ct);
                return response.StatusCode switch
                {
                    HttpStatusCode.NotFound => new(null, IsMissing: true),
                    HttpStatusCode.Gone => new(null, IsExpired: true),
                    _ => new(null, IsUnreachable: true),
                };
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
                if (response.IsSuccessStatusCode)
                    return new(whenEmpty ?? await response.Content.ReadFromJsonAsync<T>(Json, ct));
                return new(null, await ReadProblemAsync(response, ct));
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

    /// <exception cref="EntryRefusedException">It is a matter of who asks.</exception>
    private static async Task<ApiProblem> ReadProblemAsync(HttpResponseMessage response, CancellationToken ct)
    {
        var problem = response.Content.Headers.ContentType?.MediaType is "application/problem+json"
            ? await response.Content.ReadFromJsonAsync<ApiProblem>(Json, ct)
            : null;
        return EntryRefusedException.Of(problem?.Reason) is { } refusal
            ? throw new EntryRefusedException(refusal)
            : problem ?? new((int)response.StatusCode);
    }

    public static bool IsUnreachable(Exception e) =>
        e is HttpRequestException or ExecutionRejectedException or TaskCanceledException { InnerException: TimeoutException };
}
