using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Payments.Gateways;

/// <summary>
/// What every gateway has, bound once per provider from <c>Gateways:{Provider}</c>; its credentials are in a class of its own from the same
/// place. The defaults are production values.
/// </summary>
internal sealed class GatewayOptions
{
    public const string Section = "Gateways";

    /// <summary>Where the gateway's API is; null for the real one. A path in front is kept.</summary>
    [Url] public string? ApiBase { get; init; }

    /// <summary>Manual: the confirm only sets the money aside, and a call of its own takes it, at once. Until then nothing has to be sent back.</summary>
    public CaptureMethod CaptureMethod { get; init; }

    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")] public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(30);

    // A big shop's outage shows within seconds; three calls in a quiet quarter of an hour must be enough for a small one.
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")] public TimeSpan BusyWindow { get; init; } = TimeSpan.FromSeconds(30);
    [Range(2, 1000)] public int BusyCalls { get; init; } = 20;
    [Range(0.05, 1)] public double BusyRatio { get; init; } = 0.5;

    // Between the two: some orders a minute are too few for the one, and their good calls before the outage too many for the other.
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")] public TimeSpan SteadyWindow { get; init; } = TimeSpan.FromMinutes(2);
    [Range(2, 1000)] public int SteadyCalls { get; init; } = 5;
    [Range(0.05, 1)] public double SteadyRatio { get; init; } = 0.6;

    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")] public TimeSpan QuietWindow { get; init; } = TimeSpan.FromMinutes(15);
    [Range(2, 100)] public int QuietCalls { get; init; } = 3;
    [Range(0.05, 1)] public double QuietRatio { get; init; } = 0.6;
}

internal sealed class StripeOptions
{
    public const string Section = $"{GatewayOptions.Section}:{nameof(PaymentProvider.Stripe)}";

    [Required] public string ApiKey { get; init; } = "";
    [Required] public string WebhookSecret { get; init; } = "";

    /// <summary>The secret before it, while both are in use.</summary>
    public string? PreviousWebhookSecret { get; init; }

    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan WebhookTolerance { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Test keys say so. An event from the other world is refused.</summary>
    public bool IsLive => ApiKey.StartsWith("sk_live_", StringComparison.Ordinal) || ApiKey.StartsWith("rk_live_", StringComparison.Ordinal);
}

/// <summary>Without a client id the shop has no PayPal, and nothing of this is asked for.</summary>
internal sealed class PayPalOptions
{
    public const string Section = $"{GatewayOptions.Section}:{nameof(PaymentProvider.PayPal)}";

    public string ClientId { get; init; } = "";
    [Required] public string ClientSecret { get; init; } = "";

    /// <summary>Of our endpoint, as PayPal lists it: part of what it signs, so that events for somebody else prove nothing here.</summary>
    [Required] public string WebhookId { get; init; } = "";

    /// <summary>The sandbox otherwise, which has its own credentials and certificates. Events from the other world are refused.</summary>
    public bool Live { get; init; }

    /// <summary>Where the certificates of events may come from as well, and there the place alone is trusted: the simulator's.</summary>
    [Url] public string? CertificateBase { get; init; }

    /// <summary>PayPal repeats an event for three days; what comes later than this is fetched instead.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "4.00:00:00")] public TimeSpan WebhookTolerance { get; init; } = TimeSpan.FromHours(24);

    public string Api => Live ? "https://api-m.paypal.com" : "https://api-m.sandbox.paypal.com";
    public string CertificateHost => Live ? "api.paypal.com" : "api.sandbox.paypal.com";
}

internal enum CaptureMethod { Automatic, Manual }

/// <summary>What the gateways need to know about the shop.</summary>
internal sealed class PaymentsOptions
{
    public const string Section = "Payments";

    /// <summary>The storefront as a shopper's browser reaches it: where a bank sends its customer back to, and where mails point.</summary>
    [Required, Url] public string StorefrontUrl { get; init; } = "";

    /// <summary>The order's page. Without the key that opens it: the gateway must not hold that, and the shopper's cookie has it.</summary>
    public string OrderPage(long number) => Page($"/orders/{number}");

    public string Page(string path) => $"{StorefrontUrl.TrimEnd('/')}{path}";
}

internal static class GatewayOptionsExtensions
{
    public static void AddGatewayOptions(this IServiceCollection services, PaymentProvider provider) =>
        services.AddOptions<GatewayOptions>(provider.ToString())
            .BindConfiguration($"{GatewayOptions.Section}:{provider}")
            .ValidateDataAnnotations()
            .Validate<IOptions<Timeouts>>((o, timeouts) => o.BusyWindow >= 2 * timeouts.Value.OutsideCall,
                "BusyWindow must be at least twice Timeouts:OutsideCall: a window of slow calls would otherwise be empty when it closes.")
            .ValidateOnStart();

    public static void AddStripeOptions(this IServiceCollection services) =>
        services.AddOptions<StripeOptions>().BindConfiguration(StripeOptions.Section).ValidateDataAnnotations()
            .Validate(o => !o.ApiKey.Any(char.IsWhiteSpace), "ApiKey must not contain white space.")
            .ValidateOnStart();

    public static void AddPayPalOptions(this IServiceCollection services) =>
        services.AddOptions<PayPalOptions>().BindConfiguration(PayPalOptions.Section).ValidateDataAnnotations()
            .Validate(o => !$"{o.ClientId}{o.ClientSecret}{o.WebhookId}".Any(char.IsWhiteSpace), "PayPal's ids and secret must not contain white space.")
            .Validate(o => !o.Live || o.CertificateBase is null, "CertificateBase is the simulator's: whoever is there could sign events for a live shop.")
            .ValidateOnStart();
}
