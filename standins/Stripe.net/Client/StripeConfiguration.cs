using System.Text.Json;

namespace Stripe;

/// <summary>The process-wide defaults. Prefer a <see cref="Stripe.StripeClient"/> of your own.</summary>
public static class StripeConfiguration
{
    private static IStripeClient _client;

    public static string ApiVersion => "2026-07-29.dahlia";
    public static string MajorApiVersion => "dahlia";
    public static string StripeNetVersion => "52.2.0";
    public static string ApiKey { get; set; }
    public static string ClientId { get; set; }
    public static int MaxNetworkRetries { get; set; } = SystemNetHttpClient.DefaultMaxNumberRetries;
    public static bool EnableTelemetry { get; set; } = true;
    public static AppInfo AppInfo { internal get; set; }
    public static JsonSerializerOptions SerializerOptions { get; set; } = DefaultStjSerializerOptions();

    public static IStripeClient StripeClient
    {
        get => _client ??= new StripeClient(ApiKey, ClientId, new SystemNetHttpClient(null, MaxNetworkRetries, AppInfo, EnableTelemetry));
        set => _client = value;
    }

    public static JsonSerializerOptions DefaultStjSerializerOptions() => StripeJson.NewOptions();

    public static void SetApiKey(string newApiKey) => ApiKey = newApiKey;
}
