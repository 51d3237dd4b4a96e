using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Stripe;

public class SystemNetHttpClient : IHttpClient
{
    public const int DefaultMaxNumberRetries = 2;

    private static readonly Lazy<HttpClient> Shared = new(BuildDefaultSystemNetHttpClient);

    private readonly HttpClient _httpClient;
    private readonly string _userAgent;
    private readonly string _clientUserAgent;
    private readonly ConcurrentQueue<(string RequestId, long Milliseconds)> _measured = new();

    public SystemNetHttpClient(
        HttpClient httpClient = null, int maxNetworkRetries = DefaultMaxNumberRetries, AppInfo appInfo = null, bool enableTelemetry = true)
    {
        _httpClient = httpClient ?? Shared.Value;
        MaxNetworkRetries = maxNetworkRetries;
        EnableTelemetry = enableTelemetry;
        _userAgent = $"Stripe/V1 .NetBindings/{StripeConfiguration.StripeNetVersion}" + (appInfo == null ? "" : $" {appInfo.FormatUserAgent()}");
        _clientUserAgent = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["bindings_version"] = StripeConfiguration.StripeNetVersion,
            ["lang"] = ".net",
            ["lang_version"] = RuntimeInformation.FrameworkDescription,
        });
    }

    public static TimeSpan DefaultHttpTimeout => TimeSpan.FromSeconds(80);
    public static TimeSpan MaxNetworkRetriesDelay => TimeSpan.FromSeconds(5);
    public static TimeSpan MinNetworkRetriesDelay => TimeSpan.FromMilliseconds(500);
    public bool EnableTelemetry { get; }
    public int MaxNetworkRetries { get; }

    public static HttpClient BuildDefaultSystemNetHttpClient() => new() { Timeout = DefaultHttpTimeout };

    public async Task<StripeResponse> MakeRequestAsync(StripeRequest request, CancellationToken cancellationToken = default)
    {
        if (EnableTelemetry && _measured.TryDequeue(out var last))
        {
            request.StripeHeaders["X-Stripe-Client-Telemetry"] =
                JsonSerializer.Serialize(new { last_request_metrics = new { request_id = last.RequestId, request_duration_ms = last.Milliseconds } });
        }

        for (var retries = 0; ; retries++)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                using var message = Message(request);
                using var answer = await _httpClient.SendAsync(message, cancellationToken).ConfigureAwait(false);
                if (!MayRetry(retries, answer.StatusCode, answer.Headers))
                {
                    var content = await answer.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false);
                    var response = new StripeResponse(answer.StatusCode, answer.Headers, content);
                    if (EnableTelemetry && response.RequestId != null && _measured.Count < 100)
                        _measured.Enqueue((response.RequestId, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds));
                    return response;
                }
            }
            catch (Exception e) when (retries < MaxNetworkRetries && (e is HttpRequestException
                || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)))
            {
                // Connection trouble, or HttpClient.Timeout. Out of retries, both reach the caller as they are.
            }

            // The package does not listen to the caller's token here either.
            await Task.Delay(Pause(retries + 1), CancellationToken.None).ConfigureAwait(false);
        }
    }

    public Task<StripeStreamedResponse> MakeStreamingRequestAsync(StripeRequest request, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("The Stripe.net stand-in has no streamed answers.");

    private bool MayRetry(int retries, HttpStatusCode status, HttpResponseHeaders headers)
    {
        if (retries >= MaxNetworkRetries)
            return false;

        // Stripe knows better: a replay of a stored 500 would be that 500 again, a lock timeout would not.
        var asked = headers.TryGetValues("Stripe-Should-Retry", out var values) ? values.First() : null;
        return asked switch
        {
            "true" => true,
            "false" => false,
            _ => status == HttpStatusCode.Conflict || (int)status >= 500,
        };
    }

    private static TimeSpan Pause(int retry)
    {
        var backoff = Math.Min(MinNetworkRetriesDelay.TotalSeconds * Math.Pow(2, retry - 1), MaxNetworkRetriesDelay.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Max(backoff * (0.75 + (Random.Shared.NextDouble() / 4)), MinNetworkRetriesDelay.TotalSeconds));
    }

    private HttpRequestMessage Message(StripeRequest request)
    {
        var message = new HttpRequestMessage(request.Method, request.Uri) { Content = request.Content };
        message.Headers.TryAddWithoutValidation("User-Agent", _userAgent);
        message.Headers.Authorization = request.AuthorizationHeader;
        message.Headers.Add("X-Stripe-Client-User-Agent", _clientUserAgent);
        foreach (var (name, value) in request.StripeHeaders)
            message.Headers.Add(name, value);
        return message;
    }
}

public class AppInfo
{
    public string Name { get; set; }
    public string PartnerId { get; set; }
    public string Version { get; set; }
    public string Url { get; set; }

    public string FormatUserAgent() =>
        Name + (string.IsNullOrEmpty(Version) ? "" : $"/{Version}") + (string.IsNullOrEmpty(Url) ? "" : $" ({Url})");
}
