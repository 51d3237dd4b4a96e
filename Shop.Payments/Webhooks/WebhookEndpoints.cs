using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Stripe;

namespace Shop.Payments.Webhooks;

using WebhookResult = Results<Ok, ProblemHttpResult>;

/// <summary>
/// Takes events in: proves who sent them, stores them as they came, says thank you. What they mean is found out later, by us, as often as
/// it takes.
/// </summary>
internal static class WebhookEndpoints
{
    public static void MapWebhooks(this IEndpointRouteBuilder app)
    {
        app.MapPost("/webhooks/stripe", TakeStripeAsync).WithName("stripe-webhook");
        if (app.ServiceProvider.HasGateway(PaymentProvider.PayPal))
            app.MapPost("/webhooks/paypal", PayPalWebhook.TakeAsync).WithName("paypal-webhook");
    }

    internal static async Task<WebhookResult> TakeStripeAsync(
        HttpRequest request, IOptions<StripeOptions> options, WebhookIntake intake, TimeProvider clock, CancellationToken ct)
    {
        const PaymentProvider provider = PaymentProvider.Stripe;
        if (await WebhookIntake.ReadAsync(request.Body, ct) is not { } body)
            return intake.TooLarge(provider);
        if (request.Headers["Stripe-Signature"] is not [{ Length: > 0 } signature])
            return intake.Refuse(provider, StatusCodes.Status400BadRequest, "signature_missing", "Stripe-Signature is missing.");
        if (Verify(Encoding.UTF8.GetString(body), signature, options.Value, clock.GetUtcNow()) is not { Id: { Length: > 0 } id, Type: { Length: > 0 } type } received)
            return intake.Refuse(provider, StatusCodes.Status400BadRequest, "signature_invalid", "The signature does not fit the body, or it is too old.");
        if (received.Livemode != options.Value.IsLive)
            return intake.Refuse(provider, StatusCodes.Status400BadRequest, "wrong_mode", "Live events go to the live shop, test events to a test shop.");

        return await intake.TakeAsync(provider, id, type, EventSubject.Of(received).IntentId, body, ct);
    }

    private static Event? Verify(string json, string signature, StripeOptions options, DateTimeOffset now)
    {
        foreach (var secret in new[] { options.WebhookSecret, options.PreviousWebhookSecret })
        {
            if (secret is not { Length: > 0 })
                continue;
            try
            {
                // The event's version is the endpoint's, not the package's. We take ids from it and ask for the rest.
                return EventUtility.ConstructEvent(json, signature, secret, (long)options.WebhookTolerance.TotalSeconds, now.ToUnixTimeSeconds(),
                    throwOnApiVersionMismatch: false);
            }
            catch (Exception e) when (e is StripeException or ArgumentException or System.Text.Json.JsonException)
            {
            }
        }

        return null;
    }
}
