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
public sealed class SyntheticOptions
{
    public const string Section = "Synthetic";

    /// <summary>Shared with those who make synthetic traffic. Without one nobody's is.</summary>
    public string? Secret { get; init; }

    /// <summary>How far a signature's time may be from ours.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan Lives { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>
/// Requests of drills and probes, which never count as business. They prove it by a header of their own: a time, and an HMAC of it. Baggage
/// would prove nothing, because anybody can send it, and the storefront continues nobody's.
/// </summary>
public static class Synthetic
{
    /// <summary><c>1795200000.0123456789abcdef0123456789abcdef</c>: seconds since 1970, a dot, 32 digits of the signature.</summary>
    public const string Header = "X-Synthetic";

    /// <summary>On the span of such a request, and in the scope of its log lines.</summary>
    public const string Tag = "synthetic_request";

    private const int SignatureDigits = 32;
    private static readonly object Mark = new();

    public static bool IsRequest(HttpContext http) => http.Items.ContainsKey(Mark);

    /// <summary>The header's value for a request that is sent now.</summary>
    public static string Sign(string secret, DateTimeOffset now)
    {
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"{time}.{SignatureOf(secret, time)}";
    }

    internal static bool IsSigned(string? header, SyntheticOptions options, DateTimeOffset now)
    {
        if (options.Secret is not { Length: > 0 } secret || header?.Split('.') is not [{ Length: <= 12 } time, { Length: SignatureDigits } signature]
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return false;
        return Math.Abs(now.ToUnixTimeSeconds() - seconds) <= options.Lives.TotalSeconds
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(SignatureOf(secret, time)));
    }

    internal static void AddSynthetic(this IHostApplicationBuilder builder) =>
        builder.Services.AddOptions<SyntheticOptions>().BindConfiguration(SyntheticOptions.Section).ValidateDataAnnotations().ValidateOnStart();

    private static string SignatureOf(string secret, string time) => Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"synthetic\n{time}")))[..SignatureDigits];

    /// <summary>Before all that writes about a request, so that its span and each of its log lines tell.</summary>
    internal sealed class Middleware(RequestDelegate next, IOptions<SyntheticOptions> options, TimeProvider clock, ILogger<SyntheticOptions> logger)
    {
        private static readonly KeyValuePair<string, object>[] Scope = [new(Tag, true)];

        public async Task InvokeAsync(HttpContext context)
        {
            if (!IsSigned(context.Request.Headers[Header], options.Value, clock.GetUtcNow()))
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
