using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Shop.ServiceDefaults;

/// <summary>Bound from <c>Synthetic</c>.</summary>
public sealed class SyntheticOptions : IValidatableObject
{
    public const string Section = "Synthetic";

    /// <summary>Shared with those who make synthetic traffic, 32 characters or more. Without one nobody's is.</summary>
    public string? Secret { get; init; }

    /// <summary>How far a signature's time may be from ours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan Lives { get; init; } = TimeSpan.FromSeconds(60);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Secret is { Length: > 0 and < 32 })
            yield return new($"{Section}:Secret has 32 characters or more, or is left out.", [nameof(Secret)]);
    }
}

/// <summary>
/// Requests of drills and probes, which never count as business. They prove it by a header of their own: a time, and an HMAC of it and of what is
/// asked for. Baggage would prove nothing, because anybody can send it, and the storefront continues nobody's. Who sees a header on its way can
/// only ask the same again for a minute; where that does something, its Idempotency-Key is signed too, and does it once.
/// </summary>
public static class Synthetic
{
    /// <summary><c>1795200000.0123456789abcdef0123456789abcdef</c>: seconds since 1970, a dot, 32 digits of the signature.</summary>
    public const string Header = "X-Synthetic";

    /// <summary>On the span of such a request, and in the scope of its log lines.</summary>
    public const string Tag = "synthetic_request";

    private const string KeyHeader = "Idempotency-Key";
    private const int SignatureDigits = 32;
    private static readonly object Mark = new();

    public static bool IsRequest(HttpContext http) => http.Items.ContainsKey(Mark);

    /// <summary>Marks a request that is sent now, with all its headers set; one that is marked already stays as it is.</summary>
    public static void Sign(HttpRequestMessage request, string secret, DateTimeOffset now)
    {
        var key = request.Headers.TryGetValues(KeyHeader, out var keys) ? string.Join(',', keys) : null;
        if (!request.Headers.Contains(Header))
            request.Headers.Add(Header, Sign(secret, request.Method.Method, Uri.UnescapeDataString(request.RequestUri!.AbsolutePath), key, now));
    }

    /// <summary>The header's value.</summary>
    /// <param name="path">As the server sees it, without the query.</param>
    /// <param name="key">Of the header Idempotency-Key, if there is one.</param>
    internal static string Sign(string secret, string method, string path, string? key, DateTimeOffset now)
    {
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"{time}.{SignatureOf(secret, method, path, key, time)}";
    }

    internal static bool IsSigned(HttpRequest request, SyntheticOptions options, DateTimeOffset now)
    {
        if (options.Secret is not { Length: > 0 } secret || request.Headers[Header].ToString().Split('.') is not [{ Length: <= 12 } time, { Length: SignatureDigits } signature]
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return false;
        var right = SignatureOf(secret, request.Method, $"{request.PathBase.Value}{request.Path.Value}", request.Headers[KeyHeader], time);
        return Math.Abs(now.ToUnixTimeSeconds() - seconds) <= options.Lives.TotalSeconds
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(right));
    }

    internal static void AddSynthetic(this IHostApplicationBuilder builder) =>
        builder.Services.AddOptions<SyntheticOptions>().BindConfiguration(SyntheticOptions.Section).ValidateDataAnnotations().ValidateOnStart();

    private static string SignatureOf(string secret, string method, string path, string? key, string time) => Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"synthetic\n{method}\n{path}\n{key}\n{time}")))[..SignatureDigits];

    /// <summary>Before all that writes about a request, so that its span and each of its log lines tell.</summary>
    internal sealed class Middleware(RequestDelegate next, IOptions<SyntheticOptions> options, TimeProvider clock, ILogger<SyntheticOptions> logger)
    {
        private static readonly KeyValuePair<string, object>[] Scope = [new(Tag, true)];

        public async Task InvokeAsync(HttpContext context)
        {
            if (!IsSigned(context.Request, options.Value, clock.GetUtcNow()))
            {
                await next(context);
                return;
            }

            context.Items[Mark] = Mark;
            Activity.Current?.SetTag(Tag, true);
            context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new(Tag, true)); // no page view of a person's
            using var scope = logger.BeginScope(Scope);
            await next(context);
        }
    }
}
