using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Telemetry;

/// <summary>Bound from <c>Services</c>.</summary>
internal sealed class ServiceOptions
{
    public const string Section = "Services";

    /// <summary>What our own services know each other by. Empty: whoever says to be one is refused.</summary>
    public string Secret { get; init; } = "";
}

/// <summary>Lines, points and errors of services that have no database: of the storefront.</summary>
internal static class TelemetryEndpoint
{
    private const long MaxBody = 8 * 1024 * 1024;

    public static void AddTelemetryIntake(this IServiceCollection services) => services.AddOptions<ServiceOptions>().BindConfiguration(ServiceOptions.Section);

    public static void MapTelemetryIntake(this IEndpointRouteBuilder app) => app.MapPost(RecordsExtensions.Path, KeepTelemetry)
        .WithMetadata(new RequestSizeLimitAttribute(MaxBody)).WithoutRequestLine().DisableHttpMetrics().DisableRateLimiting().AllowAnonymous()
        .ExcludeFromDescription();

    // The body is read here and not by the framework: a stranger's is not worth reading.
    internal static async Task<Results<NoContent, ProblemHttpResult>> KeepTelemetry(
        HttpContext http, IOptions<ServiceOptions> services, [FromKeyedServices(ApiDatabase.Telemetry)] NpgsqlDataSource database, CancellationToken ct)
    {
        if (!IsOurs(http.Request.Headers[RecordsExtensions.SecretHeader], services.Value.Secret))
            return Problems.Refuse(401, "service_unknown", "This is for the shop's own services.");

        RecordBuffer.BeSilent();
        TelemetryBatch? batch;
        try
        {
            batch = await http.Request.ReadFromJsonAsync<TelemetryBatch>(JsonSerializerOptions.Web, ct);
        }
        catch (JsonException)
        {
            batch = null;
        }

        if (batch is not { Lines: not null, Points: not null, Errors: not null })
            return Problems.Refuse(422, "telemetry_unreadable", "This is no batch of records.");

        try
        {
            await TelemetryTables.KeepAsync(database, batch.Id, batch.Tables(), ct);
            return TypedResults.NoContent();
        }
        catch (PostgresException e) when (e.SqlState is ['2', '2' or '3', ..] or ['5', '4', ..])
        {
            return Problems.Refuse(422, "telemetry_refused", "The database does not take these records.");
        }
        catch (NpgsqlException)
        {
            return Problems.Refuse(503, "telemetry_unavailable", "The records can not be kept now. Please send them again."); // the sender logs it, once
        }
    }

    private static bool IsOurs(string? given, string secret) => secret is not "" && given is not null
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
