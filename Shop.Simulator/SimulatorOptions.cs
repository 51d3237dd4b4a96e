using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace Shop.Simulator;

internal sealed class SimulatorOptions
{
    public const string Section = "Simulator";

    /// <summary>File that outlives a restart. Without one, everything is in memory.</summary>
    public string? StatePath { get; init; }

    /// <summary>Where a browser reaches this process; taken from the request when not given, which is wrong behind a proxy.</summary>
    [Url] public string? PublicUrl { get; init; }

    /// <summary>Shops, besides those on this machine, that may embed the card form or get a shopper back.</summary>
    public string[] AllowedOrigins { get; init; } = [];

    /// <summary>Only a shop that may embed the card form is told which card was made, and only there is a shopper sent back.</summary>
    public bool Allows(Uri address) =>
        address.Scheme is "http" or "https" && (address.IsLoopback
            || AllowedOrigins.Contains(address.GetLeftPart(UriPartial.Authority), StringComparer.OrdinalIgnoreCase));
}

internal sealed class StripeOptions
{
    public const string Section = "Simulator:Stripe";

    [Required] public string ApiVersion { get; init; } = "2026-07-29.dahlia";
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")] public TimeSpan IdempotencyKeysKept { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The gateway's own port, besides the simulator's address. 0 takes a free one; which one is in <c>GET /settings</c>.</summary>
    [Range(0, 65535)] public int Port { get; init; }

    /// <summary>Of the charges that would have succeeded, unless <c>PUT /faults</c> says otherwise.</summary>
    [Range(0.0, 1.0)] public double DeclineRate { get; init; }

    /// <summary>How long the bank takes for its last word on a refund, with the cards that are about that.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan RefundsSettleAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a charge takes to reach the balance; with <c>capture_method=automatic</c> and after a capture it is there at once.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")] public TimeSpan BalanceAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How far search lags behind.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan SearchLag { get; init; } = TimeSpan.FromSeconds(5);

    public WebhookEndpoint? Webhook { get; init; }
    public WebhookEndpoint[] Webhooks { get; init; } = [];
    [Range(1, 20)] public int WebhookAttempts { get; init; } = 10;
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")] public TimeSpan FirstWebhookRetry { get; init; } = TimeSpan.FromSeconds(1);
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")] public TimeSpan LongestWebhookRetry { get; init; } = TimeSpan.FromMinutes(5);
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan WebhookTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public WebhookEndpoint[] AllWebhooks => Webhook is { Url.Length: > 0 } one ? [one, .. Webhooks] : Webhooks;
}

internal sealed class PayPalOptions
{
    public const string Section = "Simulator:PayPal";

    [Required] public string ClientId { get; init; } = "simulator-client";
    [Required] public string ClientSecret { get; init; } = "simulator-secret";

    /// <summary>The gateway's own port, besides the simulator's address. 0 takes a free one; which one is in <c>GET /settings</c>.</summary>
    [Range(0, 65535)] public int Port { get; init; }

    /// <summary>Of the captures that would have succeeded, unless <c>PUT /faults</c> says otherwise.</summary>
    [Range(0.0, 1.0)] public double DeclineRate { get; init; }

    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")] public TimeSpan TokensLive { get; init; } = TimeSpan.FromHours(9);

    /// <summary>How long a <c>PayPal-Request-Id</c> is remembered: for orders, and for what is done with captures and authorizations.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3.00:00:00")] public TimeSpan OrderRequestsKept { get; init; } = TimeSpan.FromHours(6);
    [Range(typeof(TimeSpan), "00:00:01", "45.00:00:00")] public TimeSpan PaymentRequestsKept { get; init; } = TimeSpan.FromDays(45);

    /// <summary>In this time an order has to be approved and captured.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3.00:00:00")] public TimeSpan OrdersLive { get; init; } = TimeSpan.FromHours(3);

    [Range(typeof(TimeSpan), "00:00:01", "29.00:00:00")] public TimeSpan AuthorizationsLive { get; init; } = TimeSpan.FromDays(29);

    /// <summary>So long the money of an authorization is sure; after that it can be authorized again.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "29.00:00:00")] public TimeSpan AuthorizationsHonored { get; init; } = TimeSpan.FromDays(3);

    /// <summary>How long it takes until a pending capture or refund comes to its end.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")] public TimeSpan PendingFor { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How far the list of transactions lags behind. At PayPal up to three hours.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "03:00:00")] public TimeSpan ReportingLag { get; init; }

    public PayPalWebhook? Webhook { get; init; }

    public PayPalWebhook[] AllWebhooks => Webhook is { Url.Length: > 0 } one ? [one] : [];
}

/// <summary>Where PayPal's events go. The id is part of what is signed, and the receiver knows it from his own configuration.</summary>
internal sealed record PayPalWebhook
{
    public string Url { get; init; } = "";
    public string Id { get; init; } = "";

    public bool IsValid => Id.Length > 0 && Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
}

internal sealed partial record WebhookEndpoint
{
    public string Url { get; init; } = "";
    public string Secret { get; init; } = "";

    /// <summary>As whose version its events are written; without one, the account's.</summary>
    public string? ApiVersion { get; init; }

    public bool IsValid => Secret.Length > 0 && (ApiVersion is null || Version().IsMatch(ApiVersion)) && Uri.TryCreate(Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    [GeneratedRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}(\\.[a-z]+)?$")]
    private static partial Regex Version();
}

internal sealed class SmtpOptions
{
    public const string Section = "Simulator:Smtp";

    /// <summary>0 takes a free port; which one is in the log and in <c>GET /settings</c>.</summary>
    [Range(0, 65535)] public int Port { get; init; }
    [Range(1024, 50 * 1024 * 1024)] public int MaxMessageBytes { get; init; } = 5 * 1024 * 1024;
    [Range(1, 10_000)] public int MailsKept { get; init; } = 500;
    [Range(1, 1000)] public int MaxSessions { get; init; } = 50;
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")] public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);
}
