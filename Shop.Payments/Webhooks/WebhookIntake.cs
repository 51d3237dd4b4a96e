using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using NpgsqlTypes;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;

namespace Shop.Payments.Webhooks;

using WebhookResult = Results<Ok, ProblemHttpResult>;

/// <summary>What every gateway's endpoint does alike once it knows, or does not know, who sent an event.</summary>
internal sealed class WebhookIntake(
    [FromKeyedServices(Database.Intake)] NpgsqlDataSource database, WorkSignal signal, WatchTelemetry telemetry, TimeProvider clock, ILogger<WebhookIntake> logger)
{
    private const int MaxBytes = 256 * 1024;

    /// <returns>Null when it is longer than any event.</returns>
    public static async Task<byte[]?> ReadAsync(Stream body, CancellationToken ct)
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

    public ProblemHttpResult TooLarge(PaymentProvider provider) =>
        Refuse(provider, StatusCodes.Status413PayloadTooLarge, "too_large", $"An event has at most {MaxBytes} bytes.");

    public ProblemHttpResult Refuse(PaymentProvider provider, int status, string reason, string detail)
    {
        telemetry.WebhookRefused(reason);
        logger.WebhookRefused(provider, reason);
        return Problems.Refuse(status, reason, detail);
    }

    /// <summary>An event whose sender is proven.</summary>
    public async Task<WebhookResult> TakeAsync(PaymentProvider provider, string id, string type, string? intentId, byte[] body, CancellationToken ct)
    {
        try
        {
            var isNew = await StoreAsync(database, provider, id, type, intentId, body, clock.GetUtcNow(), isFetched: false, ct);
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
}
