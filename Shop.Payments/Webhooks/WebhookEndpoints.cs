using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;
using Stripe;
using Dispute = Stripe.Dispute;
using EarlyFraudWarning = Stripe.Radar.EarlyFraudWarning;
using PaymentIntent = Stripe.PaymentIntent;
using Refund = Stripe.Refund;

namespace Shop.Payments.Webhooks;

using WebhookResult = Results<Ok, ProblemHttpResult>;

/// <summary>
/// Takes events in: proves who sent them, stores them as they came, says thank you. What they mean is found out later, by us, as often as
/// it takes.
/// </summary>
internal static class WebhookEndpoints
{
    private const int MaxBytes = 256 * 1024;

    public static void MapWebhooks(this IEndpointRouteBuilder app) =>
        app.MapPost("/webhooks/stripe", TakeStripeAsync).WithName("stripe-webhook");

    internal static async Task<WebhookResult> TakeStripeAsync(
        HttpRequest request, IOptionsMonitor<GatewayOptions> gateways, [FromKeyedServices(Database.Intake)] NpgsqlDataSource intake, WorkSignal signal,
        WatchTelemetry telemetry, TimeProvider clock, ILogger<ShopPayments> logger, CancellationToken ct)
    {
        const PaymentProvider provider = PaymentProvider.Stripe;
        if (await ReadAsync(request.Body, ct) is not { } body)
            return Refuse(StatusCodes.Status413PayloadTooLarge, "too_large", $"An event has at most {MaxBytes} bytes.");
        if (request.Headers["Stripe-Signature"] is not [{ Length: > 0 } signature])
            return Refuse(StatusCodes.Status400BadRequest, "signature_missing", "Stripe-Signature is missing.");

        var options = gateways.Get(nameof(PaymentProvider.Stripe));
        var now = clock.GetUtcNow();
        if (Verify(Encoding.UTF8.GetString(body), signature, options, now) is not { Id: { Length: > 0 } id, Type: { Length: > 0 } type } received)
            return Refuse(StatusCodes.Status400BadRequest, "signature_invalid", "The signature does not fit the body, or it is too old.");
        if (received.Livemode != options.IsLive)
            return Refuse(StatusCodes.Status400BadRequest, "wrong_mode", "Live events go to the live shop, test events to a test shop.");

        try
        {
            var isNew = await StoreAsync(intake, provider, id, type, IntentIdOf(received), body, now, isFetched: false, ct);
            telemetry.WebhookReceived(isNew);
            logger.WebhookStored(provider, id, type, isNew);
        }
        catch (NpgsqlException e)
        {
            telemetry.WebhookRefused("unavailable");
            logger.WebhookNotStored(e);
            return Problems.Refuse(StatusCodes.Status503ServiceUnavailable, "unavailable", "The event could not be stored. Send it again.");
        }

        signal.Raise();
        return TypedResults.Ok();

        ProblemHttpResult Refuse(int status, string reason, string detail)
        {
            telemetry.WebhookRefused(reason);
            logger.WebhookRefused(provider, reason);
            return Problems.Refuse(status, reason, detail);
        }
    }

    private static async Task<byte[]?> ReadAsync(Stream body, CancellationToken ct)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, ct) is > 0 and var read)
        {
            if (bytes.Length + read > MaxBytes)
                return null;
            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }

    private static Event? Verify(string json, string signature, GatewayOptions options, DateTimeOffset now)
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

    /// <summary>An event that was parked is taken up again when the gateway sends it again.</summary>
    /// <returns>False when this event was here before and waits for nobody.</returns>
    internal static async Task<bool> StoreAsync(
        NpgsqlDataSource intake, PaymentProvider provider, string id, string type, string? intentId, byte[] body, DateTimeOffset now, bool isFetched,
        CancellationToken ct)
    {
        await using var insert = intake.CreateCommand("""
            INSERT INTO payments.webhook_receipts AS r
                (provider, event_id, type, payload, received_at, state, due_at, attempts, forgiven, intent_id, fetched_at)
            VALUES ($1, $2, $3, $4, $5, 'Waiting', $5, 0, 0, $6, $7)
            ON CONFLICT (provider, event_id) DO UPDATE SET state = 'Waiting', due_at = now(), forgiven = r.attempts
                WHERE r.state = 'Parked' AND excluded.fetched_at IS NULL
            """);
        insert.Parameters.AddWithValue(provider.ToString());
        insert.Parameters.AddWithValue(id);
        insert.Parameters.AddWithValue(type);
        insert.Parameters.AddWithValue(body);
        insert.Parameters.AddWithValue(now);
        insert.Parameters.Add(new() { Value = intentId ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        insert.Parameters.Add(new() { Value = isFetched ? now : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        return await insert.ExecuteNonQueryAsync(ct) > 0;
    }

    /// <summary>The intent an event is about; null when it is about none.</summary>
    internal static string? IntentIdOf(Event received) => received.Data?.Object switch
    {
        PaymentIntent subject => subject.Id,
        Charge charge => charge.PaymentIntentId,
        Refund refund => refund.PaymentIntentId,
        Dispute dispute => dispute.PaymentIntentId,
        EarlyFraudWarning warning => warning.PaymentIntentId,
        _ => null,
    };
}
