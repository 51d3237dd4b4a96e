using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Webhooks;

using WebhookResult = Results<Ok, ProblemHttpResult>;

/// <summary>PayPal's events. Proven here, without a question to PayPal: its answer would be one more thing that can be down.</summary>
internal static class PayPalWebhook
{
    private const PaymentProvider Provider = PaymentProvider.PayPal;
    private const int MaxHeader = 1024;
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    internal static async Task<WebhookResult> TakeAsync(
        HttpRequest request, IOptions<PayPalOptions> options, PayPalCertificates certificates, WebhookIntake intake, TimeProvider clock, CancellationToken ct)
    {
        if (await WebhookIntake.ReadAsync(request.Body, ct) is not { } body)
            return intake.TooLarge(Provider);
        if (Header("Id") is not { } transmission || Header("Time") is not { } time || Header("Sig") is not { } signature
            || One(request, "PAYPAL-CERT-URL") is not { } place || One(request, "PAYPAL-AUTH-ALGO") is not { } algorithm)
            return Refuse("signature_missing", "One of PayPal's signature headers is missing.");

        var now = clock.GetUtcNow();
        if (algorithm is not PayPalSignature.Algorithm || !Uri.TryCreate(place, UriKind.Absolute, out var url)
            || !DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var sent)
            || sent < now - options.Value.WebhookTolerance || sent > now + Ahead)
            return Invalid();
        if (!certificates.MayComeFrom(url))
        {
            return url.Host is "api.paypal.com" or "api.sandbox.paypal.com" && url.Host != options.Value.CertificateHost
                ? Refuse("wrong_mode", "Live events go to the live shop, test events to a test shop.") : Invalid();
        }

        var certificate = await certificates.FindAsync(url, ct);
        if (certificate.MayComeYet)
            return intake.Refuse(Provider, StatusCodes.Status503ServiceUnavailable, "unavailable", "The certificate could not be fetched. Send it again.");
        if (certificate.PublicKey is not { } key
            || !PayPalSignature.Fits(PayPalSignature.Message(transmission, time, options.Value.WebhookId, body), signature, key))
            return Invalid();
        if (NameOf(body) is not { } name) // signed, and no event
            return Invalid();

        return await intake.TakeAsync(Provider, name.Id, name.Type, EventSubject.OfPayPal(name.Type, body).IntentId, body, ct);

        string? Header(string what) => One(request, $"PAYPAL-TRANSMISSION-{what}");

        ProblemHttpResult Refuse(string reason, string detail) => intake.Refuse(Provider, StatusCodes.Status400BadRequest, reason, detail);

        ProblemHttpResult Invalid() => Refuse("signature_invalid", "The signature does not fit the body, or it is too old.");
    }

    internal static (string Id, string Type)? NameOf(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind is JsonValueKind.Object
                && json.RootElement.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.String
                && json.RootElement.TryGetProperty("event_type", out var type) && type.ValueKind is JsonValueKind.String
                && (id.GetString()!, type.GetString()!) is { Item1.Length: > 0, Item2.Length: > 0 } name ? name : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? One(HttpRequest request, string header) => request.Headers[header] is [{ Length: > 0 and <= MaxHeader } value] ? value : null;
}
